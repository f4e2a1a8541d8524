//! How operators compute: a few families, each with a scalar reference.
//!
//! The evaluator owns every loop over memory; a row gives the arithmetic.

use super::Attr;
use crate::math::{Binary, Unary, wide};

/// One operand to one result.
#[derive(Debug, Clone, Copy)]
pub struct Map1 {
    /// The reference, element by element.
    pub scalar: fn(f64) -> f64,
    /// The same over a block: `out[i] = f(a[i])`.
    pub block: fn(&[f64], &mut [f64]),
    /// The same over a block of singles.
    pub single: fn(&[f32], &mut [f32]),
}

impl Map1 {
    /// An elementary function as a kernel: the same formula for one number and for blocks.
    pub(super) const fn of<F: Unary>() -> Kernel {
        Kernel::Map1(Map1 {
            scalar: wide::one1::<F>,
            block: wide::each1::<f64, F>,
            single: wide::each1::<f32, F>,
        })
    }
}

/// Two operands to one result.
#[derive(Debug, Clone, Copy)]
pub struct Map2 {
    /// The reference, element by element.
    pub scalar: fn(f64, f64) -> f64,
    /// The same over a block.
    pub block: fn(&[f64], &[f64], &mut [f64]),
    /// The same over a block of singles.
    pub single: fn(&[f32], &[f32], &mut [f32]),
}

impl Map2 {
    /// As [`Map1::of`].
    pub(super) const fn of<F: Binary>() -> Kernel {
        Kernel::Map2(Map2 {
            scalar: wide::one2::<F>,
            block: wide::each2::<f64, F>,
            single: wide::each2::<f32, F>,
        })
    }
}

/// `out[i] = f(a[i], b[i], c[i])`.
pub type Block3<T = f64> = fn(&[T], &[T], &[T], &mut [T]);

/// Three operands to one result.
#[derive(Debug, Clone, Copy)]
pub struct Map3 {
    /// The reference, element by element.
    pub scalar: fn(f64, f64, f64) -> f64,
    /// The same over a block.
    pub block: Block3,
    /// The same over a block of singles.
    pub single: Block3<f32>,
}

/// A result that is its operand seen with other strides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// `Attr::Perm`.
    Dimshuffle,
    /// `Attr::Dims`: broadcast to the lengths.
    Broadcast,
    /// `Attr::Index`.
    Index,
}

/// An operand as a whole: its lengths, and its elements in row-major order.
#[derive(Debug, Clone, Copy)]
pub struct Dense<'a> {
    /// Lengths.
    pub lens: &'a [usize],
    /// Elements.
    pub data: &'a [f64],
}

/// Writes a result of given lengths, in row-major order, from whole operands; or says in words which
/// value does not fit.
pub type Whole = fn(&Attr, &[Dense<'_>], &[usize], &mut [f64]) -> Result<(), String>;

/// The family of an operator's computation.
#[derive(Debug, Clone, Copy)]
pub enum Kernel {
    /// Not computed: lowered to others before.
    None,
    /// Elementwise, one operand.
    Map1(Map1),
    /// Elementwise, two operands (more fold from the left).
    Map2(Map2),
    /// Elementwise, three operands.
    Map3(Map3),
    /// Fold over axes; the order of combination is the evaluator's.
    Reduce {
        /// Value of an empty fold; `None` when an empty one is an error.
        init: Option<f64>,
        /// One step: a partial result and the next element.
        step: Map2,
        /// A whole block of elements, in a fixed order.
        fold: fn(&[f64]) -> f64,
        /// The same of singles.
        single: fn(&[f32]) -> f32,
        /// Two partial results into one.
        merge: fn(f64, f64) -> f64,
    },
    /// Other strides, same elements.
    View(View),
    /// Same elements in row-major order, new lengths (`Attr::Dims`).
    Reshape,
    /// Product of vectors and matrices.
    Dot,
    /// Operands one after the other along `Attr::Axis`.
    Concat,
    /// Operand 0 with operand 1 added at `Attr::Index`.
    IncAt,
    /// Operand 0 with operand 1 put at `Attr::Index`.
    SetAt,
    /// The length of axis `Attr::Axis`.
    Length,
    /// Needs its operands whole.
    Whole(Whole),
}

/// A [`Map1`] from a closure.
macro_rules! map1 {
    ($f:expr) => {
        $crate::op::Kernel::Map1($crate::op::Map1 {
            scalar: $f,
            block: |a, out| crate::math::wide::map1(a, out, $f),
            single: |a, out| crate::math::wide::map1(a, out, $f),
        })
    };
}

/// The two fields of a [`Map2`] from a closure.
macro_rules! map2_of {
    ($f:expr) => {
        $crate::op::Map2 {
            scalar: $f,
            block: |a, b, out| crate::math::wide::map2(a, b, out, $f),
            single: |a, b, out| crate::math::wide::map2(a, b, out, $f),
        }
    };
}

/// A [`Kernel::Map2`] from a closure.
macro_rules! map2 {
    ($f:expr) => {
        $crate::op::Kernel::Map2(map2_of!($f))
    };
}

/// A [`Kernel::Map3`] from a closure.
macro_rules! map3 {
    ($f:expr) => {
        $crate::op::Kernel::Map3($crate::op::Map3 {
            scalar: $f,
            block: |a, b, c, out| crate::math::wide::map3([a, b, c], out, $f),
            single: |a, b, c, out| crate::math::wide::map3([a, b, c], out, $f),
        })
    };
}

/// A [`Kernel::Reduce`] from the value of an empty fold, the step, and how partial results join
/// where that is not the step.
macro_rules! reduce {
    ($init:expr, $step:expr) => {
        reduce!($init, $step, $step)
    };
    ($init:expr, $step:expr, $merge:expr) => {
        $crate::op::Kernel::Reduce {
            init: $init,
            step: map2_of!($step),
            fold: |xs| {
                let fold = crate::op::fold::FoldLanes { init: $init, xs, step: $step, merge: $merge };
                crate::math::wide::widely(fold)
            },
            single: |xs| {
                let fold = crate::op::fold::FoldLanes { init: $init, xs, step: $step, merge: $merge };
                crate::math::wide::widely(fold)
            },
            merge: $merge,
        }
    };
}

pub(crate) use {map1, map2, map2_of, map3, reduce};
