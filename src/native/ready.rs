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
use super::walk::walk;
use crate::eval::{FoldSpec, Fused, FusedArgs, Layout, Nest, Ready, ScalarStep, Strided, Threads, dot, exec};

pub(super) use decide::decide;

/// A place in memory: which memory, and how many doubles from its start.
type Place = (u32, usize);

/// What one step does.
#[derive(Debug)]
enum Act {
    Scalars(Vec<ScalarStep>),
    Fetch(Place, u32),
    /// One call of code, over so many elements.
    Loop(Arc<Code>, usize, Vec<Place>),
    Folds(Folds),
    Walk(Box<Walked>),
    Dot(Box<[(Memory, Layout); 2]>, Memory, Threads),
}

/// A piece of memory: which, and how many doubles.
type Memory = (u32, usize);

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

/// A call that is decided.
#[derive(Debug)]
struct Decided {
    inputs: Vec<Vec<usize>>,
    outputs: Vec<Vec<usize>>,
    /// Scalar inputs: register and input.
    slots: Vec<(u32, usize)>,
    acts: Vec<Act>,
    /// Outputs that are one number: output, length and register.
    filled: Vec<(usize, usize, u32)>,
    /// Registers as a call finds them, and while it runs.
    initial: Vec<f64>,
    scalars: Vec<f64>,
    pieces: Vec<Vec<f64>>,
    frame: Vec<f64>,
    /// Memory for the partial results of a row.
    spare: Vec<f64>,
    registers: Vec<Vec<f64>>,
}

type Bases = SmallVec<[*mut f64; 24]>;

fn at(bases: &Bases, (base, offset): Place) -> *mut f64 {
    bases[base as usize].wrapping_add(offset)
}

/// Equality of lengths, without the library's comparison of memory: for no lengths at all that reads
/// past a mapped page under a mask, which takes long on some processors.
fn is(a: &[usize], b: &[usize]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y)
}

impl Ready for Decided {
    fn run(&mut self, inputs: &[ArrayViewD<'_, f64>], outputs: &mut [ArrayViewMutD<'_, f64>]) -> bool {
        let fits = inputs.len() == self.inputs.len()
            && outputs.len() == self.outputs.len()
            && inputs.iter().zip(&self.inputs).all(|(x, s)| is(x.shape(), s) && x.is_standard_layout())
            && outputs.iter().zip(&self.outputs).all(|(x, s)| is(x.shape(), s) && x.is_standard_layout());
        if !fits {
            return false;
        }
        let mut bases = Bases::new();
        bases.extend(inputs.iter().map(|x| x.as_ptr().cast_mut()));
        bases.extend(outputs.iter_mut().map(|x| x.as_mut_ptr()));
        bases.extend(self.pieces.iter_mut().map(|x| x.as_mut_ptr()));
        self.scalars.copy_from_slice(&self.initial);
        for &(slot, k) in &self.slots {
            self.scalars[slot as usize] = inputs[k].first().copied().unwrap_or(f64::NAN);
        }
        bases.push(self.scalars.as_mut_ptr());
        let frame = self.frame.as_mut_ptr();
        let past = frame.align_offset(64);
        let frame = if past < 8 { frame.wrapping_add(past) } else { frame };
        for act in &self.acts {
            match act {
                Act::Scalars(ops) => ops.iter().for_each(|op| exec(op, &mut self.scalars)),
                Act::Fetch(place, slot) => {
                    // SAFETY: the place is inside an input or a piece of memory, whose lengths are
                    // those for which the call was decided.
                    #[allow(unsafe_code, reason = "reads a decided place")]
                    let x = unsafe { *at(&bases, *place) };
                    self.scalars[*slot as usize] = x;
                }
                Act::Loop(code, n, places) => {
                    let mut table: SmallVec<[*mut f64; 16]> = SmallVec::new();
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
                    if !folds.run(&bases, frame, &mut self.spare[..room::<f64>(folds.specs.len())]) {
                        return false;
                    }
                }
            }
        }
        for &(o, n, slot) in &self.filled {
            if let Some(out) = outputs.get_mut(o).and_then(|o| o.as_slice_mut()) {
                debug_assert_eq!(out.len(), n);
                out.fill(self.scalars[slot as usize]);
            }
        }
        true
    }
}

/// # Safety
/// The memory is there, of this length, and nothing writes it meanwhile.
#[allow(unsafe_code, reason = "slices of decided places")]
unsafe fn read<'m>(bases: &Bases, (base, n): Memory) -> &'m [f64] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts(bases[base as usize], n) }
}

/// # Safety
/// As [`read`], and nothing reads it meanwhile.
#[allow(unsafe_code, reason = "slices of decided places")]
unsafe fn write<'m>(bases: &Bases, (base, n): Memory) -> &'m mut [f64] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts_mut(bases[base as usize], n) }
}

impl Walked {
    fn run(&self, bases: &Bases, registers: &mut Vec<Vec<f64>>) -> bool {
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
                leaves.collect::<SmallVec<[Strided<'_>; 8]>>(),
                stores.collect::<SmallVec<[&mut [f64]; 4]>>(),
                folds.collect::<SmallVec<[&mut [f64]; 4]>>(),
            )
        };
        let args = FusedArgs {
            space: &self.space,
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
    fn run(&self, bases: &Bases, frame: *mut f64, spare: &mut [f64]) -> bool {
        let operands: SmallVec<[(*mut f64, bool); 16]> =
            self.operands.iter().map(|&(place, moves)| (at(bases, place), moves)).collect();
        let mut results: SmallVec<[f64; 4]> = SmallVec::from_elem(0.0, self.specs.len());
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
