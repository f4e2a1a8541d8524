//! `.eg` scripts: what the command line runs and what the tests are.
//!
//! A script is a program in the infix language whose lines may also be commands:
//!
//! ```text
//! # The first example of the tutorial.
//! x: f64
//! y = x ** 2
//! g = grad(y, x)
//! pp g                          # as it is
//! opt g                         # optimized
//! cost g                        # the estimated work of both
//! eval g with x = 4             # before and after optimization; a difference is an error
//! verify y by x with x = 4       # the gradient against finite differences
//! plot y, g for x = -2 .. 2 to square.svg
//! ```

mod command;
mod error;
mod plot;
mod read;
mod run;
mod session;

pub use error::ScriptError;
pub use plot::{Curve, draw, save};
pub use read::{Stated, expressions};
pub use run::run;
pub use session::{Evaluated, Session};
pub(crate) use session::{json as array_json, text as array_text, typed};
