//! Derivatives of functions of whole operands.

use crate::expr::{Adjoint, Expr, IntoExpr as _, dot, fill};
use crate::op::{Attr, IndexItem, Op};

fn one(op: Op, x: Expr) -> Expr {
    Expr::apply(op, Attr::None, [x])
}

fn solve(a: Expr, b: Expr) -> Expr {
    Expr::apply(Op::Solve, Attr::None, [a, b])
}

/// `g * det(M) * inv(M).T`.
pub(in crate::op) fn det(v: &Adjoint<'_>) -> Expr {
    (v.g() * v.out()) * one(Op::MatrixInverse, v.x(0)).t()
}

/// `-(inv \dot g.T \dot inv).T`.
pub(in crate::op) fn inverse(v: &Adjoint<'_>) -> Expr {
    let inv = v.out();
    -dot(&dot(&inv, &v.g().t()), &inv).t()
}

/// What arrives at the right side of a system: `solve(A.T, g)`.
pub(in crate::op) fn solve_right(v: &Adjoint<'_>) -> Expr {
    solve(v.x(0).t(), v.g())
}

/// What arrives at the matrix of a system: minus the product of the above with the solution.
pub(in crate::op) fn solve_left(v: &Adjoint<'_>) -> Expr {
    let (back, c) = (solve_right(v), v.out());
    if c.rank() == 1 {
        return -dot(&back.dimshuffle([Some(0), None]), &c.dimshuffle([None, Some(0)]));
    }
    -dot(&back, &c.t())
}

/// I. Murray, "Differentiation of the Cholesky decomposition", 2016, equation 10, with the lower
/// triangle standing for both.
pub(in crate::op) fn cholesky(v: &Adjoint<'_>) -> Expr {
    let l = v.out();
    let halved = |m: Expr| one(Op::Tril, m.clone()) - one(Op::AllocDiag, one(Op::Diagonal, m) / 2.0);
    let inner = halved(dot(&l.t(), &v.g()));
    let s = solve(l.t(), solve(l.t(), inner.t()).t());
    one(Op::Tril, &s + s.t()) - one(Op::AllocDiag, one(Op::Diagonal, s))
}

/// Zeros with the adjoint on the diagonal.
pub(in crate::op) fn diagonal(v: &Adjoint<'_>) -> Expr {
    Expr::apply(Op::FillDiagonal, Attr::None, [v.x(0).zeros_like(), v.g()])
}

/// The adjoint without its diagonal.
pub(in crate::op) fn fill_diagonal_of(v: &Adjoint<'_>) -> Expr {
    let zero = || Expr::apply(Op::Cast, Attr::DType(v.g().ty().dtype), [0.into_expr()]);
    let zero = if v.x(1).rank() == 0 { zero() } else { v.x(1).zeros_like() };
    Expr::apply(Op::FillDiagonal, Attr::None, [v.g(), zero])
}

/// The diagonal of the adjoint, summed where one number was put everywhere.
pub(in crate::op) fn fill_diagonal_with(v: &Adjoint<'_>) -> Expr {
    let d = one(Op::Diagonal, v.g());
    if v.x(1).rank() == 0 { d.sum() } else { crate::expr::unbroadcast(&d, &v.x(1)) }
}

/// The adjoint along an axis, last first.
fn reversed(x: &Expr, attr: &Attr) -> Expr {
    let Attr::Axis(axis) = *attr else { return x.clone() };
    let mut items = vec![IndexItem::Slice { start: None, stop: None, step: 1 }; axis];
    items.push(IndexItem::Slice { start: None, stop: None, step: -1 });
    x.index(&items)
}

/// `cumsum(x[::-1])[::-1]`. Of a vector Theano sums what would be flat, and reshapes.
fn cumsum_back(x: &Expr, like: &Expr, attr: &Attr) -> Expr {
    let reversed = |x: &Expr| {
        let Attr::Axis(axis) = *attr else { return x.clone() };
        let mut items = vec![IndexItem::Slice { start: None, stop: None, step: 1 }; x.rank()];
        items[axis] = IndexItem::Slice { start: None, stop: None, step: -1 };
        x.index(&items)
    };
    let back = reversed(&Expr::apply(Op::Cumsum, attr.clone(), [reversed(x)]));
    if x.rank() == 1 { back.reshape_like(like) } else { back }
}

