//! S-expressions with positions: rule files, scripts, the command line.
//!
//! The reader is ours because `symbolic_expressions` drops stray parentheses and trailing text, has
//! no comments and no positions; its `Sexp` is the interchange type with other crates. Nothing here
//! recurses, so nesting has no limit. [`Source`] and [`ReadError`] serve the infix reader too.

mod error;
mod interchange;
mod read;
mod source;
mod tree;

pub use error::{ReadError, ReadErrorKind};
pub use interchange::{MAX_DEPTH, sexp_text, to_sexp};
pub use read::read;
pub(crate) use read::{is_invisible, named_char};
pub use source::{MAX_BYTES, Position, Source, Span, quoted};
pub use tree::{Form, Forms, Tree};
