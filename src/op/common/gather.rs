//! Reading and writing at places, from choices, joins and slices.

use super::super::{Attr, IndexItem, Op};
use super::array::along;
use super::lengths;
use crate::expr::{Expr, IntoExpr as _, concatenate, switch};
use crate::ty::{Dim, slice_bounds};

type Spelled = Option<Expr>;

fn constant(value: i32, lens: &[usize]) -> Expr {
    let dims: Vec<Dim> = lens.iter().map(|&n| Dim::Known(n)).collect();
    value.into_expr().broadcast_to(&dims)
}

/// Which positions of an axis of length `n` an item reads: first, stride, count.
fn reach(item: &IndexItem, n: usize) -> Option<(usize, i64, usize)> {
    let (first, step, count) = match *item {
        IndexItem::At(k) if k < 0 => (k + i64::try_from(n).ok()?, 1, 1),
        IndexItem::At(k) => (k, 1, 1),
        IndexItem::Slice { start, stop, step } => {
            let (first, count) = slice_bounds(n, start, stop, step);
            (first, step, count)
        }
        IndexItem::NewAxis => return None,
    };
    Some((usize::try_from(first.max(0)).ok()?, step, count))
}

/// An array of lengths `lens` that is zero but for `value` at an index.
fn placed(value: &Expr, lens: &[usize], items: &[IndexItem]) -> Spelled {
    let whole = IndexItem::Slice { start: None, stop: None, step: 1 };
    let taken = items.iter().filter(|i| **i != IndexItem::NewAxis).count();
    let all: Vec<&IndexItem> =
        items.iter().chain(std::iter::repeat_n(&whole, lens.len().checked_sub(taken)?)).collect();
    // The shape of what the index reads, and the axes of that in the order of the array's.
    let (mut hole, mut order, mut reaches) = (Vec::new(), Vec::new(), Vec::new());
    for item in all {
        if *item == IndexItem::NewAxis {
            hole.push(Dim::ONE);
            continue;
        }
        let found = reach(item, lens[reaches.len()])?;
        reaches.push(found);
        order.push(matches!(item, IndexItem::Slice { .. }).then_some(hole.len()));
        if matches!(item, IndexItem::Slice { .. }) {
            hole.push(Dim::Known(found.2));
        }
    }
    let mut out = value.broadcast_to(&hole);
    if !order.iter().enumerate().all(|(i, p)| *p == Some(i)) || order.len() != hole.len() {
        out = out.dimshuffle(order);
    }
    let mut now: Vec<usize> = reaches.iter().map(|r| r.2).collect();
    for (axis, &(first, step, count)) in reaches.iter().enumerate() {
        let n = lens[axis];
        let sized = |len: usize, now: &[usize]| {
            let mut lens = now.to_vec();
            lens[axis] = len;
            lens
        };
        if count == 0 {
            now[axis] = n;
            out = constant(0, &now);
            continue;
        }
        let slice = |start, stop, step| {
            let mut items = vec![whole.clone(); axis];
            items.push(IndexItem::Slice { start, stop, step });
            items
        };
        let mut from = first;
        if step < 0 {
            from -= (count - 1) * usize::try_from(-step).ok()?;
            if count > 1 {
                out = out.index(&slice(None, None, -1));
            }
        }
        let stride = usize::try_from(step.abs()).ok()?;
        let mut len = count;
        if stride > 1 && count > 1 {
            // Between the elements stand zeros, behind the last none.
            let mut gap = now.clone();
            gap.insert(axis + 1, stride - 1);
            let order = (0..=axis).map(Some).chain([None]).chain((axis + 1..now.len()).map(Some));
            let spread = concatenate(&[out.dimshuffle(order), constant(0, &gap)], axis + 1);
            let dims: Vec<Dim> = sized(count * stride, &now).into_iter().map(Dim::Known).collect();
            len = count * stride - (stride - 1);
            out = spread.reshape_to(&dims).index(&slice(None, Some(i64::try_from(len).ok()?), 1));
        }
        let mut parts = Vec::new();
        if from > 0 {
            parts.push(constant(0, &sized(from, &now)));
        }
        parts.push(out);
        if from + len < n {
            parts.push(constant(0, &sized(n - from - len, &now)));
        }
        now[axis] = n;
        out = if parts.len() == 1 { parts.remove(0) } else { concatenate(&parts, axis) };
    }
    Some(out)
}

/// Is it zero everywhere, in so many words?
fn is_zero(x: &Expr) -> bool {
    match (x.op(), x.literal()) {
        (_, Some(l)) => l.value() == 0.0,
        (Some(Op::Fill), _) => is_zero_literal(x.arg(1)),
        (Some(Op::Alloc | Op::Dimshuffle), _) => is_zero_literal(x.arg(0)),
        _ => false,
    }
}

fn is_zero_literal(x: &Expr) -> bool {
    x.literal().is_some_and(|l| l.value() == 0.0)
        || matches!(x.op(), Some(Op::Fill)) && x.arg(1).literal().is_some_and(|l| l.value() == 0.0)
}

/// The sum with what is zero elsewhere.
pub(in crate::op) fn inc_subtensor(x: &[Expr], attr: &Attr) -> Spelled {
    let Attr::Index(items) = attr else { return None };
    let there = placed(&x[1], &lengths(&x[0])?, items)?;
    Some(if is_zero(&x[0]) { there } else { &x[0] + there })
}

