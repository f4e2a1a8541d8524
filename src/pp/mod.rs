//! Printing expressions: Theano's `pp`, the input language, and a let-form for shared nodes.
//!
//! The layout of each operator is in its row; this module only walks, without recursion.

mod debug;
mod latex;
mod names;
mod program;
mod tree;

pub use debug::debugprint;
pub use latex::latex;
pub(crate) use names::shared_form;
pub use names::{brief, brief_line, let_form};
pub use program::program;
pub(crate) use tree::GREEK;
pub use tree::{pp, print, tree_length};

/// Rough number of characters past which [`pp`] of a whole tree is no longer useful and the
/// command line prints the let-form.
pub const TREE_LIMIT: usize = 4000;
