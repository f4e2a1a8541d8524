//! Calls decided ahead: for inputs of known lengths in row-major order, a plan of scalars, loops and
//! products is a list of code and of where its operands are. Nothing is allocated, looked up or laid
//! out in a call.

mod decide;

use std::borrow::Cow;
use std::sync::Arc;

use ndarray::{ArrayViewD, ArrayViewMutD};
use smallvec::SmallVec;

use super::line::{Line, room};
use super::loops::Code;
use super::shape::Shape;
use super::short::Short;
use super::walk::walk;
use crate::eval::{
    ArrayMut, ArrayRef, Cell, FoldSpec, Format, Fused, FusedArgs, Layout, Nest, Ready, ScalarStep, Strided,
    Threads, dot, exec, first_line, signed,
};

pub(super) use decide::decide;

/// A place in memory: which memory, and how many numbers from its start.
type Place = (u32, usize);

/// What one step does.
#[derive(Debug)]
enum Act<T> {
    Scalars(Vec<ScalarStep>),
    Fetch(Place, u32),
    /// One call of code, over so many elements.
    Loop(Arc<Code>, usize, Vec<Place>),
    Folds(Folds),
    Rows(Box<Rows>),
    Short(Box<ShortRows<T>>),
    Walk(Box<Walked>),
    Dot(Box<[(Memory, Layout); 2]>, Memory, Threads),
}

/// A piece of memory: which, and how many numbers.
type Memory = (u32, usize);

/// One call of code for many rows, whose results are where it puts them.
#[derive(Debug)]
struct Rows {
    code: Arc<Code>,
    /// Elements of a row, and rows.
    n: usize,
    rows: usize,
    /// Entries of the table: places, and bytes from row to row.
    places: Vec<Place>,
    down: Vec<isize>,
    /// Sums over rows, and what they begin with.
    sums: Vec<(Memory, f64)>,
}

/// Short rows, in blocks.
#[derive(Debug)]
struct ShortRows<T> {
    short: Short<T>,
    code: Arc<Code>,
    rows: usize,
    height: usize,
    /// Operands: places, and numbers from row to row.
    operands: Vec<(Place, isize)>,
}

/// Any other loop: only how it is walked is decided.
#[derive(Debug)]
struct Walked {
    fused: Fused,
    space: Vec<usize>,
    nest: Nest,
    shape: Shape,
    plain: Arc<Code>,
    folding: Option<Arc<Code>>,
    /// Memory, first element, and a stride per axis of the space.
    leaves: Vec<(Memory, isize, Vec<isize>)>,
    stores: Vec<Memory>,
    folds: Vec<Memory>,
}

/// A row whose elements are all reduced.
#[derive(Debug)]
struct Folds {
    plain: Arc<Code>,
    folding: Option<Arc<Code>>,
    n: usize,
    /// Operands, and whether each moves on.
    operands: Vec<(Place, bool)>,
    specs: Vec<FoldSpec>,
    results: Vec<Place>,
}

/// A call that is decided, over doubles or singles.
#[derive(Debug)]
struct Decided<T> {
    inputs: Vec<Vec<usize>>,
    outputs: Vec<Vec<usize>>,
    /// Scalar inputs: register and input.
    slots: Vec<(u32, usize)>,
    acts: Vec<Act<T>>,
    /// Outputs that are one number: output, length and register.
    filled: Vec<(usize, usize, u32)>,
    /// Registers as a call finds them, and while it runs; for singles, also as doubles, in which they are computed.
    initial: Vec<f64>,
    scalars: Vec<T>,
    doubles: Vec<f64>,
    pieces: Vec<Vec<T>>,
    frame: Vec<T>,
    /// Memory for the partial results of a row.
    spare: Vec<T>,
    registers: Vec<Vec<T>>,
    /// Blocks of short rows.
    blocks: Vec<T>,
}

type Bases<T> = SmallVec<[*mut T; 24]>;

