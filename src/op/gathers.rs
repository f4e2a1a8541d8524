//! What an index with operands is made of: a basic index, then gathers one after the other.

use super::places::{Bound, Place, WHOLE, separated};
use super::{Attr, IndexItem, Op};
use crate::expr::{Expr, Lit, range, switch};
use crate::ty::Dim;

/// One gather of those that an index is made of: along which axis of what the ones before it leave.
pub(super) enum Level {
    /// From this number on, with a stride, so many.
    Slice { axis: usize, start: Bound, operand: usize, step: i64, length: Dim },
    /// From this number on, with a stride that an operand is, so many.
    Strided { axis: usize, start: Bound, operand: usize, step: usize, length: Dim },
    /// At the number that an operand is.
    Number { axis: usize, operand: usize },
    /// These axes before the others.
    Front { axes: Vec<usize> },
    /// At arrays of places, along this axis and those behind it.
    Arrays { axis: usize, arrays: Vec<Array> },
    /// Of each row along the last axis the element at the place that an operand says.
    Rows { operand: usize },
}

/// Places in some axes.
pub(super) struct Array {
    /// The operand.
    operand: usize,
    /// In so many axes.
    axes: usize,
    /// How many they are, where the operand says by truth values which.
    mask: Option<Dim>,
}

impl Level {
    /// How many axes it gathers from.
    pub(super) fn axes(&self) -> usize {
        match self {
            Level::Arrays { arrays, .. } => arrays.iter().map(|a| a.axes).sum(),
            _ => 1,
        }
    }
}

/// Where each axis of a result of `rank` axes comes from when these stand before the others.
fn front(axes: &[usize], rank: usize) -> Vec<usize> {
    axes.iter().copied().chain((0..rank).filter(|a| !axes.contains(a))).collect()
}

