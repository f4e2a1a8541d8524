//! How many digits a form keeps, measured, and what they cost.
//!
//! Doubles are compared with 75 digits at points that are the same in every run. [`Frontier`] holds the forms of one
//! expression that no other form beats in both cost and error.

mod frontier;
mod sample;

pub use frontier::{Form, Frontier, frontier};
pub use sample::{Error, Samples};
