//! How operators compute: a few families, each with a scalar reference.
//!
//! The evaluator owns every loop over memory; a row gives the arithmetic.

use super::Attr;
use crate::expr::Expr;
use crate::math::record::Record;
use crate::math::{Binary, Ternary, Unary, wide};

/// One operand to one result.
#[derive(Debug, Clone, Copy)]
pub struct Map1 {
    /// The reference, element by element.
    pub scalar: fn(f64) -> f64,
    /// The same over a block: `out[i] = f(a[i])`.
    pub block: fn(&[f64], &mut [f64]),
    /// The same over a block of singles.
    pub single: fn(&[f32], &mut [f32]),
    /// The formula for code generators, bit for bit; `None` for functions of the scalar library.
    pub record: Option<Record>,
}

impl Map1 {
    /// A formula as a kernel: the same for one number, for blocks and for code generators.
    pub(super) const fn of<F: Unary>() -> Kernel {
        Kernel::Map1(Map1 {
            scalar: wide::one1::<F>,
            block: wide::each1::<f64, F>,
            single: wide::each1::<f32, F>,
            record: Some(Record::unary::<F>()),
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
    #[allow(clippy::type_complexity, reason = "a kernel's signature")]
    pub single: fn(&[f32], &[f32], &mut [f32]),
    /// The formula for code generators, bit for bit; `None` for functions of the scalar library.
    pub record: Option<Record>,
}

impl Map2 {
    /// As [`Map1::of`].
    pub(super) const fn of<F: Binary>() -> Kernel {
        Kernel::Map2(Map2::formula::<F>())
    }

    pub(super) const fn formula<F: Binary>() -> Map2 {
        Map2 {
            scalar: wide::one2::<F>,
            block: wide::each2::<f64, F>,
            single: wide::each2::<f32, F>,
            record: Some(Record::binary::<F>()),
        }
    }
}

/// Partial results that a fold carries side by side: element `i` of a block goes to lane `i % 16`.
pub const FOLD_LANES: usize = 16;

/// Blocks shorter than this are folded from the left, without lanes.
pub const FOLD_SHORTEST: usize = 2 * FOLD_LANES;

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
    /// The formula for code generators, bit for bit; `None` for functions of the scalar library.
    pub record: Option<Record>,
}

impl Map3 {
    /// As [`Map1::of`].
    pub(super) const fn of<F: Ternary>() -> Kernel {
        Kernel::Map3(Map3 {
            scalar: wide::one3::<F>,
            block: wide::each3::<f64, F>,
            single: wide::each3::<f32, F>,
            record: Some(Record::ternary::<F>()),
        })
    }
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
pub struct Dense<'a, T = f64> {
    /// Lengths.
    pub lens: &'a [usize],
    /// Elements.
    pub data: &'a [T],
}

/// Writes a result of given lengths, in row-major order, from whole operands; or says in words which
/// value does not fit.
pub type Whole = fn(&Attr, &[Dense<'_>], &[usize], &mut [f64]) -> Result<(), String>;

impl Kernel {
    /// The formula of an elementwise operator, where it has one.
    pub fn record(&self) -> Option<Record> {
        match self {
            Kernel::Map1(k) => k.record,
            Kernel::Map2(k) => k.record,
            Kernel::Map3(k) => k.record,
            _ => None,
        }
    }
}

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
        /// Folded with any number, gives that number.
        identity: f64,
        /// One step: a partial result and the next element.
        step: Map2,
        /// A whole block of elements, in a fixed order.
        fold: fn(&[f64]) -> f64,
        /// The same of singles.
        single: fn(&[f32]) -> f32,
        /// Rows of so many elements, each as a block, into a result for each.
        rows: fn(&[f64], usize, &mut [f64]),
        /// The same of singles.
        rows_single: fn(&[f32], usize, &mut [f32]),
        /// Partial results, as many as a power of two, joined with their neighbours until one is left.
        join: fn(&mut [f64]) -> f64,
        /// The same of singles.
        join_single: fn(&mut [f32]) -> f32,
        /// Partial results, each with what comes after it.
        pair: fn(&mut [f64], &[f64]),
        /// The same of singles.
        pair_single: fn(&mut [f32], &[f32]),
        /// Two partial results into one.
        merge: Map2,
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
    /// Computed by others: rules and the optimizer see the operator, the evaluator what it is made of.
    Composed(fn(&[Expr], &Attr) -> Expr),
}

/// A kernel from a formula over [`Lanes`](crate::math::Lanes), called `L` in it, or from a function of
/// the scalar library.
macro_rules! map1 {
    (|$a:ident| $formula:expr) => {{
        struct F;
        impl $crate::math::Unary for F {
            #[inline(always)]
            fn at<L: $crate::math::Lanes>($a: L) -> L {
                $formula
            }
        }
        $crate::op::Map1::of::<F>()
    }};
    ($f:expr) => {
        $crate::op::Kernel::Map1($crate::op::Map1 {
            scalar: $f,
            block: |a, out| crate::math::wide::map1(a, out, $f),
            single: |a, out| crate::math::wide::map1(a, out, $f),
            record: None,
        })
    };
}

/// The [`Map2`] of a formula.
macro_rules! formula2 {
    (|$a:ident, $b:ident| $formula:expr) => {{
        struct F;
        impl $crate::math::Binary for F {
            #[inline(always)]
            fn at<L: $crate::math::Lanes>($a: L, $b: L) -> L {
                $formula
            }
        }
        $crate::op::Map2::formula::<F>()
    }};
}

/// As [`map1`], of two operands.
macro_rules! map2 {
    (|$a:ident, $b:ident| $formula:expr) => {
        $crate::op::Kernel::Map2(formula2!(|$a, $b| $formula))
    };
    ($f:expr) => {
        $crate::op::Kernel::Map2($crate::op::Map2 {
            scalar: $f,
            block: |a, b, out| crate::math::wide::map2(a, b, out, $f),
            single: |a, b, out| crate::math::wide::map2(a, b, out, $f),
            record: None,
        })
    };
}

/// As [`map1`], of three operands.
macro_rules! map3 {
    (|$a:ident, $b:ident, $c:ident| $formula:expr) => {{
        struct F;
        impl $crate::math::Ternary for F {
            #[inline(always)]
            fn at<L: $crate::math::Lanes>($a: L, $b: L, $c: L) -> L {
                $formula
            }
        }
        $crate::op::Map3::of::<F>()
    }};
}

/// A [`Kernel::Reduce`] from the value of an empty fold, the number that changes no fold, the step as a
/// formula, and how partial results join where that is not the step.
macro_rules! reduce {
    ($init:expr, $identity:expr, |$a:ident, $b:ident| $step:expr) => {
        reduce!($init, $identity, |$a, $b| $step, |$a, $b| $step)
    };
    ($init:expr, $identity:expr, |$a:ident, $b:ident| $step:expr, |$c:ident, $d:ident| $merge:expr) => {{
        struct F;
        impl $crate::op::fold::Fold for F {
            const IDENTITY: f64 = $identity;
            #[inline(always)]
            fn step<L: $crate::math::Lanes>($a: L, $b: L) -> L {
                $step
            }
            #[inline(always)]
            fn merge<L: $crate::math::Lanes>($c: L, $d: L) -> L {
                $merge
            }
        }
        $crate::op::fold::reduce::<F>($init)
    }};
}

pub(crate) use {formula2, map1, map2, map3, reduce};
