//! Where the classic text says less than the expression, and what says it.
//!
//! Theano's `pp` drops the leading new axes of a dimshuffle wherever it stands, and so does ours: the
//! text is for eyes. Where a text is to be read back they are written, and what would read as something
//! else is spelled otherwise.

use super::pieces::{Piece, Pp, call, dims, exact_dims, joined, shuffled};
use super::{Attr, Law, Op};
use crate::expr::{Expr, reads_as_outer};

/// A dimshuffle as Theano prints it: `DimShuffle{x, 1, 0}(M)` is `M.T` and `DimShuffle{x, 0}(v)` is `v`.
/// `None` for anything that has no leading new axes.
pub(crate) fn without_leading_axes(e: &Expr) -> Option<Vec<Piece>> {
    let Attr::Perm(perm) = e.attr() else { return None };
    let lead = perm.iter().take_while(|p| p.is_none()).count();
    let rest = &perm[lead..];
    let identity = rest.len() == e.arg(0).rank() && rest.iter().enumerate().all(|(i, p)| *p == Some(i));
    match (lead, identity) {
        (0, _) => None,
        (_, true) => Some(vec![Piece::Arg(0)]),
        _ => Some(shuffled(rest, e)),
    }
}

/// What Theano prints, where the classic pieces say more: a sign in front of a number stands bare, `(-2 ** x)`.
pub(crate) fn for_eyes(e: &Expr) -> Option<Vec<Piece>> {
    match e.op()?.def().pp {
        Pp::Infix(sign) => Some(joined("(", sign, ")", e.args().len())),
        Pp::Prefix(sign) => Some(joined(format!("({sign}"), "", ")", 1)),
        // Theano keeps the numbers of a mark in its class.
        Pp::Call(Some(class)) if e.op()?.def().laws.iter().any(|l| matches!(l, Law::Mark)) => {
            Some(call(class, 1))
        }
        _ => without_leading_axes(e),
    }
}

/// The classic pieces where the usual ones would read as something else: `[x, y]` at the start of a
/// line is two expressions, and a product of a column with a vector is an outer product.
pub(crate) fn unmistakable(e: &Expr, starts_line: bool) -> Option<Vec<Piece>> {
    match e.op()? {
        // `inv(M)` is read as the inverse of a matrix.
        Op::Reciprocal if e.rank() > 1 => Some(call(e.op_name(), 1)),
        Op::Dot if reads_as_outer(e.arg(0), e.arg(1)) => Some(call("dot", 2)),
        // A length is not the length that an integer of the same text is.
        op if matches!(e.attr(), Attr::Dims(_)) && dims(e) != exact_dims(e) => {
            Some(op.def().plain.pieces(e.op_name(), e))
        }
        Op::Join if starts_line && is_stack(e) => {
            Some(scalars(e, joined("stack([", ", ", "])", e.args().len())))
        }
        _ => None,
    }
}

/// Is this a join of scalars, printed `[x, y]`?
pub(crate) fn is_stack(e: &Expr) -> bool {
    let scalar = |a: &Expr| matches!(a.attr(), Attr::Perm(p) if *p == [None]) && a.arg(0).rank() == 0;
    e.rank() == 1
        && e.args().len() > 1
        && e.args().iter().all(scalar)
        // Numbers alone are a constant.
        && e.args().iter().any(|a| a.arg(0).literal().is_none())
}

/// The scalars of a stack in the places of the vectors that are joined: a list puts the axis back.
pub(super) fn scalars(e: &Expr, mut pieces: Vec<Piece>) -> Vec<Piece> {
    for p in &mut pieces {
        if let Piece::Arg(i) = p {
            *p = Piece::Inner(e.arg(*i).arg(0).clone());
        }
    }
    pieces
}
