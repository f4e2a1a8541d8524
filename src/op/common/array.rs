//! Positions, zeros and reductions, from joins and reshapes of literals.

use super::super::{Attr, IndexItem, Op};
use super::lengths;
use crate::expr::{Expr, IntoExpr as _, Lit, concatenate, switch};
use crate::ty::Dim;

type Spelled = Option<Expr>;

/// A longer vector of literals is made from two shorter ones.
const SPELLED_OUT: usize = 8;

/// A vector of `n` elements, the first ones of what `grow` makes of shorter vectors.
fn vector(n: usize, literal: fn(i64) -> Lit, grow: fn(&Expr, &Expr, i64) -> Expr) -> Expr {
    let one = |i: i64| Expr::lit(literal(i)).dimshuffle([None]);
    let whole = |k: usize| i64::try_from(k).unwrap_or(i64::MAX);
    if n == 0 {
        return one(0).index(&[upto(0)]);
    }
    if n <= SPELLED_OUT {
        return if n == 1 { one(0) } else { concatenate(&(0..whole(n)).map(one).collect::<Vec<_>>(), 0) };
    }
    let side = n.isqrt() + usize::from(n.isqrt().pow(2) < n);
    let short = vector(side, literal, grow);
    let square = grow(&short.dimshuffle([Some(0), None]), &short, whole(side));
    let line = square.reshape_to(&[Dim::Known(side * side)]);
    if side * side == n { line } else { line.index(&[upto(whole(n))]) }
}

fn upto(n: i64) -> IndexItem {
    IndexItem::Slice { start: None, stop: Some(n), step: 1 }
}

/// `0, 1, ... n - 1`; as floats where small integers do not hold them.
pub(in crate::op) fn positions(n: usize) -> Expr {
    #[allow(clippy::cast_precision_loss, reason = "no axis has 2^53 places")]
    fn float(i: i64) -> Lit {
        Lit::Float(i as f64)
    }
    if n > 128 {
        return vector(n, float, |column, row, side| column * Expr::lit(float(side)) + row);
    }
    vector(n, Lit::Int, |column, row, side| column * Expr::lit(Lit::Int(side)) + row)
}

/// `n` zeros: what a broadcast is filled by.
pub(crate) fn zeros(n: usize) -> Expr {
    vector(n, |_| Lit::Int(0), |column, row, _| crate::expr::fill(column, row))
}

/// `positions(n)` along `axis` of `rank`.
pub(super) fn along(n: usize, axis: usize, rank: usize) -> Expr {
    positions(n).dimshuffle((0..rank).map(|a| (a == axis).then_some(0)))
}

/// `start + step * i`.
pub(in crate::op) fn arange(x: &[Expr], attr: &Attr) -> Spelled {
    let Attr::Dims(dims) = attr else { return None };
    let places = positions(dims.first()?.known()?);
    let start = |y: Expr| if x[0].literal().is_some_and(|l| l.value() == 0.0) { y } else { &x[0] + y };
    Some(start(if x[1].literal().is_some_and(|l| l.value() == 1.0) { places } else { &x[1] * places }))
}

/// The product of what is not zero.
pub(in crate::op) fn prod_without_zeros(x: &[Expr], attr: &Attr) -> Spelled {
    Some(switch(&x[0].eq(0), 1, &x[0]).reduce(Op::Prod, attr))
}

/// Some element counts.
pub(in crate::op) fn any(x: &[Expr], attr: &Attr) -> Spelled {
    Some(x[0].neq(0).reduce(Op::Sum, attr).gt(0))
}

/// No element fails to count.
pub(in crate::op) fn all(x: &[Expr], attr: &Attr) -> Spelled {
    Some(x[0].eq(0).reduce(Op::Sum, attr).eq(0))
}

/// The smallest of the positions where the element is the extremum, or no number.
fn first(x: &Expr, attr: &Attr, of: Op) -> Spelled {
    let lens = lengths(x)?;
    let axes = attr.axes(x.rank());
    let mut place = 0.into_expr();
    for &a in &axes {
        place = place * Expr::lit(Lit::Int(i64::try_from(lens[a]).ok()?)) + along(lens[a], a, x.rank());
    }
    let count: usize = axes.iter().map(|&a| lens[a]).product();
    let best = x.expand_reduced(&x.reduce(of, attr), attr);
    let here = x.eq(best).or(x.neq(x));
    Some(switch(&here, place, Expr::lit(Lit::Int(i64::try_from(count).ok()?))).reduce(Op::Min, attr))
}

/// The position of the first largest element.
pub(in crate::op) fn argmax(x: &[Expr], attr: &Attr) -> Spelled {
    first(&x[0], attr, Op::Max)
}

/// The position of the first smallest element.
pub(in crate::op) fn argmin(x: &[Expr], attr: &Attr) -> Spelled {
    first(&x[0], attr, Op::Min)
}