/// `cumsum(g[::-1])[::-1]`.
pub(in crate::op) fn cumsum(v: &Adjoint<'_>) -> Expr {
    cumsum_back(&v.g(), &v.x(0), v.attr())
}

/// `x` one place further along an axis, to its end or to its beginning, and `rest` where none is.
fn shifted(x: &Expr, attr: &Attr, forwards: bool, rest: &Expr) -> Expr {
    let Attr::Axis(axis) = *attr else { return x.clone() };
    let part = |start, stop| {
        let mut items = vec![IndexItem::Slice { start: None, stop: None, step: 1 }; axis];
        items.push(IndexItem::Slice { start, stop, step: 1 });
        items
    };
    let (behind, before) = (part(Some(1), None), part(None, Some(-1)));
    let (to, from) = if forwards { (behind, before) } else { (before, behind) };
    fill(x, rest).write_at(Op::SetSubtensor, &Attr::Index(to), &x.index(&from))
}

fn recurrence(a: &Expr, b: &Expr, attr: &Attr) -> Expr {
    Expr::apply(Op::Recurrence, attr.clone(), [a.clone(), b.clone()])
}

/// The recurrence that runs backwards: `y[i] = a[i + 1] * y[i + 1] + g[i]`.
fn recurrence_back(a: &Expr, g: &Expr, attr: &Attr) -> Expr {
    let next = shifted(a, attr, false, &0.0.into_expr());
    reversed(&recurrence(&reversed(&next, attr), &reversed(g, attr), attr), attr)
}

/// For each element the product of the others along these axes, by products from both ends: right, with
/// all its derivatives, where elements are zero.
pub(in crate::op) fn product_of_others(x: &Expr, attr: &Attr) -> Expr {
    let axes = attr.axes(x.rank());
    if let [axis] = axes[..] {
        return others_along(x, &Attr::Axis(axis));
    }
    // Several axes are one behind those that stay.
    let kept: Vec<usize> = (0..x.rank()).filter(|a| !axes.contains(a)).collect();
    let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
    let moved = x.dimshuffle(order.iter().copied().map(Some));
    let dims = moved.ty().shape.dims().to_vec();
    let (rest, gone) = dims.split_at(kept.len());
    let all = crate::ty::Dim::product(gone.iter().cloned());
    let flat = moved.reshape_to(&rest.iter().cloned().chain([all]).collect::<Vec<_>>());
    let back = others_along(&flat, &Attr::Axis(kept.len())).reshape_to(&dims);
    back.dimshuffle((0..x.rank()).map(|a| order.iter().position(|o| *o == a)))
}

fn others_along(x: &Expr, attr: &Attr) -> Expr {
    let before = |x: &Expr| {
        let products = Expr::apply(Op::Cumprod, attr.clone(), [x.clone()]);
        shifted(&products, attr, true, &1.0.into_expr())
    };
    before(x) * reversed(&before(&reversed(x, attr)), attr)
}

/// The product of what comes before, times what arrives at all products from there on, each with
/// the factors between: no division, so zeros do no harm.
pub(in crate::op) fn cumprod(v: &Adjoint<'_>) -> Expr {
    let before = shifted(&v.out(), v.attr(), true, &1.0.into_expr());
    let exact = recurrence_back(&v.x(0), &v.g(), v.attr()) * before;
    // As Theano builds it, which divides by the elements.
    let printed = cumsum_back(&(v.out() * v.g()), &v.x(0), v.attr()) / v.x(0);
    Expr::apply(Op::PrintedAs, Attr::None, [printed, exact])
}

