//! How operators are spelled for programs that know fewer: by sums, choices, reductions, indices
//! and the well-known functions.
//!
//! A row whose name such programs know has no entry here. The others say what stands for them; what
//! that is made of may have an entry of its own. Lengths must be numbers where positions are spelled
//! out.

pub(super) mod array;
pub(super) mod gather;
pub(super) mod scalar;
pub(super) mod sort;

use super::Attr;
use crate::expr::Expr;

/// What stands for an application in the common vocabulary; `None` where its lengths are not known.
///
/// A row without one is known by its name.
pub type Common = Option<fn(&[Expr], &Attr) -> Option<Expr>>;

/// The lengths of the result of `e`, where they are numbers.
fn lengths(e: &Expr) -> Option<Vec<usize>> {
    e.ty().shape.as_known()
}