/// `x` less its `logsumexp`.
pub(in crate::op) fn log_softmax(x: &[Expr], attr: &Attr) -> Spelled {
    Some(&x[0] - x[0].expand_reduced(&x[0].reduce(Op::Logsumexp, attr), attr))
}

/// A sum of broadcast products.
pub(in crate::op) fn batched_dot(x: &[Expr], _: &Attr) -> Spelled {
    Some(super::super::derive::batched(&x[0], &x[1]))
}

/// A running sum or product: over the elements that stand no later.
fn scan(x: &Expr, attr: &Attr, of: Op, unit: i32) -> Spelled {
    let Attr::Axis(axis) = *attr else { return None };
    let (n, rank) = (lengths(x)?[axis], x.rank());
    let earlier = along(n, axis + 1, rank + 1).le(along(n, axis, rank + 1));
    let inner = x.dimshuffle((0..axis).map(Some).chain([None]).chain((axis..rank).map(Some)));
    Some(switch(&earlier, inner, unit).reduce(of, &Attr::Axes(vec![axis + 1])))
}

/// The sum of the elements that stand no later.
pub(in crate::op) fn cumsum(x: &[Expr], attr: &Attr) -> Spelled {
    scan(&x[0], attr, Op::Sum, 0)
}

/// The product of the elements that stand no later.
pub(in crate::op) fn cumprod(x: &[Expr], attr: &Attr) -> Spelled {
    scan(&x[0], attr, Op::Prod, 1)
}

/// The sum over the elements that stand no later, each times the factors that stand between: for
/// every place `i`, element `j` and factor `k`.
pub(in crate::op) fn recurrence(x: &[Expr], attr: &Attr) -> Spelled {
    let Attr::Axis(axis) = *attr else { return None };
    let (n, rank) = (lengths(&x[0])?[axis], x[0].rank());
    let spread = |x: &Expr, at: usize| {
        let new = |k: usize| std::iter::repeat_n(None, k);
        x.dimshuffle(
            (0..axis)
                .map(Some)
                .chain(new(at))
                .chain([Some(axis)])
                .chain(new(2 - at))
                .chain((axis + 1..rank).map(Some)),
        )
    };
    let [i, j, k] = [0, 1, 2].map(|at| along(n, axis + at, rank + 2));
    let between = k.gt(&j).and(k.le(&i));
    let factors = switch(&between, spread(&x[0], 2), 1).reduce(Op::Prod, &Attr::Axes(vec![axis + 2]));
    let [i, j] = [0, 1].map(|at| along(n, axis + at, rank + 1));
    let order = (0..axis).map(Some).chain([None]).chain((axis..rank).map(Some));
    let terms = switch(&j.le(i), x[1].dimshuffle(order) * factors, 0);
    Some(terms.reduce(Op::Sum, &Attr::Axes(vec![axis + 1])))
}

fn where_places(x: &Expr, test: fn(&Expr, &Expr) -> Expr, other: &Expr) -> Spelled {
    let lens = lengths(x)?;
    let [rows, cols] = lens[..] else { return None };
    Some(switch(&test(&along(rows, 0, 2), &positions(cols)), other, x))
}

/// Zero above the diagonal.
pub(in crate::op) fn tril(x: &[Expr], _: &Attr) -> Spelled {
    where_places(&x[0], |i, j| i.lt(j), &0.into_expr())
}

/// Zero below the diagonal.
pub(in crate::op) fn triu(x: &[Expr], _: &Attr) -> Spelled {
    where_places(&x[0], |i, j| i.gt(j), &0.into_expr())
}

/// Another value on the diagonal.
pub(in crate::op) fn fill_diagonal(x: &[Expr], _: &Attr) -> Spelled {
    let lens = lengths(&x[0])?;
    // The vector is as long as the shorter side: it stands along that.
    let value =
        if x[1].rank() == 1 && lens[0] <= lens[1] { x[1].dimshuffle([Some(0), None]) } else { x[1].clone() };
    where_places(&x[0], |i, j| i.eq(j), &value)
}

/// A number, where it is one.
pub(in crate::op) fn length(x: &[Expr], attr: &Attr) -> Spelled {
    let (Attr::Axis(a), shape) = (attr, &x[0].ty().shape) else { return None };
    if let Some(n) = shape.dims()[*a].known() {
        return Some(Expr::lit(Lit::Int(i64::try_from(n).ok()?)));
    }
    // As many ones as there are places along the axis.
    let items: Vec<IndexItem> =
        (0..x[0].rank())
            .map(|b| {
                if b == *a { IndexItem::Slice { start: None, stop: None, step: 1 } } else { IndexItem::At(0) }
            })
            .collect();
    let line = if x[0].rank() == 1 { x[0].clone() } else { x[0].index(&items) };
    Some(crate::expr::fill(&line, 1).sum())
}
