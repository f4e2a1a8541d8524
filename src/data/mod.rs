//! Arrays in and out of text and files: literals, JSON, CSV and NumPy's `.npy`.
//!
//! Knows nothing of expressions.

mod error;
mod files;
mod literal;
mod show;

pub use error::DataError;
pub use files::{read_array, read_input};
pub use literal::{from_json, parse_array};
pub use show::{show, to_json};