/// An array of a call: where it begins, its lengths, and whether it is in row-major order.
type Seen<'s, T> = (*mut T, &'s [usize], bool);

fn at<T>(bases: &Bases<T>, (base, offset): Place) -> *mut T {
    bases[base as usize].wrapping_add(offset)
}

/// Equality of lengths, without the library's comparison of memory: for no lengths at all that reads
/// past a mapped page under a mask, which takes long on some processors.
fn is(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y)
}

impl<T: Cell> Ready for Decided<T> {
    fn run(&mut self, inputs: &[ArrayViewD<'_, f64>], outputs: &mut [ArrayViewMutD<'_, f64>]) -> bool {
        if inputs.len() != self.inputs.len()
            || outputs.len() != self.outputs.len()
            || T::FORMAT != Format::F64
        {
            return false;
        }
        let inputs =
            inputs.iter().map(|x| Some((x.as_ptr().cast_mut().cast(), x.shape(), x.is_standard_layout())));
        let outputs = outputs.iter_mut().map(|x| {
            let (at, in_order) = (x.as_mut_ptr().cast(), x.is_standard_layout());
            Some((at, x.shape(), in_order))
        });
        self.call(inputs, outputs)
    }

    fn run_arrays(&mut self, inputs: &[ArrayRef<'_>], outputs: &mut [ArrayMut<'_>]) -> bool {
        if inputs.len() != self.inputs.len() || outputs.len() != self.outputs.len() {
            return false;
        }
        let inputs = inputs.iter().map(|x| {
            let x = T::view(x)?;
            Some((x.as_ptr().cast_mut(), x.shape(), x.is_standard_layout()))
        });
        let outputs = outputs.iter_mut().map(|x| {
            let x = T::view_mut(x)?;
            let (at, in_order) = (x.as_mut_ptr(), x.is_standard_layout());
            Some((at, x.shape(), in_order))
        });
        self.call(inputs, outputs)
    }
}

impl<T: Cell> Decided<T> {
    /// Sets a register.
    fn set(&mut self, slot: u32, x: T) {
        self.scalars[slot as usize] = x;
        if let Some(wide) = self.doubles.get_mut(slot as usize) {
            *wide = x.wide();
        }
    }

    fn exec(&mut self, act: usize) {
        let Some(Act::Scalars(ops)) = self.acts.get(act) else { return };
        match T::doubles(&mut self.scalars) {
            Some(file) => ops.iter().for_each(|op| exec(op, file)),
            None => {
                ops.iter().for_each(|op| exec(op, &mut self.doubles));
                self.scalars.iter_mut().zip(&self.doubles).for_each(|(x, &wide)| *x = T::of(wide));
            }
        }
    }

