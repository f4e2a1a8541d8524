//! What runs the fused loops of a plan.

use ndarray::{ArrayViewD, ArrayViewMutD};

use super::array::{ArrayMut, ArrayRef};
use super::blocks::Blocks;
use super::error::RunError;
use super::pass::{Pass, PassStep};
use super::plan::{Fused, Plan};
use super::run::Scratch;

/// An array as a loop reads it: flat memory, the position of the first element, and one stride per
/// axis of the space, 0 where the same element is read again.
#[derive(Debug, Clone, Copy)]
pub struct Strided<'a, T = f64> {
    /// The memory.
    pub data: &'a [T],
    /// Position of the first element.
    pub offset: isize,
    /// One stride per axis of the space.
    pub strides: &'a [isize],
}

/// The operands of a fused loop.
#[derive(Debug)]
pub struct FusedArgs<'s, 'a, T = f64> {
    /// The lengths of the space.
    pub space: &'s [usize],
    /// Elements of the whole loop, of which this may be a part.
    pub whole: usize,
    /// What is read, in the order of [`Fused::leaves`].
    pub leaves: &'s [Strided<'s, T>],
    /// What is written over the whole space, in row-major order.
    pub stores: &'s mut [&'a mut [T]],
    /// The results of reductions, in row-major order of the axes that are kept.
    pub folds: &'s mut [&'a mut [T]],
    /// Do sums over the first axis go on from what is there?
    pub begun: bool,
    /// Registers, kept from call to call.
    pub registers: &'s mut Vec<Vec<T>>,
}

/// What runs the fused loops of a plan. Everything else is the same for every backend.
pub trait Backend: std::fmt::Debug + Send + Sync {
    /// Runs one loop.
    ///
    /// # Errors
    /// A largest or smallest element of none.
    fn run(&self, fused: &Fused, args: FusedArgs<'_, '_>) -> Result<(), RunError>;

    /// Runs one loop over singles; by blocks where a backend has nothing of its own.
    ///
    /// # Errors
    /// As [`Backend::run`].
    fn run_single(&self, fused: &Fused, args: FusedArgs<'_, '_, f32>) -> Result<(), RunError> {
        Blocks.interpret(fused, args)
    }

    /// Decides how loops go through so many rows together, in small bands; `None` where a backend has nothing of its
    /// own.
    fn pass(&self, steps: &[PassStep<'_>], rows: usize) -> Option<Box<dyn Pass<f64>>> {
        let _ = (steps, rows);
        None
    }

    /// The same for loops over singles.
    fn pass_single(&self, steps: &[PassStep<'_>], rows: usize) -> Option<Box<dyn Pass<f32>>> {
        let _ = (steps, rows);
        None
    }

    /// Decides calls of a plan ahead, for inputs of the lengths of its last call, which left `scratch`, in row-major
    /// order; `None` where a backend or a plan is not for it.
    fn decide(&self, plan: &Plan, inputs: &[Vec<usize>], scratch: &Scratch) -> Option<Box<dyn Ready>> {
        let _ = (plan, inputs, scratch);
        None
    }
}

/// A call of a plan that is decided ahead, for inputs of some lengths in row-major order.
pub trait Ready: std::fmt::Debug + Send {
    /// Makes the call; false where inputs or outputs are not as they were decided for, or some
    /// argument is past where a formula holds. The outputs are to be computed the long way then.
    fn run(&mut self, inputs: &[ArrayViewD<'_, f64>], outputs: &mut [ArrayViewMutD<'_, f64>]) -> bool;

    /// The same with arrays of any element type.
    fn run_arrays(&mut self, inputs: &[ArrayRef<'_>], outputs: &mut [ArrayMut<'_>]) -> bool;
}