/// The basic index, and the gathers after it. `ranks` are those of the operands of the index.
fn levels(places: &[Place], ranks: &[usize]) -> (Vec<IndexItem>, Vec<Level>) {
    let (mut basic, mut slices, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    // Numbers are gathered before arrays, and leave their axes out.
    let (mut arrays, mut of_arrays): (Vec<Array>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut operand, mut axis) = (0, 0);
    for p in places {
        match p {
            Place::Item(i) => {
                basic.push(i.clone());
                axis += usize::from(!matches!(i, IndexItem::At(_)));
            }
            Place::Operand => {
                basic.push(WHOLE);
                if ranks.get(operand) == Some(&0) {
                    numbers.push(Level::Number { axis, operand });
                } else {
                    of_arrays.push(axis - numbers.len());
                    arrays.push(Array { operand, axes: 1, mask: None });
                }
                axis += 1;
            }
            Place::Mask { axes, length } => {
                basic.extend(vec![WHOLE; *axes]);
                of_arrays.extend((0..*axes).map(|k| axis + k - numbers.len()));
                arrays.push(Array { operand, axes: *axes, mask: Some(length.clone()) });
                axis += axes;
            }
            Place::Between { start, step, length, .. } => {
                basic.push(WHOLE);
                slices.push(Level::Slice {
                    axis,
                    start: *start,
                    operand,
                    step: *step,
                    length: length.clone(),
                });
                axis += 1;
            }
            Place::Strided { start, length, .. } => {
                basic.push(WHOLE);
                let (start, length) = (*start, length.clone());
                let step = operand + p.operands() - 1;
                slices.push(Level::Strided { axis, start, operand, step, length });
                axis += 1;
            }
        }
        operand += p.operands();
    }
    let mut all = slices;
    // From the last axis on, so that those before keep their numbers.
    all.extend(numbers.into_iter().rev());
    if let Some(&axis) = of_arrays.first() {
        let moved = separated(places, &|k| ranks.get(k).copied().unwrap_or(0));
        if moved {
            all.push(Level::Front { axes: of_arrays });
        }
        all.push(Level::Arrays { axis: if moved { 0 } else { axis }, arrays });
    }
    (basic, all)
}

pub(super) fn int(k: i64) -> Expr {
    Expr::lit(Lit::Int(k))
}

pub(super) fn whole(basic: &[IndexItem]) -> bool {
    basic.iter().all(|i| *i == WHOLE)
}

/// The places that a gather of an array takes, along one axis.
pub(super) fn gathered(x: &Expr, level: &Level, index: &[Expr]) -> (Expr, usize) {
    match level {
        Level::Number { axis, operand } => (index[*operand].clone(), *axis),
        Level::Front { .. } | Level::Rows { .. } => (int(0), 0),
        Level::Slice { axis, start, operand, step, length } => {
            // Where the slice is empty it does not matter where it starts.
            let n = || x.length(*axis);
            let from = match start {
                Bound::End if *step > 0 => int(0),
                Bound::End => n() - 1,
                Bound::At(k) if *k >= 0 && *step > 0 => int(*k),
                Bound::At(k) => inside(&int(*k), n(), *step),
                Bound::Operand => inside(&index[*operand], n(), *step),
            };
            let places = Expr::apply(Op::Arange, Attr::Dims(vec![length.clone()]), [from, int(*step)]);
            (places, *axis)
        }
        Level::Strided { axis, start, operand, step, length } => {
            let (n, step) = (x.length(*axis), &index[*step]);
            let given = match start {
                Bound::End => None,
                Bound::At(k) => Some(int(*k)),
                Bound::Operand => Some(index[*operand].clone()),
            };
            (range(length.clone()) * step + first_of(given.as_ref(), &n, step), *axis)
        }
        Level::Arrays { axis, arrays } => {
            let dims = x.ty().shape.dims();
            let mut joint: Option<Expr> = None;
            let mut at = *axis;
            for a in arrays {
                let given = &index[a.operand];
                let own = match &a.mask {
                    Some(length) => {
                        Expr::apply(Op::Nonzero, Attr::Dims(vec![length.clone()]), [given.clone()])
                    }
                    // What is gathered from the numbers of an axis is checked, and counts from its beginning.
                    None if arrays.len() > 1 => range(dims[at].clone()).gather(given, 0),
                    None => given.clone(),
                };
                joint = Some(match joint {
                    None => own,
                    Some(before) => (at..at + a.axes).fold(before, |b, k| b * x.length(k)) + own,
                });
                at += a.axes;
            }
            (joint.unwrap_or_else(|| int(0)), *axis)
        }
    }
}

/// The first place of a slice that is not empty, counted from the beginning.
fn inside(at: &Expr, n: Expr, step: i64) -> Expr {
    let behind = at + &n;
    let (low, high) = if step > 0 { (behind.maximum(0), at.clone()) } else { (behind, at.minimum(n - 1)) };
    switch(&at.lt(0), low, high)
}

/// Where a bound of a slice lies in an axis of length `n`, and where one lies that is not given.
fn bound_of(given: Option<&Expr>, n: &Expr, step: &Expr, rest: (Expr, Expr)) -> Expr {
    let up = step.gt(0);
    let Some(at) = given else { return switch(&up, rest.0, rest.1) };
    let at = switch(&at.lt(0), at + n, at);
    switch(&up, at.maximum(0).minimum(n), at.maximum(-1).minimum(n - 1))
}

fn first_of(start: Option<&Expr>, n: &Expr, step: &Expr) -> Expr {
    bound_of(start, n, step, (int(0), n - 1))
}

/// How many places there are in a slice of an axis of length `n` whose stride is an expression; -1 where that is 0.
pub(crate) fn strided_length(start: Option<&Expr>, stop: Option<&Expr>, n: &Expr, step: &Expr) -> Expr {
    let (from, to) = (first_of(start, n, step), bound_of(stop, n, step, (n.clone(), int(-1))));
    let span = switch(&step.gt(0), &to - &from, from - to);
    let count = switch(&span.gt(0), (span - 1).int_div(step.abs()) + 1, 0);
    switch(&step.eq(0), -1, count)
}

/// The array with the axes of several arrays of places as one.
pub(super) fn merged(x: &Expr, level: &Level) -> Expr {
    match level {
        Level::Arrays { axis, .. } if level.axes() > 1 => {
            let dims = x.ty().shape.dims();
            let end = axis + level.axes();
            let one = Dim::product(dims[*axis..end].iter().cloned());
            let lens = dims[..*axis].iter().cloned().chain([one]).chain(dims[end..].iter().cloned());
            x.reshape_to(&lens.collect::<Vec<_>>())
        }
        _ => x.clone(),
    }
}

/// `0, 1, 2, ...` along an axis of this length, the one at `axis` of `rank`?
fn is_range(e: &Expr, n: &Dim, axis: usize, rank: usize) -> bool {
    let (e, at) = match (e.op(), e.attr()) {
        (Some(Op::Dimshuffle), Attr::Perm(p)) => {
            let (Some(at), Some(lead)) = (p.iter().position(|a| *a == Some(0)), rank.checked_sub(p.len()))
            else {
                return false;
            };
            (e.arg(0), at + lead)
        }
        _ => (e, rank.saturating_sub(1)),
    };
    let number = |i: usize, x: i64| matches!(e.arg(i).literal(), Some(Lit::Int(k)) if k == x);
    at == axis
        && e.rank() == 1
        && matches!((e.op(), e.attr()), (Some(Op::Arange), Attr::Dims(d)) if d.as_slice() == [n.clone()])
        && number(0, 0)
        && number(1, 1)
}

/// An index that is a range over each axis but the last goes row by row: `x[arange(n), y]`. A range of a length that may
/// be another than the axis has takes rows first.
fn by_rows(x: &Expr, levels: Vec<Level>, index: &[Expr]) -> Vec<Level> {
    let [Level::Arrays { axis: 0, arrays }] = levels.as_slice() else { return levels };
    let Some((last, ranges)) = arrays.split_last() else { return levels };
    let rank = ranges.len();
    let single = arrays.iter().all(|a| a.axes == 1 && a.mask.is_none());
    if rank == 0 || !single || x.rank() != rank + 1 || index[last.operand].rank() != rank {
        return levels;
    }
    let lens = x.ty().shape.dims();
    // What has length 1 is repeated.
    let repeated = |e: &Expr| e.ty().shape.dims().iter().any(Dim::is_one);
    if lens[..rank].iter().any(Dim::is_one) || repeated(&index[last.operand]) {
        return levels;
    }
    let rows = Level::Rows { operand: last.operand };
    let is_own = |(k, a): (usize, &Array)| is_range(&index[a.operand], &lens[k], k, rank);
    if ranges.iter().enumerate().all(is_own) {
        return vec![rows];
    }
    match ranges {
        [r] if !repeated(&index[r.operand])
            && is_range(&index[r.operand], &index[r.operand].ty().shape.dims()[0], 0, 1) =>
        {
            let taken = Array { operand: r.operand, axes: 1, mask: None };
            vec![Level::Arrays { axis: 0, arrays: vec![taken] }, rows]
        }
        _ => levels,
    }
}

pub(super) fn take(x: &Expr, level: &Level, index: &[Expr]) -> Expr {
    if let Level::Rows { operand } = level {
        return Expr::apply(Op::Pick, Attr::None, [x.clone(), index[*operand].clone()]);
    }
    if let Level::Front { axes } = level {
        return x.dimshuffle(front(axes, x.rank()).into_iter().map(Some));
    }
    let (places, axis) = gathered(x, level, index);
    merged(x, level).gather(&places, axis)
}

/// The operands of the index, which begin at `from`, the basic index and the gathers after it; with `rows`, one that goes
/// row by row may be among them, the last.
pub(super) fn split_operands<'a>(
    x: &'a [Expr],
    attr: &Attr,
    from: usize,
    rows: bool,
) -> (&'a [Expr], Vec<IndexItem>, Vec<Level>) {
    let index = &x[from..];
    let ranks: Vec<usize> = index.iter().map(Expr::rank).collect();
    let (basic, mut levels) = match attr {
        Attr::Places(places) => levels(places, &ranks),
        _ => Default::default(),
    };
    if rows && whole(&basic) {
        levels = by_rows(&x[0], levels, index);
    }
    (index, basic, levels)
}