    /// The call, with as many inputs and outputs as there are.
    fn call<'s>(
        &mut self,
        inputs: impl Iterator<Item = Option<Seen<'s, T>>>,
        outputs: impl Iterator<Item = Option<Seen<'s, T>>>,
    ) -> bool {
        let mut bases = Bases::<T>::new();
        for (seen, lens) in inputs.chain(outputs).zip(self.inputs.iter().chain(&self.outputs)) {
            let Some((at, shape, true)) = seen else { return false };
            if !is(shape, lens) {
                return false;
            }
            bases.push(at);
        }
        bases.extend(self.pieces.iter_mut().map(|x| {
            let past = first_line(x);
            x.as_mut_ptr().wrapping_add(past)
        }));
        self.scalars.iter_mut().zip(&self.initial).for_each(|(x, &initial)| *x = T::of(initial));
        let wide = self.doubles.len();
        self.doubles.copy_from_slice(&self.initial[..wide]);
        for i in 0..self.slots.len() {
            let (slot, k) = self.slots[i];
            // SAFETY: no input is empty, which was seen when the call was decided for these lengths.
            #[allow(unsafe_code, reason = "reads an input that is one number")]
            let x = unsafe { *bases[k] };
            self.set(slot, x);
        }
        let first_register = bases.len();
        bases.push(self.scalars.as_mut_ptr());
        let frame = self.frame.as_mut_ptr();
        let past = frame.align_offset(64);
        let frame = if past < 64 / size_of::<T>() { frame.wrapping_add(past) } else { frame };
        for i in 0..self.acts.len() {
            match &self.acts[i] {
                Act::Scalars(_) => self.exec(i),
                Act::Fetch(place, slot) => {
                    // SAFETY: the place is inside an input or a piece of memory, whose lengths are
                    // those for which the call was decided.
                    #[allow(unsafe_code, reason = "reads a decided place")]
                    let (x, slot) = unsafe { (*at(&bases, *place), *slot) };
                    self.set(slot, x);
                }
                Act::Loop(code, n, places) => {
                    let mut table: SmallVec<[*mut T; 16]> = SmallVec::new();
                    table.push(frame);
                    table.extend(places.iter().map(|&p| at(&bases, p)));
                    // SAFETY: the code was made for this processor and these operands; their places
                    // were decided for inputs and outputs of just these lengths in row-major order,
                    // and what is written are outputs and pieces of this call.
                    #[allow(unsafe_code, reason = "enters compiled code")]
                    if !unsafe { code.run(&mut table, *n) } {
                        return false;
                    }
                }
                Act::Rows(r) => {
                    let mut table: SmallVec<[*mut T; 48]> = SmallVec::new();
                    table.push(frame);
                    table.extend(r.places.iter().map(|&p| at(&bases, p)));
                    let steps = r.down.iter().map(|d| d.cast_unsigned()).chain([r.rows]);
                    table.extend(steps.map(std::ptr::without_provenance_mut));
                    for &(memory, identity) in &r.sums {
                        // SAFETY: a result of this length.
                        #[allow(unsafe_code, reason = "slices of decided places")]
                        let sum = unsafe { write(&bases, memory) };
                        sum.fill(T::of(identity));
                    }
                    // SAFETY: as for a loop; every row of every operand lies in its memory.
                    #[allow(unsafe_code, reason = "enters compiled code")]
                    if !unsafe { r.code.run(&mut table, r.n) } {
                        return false;
                    }
                }
                Act::Short(short) => {
                    let past = first_line(&self.blocks);
                    if !short.run(&bases, frame, self.blocks.as_mut_ptr().wrapping_add(past)) {
                        return false;
                    }
                }
                Act::Walk(walked) => {
                    if !walked.run(&bases, &mut self.registers) {
                        return false;
                    }
                }
                Act::Dot(operands, out, threads) => {
                    let [a, b] = &**operands;
                    // SAFETY: inputs and pieces of memory of these lengths; the result is another.
                    #[allow(unsafe_code, reason = "slices of decided places")]
                    let (a, b, out) = unsafe {
                        (
                            (Cow::Borrowed(read(&bases, a.0)), a.1.clone()),
                            (Cow::Borrowed(read(&bases, b.0)), b.1.clone()),
                            write(&bases, *out),
                        )
                    };
                    if dot(&a, &b, out, *threads, false).is_err() {
                        return false;
                    }
                }
                Act::Folds(folds) => {
                    if !folds.run(&bases, frame, &mut self.spare[..room::<T>(folds.specs.len())]) {
                        return false;
                    }
                    for &(memory, slot) in folds.results.iter().filter(|(m, _)| *m as usize == first_register)
                    {
                        debug_assert_eq!(memory as usize, first_register);
                        if let Some(wide) = self.doubles.get_mut(slot) {
                            *wide = self.scalars[slot].wide();
                        }
                    }
                }
            }
        }
        for &(o, n, slot) in &self.filled {
            // SAFETY: an output of this length.
            #[allow(unsafe_code, reason = "slices of decided places")]
            let out = unsafe { write(&bases, (u32::try_from(self.inputs.len() + o).unwrap_or(0), n)) };
            out.fill(self.scalars[slot as usize]);
        }
        true
    }
}

