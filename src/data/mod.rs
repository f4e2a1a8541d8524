//! Arrays in and out of text and files: literals, JSON, CSV and NumPy's `.npy`.
//!
//! Knows nothing of expressions.

mod error;
mod exact;
mod files;
mod literal;
mod show;

pub use error::DataError;
pub use exact::Data;
pub use files::{read_array, read_data, read_input};
pub use literal::{data_from_json, from_json, parse_array, parse_data};
pub use show::{Shown, show, to_json};
