//! One pass over rows: the loops of steps in bands, told to a backend once, which then goes through a stretch in
//! bands so small that the first cache holds what a loop leaves to the next.
//!
//! Bits are those of higher bands: results of a row know nothing of other rows, and sums over rows go on row by row.
//! Whole sums, whose tree is cut into bands, and products are not for it.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::backend::Backend;
use super::bands::{Along, Bands};
use super::cell::{Cell, Format, Memory, Piece, Registers, Slice};
use super::error::RunError;
use super::layout::signed;
use super::plan::{Base, Dest, Fused, Source, Step};
use super::step::{Call, Lens};

/// Bytes of a band, which are to stay in the first cache.
const BAND: usize = 32 << 10;

/// Rows of a band at most.
const HIGHEST: usize = 32;

/// From where the first row of an operand is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The array has all rows.
    Call,
    /// It has those of a stretch.
    Stretch,
    /// It has those of a band, or is the same for all rows.
    Band,
}

/// An operand of a loop in a pass.
#[derive(Debug, Clone)]
pub struct PassArg {
    /// Which memory.
    pub piece: usize,
    /// Position of the first element.
    pub at: isize,
    /// Where the first row is.
    pub from: From,
    /// From row to row.
    pub down: isize,
    /// One stride per axis of the space; those of results follow from the space.
    pub strides: SmallVec<[isize; 4]>,
}

/// A loop of a pass.
#[derive(Debug)]
pub struct PassStep<'p> {
    /// What it computes.
    pub fused: &'p Fused,
    /// Its lengths, of which the first are the rows of a band as the first cache holds it.
    pub space: SmallVec<[usize; 4]>,
    /// What it reads.
    pub leaves: Vec<PassArg>,
    /// What it writes, then the results of its reductions.
    pub results: Vec<PassArg>,
}

