//! Basic indices one after the other, and into parts.

use crate::op::IndexItem;
use crate::ty::{Dim, composed};

/// Does the index take every element in its place?
pub(super) fn takes_all(items: &[IndexItem], dims: &[Dim]) -> bool {
    let all = |(item, d): (&IndexItem, &Dim)| match *item {
        IndexItem::Slice { start: None | Some(0), stop: None, step: 1 } => true,
        IndexItem::Slice { start: None | Some(0), stop: Some(stop), step: 1 } => {
            d.known().and_then(|n| i64::try_from(n).ok()).is_some_and(|n| stop >= n)
        }
        _ => false,
    };
    items.len() <= dims.len() && items.iter().zip(dims).all(all)
}

/// Of an index into two values of lengths `m` and `n`, joined along an axis, the index into the first,
/// or into the `last`; `None` where it takes something of the other or nothing, or where a length
/// would have to be known.
pub(super) fn of_part(
    items: &[IndexItem],
    axis: usize,
    m: Option<i64>,
    n: Option<i64>,
    last: bool,
) -> Option<Vec<IndexItem>> {
    if items.contains(&IndexItem::NewAxis) {
        return None;
    }
    let own = if last { n? } else { m? };
    let item = match items.get(axis)? {
        // Counted from the outer end of its own operand, the other one does not matter.
        IndexItem::At(k) if !last && (0..own).contains(k) || last && (-own..0).contains(k) => {
            IndexItem::At(*k)
        }
        IndexItem::Slice { start, stop: Some(stop), step }
            if !last && *step > 0 && (0..*stop).contains(&start.unwrap_or(0)) && *stop <= own =>
        {
            IndexItem::Slice { start: *start, stop: Some(*stop), step: *step }
        }
        IndexItem::Slice { start: Some(start), stop: None, step }
            if last && *step > 0 && (-own..0).contains(start) =>
        {
            IndexItem::Slice { start: Some(*start), stop: None, step: *step }
        }
        other => within(other, m?.checked_add(n?)?, if last { m? } else { 0 }, own)?,
    };
    let mut out = items.to_vec();
    out[axis] = item;
    Some(out)
}

/// An entry for an axis of length `all`, relative to the part of length `own` at `from`.
fn within(item: &IndexItem, all: i64, from: i64, own: i64) -> Option<IndexItem> {
    let inside = |at: i64| (from..from + own).contains(&at).then_some(at - from);
    match *item {
        IndexItem::At(k) => inside(if k < 0 { k + all } else { k }).map(IndexItem::At),
        IndexItem::Slice { start, stop, step } => {
            let clamp = |i: i64, low: i64, high: i64| (if i < 0 { i + all } else { i }).clamp(low, high);
            let (first, end) = if step > 0 {
                (start.map_or(0, |s| clamp(s, 0, all)), stop.map_or(all, |s| clamp(s, 0, all)))
            } else {
                let first = start.map_or(all - 1, |s| clamp(s, -1, all - 1));
                (first, stop.map_or(-1, |s| clamp(s, -1, all - 1)))
            };
            let span = if step > 0 { end - first } else { first - end };
            if span <= 0 {
                return None;
            }
            let far = first + (span - 1) / step.abs() * step;
            let (first, far) = (inside(first)?, inside(far)?);
            // Behind the last element taken; before the first of all there is no number for it.
            let stop = if step > 0 { Some(far + 1) } else { far.checked_sub(1).filter(|s| *s >= 0) };
            Some(IndexItem::Slice { start: Some(first), stop, step })
        }
        IndexItem::NewAxis => None,
    }
}

/// What is left of a dimshuffle when an index takes the one element of some of its new axes and all of the rest.
pub(super) fn of_new_axes(items: &[IndexItem], perm: &[Option<usize>]) -> Option<Vec<Option<usize>>> {
    let mut out = Vec::with_capacity(perm.len());
    for (i, from) in perm.iter().enumerate() {
        match (items.get(i), from) {
            (Some(IndexItem::At(0 | -1)), None) => {}
            (None | Some(IndexItem::Slice { start: None, stop: None, step: 1 }), _) => out.push(*from),
            _ => return None,
        }
    }
    (items.len() <= perm.len()).then_some(out)
}

/// One index that takes by `inner`, then by `outer`; `None` when lengths would have to be known.
pub(super) fn compose(outer: &[IndexItem], inner: &[IndexItem]) -> Option<Vec<IndexItem>> {
    let mut rest = outer.iter();
    let mut out = Vec::with_capacity(inner.len() + outer.len());
    for item in inner {
        out.push(match item {
            IndexItem::At(_) => item.clone(),
            IndexItem::NewAxis => return None,
            IndexItem::Slice { start, stop, step } => match rest.next() {
                None => item.clone(),
                Some(next) => of_slice(next, *start, *stop, *step)?,
            },
        });
    }
    out.extend(rest.cloned());
    (!out.contains(&IndexItem::NewAxis)).then_some(out)
}

