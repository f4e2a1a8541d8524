//! The error of an ill-typed application.

use std::fmt;

/// An operator was applied to operands that it does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    pub(crate) kind: TypeErrorKind,
    pub(crate) op: String,
    pub(crate) args: Vec<String>,
    pub(crate) reason: String,
}

/// What is wrong with the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeErrorKind {
    Arity,
    Shape,
    DType,
    Index,
    Limit,
}

impl TypeError {
    /// The operator's name.
    pub fn op(&self) -> &str {
        &self.op
    }

    /// One word for programs: `arity`, `shape`, `type`, `index` or `limit`.
    pub fn class(&self) -> &'static str {
        match self.kind {
            TypeErrorKind::Arity => "arity",
            TypeErrorKind::Shape => "shape",
            TypeErrorKind::DType => "type",
            TypeErrorKind::Index => "index",
            TypeErrorKind::Limit => "limit",
        }
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` does not take (", self.op)?;
        let shown = self.args.len().min(8);
        write!(f, "{}", self.args[..shown].join(", "))?;
        if shown < self.args.len() {
            write!(f, ", ... {} in all", self.args.len())?;
        }
        write!(f, "): {}", self.reason)
    }
}

impl std::error::Error for TypeError {}
