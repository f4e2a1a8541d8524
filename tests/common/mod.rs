//! What tests of text share.

use egrad::expr::topological;
use egrad::op::{Arity, Attr, Op};
use egrad::prelude::*;

/// The expression that the text of `e` says: sums and products of two operands, `min` as the opposite of
/// the largest opposite.
pub(crate) fn said(e: &Expr) -> Expr {
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
    find(&index, e)
}

/// Is it a dimshuffle that keeps every axis in place? It is printed bare, unless of a literal.
fn keeps_all(e: &Expr) -> bool {
    matches!(e.attr(), Attr::Perm(p)
        if !p.is_empty() && p.len() == e.arg(0).rank() && p.iter().enumerate().all(|(i, a)| *a == Some(i)))
        && e.arg(0).literal().is_none()
}
