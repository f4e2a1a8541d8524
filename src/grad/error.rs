//! What can be wrong with a request for a gradient.

use std::fmt;

use crate::expr::{BatchError, Expr, TypeError};
use crate::graph::ConstraintError;
use crate::pp::{TREE_LIMIT, pp, tree_length};

/// An expression as messages show it.
pub(super) fn short(e: &Expr) -> String {
    if tree_length(e) > TREE_LIMIT / 40 { format!("{e:?}") } else { pp(e) }
}

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
    /// A gradient that was marked as disconnected is used as an expression.
    Marked {
        /// Its position.
        index: usize,
    },
    /// There is neither a cost nor a known gradient.
    NoCost,
    /// A given adjoint or tangent is not a float, or has another shape than what it belongs to.
    Seed {
        /// What it is called: a known gradient, a cotangent, a tangent.
        what: &'static str,
        /// Its position.
        index: usize,
        /// Its type.
        ty: String,
        /// The type of the expression that it belongs to.
        of: String,
    },
    /// There are more or fewer adjoints or tangents than expressions that they belong to.
    Count {
        /// What they are called.
        what: &'static str,
        /// How many are needed.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// The rows of a Jacobian cannot be computed together.
    Batch(BatchError),
    /// An expression that cannot be built.
    Type(TypeError),
    /// Shapes that cannot be.
    Lengths(ConstraintError),
    /// Lengths that would have to be equal turn out to be different numbers on the way.
    Contradiction {
        /// Where it shows, printed.
        at: String,
        /// The shape there, or of what else arrives there.
        shape: String,
        /// The shape of an adjoint that arrives there.
        adjoint: String,
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
            GradError::Marked { index } => write!(f, "gradient {index} is disconnected: it is no expression"),
            GradError::NoCost => f.write_str("there is neither a cost nor a known gradient"),
            GradError::Seed { what, index, ty, of } => {
                write!(f, "{what} {index} has type {ty}, but belongs to an expression of type {of}")
            }
            GradError::Count { what, expected, got } => {
                write!(f, "{got} {what}s for {expected} expressions")
            }
            GradError::Batch(e) => write!(f, "{e}"),
            GradError::Type(e) => write!(f, "{e}"),
            GradError::Lengths(e) => write!(f, "{e}"),
            GradError::Contradiction { at, shape, adjoint } => {
                write!(
                    f,
                    "lengths contradict each other: an adjoint of `{at}` has shape {adjoint}, and not {shape}"
                )
            }
            GradError::NotDifferentiable { wrt, ty } => {
                write!(f, "cannot differentiate with respect to `{wrt}`: it is a constant of type {ty}")
            }
        }
    }
}

impl std::error::Error for GradError {}
