//! What tests of text share.

use egrad::expr::topological;
use egrad::op::{Arity, Attr, Op, Role};
use egrad::prelude::*;

/// The expression that the text of `e` says: sums and products of two operands, no leading new axes
/// that broadcasting supplies and, for a `whole` text, none at the root.
pub(crate) fn said(e: &Expr, whole: bool) -> Expr {
    let order = topological(std::slice::from_ref(e));
    let mut index: Vec<(Expr, Expr)> = Vec::new();
    let find = |index: &[(Expr, Expr)], e: &Expr| {
        index.iter().rev().find(|(from, _)| from.same_node(e)).map(|(_, to)| to.clone()).unwrap()
    };
    for n in &order {
        let Some(op) = n.op() else {
            index.push((n.clone(), n.clone()));
            continue;
        };
        let mut args: Vec<Expr> = n.args().iter().map(|a| find(&index, a)).collect();
        drop_supplied(op, &mut args);
        if counts_leading_axes(n) {
            args[0] = dropped(&args[0]);
        }
        let new = if n.args().len() > 2
            && op.def().arity == Arity::AtLeast(2)
            && op.def().attr == egrad::op::AttrKind::None
        {
            let mut args = args.into_iter();
            let first = args.next().unwrap();
            args.fold(first, |a, b| Expr::apply(op, n.attr().clone(), [a, b]))
        } else if matches!(op, Op::Any | Op::All) && args[0].ty().dtype != DType::Bool {
            Expr::apply(op, n.attr().clone(), [args[0].neq(0)])
        } else if matches!(op, Op::Max | Op::Min) {
            // The smallest is printed as Theano builds it, and all axes as if they were named.
            let all = n.attr().axes(args[0].rank()).len() == args[0].rank();
            let attr = if all { Attr::AllAxes } else { n.attr().clone() };
            if op == Op::Max { Expr::apply(op, attr, args) } else { -Expr::apply(Op::Max, attr, [-&args[0]]) }
        } else if keeps_all(n) {
            args.swap_remove(0)
        } else {
            Expr::apply(op, n.attr().clone(), args)
        };
        index.push((n.clone(), new));
    }
    let e = find(&index, e);
    if whole { dropped(&e) } else { e }
}

/// Drops the leading new axes that another operand supplies.
fn drop_supplied(op: Op, args: &mut [Expr]) {
    if op.def().role == Role::Elementwise {
        let full = args.iter().filter(|a| lead(a, 4) == 0).map(Expr::rank).max().unwrap_or(0);
        for a in args.iter_mut().filter(|a| a.rank() <= full) {
            *a = dropped(a);
        }
    }
}

/// Is it a dimshuffle that keeps every axis in place? It is printed bare, unless of a literal.
fn keeps_all(e: &Expr) -> bool {
    matches!(e.attr(), Attr::Perm(p)
        if !p.is_empty() && p.len() == e.arg(0).rank() && p.iter().enumerate().all(|(i, a)| *a == Some(i)))
        && e.arg(0).literal().is_none()
}

fn leading(e: &Expr) -> usize {
    match (e.op(), e.attr()) {
        (Some(Op::Dimshuffle), Attr::Perm(p)) if e.arg(0).literal().is_none() => {
            p.iter().take_while(|a| a.is_none()).count()
        }
        _ => 0,
    }
}

/// How many leading axes broadcasting could supply: those of a dimshuffle, and what all operands of an
/// elementwise operator have.
fn lead(e: &Expr, depth: u32) -> usize {
    let elementwise = e.op().is_some_and(|op| op.def().role == Role::Elementwise);
    if !elementwise || depth == 0 {
        return leading(e);
    }
    let without = e.args().iter().map(|a| a.rank() - lead(a, depth - 1)).max();
    e.rank().saturating_sub(without.unwrap_or(e.rank()))
}

/// Is it a dimshuffle that means the same of an operand without its leading new axes?
fn counts_leading_axes(e: &Expr) -> bool {
    let (Some(Op::Dimshuffle), Attr::Perm(perm)) = (e.op(), e.attr()) else { return false };
    let rank = e.arg(0).rank();
    let reversed =
        rank > 1 && perm.len() == rank && perm.iter().enumerate().all(|(i, p)| *p == Some(rank - 1 - i));
    !reversed && perm.iter().flatten().max().is_none_or(|a| a + 1 == rank)
}

fn dropped(e: &Expr) -> Expr {
    let elementwise = e.op().filter(|op| op.def().role == Role::Elementwise);
    if let (Some(op), true) = (elementwise, lead(e, 4) > 0) {
        return Expr::apply(op, e.attr().clone(), e.args().iter().map(dropped));
    }
    let (lead, Attr::Perm(perm)) = (leading(e), e.attr()) else { return e.clone() };
    let x = e.arg(0);
    let rest = &perm[lead..];
    if lead == 0 {
        e.clone()
    } else if rest.len() == x.rank() && rest.iter().enumerate().all(|(i, p)| *p == Some(i)) {
        x.clone()
    } else {
        x.dimshuffle(rest.iter().copied())
    }
}
