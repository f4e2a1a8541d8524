//! Any error that a script or a command can meet, with one word for programs and an exit code.

use std::fmt;

use crate::data::DataError;
use crate::expr::TypeError;
use crate::function::CallError;
use crate::function::CompileError;
use crate::grad::GradError;
use crate::graph::ImportError;
use crate::plot::PlotError;
use crate::proof::ExplainError;
use crate::sexp::ReadError;
use crate::verify::VerifyError;

/// What went wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScriptError {
    /// The text.
    Read(ReadError),
    /// A gradient that cannot be given.
    Grad(Box<GradError>),
    /// A function that cannot be made.
    Compile(Box<CompileError>),
    /// Inputs that a function does not take.
    Call(Box<CallError>),
    /// A gradient that is not what differences say.
    Verify(Box<VerifyError>),
    /// Data that cannot be read.
    Data(DataError),
    /// A figure that cannot be drawn.
    Plot(PlotError),
    /// Anything else: its class and the fact.
    Other {
        /// `parse`, `value`, `input`, `io`, `difference`, ...
        class: &'static str,
        /// The place, the thing and the fact.
        message: String,
    },
}

impl ScriptError {
    /// An error of a class.
    pub fn other(class: &'static str, message: impl Into<String>) -> ScriptError {
        ScriptError::Other { class, message: message.into() }
    }

    /// One word for programs.
    pub fn class(&self) -> &'static str {
        match self {
            ScriptError::Read(e) => e.kind().word(),
            ScriptError::Grad(e) if matches!(**e, GradError::CostNotScalar { .. }) => "type",
            ScriptError::Grad(_) => "grad",
            ScriptError::Compile(e) => e.class(),
            ScriptError::Call(e) => e.class(),
            ScriptError::Verify(e) => match &**e {
                VerifyError::Grad(_) => "grad",
                VerifyError::Compile(e) => e.class(),
                VerifyError::Call(e) => e.class(),
                VerifyError::Differs(_) => "difference",
                _ => "type",
            },
            ScriptError::Data(e) => e.class,
            ScriptError::Plot(_) => "value",
            ScriptError::Other { class, .. } => class,
        }
    }

    /// Exit code of a command that failed so: 2 for what the user wrote, 3 for data, 4 for files.
    pub fn exit_code(&self) -> u8 {
        match self.class() {
            "io" => 4,
            _ if matches!(self, ScriptError::Read(_) | ScriptError::Grad(_)) => 2,
            "value" | "input" | "shape" => 3,
            "difference" | "refuted" => 5,
            _ => 2,
        }
    }

    /// The message with the line it is about, where there is one.
    pub fn report(&self) -> String {
        match self {
            ScriptError::Read(e) => e.report(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScriptError::Read(e) => write!(f, "{e}"),
            ScriptError::Grad(e) => write!(f, "{e}"),
            ScriptError::Compile(e) => write!(f, "{e}"),
            ScriptError::Call(e) => write!(f, "{e}"),
            ScriptError::Verify(e) => write!(f, "{e}"),
            ScriptError::Data(e) => write!(f, "{e}"),
            ScriptError::Plot(e) => write!(f, "{e}"),
            ScriptError::Other { message, .. } => f.write_str(message),
        }
    }
}

impl std::error::Error for ScriptError {}

macro_rules! from {
    ($($error:ident => $variant:ident),*) => {
        $(impl From<$error> for ScriptError {
            fn from(e: $error) -> ScriptError {
                ScriptError::$variant(e.into())
            }
        })*
    };
}
from!(ReadError => Read, GradError => Grad, CompileError => Compile, CallError => Call, VerifyError => Verify, DataError => Data, PlotError => Plot);

impl From<ImportError> for ScriptError {
    fn from(e: ImportError) -> ScriptError {
        ScriptError::other("shape", e.to_string())
    }
}

impl From<TypeError> for ScriptError {
    fn from(e: TypeError) -> ScriptError {
        ScriptError::other(e.class(), e.to_string())
    }
}

impl From<ExplainError> for ScriptError {
    fn from(e: ExplainError) -> ScriptError {
        match e {
            ExplainError::Import(e) => e.into(),
            other => ScriptError::other("proof", other.to_string()),
        }
    }
}
