//! Doubles and singles in memory: what differs between loops over the two.

use std::borrow::Cow;

use ndarray::{ArrayViewD, ArrayViewMutD};

use super::array::{ArrayMut, ArrayRef};
use super::backend::{Backend, FusedArgs};
use super::error::RunError;
use super::pages;
use super::plan::{FoldSpec, Fused};
use super::product::Gemm;
use crate::math::Element;
use crate::op::{Block3, Map1, Map2, Map3};
use crate::ty::DType;

/// How the elements of an array are stored and computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// As doubles: `f64`, truth values, and small integers that come from them.
    #[default]
    F64,
    /// As singles: `f32`, and truth values that come from it.
    F32,
    /// As 64-bit integers: integers of every type.
    I64,
}

impl Format {
    /// The element type whose arrays lie in memory so.
    pub fn dtype(self) -> DType {
        match self {
            Format::F64 => DType::F64,
            Format::F32 => DType::F32,
            Format::I64 => DType::I64,
        }
    }

    /// The format of inputs and outputs of an element type.
    pub fn of(dtype: DType) -> Format {
        match dtype {
            DType::F32 => Format::F32,
            d if d.is_int() => Format::I64,
            _ => Format::F64,
        }
    }
}

/// Elements that are read.
#[derive(Debug, Clone, Copy)]
pub enum Slice<'a> {
    /// Doubles.
    F64(&'a [f64]),
    /// Singles.
    F32(&'a [f32]),
    /// Integers.
    I64(&'a [i64]),
}

impl Slice<'_> {
    /// The number at a position, NaN where there is none.
    pub(crate) fn number(&self, at: usize) -> f64 {
        match self {
            Slice::F64(x) => x.get(at).copied(),
            Slice::F32(x) => x.get(at).map(|x| f64::from(*x)),
            Slice::I64(x) => x.get(at).map(|x| f64::from_integer(*x)),
        }
        .unwrap_or(f64::NAN)
    }
}

/// Elements that are written.
#[derive(Debug)]
pub enum SliceMut<'a> {
    /// Doubles.
    F64(&'a mut [f64]),
    /// Singles.
    F32(&'a mut [f32]),
    /// Integers.
    I64(&'a mut [i64]),
}

impl<'a> SliceMut<'a> {
    /// Takes the first elements off.
    pub(super) fn take(&mut self, n: usize) -> SliceMut<'a> {
        fn off<'a, T>(slice: &mut &'a mut [T], n: usize) -> &'a mut [T] {
            let all = std::mem::take(slice);
            let (first, rest) = all.split_at_mut(n.min(all.len()));
            *slice = rest;
            first
        }
        match self {
            SliceMut::F64(x) => SliceMut::F64(off(x, n)),
            SliceMut::F32(x) => SliceMut::F32(off(x, n)),
            SliceMut::I64(x) => SliceMut::I64(off(x, n)),
        }
    }
}

/// The registers of a backend, kept from call to call.
#[derive(Debug, Default)]
pub(crate) struct Registers {
    pub(crate) f64: Vec<Vec<f64>>,
    pub(crate) f32: Vec<Vec<f32>>,
}

