//! What can be wrong with a request for a gradient.

use std::fmt;

/// A gradient that cannot be given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GradError {
    /// The cost has axes.
    CostNotScalar {
        /// The cost, printed.
        cost: String,
        /// Its type.
        ty: String,
    },
    /// No gradient flows from the cost to this expression.
    Disconnected {
        /// The expression, printed.
        wrt: String,
        /// It does not occur in the cost at all.
        absent: bool,
    },
    /// An operator on the way has no derivative.
    Undefined {
        /// The operator.
        op: &'static str,
        /// The application, printed.
        at: String,
    },
    /// The gradient is asked for with respect to something that is not differentiable.
    NotDifferentiable {
        /// The expression, printed.
        wrt: String,
        /// Its type.
        ty: String,
    },
}

impl fmt::Display for GradError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GradError::CostNotScalar { cost, ty } => {
                write!(f, "cost must be a scalar, but `{cost}` has type {ty}; differentiate its sum instead")
            }
            GradError::Disconnected { wrt, absent: true } => {
                write!(f, "`{wrt}` does not occur in the cost")
            }
            GradError::Disconnected { wrt, absent: false } => {
                write!(
                    f,
                    "the cost uses `{wrt}` only where no gradient flows (shapes, the first operand of fill)"
                )
            }
            GradError::Undefined { op, at } => write!(f, "`{op}` has no derivative, at `{at}`"),
            GradError::NotDifferentiable { wrt, ty } => {
                write!(f, "cannot differentiate with respect to `{wrt}`: it is a constant of type {ty}")
            }
        }
    }
}

impl std::error::Error for GradError {}