/// # Safety
/// The memory is there, of this length, and nothing writes it meanwhile.
#[allow(unsafe_code, reason = "slices of decided places")]
unsafe fn read<'m, T>(bases: &Bases<T>, (base, n): Memory) -> &'m [T] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts(bases[base as usize], n) }
}

/// # Safety
/// As [`read`], and nothing reads it meanwhile.
#[allow(unsafe_code, reason = "slices of decided places")]
unsafe fn write<'m, T>(bases: &Bases<T>, (base, n): Memory) -> &'m mut [T] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts_mut(bases[base as usize], n) }
}

impl<T: Cell> ShortRows<T> {
    fn run(&self, bases: &Bases<T>, frame: *mut T, blocks: *mut T) -> bool {
        let mut table: SmallVec<[*mut T; 24]> = SmallVec::new();
        (0..self.rows).step_by(self.height).all(|row| {
            table.clear();
            table.push(frame);
            let entry =
                |&(place, down): &(Place, isize)| at(bases, place).wrapping_offset(down * signed(row));
            table.extend(self.operands.iter().map(entry));
            let height = self.height.min(self.rows - row);
            // SAFETY: as for a loop; every row of every operand lies in its memory, and the blocks are of this call.
            #[allow(unsafe_code, reason = "enters compiled code")]
            unsafe {
                self.short.run(&self.code, &mut table, height, blocks)
            }
        })
    }
}

impl Walked {
    fn run<T: Cell>(&self, bases: &Bases<T>, registers: &mut Vec<Vec<T>>) -> bool {
        // SAFETY: inputs, outputs and pieces of this call, of the lengths for which it was decided; the
        // plan gives every result of a step memory of its own.
        #[allow(unsafe_code, reason = "slices of decided places")]
        let (leaves, mut stores, mut folds) = unsafe {
            let leaves = self.leaves.iter().map(|(memory, offset, strides)| Strided {
                data: read(bases, *memory),
                offset: *offset,
                strides,
            });
            let stores = self.stores.iter().map(|&m| write(bases, m));
            let folds = self.folds.iter().map(|&m| write(bases, m));
            (
                leaves.collect::<SmallVec<[Strided<'_, T>; 8]>>(),
                stores.collect::<SmallVec<[&mut [T]; 4]>>(),
                folds.collect::<SmallVec<[&mut [T]; 4]>>(),
            )
        };
        let args = FusedArgs {
            space: &self.space,
            whole: self.space.iter().product(),
            leaves: &leaves,
            stores: &mut stores,
            folds: &mut folds,
            begun: false,
            registers,
        };
        walk(&self.fused, &self.nest, self.shape, &self.plain, self.folding.as_deref(), args)
    }
}

impl Folds {
    fn run<T: Cell>(&self, bases: &Bases<T>, frame: *mut T, spare: &mut [T]) -> bool {
        let operands: SmallVec<[(*mut T, bool); 16]> =
            self.operands.iter().map(|&(place, moves)| (at(bases, place), moves)).collect();
        let mut results: SmallVec<[T; 4]> = SmallVec::from_elem(T::default(), self.specs.len());
        let line = Line { plain: &self.plain, folding: self.folding.as_deref(), specs: &self.specs };
        // SAFETY: as for a loop without reductions; the spare memory is of this call.
        #[allow(unsafe_code, reason = "enters compiled code")]
        let held = unsafe { line.fold(frame, &operands, self.n, spare, &mut results) };
        for (&place, x) in self.results.iter().zip(results) {
            // SAFETY: the place is one number of the call's own memory.
            #[allow(unsafe_code, reason = "writes a decided place")]
            unsafe {
                *at(bases, place) = x;
            }
        }
        held
    }
}
