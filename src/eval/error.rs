//! What can be wrong with a plan, and with running one.

use std::fmt;

/// Why a graph has no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanError {
    /// An operator that is not computed, and was not lowered to others.
    NoKernel {
        /// Its name.
        op: &'static str,
    },
    /// What an operator is composed of does not fit together.
    Composed {
        /// The type error.
        fact: String,
    },
    /// A length that no input tells.
    Unbound {
        /// The length.
        dim: String,
    },
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlanError::NoKernel { op } => write!(f, "`{op}` has no kernel"),
            PlanError::Composed { fact } => write!(f, "{fact}"),
            PlanError::Unbound { dim } => write!(f, "no input tells the length {dim}"),
        }
    }
}
impl std::error::Error for PlanError {}

/// Why a plan did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunError {
    /// Another number of inputs or outputs than the plan has.
    Count {
        /// `inputs` or `outputs`.
        what: &'static str,
        /// How many the plan has.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// A shape that does not fit.
    Shape {
        /// Whose: an input, an output or an operator.
        what: String,
        /// The shape that is needed.
        expected: Vec<usize>,
        /// The shape that came.
        got: Vec<usize>,
    },
    /// A length cannot be computed: a quotient is not exact, or a product too large.
    Length {
        /// The length.
        dim: String,
        /// What keeps it from having one.
        fact: String,
    },
    /// An array that would be too large.
    TooLarge {
        /// Its shape.
        shape: Vec<usize>,
        /// How many elements are allowed.
        limit: usize,
    },
    /// The system gave no memory.
    Memory {
        /// For so many elements.
        elements: usize,
    },
    /// A value that an operator does not take.
    Value {
        /// The operator.
        op: &'static str,
        /// What is wrong with it.
        fact: String,
    },
    /// A largest or smallest element of none.
    EmptyFold {
        /// The operator.
        op: &'static str,
    },
    /// An index past the end.
    Index {
        /// The index.
        index: i64,
        /// The length of the axis.
        len: usize,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Count { what, expected, got } => write!(f, "takes {expected} {what}, not {got}"),
            RunError::Shape { what, expected, got } => {
                write!(f, "{what}: shape {got:?} where {expected:?} is needed")
            }
            RunError::Length { dim, fact } => write!(f, "the length {dim} has no value: {fact}"),
            RunError::TooLarge { shape, limit } => {
                write!(f, "an array of shape {shape:?} has more than {limit} elements")
            }
            RunError::Memory { elements } => write!(f, "no memory for {elements} elements"),
            RunError::Value { op, fact } => write!(f, "`{op}`: {fact}"),
            RunError::EmptyFold { op } => write!(f, "`{op}` of no element"),
            RunError::Index { index, len } => {
                write!(f, "index {index} is out of bounds for an axis of length {len}")
            }
        }
    }
}
impl std::error::Error for RunError {}
