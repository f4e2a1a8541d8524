//! Numbers beside `f64`: high precision for checking, the comparison that tests use, and points to sample at.
//!
//! Knows nothing of expressions.

mod convert;
mod pair;
mod random;
mod real;
mod same;
mod short;

pub(crate) use random::SplitMix;
pub use real::Real;
pub use same::{same, ulps};
