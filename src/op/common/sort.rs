//! Sorting in the common vocabulary: by the rank of each element among those along its axis.

use super::array::along;
use super::lengths;
use crate::expr::{Expr, switch};
use crate::op::{Attr, Op};

type Spelled = Option<Expr>;

/// Is `a` before `b`, NaN after all numbers?
fn less(a: &Expr, b: &Expr) -> Expr {
    a.lt(b).or(b.neq(b).and(a.eq(a)))
}

/// `x` with a new axis behind `axis`, or in front of it.
fn spread(x: &Expr, axis: usize, behind: bool) -> Expr {
    let at = axis + usize::from(behind);
    x.dimshuffle((0..at).map(Some).chain([None]).chain((at..x.rank()).map(Some)))
}

/// The axis of the attribute, its length, and for each pair of places (element, place in order)
/// whether they belong together.
fn pairs(x: &Expr, attr: &Attr) -> Option<(usize, usize, Expr)> {
    let Attr::Axis(axis) = *attr else { return None };
    let n = lengths(x)?[axis];
    let (own, other) = (spread(x, axis, true), spread(x, axis, false));
    let rank = x.rank() + 1;
    let earlier = along(n, axis + 1, rank).lt(along(n, axis, rank));
    let before = less(&other, &own).or(less(&own, &other).eq(0).and(earlier));
    let place = switch(&before, 1, 0).reduce(Op::Sum, &Attr::Axes(vec![axis + 1]));
    Some((axis, n, spread(&place, axis, true).eq(along(n, axis + 1, rank))))
}

/// The elements in the order of the first operand: for each place the sum over what belongs there.
pub(in crate::op) fn by(x: &[Expr], attr: &Attr) -> Spelled {
    let (axis, _, pairs) = pairs(&x[0], attr)?;
    let y = x.last()?;
    Some(switch(&pairs, spread(y, axis, true), 0).reduce(Op::Sum, &Attr::Axes(vec![axis])))
}

/// The places of the elements in order.
pub(in crate::op) fn argsort(x: &[Expr], attr: &Attr) -> Spelled {
    let (axis, n, pairs) = pairs(&x[0], attr)?;
    let place = along(n, axis, x[0].rank() + 1);
    Some(switch(&pairs, place, 0).reduce(Op::Sum, &Attr::Axes(vec![axis])))
}

/// The elements of the second put back.
pub(in crate::op) fn back(x: &[Expr], attr: &Attr) -> Spelled {
    let (axis, _, pairs) = pairs(&x[0], attr)?;
    Some(switch(&pairs, spread(&x[1], axis, false), 0).reduce(Op::Sum, &Attr::Axes(vec![axis + 1])))
}
