//! Functions: expressions compiled to a plan, called with arrays.
//!
//! What can be wrong with a call is checked before anything is computed, against the expressions as
//! they were given: no simplification hides a shape error.

mod builder;
mod check;
mod compile;
mod error;
mod input;
mod repeat;

pub use builder::Builder;
pub use compile::{Function, Loops, OnUnused, Options};
pub use error::{CallError, CompileError};
pub use input::IntoInput;
