//! Proofs of optimizations: the chain of named rewrites from the first form to the last, and its
//! check.
//!
//! The optimizer writes down, if asked, which rules fired in which e-graph and what the normal form
//! proposed. From that record `certify` makes a [`Certificate`]: a list of steps, each an equation
//! of two terms that follows from a rule, from the normal form, from folding constants, or from earlier
//! steps. [`check`] replays a certificate from the text of the rules; it knows neither egg nor
//! the optimizer nor how certificates are made.

mod certificate;
mod check;
mod closure;
mod compose;
mod explain;
mod instance;
mod prove;
mod sample;
mod saturation;
mod show;
mod term;

pub use certificate::{Certificate, ProofError, Reason, Step, StepId};
pub use check::{CheckError, Checked, Fault, check};
pub use compose::certify;
pub use explain::{ExplainError, Explained, explain};
pub use show::{Line, lines};
pub use term::{Head, Term, TermId, Terms};
