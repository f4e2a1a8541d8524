//! The optimizer's and the evaluator's form of expressions: an arena of distinct terms.
//!
//! Operands have smaller ids than their users, so every pass is a loop over ids. Surface operators
//! that are made of others are lowered on the way in.

mod arena;
mod constraint;
mod copy;
mod expand;
mod export;
mod floats;
mod import;
mod linear_sums;
mod round_once;
mod terms;

pub use arena::{Graph, Head, Id, Node};
pub use constraint::{Bound, Constraint, ConstraintError, Unify, constraints};
pub(crate) use copy::NOWHERE;
pub use expand::expand;
pub use export::export;
pub use import::{ImportError, Imported, import};
pub use linear_sums::linear_sums;
pub use round_once::round_once;