/// What arrives at the summands; at the factors, that times the result before.
pub(in crate::op) fn recurrence_of(v: &Adjoint<'_>, i: usize) -> Expr {
    let back = recurrence_back(&v.x(0), &v.g(), v.attr());
    if i == 1 { back } else { back * shifted(&v.out(), v.attr(), true, &0.0.into_expr()) }
}

/// What was taken more than once adds up.
pub(in crate::op) fn take(v: &Adjoint<'_>) -> Expr {
    Expr::apply(Op::IncTake, v.attr().clone(), [v.x(0).zeros_like(), v.x(1), v.g()])
}

/// The adjoint, zero at the indices.
pub(in crate::op) fn set_take_of(v: &Adjoint<'_>) -> Expr {
    Expr::apply(Op::SetTake, v.attr().clone(), [v.g(), v.x(1), crate::op::derive::zeros_of(&v.x(2))])
}

/// The adjoint at the indices; of repeated ones the last alone was put there.
pub(in crate::op) fn set_take_value(v: &Adjoint<'_>) -> Expr {
    use crate::op::through::{last_of_each, spread};
    let (taken, places) = (inc_take_value(v), v.x(1));
    let Attr::Axis(axis) = *v.attr() else { return taken };
    if places.rank() == 0 {
        return taken;
    }
    let last = last_of_each(v.x(0).ty().shape.dims()[axis].clone(), &places);
    let kept = crate::expr::switch(&spread(&last, v.x(0).rank() - axis - 1), &taken, 0.0);
    Expr::apply(Op::PrintedAs, Attr::None, [taken, kept])
}

/// The adjoint at the indices.
pub(in crate::op) fn inc_take_value(v: &Adjoint<'_>) -> Expr {
    Expr::apply(Op::Take, v.attr().clone(), [v.g(), v.x(1)])
}

/// Zeros with the adjoint where an element was picked.
pub(in crate::op) fn pick(v: &Adjoint<'_>) -> Expr {
    Expr::apply(Op::IncPick, Attr::None, [v.x(0).zeros_like(), v.x(1), v.g()])
}

/// The adjoint where something was added.
pub(in crate::op) fn inc_pick_value(v: &Adjoint<'_>) -> Expr {
    Expr::apply(Op::Pick, Attr::None, [v.g(), v.x(1)])
}

/// The sum of the adjoint times the positions.
pub(in crate::op) fn arange_step(v: &Adjoint<'_>) -> Expr {
    let places = Expr::apply(Op::Arange, v.attr().clone(), [0.into_expr(), 1.into_expr()]);
    (v.g() * places).sum()
}

/// Zeros with the adjoint at the part.
pub(in crate::op) fn segment(v: &Adjoint<'_>, i: usize) -> Expr {
    if i > 0 {
        return v.x(i).zeros_like();
    }
    let before = (1..v.arity() - 1).map(|j| v.x(j));
    let all = std::iter::once(v.x(0).zeros_like()).chain(before).chain([v.g()]);
    Expr::apply(Op::IncSegment, v.attr().clone(), all)
}

/// What a sorted array receives, put back. A vector has words for it in Theano: the order of the order.
pub(in crate::op) fn sort(v: &Adjoint<'_>) -> Expr {
    let (x, attr) = (v.x(0), v.attr().clone());
    if x.rank() > 1 {
        return Expr::apply(Op::SortBack, attr, [x, v.g()]);
    }
    let order = Expr::apply(Op::Argsort, attr.clone(), [x]);
    let back = Expr::apply(Op::Argsort, attr.clone(), [order]);
    Expr::apply(Op::Take, attr, [v.g(), back])
}

/// The adjoint, or its part.
pub(in crate::op) fn inc_segment(v: &Adjoint<'_>, i: usize) -> Expr {
    if i == 0 {
        return v.g();
    }
    if i + 1 < v.arity() {
        return v.x(i).zeros_like();
    }
    let all = std::iter::once(v.g()).chain((1..v.arity()).map(|j| v.x(j)));
    Expr::apply(Op::Segment, v.attr().clone(), all)
}
