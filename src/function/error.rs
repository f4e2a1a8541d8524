//! What can be wrong with a function, and with a call.

use std::fmt;

use crate::eval::{PlanError, RunError};
use crate::graph::{ConstraintError, ImportError};
use crate::ty::DType;

/// Why expressions do not make a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompileError {
    /// Something else than a variable stands among the inputs.
    NotAVariable {
        /// Its position.
        index: usize,
        /// The operator or literal that it is.
        what: String,
    },
    /// A variable stands among the inputs twice.
    Duplicate {
        /// Its name.
        name: String,
        /// One position.
        first: usize,
        /// The other.
        second: usize,
    },
    /// A variable that outputs need is not among the inputs.
    Missing {
        /// Its name.
        name: String,
        /// An operator that uses it; empty when it is an output itself.
        used_by: &'static str,
    },
    /// No output uses an input.
    Unused {
        /// Its position.
        index: usize,
        /// Its name.
        name: String,
    },
    /// What stands for another expression has another type.
    Given {
        /// Which of the pairs.
        index: usize,
        /// The type of what is replaced.
        expected: String,
        /// The type of what stands for it.
        got: String,
    },
    /// A shared variable becomes something of another type.
    Update {
        /// Its name.
        name: String,
        /// Its type.
        expected: String,
        /// The type of what it becomes.
        got: String,
    },
    /// The expressions contradict each other.
    Import(ImportError),
    /// There is no plan.
    Plan(PlanError),
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::NotAVariable { index, what } => {
                write!(f, "input {index} is not a variable but {what}")
            }
            CompileError::Duplicate { name, first, second } => {
                write!(f, "variable `{name}` is used twice in the inputs, at {first} and {second}")
            }
            CompileError::Missing { name, used_by } => {
                write!(f, "variable `{name}`")?;
                if !used_by.is_empty() {
                    write!(f, ", used to compute `{used_by}`,")?;
                }
                f.write_str(" is not among the inputs")
            }
            CompileError::Unused { index, name } => {
                write!(f, "input {index} (`{name}`) is not used to compute any output")
            }
            CompileError::Given { index, expected, got } => {
                write!(f, "given {index}: {got} cannot stand for {expected}")
            }
            CompileError::Update { name, expected, got } => {
                write!(f, "shared variable `{name}` has type {expected} and cannot become {got}")
            }
            CompileError::Import(e) => write!(f, "{e}"),
            CompileError::Plan(e) => write!(f, "{e}"),
        }
    }
}
impl std::error::Error for CompileError {}

impl CompileError {
    /// One word for programs: `input`, `shape`, `name` or `unsupported`.
    pub fn class(&self) -> &'static str {
        match self {
            CompileError::NotAVariable { .. }
            | CompileError::Duplicate { .. }
            | CompileError::Missing { .. }
            | CompileError::Unused { .. } => "input",
            CompileError::Given { .. } | CompileError::Update { .. } => "type",
            CompileError::Import(ImportError::Conflict { .. }) => "name",
            CompileError::Import(_) => "shape",
            CompileError::Plan(_) => "unsupported",
        }
    }
}

impl From<ImportError> for CompileError {
    fn from(e: ImportError) -> CompileError {
        CompileError::Import(e)
    }
}
impl From<PlanError> for CompileError {
    fn from(e: PlanError) -> CompileError {
        CompileError::Plan(e)
    }
}

/// Why a call computes nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum CallError {
    /// Too few inputs.
    Missing {
        /// The first that is missing.
        name: String,
    },
    /// Too many inputs.
    TooMany {
        /// How many the function takes.
        expected: usize,
        /// How many came.
        got: usize,
    },
    /// No input has this name.
    Unknown {
        /// The name.
        name: String,
        /// An input whose name is like it.
        suggestion: Option<String>,
    },
    /// An input is given twice.
    Twice {
        /// Its name.
        name: String,
    },
    /// The wrong number of axes.
    Rank {
        /// The input.
        name: String,
        /// How many axes it has.
        expected: usize,
        /// The shape that came.
        got: Vec<usize>,
    },
    /// A length other than the declared one.
    Length {
        /// The input.
        name: String,
        /// The axis.
        axis: usize,
        /// The declared length.
        expected: usize,
        /// The shape that came.
        got: Vec<usize>,
    },
    /// A symbol with two values.
    Symbol {
        /// The symbol.
        symbol: String,
        /// An input and axis, and the value there.
        first: (String, usize, usize),
        /// Another.
        second: (String, usize, usize),
    },
    /// Shapes that an operator does not take.
    Constraint(ConstraintError),
    /// A number that the element type of the input does not hold.
    Value {
        /// The input.
        name: String,
        /// The number.
        value: f64,
        /// The element type.
        dtype: DType,
    },
    /// Nested lists of different lengths.
    Ragged,
    /// A preallocated output of another shape, or another number of them.
    Output {
        /// Its position.
        index: usize,
        /// The shape that it must have.
        expected: Vec<usize>,
        /// The shape that it has.
        got: Vec<usize>,
    },
    /// Sizes that are too large, or no memory.
    Run(RunError),
}

impl CallError {
    /// One word for programs: `input`, `shape`, `value` or `limit`.
    pub fn class(&self) -> &'static str {
        match self {
            CallError::Missing { .. }
            | CallError::TooMany { .. }
            | CallError::Unknown { .. }
            | CallError::Twice { .. } => "input",
            CallError::Value { .. } => "value",
            // Seen only when the values are.
            CallError::Run(RunError::Value { .. } | RunError::EmptyFold { .. } | RunError::Index { .. }) => {
                "value"
            }
            CallError::Run(_) => "limit",
            _ => "shape",
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Missing { name } => write!(f, "missing input `{name}`"),
            CallError::TooMany { expected, got } => write!(f, "too many inputs: {got} for {expected}"),
            CallError::Unknown { name, suggestion } => {
                write!(f, "no input is called `{name}`")?;
                match suggestion {
                    Some(s) => write!(f, "; did you mean `{s}`?"),
                    None => Ok(()),
                }
            }
            CallError::Twice { name } => write!(f, "input `{name}` is given twice"),
            CallError::Rank { name, expected, got } => {
                write!(
                    f,
                    "input `{name}`: wrong number of axes: expected {expected}, got {} with shape {got:?}",
                    got.len()
                )
            }
            CallError::Length { name, axis, expected, got } => {
                write!(
                    f,
                    "input `{name}`: axis {axis} has length {expected}, and does not take the shape {got:?}"
                )
            }
            CallError::Symbol { symbol, first, second } => {
                write!(
                    f,
                    "the length {symbol} has two values: {} in axis {} of `{}` and {} in axis {} of `{}`",
                    first.2, first.1, first.0, second.2, second.1, second.0
                )
            }
            CallError::Constraint(e) => write!(f, "{e}"),
            CallError::Value { name, value, dtype } => {
                write!(f, "input `{name}`: {dtype} cannot hold {value}")
            }
            CallError::Ragged => f.write_str("the rows of a nested list differ in length"),
            CallError::Output { index, expected, got } => {
                write!(f, "output {index} has shape {expected:?}, and does not fit into {got:?}")
            }
            CallError::Run(e) => write!(f, "{e}"),
        }
    }
}
impl std::error::Error for CallError {}

impl From<RunError> for CallError {
    fn from(e: RunError) -> CallError {
        CallError::Run(e)
    }
}
