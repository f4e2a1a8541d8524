//! Leading new axes, which Theano does not print: where a text without them means the same.

use super::pieces::{Piece, is_reversal, shuffled};
use super::{Attr, Op};
use crate::expr::Expr;

/// A dimshuffle where broadcasting supplies leading axes: Theano does not print those, so
/// `DimShuffle{x, 1, 0}(M)` is `M.T` and `DimShuffle{x, 0}(v)` is `v`. `None` for anything else.
pub(crate) fn without_leading_axes(e: &Expr) -> Option<Vec<Piece>> {
    let Attr::Perm(perm) = e.attr() else { return None };
    // A bare literal would adapt its type to its neighbours.
    if e.arg(0).literal().is_some() {
        return None;
    }
    let lead = perm.iter().take_while(|p| p.is_none()).count();
    let rest = &perm[lead..];
    let identity = rest.len() == e.arg(0).rank() && rest.iter().enumerate().all(|(i, p)| *p == Some(i));
    match (lead, identity) {
        (0, _) => None,
        (_, true) => Some(vec![Piece::Arg(0)]),
        _ => Some(shuffled(rest, e)),
    }
}

/// Is operand 1 of this product the row of an outer product, printed bare?
pub(crate) fn bare_row(e: &Expr) -> bool {
    let (a, b) = (e.arg(0), e.arg(1));
    matches!(b.attr(), Attr::Perm(p) if *p == [None, Some(0)])
        && b.arg(0).rank() == 1
        && crate::expr::reads_as_outer(a, b.arg(0))
}

/// Is this the transpose of the row of an outer product, printed `v.T`? Of a vector that is nothing else.
pub(crate) fn bare_column(e: &Expr) -> bool {
    matches!(e.attr(), Attr::Perm(p) if *p == [Some(1), Some(0)])
        && matches!(e.arg(0).attr(), Attr::Perm(p) if *p == [None, Some(0)])
        && e.arg(0).arg(0).rank() == 1
}

/// Is it a dimshuffle that means the same of an operand whose leading new axes are not printed? It counts axes
/// from the end of such.
pub(crate) fn counts_leading_axes(op: Op, e: &Expr) -> bool {
    let (Op::Dimshuffle, Attr::Perm(perm)) = (op, e.attr()) else { return false };
    let rank = e.arg(0).rank();
    let used = perm.iter().flatten().max().map(|a| a + 1);
    !is_reversal(perm, rank) && used.is_none_or(|n| n == rank)
}