/// An entry applied to what a slice took.
fn of_slice(next: &IndexItem, start: Option<i64>, stop: Option<i64>, step: i64) -> Option<IndexItem> {
    let backwards = (start, stop, step) == (None, None, -1);
    let to_the_end = stop.is_none() && step == 1;
    let first = start.unwrap_or(0);
    match *next {
        IndexItem::At(i) if backwards => Some(IndexItem::At((-1i64).checked_sub(i)?)),
        // What is counted from the end does not see where the slice begins.
        IndexItem::At(i) if i < 0 && to_the_end && first >= 0 => Some(IndexItem::At(i)),
        IndexItem::At(i) if i >= 0 && step >= 1 && first >= 0 && stop.is_none_or(|s| s >= 0) => {
            Some(IndexItem::At(first.checked_add(i.checked_mul(step)?)?))
        }
        IndexItem::Slice { start: c, stop: d, step: q } => {
            let (start, stop, step) = composed((start, stop, step), (c, d, q))?;
            Some(IndexItem::Slice { start, stop, step })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(start: Option<i64>, stop: Option<i64>, step: i64) -> IndexItem {
        IndexItem::Slice { start, stop, step }
    }

    /// Positions that an entry takes of `n`, as Python does.
    fn taken(item: &IndexItem, n: i64) -> Option<Vec<i64>> {
        match *item {
            IndexItem::At(i) => {
                let at = if i < 0 { i + n } else { i };
                (0..n).contains(&at).then(|| vec![at])
            }
            IndexItem::Slice { start, stop, step } => {
                let clamp = |i: i64, low: i64, high: i64| (if i < 0 { i + n } else { i }).clamp(low, high);
                let (mut at, end) = if step > 0 {
                    (clamp(start.unwrap_or(0), 0, n), clamp(stop.unwrap_or(n), 0, n))
                } else {
                    let end = stop.map_or(-1, |s| clamp(s, -1, n - 1));
                    (start.map_or(n - 1, |s| clamp(s, -1, n - 1)), end)
                };
                let mut out = Vec::new();
                while step > 0 && at < end || step < 0 && at > end {
                    out.push(at);
                    at += step;
                }
                Some(out)
            }
            IndexItem::NewAxis => None,
        }
    }

    #[test]
    fn one_index_takes_what_two_take() {
        let some = [None, Some(0), Some(1), Some(3), Some(-1), Some(-2)];
        let mut items: Vec<IndexItem> = (-4..4).map(IndexItem::At).collect();
        for start in some {
            for stop in some {
                items.extend([1, 2, -1].map(|step| slice(start, stop, step)));
            }
        }
        let mut n_composed = 0;
        for inner in items.iter().filter(|i| matches!(i, IndexItem::Slice { .. })) {
            for outer in &items {
                let Some(one) = compose(std::slice::from_ref(outer), std::slice::from_ref(inner)) else {
                    continue;
                };
                n_composed += 1;
                for n in 0..8 {
                    let middle = taken(inner, n).unwrap();
                    let Some(found) = taken(outer, i64::try_from(middle.len()).unwrap()) else { continue };
                    let expected: Vec<i64> =
                        found.iter().map(|&i| middle[usize::try_from(i).unwrap()]).collect();
                    assert_eq!(taken(&one[0], n), Some(expected), "{outer:?} of {inner:?} with {n}: {one:?}");
                }
            }
        }
        assert!(n_composed > 100, "{n_composed}");
    }

    #[test]
    fn an_index_into_a_part_takes_what_the_whole_one_takes() {
        let some = [None, Some(0), Some(1), Some(2), Some(4), Some(6), Some(-1), Some(-2), Some(-4)];
        let mut items: Vec<IndexItem> = (-6..6).map(IndexItem::At).collect();
        for start in some {
            for stop in some {
                items.extend([1, 2, -1, -2].map(|step| slice(start, stop, step)));
            }
        }
        let mut found = 0;
        for (m, n) in [(1, 1), (2, 3), (3, 1), (0, 2), (2, 0)] {
            for item in &items {
                for last in [false, true] {
                    for known in [true, false] {
                        let other = |x: i64| if known { Some(x) } else { None };
                        let (a, b) = if last { (other(m), Some(n)) } else { (Some(m), other(n)) };
                        let Some(part) = of_part(std::slice::from_ref(item), 0, a, b, last) else { continue };
                        found += 1;
                        let (from, own) = if last { (m, n) } else { (0, m) };
                        let moved = taken(&part[0], own).map(|t| t.iter().map(|i| i + from).collect());
                        assert_eq!(moved, taken(item, m + n), "{item:?} of {m} and {n}: {part:?}");
                    }
                }
            }
        }
        assert!(found > 300, "{found}");
        let (full, three) = (slice(None, None, 1), Dim::Known(3));
        assert!(takes_all(&[full.clone(), slice(Some(0), Some(3), 1)], &[three.clone(), three.clone()]));
        assert!(!takes_all(&[slice(None, None, -1)], std::slice::from_ref(&three)));
        assert!(!takes_all(&[slice(None, Some(2), 1)], &[three]));
    }

    #[test]
    fn positions_consume_axes() {
        let both = [IndexItem::At(0), IndexItem::At(1)];
        assert_eq!(compose(&[IndexItem::At(1)], &[IndexItem::At(0)]).unwrap(), both);
        assert_eq!(compose(&[IndexItem::NewAxis], &[IndexItem::At(0)]), None);
    }
}
