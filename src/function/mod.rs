//! Functions: expressions compiled to a plan, called with arrays.
//!
//! What can be wrong with a call is checked before anything is computed, against the expressions as
//! they were given: no simplification hides a shape error.

mod ahead;
mod arrays;
mod builder;
mod cache;
mod check;
mod compile;
mod error;
mod input;
mod map;
mod outputs;
mod repeat;
mod saved;
mod saved_state;
mod shared;

pub use crate::eval::{Array, ArrayMut, ArrayRef};
pub use builder::Builder;
pub use cache::Cache;
pub use check::Downcast;
pub use compile::{Function, Loops, OnUnused, Options};
pub use error::{CallError, CompileError};
pub use input::{Given, IntoInput};
pub use map::Each;
pub use outputs::Outputs;
pub use saved::{LoadError, SaveError, Saved};
pub use saved_state::SavedState;
pub use shared::{Shared, Stateful};
