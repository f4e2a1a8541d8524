//! Numbers beside `f64`: high precision for checking, and the comparison that tests use.
//!
//! Knows nothing of expressions.

mod real;
mod same;

pub use real::Real;
pub use same::{same, ulps};