/// A number in memory, and what belongs to its format.
pub(crate) trait Cell: Gemm + FromInteger {
    /// The format.
    const FORMAT: Format;
    /// Elements in a block: a register takes 4 KiB, a dozen fit the first cache.
    const BLOCK: usize;
    /// The kernel for blocks of one operand.
    fn one(k: &Map1) -> fn(&[Self], &mut [Self]);
    /// The kernel for two operands.
    #[allow(clippy::type_complexity, reason = "a kernel's signature")]
    fn two(k: &Map2) -> fn(&[Self], &[Self], &mut [Self]);
    /// The kernel for three operands.
    fn three(k: &Map3) -> Block3<Self>;
    /// The kernel that folds a block.
    fn fold(spec: &FoldSpec) -> fn(&[Self]) -> Self;
    /// The kernel that folds rows.
    #[allow(clippy::type_complexity, reason = "a kernel's signature")]
    fn rows(spec: &FoldSpec) -> fn(&[Self], usize, &mut [Self]);
    /// The kernel that joins neighbours.
    #[allow(clippy::type_complexity, reason = "a kernel's signature")]
    fn join(spec: &FoldSpec) -> fn(&mut [Self]) -> Self;
    /// The kernel for partial results, each with what comes after it.
    fn pair(spec: &FoldSpec) -> fn(&mut [Self], &[Self]);
    /// Elements in this format, converted where they are in the other.
    fn read(slice: Slice<'_>) -> Cow<'_, [Self]>;
    /// Elements of this format to be written.
    fn write(slice: SliceMut<'_>) -> Option<&mut [Self]>;
    /// These, where they are doubles.
    fn doubles(data: &mut [Self]) -> Option<&mut [f64]>;
    /// An array of this format.
    fn view<'v, 'a>(x: &'v ArrayRef<'a>) -> Option<&'v ArrayViewD<'a, Self>>;
    /// An array of this format, to be written.
    fn view_mut<'v, 'a>(x: &'v mut ArrayMut<'a>) -> Option<&'v mut ArrayViewMutD<'a, Self>>;
    fn registers(r: &mut Registers) -> &mut Vec<Vec<Self>>;
    /// Runs a loop over this format.
    ///
    /// # Errors
    /// As [`Backend::run`].
    fn run(backend: &dyn Backend, fused: &Fused, args: FusedArgs<'_, '_, Self>) -> Result<(), RunError>;
}

/// The nearest float to an integer.
pub(crate) trait FromInteger {
    fn from_integer(x: i64) -> Self;
}

impl FromInteger for f64 {
    #[allow(clippy::cast_precision_loss, reason = "rounding is what is asked")]
    fn from_integer(x: i64) -> f64 {
        x as f64
    }
}

impl FromInteger for f32 {
    #[allow(clippy::cast_precision_loss, reason = "rounding is what is asked")]
    fn from_integer(x: i64) -> f32 {
        x as f32
    }
}

fn converted<A: Element, B: Element>(from: &[A]) -> Vec<B> {
    from.iter().map(|x| B::of(x.wide())).collect()
}

macro_rules! cell {
    ($t:ident, $format:ident, $other:ident, $n:expr, $block:ident, $fold:ident, $rows:ident, $join:ident, $pair:ident, $run:ident) => {
        impl Cell for $t {
            const FORMAT: Format = Format::$format;
            const BLOCK: usize = $n;
            fn one(k: &Map1) -> fn(&[$t], &mut [$t]) {
                k.$block
            }
            fn two(k: &Map2) -> fn(&[$t], &[$t], &mut [$t]) {
                k.$block
            }
            fn three(k: &Map3) -> Block3<$t> {
                k.$block
            }
            fn fold(spec: &FoldSpec) -> fn(&[$t]) -> $t {
                spec.$fold
            }
            fn rows(spec: &FoldSpec) -> fn(&[$t], usize, &mut [$t]) {
                spec.$rows
            }
            fn join(spec: &FoldSpec) -> fn(&mut [$t]) -> $t {
                spec.$join
            }
            fn pair(spec: &FoldSpec) -> fn(&mut [$t], &[$t]) {
                spec.$pair
            }
            fn read(slice: Slice<'_>) -> Cow<'_, [$t]> {
                match slice {
                    Slice::$format(x) => Cow::Borrowed(x),
                    Slice::$other(x) => Cow::Owned(converted(x)),
                    Slice::I64(x) => Cow::Owned(x.iter().map(|&x| $t::from_integer(x)).collect()),
                }
            }
            fn write(slice: SliceMut<'_>) -> Option<&mut [$t]> {
                match slice {
                    SliceMut::$format(x) => Some(x),
                    SliceMut::$other(_) | SliceMut::I64(_) => None,
                }
            }
            fn doubles(data: &mut [$t]) -> Option<&mut [f64]> {
                f64::write(SliceMut::$format(data))
            }
            fn view<'v, 'a>(x: &'v ArrayRef<'a>) -> Option<&'v ArrayViewD<'a, $t>> {
                if let ArrayRef::$format(x) = x { Some(x) } else { None }
            }
            fn view_mut<'v, 'a>(x: &'v mut ArrayMut<'a>) -> Option<&'v mut ArrayViewMutD<'a, $t>> {
                if let ArrayMut::$format(x) = x { Some(x) } else { None }
            }
            fn registers(r: &mut Registers) -> &mut Vec<Vec<$t>> {
                &mut r.$t
            }
            fn run(
                backend: &dyn Backend,
                fused: &Fused,
                args: FusedArgs<'_, '_, $t>,
            ) -> Result<(), RunError> {
                backend.$run(fused, args)
            }
        }
    };
}

cell!(f64, F64, F32, super::BLOCK, block, fold, rows, join, pair, run);
cell!(f32, F32, F64, 2 * super::BLOCK, single, single, rows_single, join_single, pair_single, run_single);

/// Memory of one format during a call.
#[derive(Debug)]
pub(super) enum Piece<'a, T> {
    /// Of the caller.
    Out(&'a mut [T]),
    /// That is only read meanwhile.
    Read(&'a [T]),
    /// Kept from call to call; so many elements are in use, from where a line of the cache begins.
    Own(Vec<T>, usize),
    /// For one number.
    One([T; 1]),
}

impl<T> Piece<'_, T> {
    fn get(&self) -> &[T] {
        match self {
            Piece::Out(data) => data,
            Piece::Read(data) => data,
            Piece::Own(data, n) => &data[pages::first_line(data)..][..*n],
            Piece::One(data) => data,
        }
    }

    pub(super) fn get_mut(&mut self) -> &mut [T] {
        match self {
            Piece::Out(data) => data,
            Piece::Read(_) => &mut [],
            Piece::Own(data, n) => {
                let past = pages::first_line(data);
                &mut data[past..][..*n]
            }
            Piece::One(data) => data,
        }
    }
}

/// A piece of memory during a call.
#[derive(Debug)]
pub(super) enum Memory<'a> {
    F64(Piece<'a, f64>),
    F32(Piece<'a, f32>),
    I64(Piece<'a, i64>),
}

impl Default for Memory<'_> {
    fn default() -> Self {
        Memory::own(Format::F64)
    }
}

impl<'a> Memory<'a> {
    /// None yet, of a format.
    pub(super) fn own(format: Format) -> Memory<'a> {
        match format {
            Format::F64 => Memory::F64(Piece::Own(Vec::new(), 0)),
            Format::F32 => Memory::F32(Piece::Own(Vec::new(), 0)),
            Format::I64 => Memory::I64(Piece::Own(Vec::new(), 0)),
        }
    }

    /// One number.
    pub(super) fn one(format: Format) -> Memory<'a> {
        match format {
            Format::F64 => Memory::F64(Piece::One([0.0])),
            Format::F32 => Memory::F32(Piece::One([0.0])),
            Format::I64 => Memory::I64(Piece::One([0])),
        }
    }

    /// The caller's.
    pub(super) fn out(data: SliceMut<'a>) -> Memory<'a> {
        match data {
            SliceMut::F64(x) => Memory::F64(Piece::Out(x)),
            SliceMut::F32(x) => Memory::F32(Piece::Out(x)),
            SliceMut::I64(x) => Memory::I64(Piece::Out(x)),
        }
    }

    /// Someone else's, to be read.
    pub(super) fn read(data: Slice<'a>) -> Memory<'a> {
        match data {
            Slice::F64(x) => Memory::F64(Piece::Read(x)),
            Slice::F32(x) => Memory::F32(Piece::Read(x)),
            Slice::I64(x) => Memory::I64(Piece::Read(x)),
        }
    }

    /// What is kept for the next call.
    pub(super) fn kept(self) -> Option<Memory<'static>> {
        match self {
            Memory::F64(Piece::Own(x, n)) => Some(Memory::F64(Piece::Own(x, n))),
            Memory::F32(Piece::Own(x, n)) => Some(Memory::F32(Piece::Own(x, n))),
            Memory::I64(Piece::Own(x, n)) => Some(Memory::I64(Piece::Own(x, n))),
            _ => None,
        }
    }

    pub(super) fn format(&self) -> Format {
        match self {
            Memory::F64(_) => Format::F64,
            Memory::F32(_) => Format::F32,
            Memory::I64(_) => Format::I64,
        }
    }

    pub(super) fn get(&self) -> Slice<'_> {
        match self {
            Memory::F64(x) => Slice::F64(x.get()),
            Memory::F32(x) => Slice::F32(x.get()),
            Memory::I64(x) => Slice::I64(x.get()),
        }
    }

    pub(super) fn get_mut(&mut self) -> SliceMut<'_> {
        match self {
            Memory::F64(x) => SliceMut::F64(x.get_mut()),
            Memory::F32(x) => SliceMut::F32(x.get_mut()),
            Memory::I64(x) => SliceMut::I64(x.get_mut()),
        }
    }

    /// The first number.
    pub(super) fn first(&self) -> f64 {
        self.get().number(0)
    }

    /// Makes it `n` elements long; `Err` with its length where it is the caller's and is not.
    pub(super) fn fit(&mut self, n: usize) -> Result<(), FitError> {
        match self {
            Memory::F64(x) => fit(x, n),
            Memory::F32(x) => fit(x, n),
            Memory::I64(x) => fit(x, n),
        }
    }

    /// Takes over the elements of another of its format and length.
    pub(super) fn copy_from(&mut self, other: Slice<'_>) {
        match (self.get_mut(), other) {
            (SliceMut::F64(to), Slice::F64(from)) => to.copy_from_slice(from),
            (SliceMut::F32(to), Slice::F32(from)) => to.copy_from_slice(from),
            (SliceMut::I64(to), Slice::I64(from)) => to.copy_from_slice(from),
            _ => {}
        }
    }

    /// Writes the same number everywhere.
    pub(super) fn fill(&mut self, x: f64) {
        match self {
            Memory::F64(data) => data.get_mut().fill(x),
            Memory::F32(data) => data.get_mut().fill(f32::of(x)),
            Memory::I64(data) => data.get_mut().fill(DType::I64.truncate(x)),
        }
    }
}

/// Why memory has not the length it should have.
pub(super) enum FitError {
    /// The caller's has this length.
    Length(usize),
    /// There is none.
    Memory,
}

fn fit<T: Copy + Default>(piece: &mut Piece<'_, T>, n: usize) -> Result<(), FitError> {
    match piece {
        Piece::Own(data, used) => {
            // It never shrinks: arrays of several sizes take turns in it.
            let room = pages::with_line::<T>(n);
            if let Some(more) = room.checked_sub(data.len()) {
                data.try_reserve_exact(more).map_err(|_| FitError::Memory)?;
                pages::advise(data.as_ptr(), data.capacity());
                data.resize(room, T::default());
            }
            *used = n;
            Ok(())
        }
        _ if piece.get().len() == n => Ok(()),
        _ => Err(FitError::Length(piece.get().len())),
    }
}
