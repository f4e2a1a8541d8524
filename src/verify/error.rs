//! What can be wrong with a gradient, and with asking.

use std::fmt;

use crate::function::{CallError, CompileError};
use crate::grad::GradError;
use crate::ty::DType;

/// One element at which a gradient and the differences do not agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which test, from 0.
    pub test: usize,
    /// The input.
    pub input: String,
    /// The element.
    pub index: Vec<usize>,
    /// What the gradient says.
    pub analytic: f64,
    /// What differences say.
    pub numeric: f64,
    /// How far apart they are.
    pub absolute: f64,
    /// The same over the sum of their sizes.
    pub relative: f64,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the gradient by `{}` at {:?} is {:e}, differences give {:e} (absolute error {:.1e}, relative {:.1e}, test {})",
            self.input, self.index, self.analytic, self.numeric, self.absolute, self.relative, self.test
        )
    }
}

/// Why a gradient is not verified.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum VerifyError {
    /// There is no gradient.
    Grad(GradError),
    /// The expression or its gradient is no function.
    Compile(CompileError),
    /// The function does not take the point, or its neighbours.
    Call(CallError),
    /// What is differentiated is not a float.
    NotFloat {
        /// An input, or the function.
        what: String,
        /// Its element type.
        dtype: DType,
    },
    /// What is differentiated by is no input.
    NotAnInput {
        /// Its position.
        index: usize,
    },
    /// The function that finite differences are taken of is no scalar.
    NotScalar {
        /// Its type.
        ty: String,
    },
    /// There are more or fewer gradients than inputs.
    Count {
        /// How many inputs there are.
        expected: usize,
        /// How many gradients came.
        got: usize,
    },
    /// A gradient has another shape than its input.
    Shape {
        /// The input.
        input: String,
        /// Its shape.
        expected: Vec<usize>,
        /// The shape that came.
        got: Vec<usize>,
    },
    /// Gradient and differences do not agree.
    Differs(Box<Difference>),
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::Grad(e) => write!(f, "{e}"),
            VerifyError::Compile(e) => write!(f, "{e}"),
            VerifyError::Call(e) => write!(f, "{e}"),
            VerifyError::NotFloat { what, dtype } => {
                write!(f, "{what} has element type {dtype}; differences are taken of floats")
            }
            VerifyError::NotAnInput { index } => {
                write!(f, "expression {index} to differentiate by is no input")
            }
            VerifyError::NotScalar { ty } => {
                write!(f, "the function has type {ty}; finite differences are taken of a scalar")
            }
            VerifyError::Count { expected, got } => write!(f, "{got} gradients for {expected} inputs"),
            VerifyError::Shape { input, expected, got } => {
                write!(f, "the gradient by `{input}` has shape {got:?} and not {expected:?}")
            }
            VerifyError::Differs(d) => write!(f, "{d}"),
        }
    }
}
impl std::error::Error for VerifyError {}

macro_rules! from {
    ($($error:ident => $variant:ident),*) => {
        $(impl From<$error> for VerifyError {
            fn from(e: $error) -> VerifyError {
                VerifyError::$variant(e)
            }
        })*
    };
}
from!(GradError => Grad, CompileError => Compile, CallError => Call);