/// Reading by a basic index and gathers.
pub(super) fn read(x: &[Expr], attr: &Attr) -> Expr {
    let (index, basic, levels) = split_operands(x, attr, 1, true);
    let start = if whole(&basic) { x[0].clone() } else { x[0].index(&basic) };
    levels.iter().fold(start, |x, level| take(&x, level, index))
}

/// Adding at an index.
pub(super) fn add_at(x: &[Expr], attr: &Attr) -> Expr {
    write(x, attr, false)
}

/// Putting at an index.
pub(super) fn set_at(x: &[Expr], attr: &Attr) -> Expr {
    write(x, attr, true)
}

/// Writing: what each gather reads is written into, the last one first.
fn write(x: &[Expr], attr: &Attr, set: bool) -> Expr {
    let (index, basic, levels) = split_operands(x, attr, 2, !set);
    let op = if set { Op::SetSubtensor } else { Op::IncSubtensor };
    let basic_attr = Attr::Index(basic.clone());
    let through = !whole(&basic);
    let Some((last, before)) = levels.split_last() else { return x[0].write_at(op, &basic_attr, &x[1]) };
    // What is read on the way; what is added there is added to zeros.
    let at = |e: Expr| if set { e } else { zeros_like(&e) };
    let mut read = vec![if through { at(x[0].index(&basic)) } else { x[0].clone() }];
    for level in before {
        let next = take(&read[read.len() - 1], level, index);
        read.push(at(next));
    }
    let put = |into: &Expr, level: &Level, value: &Expr, set: bool| {
        if let Level::Front { axes } = level {
            let order = front(axes, into.rank());
            let back = (0..order.len()).map(|a| order.iter().position(|b| *b == a));
            let back = value.dimshuffle(back);
            return if set { back } else { into + back };
        }
        if let Level::Rows { operand } = level {
            let (lens, at) = (into.ty().shape.dims(), index[*operand].clone());
            let value = value.broadcast_to(&lens[..lens.len() - 1]);
            return Expr::apply(Op::IncPick, Attr::None, [into.clone(), at, value]);
        }
        let (places, axis) = gathered(into, level, index);
        let flat = merged(into, level);
        let hole = flat.gather(&places, axis);
        let value = value.broadcast_to(hole.ty().shape.dims());
        let op = if set { Op::SetTake } else { Op::IncTake };
        let written = Expr::apply(op, Attr::Axis(axis), [flat.clone(), places, value]);
        if flat.same_node(into) { written } else { written.reshape_like(into) }
    };
    let mut written = put(&read[read.len() - 1], last, &x[1], set);
    for (level, into) in before.iter().zip(&read).rev() {
        written = put(into, level, &written, set);
    }
    if through { x[0].write_at(op, &basic_attr, &written) } else { written }
}

/// Zeros of its type and shape.
fn zeros_like(e: &Expr) -> Expr {
    let zero = if e.ty().dtype.is_float() { Lit::Float(0.0) } else { Lit::Int(0) };
    Expr::lit(zero).broadcast_to(e.ty().shape.dims())
}