/// A piece of memory in a pass.
#[derive(Debug)]
pub enum PassPiece<'m, T> {
    /// That is only read.
    Read(&'m [T]),
    /// That is written, or written and read.
    Write(&'m mut [T]),
}

/// A pass that a backend has decided.
pub trait Pass<T>: std::fmt::Debug + Send + Sync {
    /// Rows of a band, for which there is to be memory.
    fn height(&self) -> usize;

    /// Goes through rows of a call; false where some formula did not hold: then nothing that was written counts.
    fn run(&self, pieces: &mut [PassPiece<'_, T>], rows: (usize, usize), registers: &mut Vec<Vec<T>>)
    -> bool;
}

/// A decided pass of either format.
#[derive(Debug)]
pub(super) struct Decided {
    pass: Either,
    /// Lengths of what holds a band, by piece of memory.
    local: SmallVec<[(usize, usize); 8]>,
}

#[derive(Debug)]
enum Either {
    F64(Box<dyn Pass<f64>>),
    F32(Box<dyn Pass<f32>>),
}

/// Memory of this format; none where it is of another.
fn read<T: Cell>(data: Slice<'_>) -> &[T] {
    if let Cow::Borrowed(data) = T::read(data) { data } else { &[] }
}

impl Call<'_, '_, '_> {
    /// A pass for steps in bands, where a backend has one.
    pub(super) fn pass(&self, b: &Bands, backend: &dyn Backend) -> Option<Decided> {
        let loops: Option<Vec<&Fused>> =
            b.steps.iter().map(|s| if let Step::Fused(f) = s { Some(f) } else { None }).collect();
        let loops = loops?;
        let format = loops.first()?.format;
        if loops.iter().any(|f| f.format != format) || !b.whole().is_empty() {
            return None;
        }
        let bytes = |dims: &[u32]| self.lens(&dims[1..]).iter().product::<usize>() * size_of::<f64>();
        let bytes = b.arrays.iter().map(|(_, dims)| bytes(dims)).sum::<usize>();
        let height = (BAND / bytes.max(1)).clamp(2, HIGHEST);
        let steps: Option<Vec<PassStep<'_>>> = loops.iter().map(|f| self.pass_step(b, f, height)).collect();
        let steps = steps?;
        let rows = self.lengths[b.rows as usize];
        let pass = match format {
            Format::F64 => Either::F64(backend.pass(&steps, rows)?),
            Format::F32 => Either::F32(backend.pass_single(&steps, rows)?),
            Format::I64 => return None,
        };
        let height = match &pass {
            Either::F64(pass) => pass.height(),
            Either::F32(pass) => pass.height(),
        };
        let mut local: SmallVec<[(usize, usize); 8]> = SmallVec::new();
        for &k in &b.local {
            let buffer = &self.plan.buffers[k as usize];
            let n = height * self.lens(&buffer.dims[1..]).iter().product::<usize>();
            match local.iter_mut().find(|(at, _)| *at == buffer.memory as usize) {
                Some((_, most)) => *most = n.max(*most),
                None => local.push((buffer.memory as usize, n)),
            }
        }
        Some(Decided { pass, local })
    }

    fn pass_step<'p>(&self, b: &Bands, fused: &'p Fused, height: usize) -> Option<PassStep<'p>> {
        let all = self.lens(&fused.space);
        let mut space = all.clone();
        *space.first_mut()? = height;
        let inputs = self.inputs.len();
        let of = |buffer: u32| {
            let buffer = &self.plan.buffers[buffer as usize];
            (buffer.format == fused.format).then_some(inputs + buffer.memory as usize)
        };
        let leaf = |leaf: &Source| {
            let v = match *leaf {
                Source::Scalar(slot) => {
                    let strides = SmallVec::from_elem(0, space.len());
                    let piece = inputs + self.memory.len();
                    return Some(PassArg {
                        piece,
                        at: signed(slot as usize),
                        from: From::Band,
                        down: 0,
                        strides,
                    });
                }
                Source::Array(v) => v as usize,
            };
            let layout = &self.layouts[v];
            let mut strides = SmallVec::new();
            layout.over(&all, &mut strides).ok()?;
            let (piece, from) = match self.plan.values[v].base {
                Base::Input(k) => {
                    let k = k as usize;
                    (self.inputs[k].data.format() == fused.format).then_some((k, From::Call))?
                }
                Base::Buffer(k) if b.is_local(k) => (of(k)?, From::Band),
                Base::Buffer(k) if b.is_by_rows(k) => (of(k)?, From::Stretch),
                Base::Buffer(k) => (of(k)?, From::Call),
            };
            Some(PassArg { piece, at: layout.offset, from, down: strides[0], strides })
        };
        let result = |(dest, along, row): (Dest, Along, usize)| {
            let Dest::Buffer(k) = dest else { return None };
            let (from, down) = match along {
                Along::Rows if b.is_local(k) => (From::Band, row),
                Along::Rows => (From::Stretch, row),
                _ => (From::Band, 0),
            };
            let down = signed(down);
            Some(PassArg { piece: of(k)?, at: 0, from, down, strides: SmallVec::new() })
        };
        let leaves = fused.leaves.iter().map(leaf).collect::<Option<Vec<_>>>()?;
        let row = |lens: &Lens| lens[1..].iter().product::<usize>();
        let stores = fused.stores.iter().map(|&s| Some((Dest::Buffer(s), Along::Rows, row(&space))));
        let folds = fused.folds.iter().map(|f| {
            let kept = (1..space.len()).filter(|a| !f.axes.contains(a)).map(|a| space[a]).product();
            Some((f.out, Along::of(f, space.len())?, kept))
        });
        let results = stores.chain(folds).map(|r| result(r?)).collect::<Option<Vec<_>>>()?;
        Some(PassStep { fused, space, leaves, results })
    }

    /// Goes through a stretch by a pass; false where the long way is to be gone.
    pub(super) fn pass_stretch(
        &mut self,
        b: &Bands,
        pass: &Decided,
        rows: (usize, usize),
        registers: &mut Registers,
    ) -> Result<bool, RunError> {
        for &(at, n) in &pass.local {
            self.memory[at].fit(n).map_err(|_| RunError::Memory { elements: n })?;
        }
        for (k, spec) in b.sums() {
            let Some(spec) = spec else { return Ok(false) };
            let (mut memory, _) = self.take(Dest::Buffer(k), Format::F64)?;
            memory.fill(spec.identity);
            self.put(Dest::Buffer(k), memory);
        }
        Ok(match &pass.pass {
            Either::F64(pass) => self.go_through(&**pass, rows, registers),
            Either::F32(pass) => self.go_through(&**pass, rows, registers),
        })
    }

    fn go_through<T: Cell>(
        &mut self,
        pass: &dyn Pass<T>,
        rows: (usize, usize),
        registers: &mut Registers,
    ) -> bool {
        let numbers: SmallVec<[T; 16]> = self.scalars.iter().map(|&x| T::of(x)).collect();
        let inputs = self.inputs.iter().map(|i| PassPiece::Read(read(i.data.get())));
        let mut pieces: SmallVec<[PassPiece<'_, T>; 24]> = inputs.collect();
        pieces.extend(self.memory.iter_mut().map(|memory| match memory {
            Memory::F64(Piece::Read(_)) | Memory::F32(Piece::Read(_)) => PassPiece::Read(read(memory.get())),
            _ => PassPiece::Write(T::write(memory.get_mut()).unwrap_or_default()),
        }));
        pieces.push(PassPiece::Read(&numbers));
        pass.run(&mut pieces, rows, T::registers(registers))
    }
}