/// The choice of it at its place.
pub(in crate::op) fn set_subtensor(x: &[Expr], attr: &Attr) -> Spelled {
    let Attr::Index(items) = attr else { return None };
    let lens = lengths(&x[0])?;
    let there = placed(&x[1], &lens, items)?;
    if is_zero(&x[0]) {
        return Some(there);
    }
    Some(switch(&placed(&1.into_expr(), &lens, items)?, there, &x[0]))
}

/// The slice that stands for a part: behind the operands before the last.
fn part(x: &[Expr], behind: &[Expr], attr: &Attr) -> Option<Vec<IndexItem>> {
    let Attr::Axis(axis) = *attr else { return None };
    let ends = behind.iter().map(|e| e.ty().shape.dims()[axis].known()).collect::<Option<Vec<usize>>>()?;
    let stop: usize = ends.iter().sum();
    let start = i64::try_from(stop - ends.last()?).ok();
    let mut items = vec![IndexItem::Slice { start: None, stop: None, step: 1 }; axis];
    items.push(IndexItem::Slice { start, stop: i64::try_from(stop).ok(), step: 1 });
    (axis < x[0].rank()).then_some(items)
}

/// A slice.
pub(in crate::op) fn segment(x: &[Expr], attr: &Attr) -> Spelled {
    Some(x[0].index(&part(x, &x[1..], attr)?))
}

/// A sum with what is zero outside of a slice.
pub(in crate::op) fn inc_segment(x: &[Expr], attr: &Attr) -> Spelled {
    let items = part(x, &x[1..], attr)?;
    inc_subtensor(&[x[0].clone(), x.last()?.clone()], &Attr::Index(items))
}

/// For each index and each place of the axis: is it meant? With the axes before and after at length 1.
fn meant(of: &Expr, indices: &Expr, axis: usize) -> Spelled {
    let n = lengths(of)?[axis];
    let after = of.rank() - axis - 1;
    let (m, rank) = (indices.rank(), of.rank() + indices.rank());
    let wrapped = switch(&indices.lt(0), indices + i32::try_from(n).ok()?, indices);
    let order =
        std::iter::repeat_n(None, axis).chain((0..m).map(Some)).chain(std::iter::repeat_n(None, after + 1));
    Some(wrapped.dimshuffle(order).eq(along(n, axis + m, rank)))
}

/// The sum over the axis of what is meant.
pub(in crate::op) fn take(x: &[Expr], attr: &Attr) -> Spelled {
    let Attr::Axis(axis) = *attr else { return None };
    let (m, rank) = (x[1].rank(), x[0].rank());
    let order = (0..axis).map(Some).chain(std::iter::repeat_n(None, m)).chain((axis..rank).map(Some));
    let chosen = switch(&meant(&x[0], &x[1], axis)?, x[0].dimshuffle(order), 0);
    Some(chosen.reduce(Op::Sum, &Attr::Axes(vec![axis + m])))
}

/// With the sum over the indices of what is meant.
pub(in crate::op) fn set_take(x: &[Expr], attr: &Attr) -> Spelled {
    let Attr::Axis(axis) = *attr else { return None };
    // Of several places the last would have to be found.
    if x[1].rank() > 0 {
        return None;
    }
    let order = (0..axis).map(Some).chain([None]).chain((axis..x[2].rank()).map(Some));
    Some(switch(&meant(&x[0], &x[1], axis)?, x[2].dimshuffle(order), &x[0]))
}

/// What is added there.
pub(in crate::op) fn inc_take(x: &[Expr], attr: &Attr) -> Spelled {
    let Attr::Axis(axis) = *attr else { return None };
    let (m, rank) = (x[1].rank(), x[2].rank());
    let order = (0..axis + m).map(Some).chain([None]).chain((axis + m..rank).map(Some));
    let spread = switch(&meant(&x[0], &x[1], axis)?, x[2].dimshuffle(order), 0);
    let added = if m == 0 { spread } else { spread.reduce(Op::Sum, &Attr::Axes((axis..axis + m).collect())) };
    Some(if is_zero(&x[0]) { added } else { &x[0] + added })
}

/// For each row and each place of it: is it the one that is meant?
fn meant_of_rows(of: &Expr, indices: &Expr) -> Spelled {
    let (n, rank) = (*lengths(of)?.last()?, of.rank());
    let wrapped = switch(&indices.lt(0), indices + i32::try_from(n).ok()?, indices);
    let column = wrapped.dimshuffle((0..indices.rank()).map(Some).chain([None]));
    Some(column.eq(along(n, rank - 1, rank)))
}

/// The sum over each row of what is meant.
pub(in crate::op) fn pick(x: &[Expr], _: &Attr) -> Spelled {
    let chosen = switch(&meant_of_rows(&x[0], &x[1])?, &x[0], 0);
    Some(chosen.reduce(Op::Sum, &Attr::Axes(vec![x[0].rank() - 1])))
}

/// What is added there.
pub(in crate::op) fn inc_pick(x: &[Expr], _: &Attr) -> Spelled {
    let column = x[2].dimshuffle((0..x[2].rank()).map(Some).chain([None]));
    let added = switch(&meant_of_rows(&x[0], &x[1])?, column, 0);
    Some(if is_zero(&x[0]) { added } else { &x[0] + added })
}
