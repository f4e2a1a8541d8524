//! Types of tensor expressions: element type and (symbolic) shape.
//!
//! The bottom layer: it knows nothing of operators or expressions.

mod dim;
mod dtype;
mod fault;
mod int;
mod shape;
mod slice;
mod sym;

pub use dim::{Dim, DimExpr};
pub use dtype::DType;
pub(crate) use int::to_bits;
pub use int::{Int, IntOp};
pub use shape::{Shape, ShapeError, normalize_axes, normalize_axis};
pub(crate) use slice::{composed, slice_bounds, slice_len};
pub use sym::Sym;

use std::fmt;

/// Element type and shape of an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ty {
    /// Element type.
    pub dtype: DType,
    /// One entry per axis.
    pub shape: Shape,
}

impl Ty {
    /// A type from its two halves.
    pub fn new(dtype: DType, shape: Shape) -> Ty {
        Ty { dtype, shape }
    }

    /// A scalar of type `dtype`.
    pub fn scalar(dtype: DType) -> Ty {
        Ty { dtype, shape: Shape::scalar() }
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }
}

/// `f64[3, n]`, or `f64` alone for a scalar: the spelling of declarations.
impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rank() == 0 { write!(f, "{}", self.dtype) } else { write!(f, "{}{}", self.dtype, self.shape) }
    }
}
