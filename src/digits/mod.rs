//! Does another form of an expression lose digits that the first one keeps? Sampled, in doubles.
//!
//! Both forms are computed at points that are the same in every run. Where they agree, nothing more is asked. Where they do
//! not, each is computed again with results moved by a unit in the last place here and there: how far that moves the roots
//! is what rounding does to the form, whoever was lucky at the point. What neither explains is decided with 75 digits.

mod baseline;
mod column;
pub(crate) mod exact;
mod points;

pub use baseline::{Baseline, Comparison};
