//! What can be wrong with data.

use std::fmt;

/// An array that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataError {
    /// `io`, `parse`, `shape` or `value`.
    pub class: &'static str,
    /// The place, the thing and the fact.
    pub message: String,
}

impl DataError {
    pub(super) fn new(class: &'static str, message: impl Into<String>) -> DataError {
        DataError { class, message: message.into() }
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
impl std::error::Error for DataError {}
