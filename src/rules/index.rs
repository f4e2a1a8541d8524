//! Basic indices one after the other.

use crate::op::IndexItem;

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
        _ if step < 1 || first < 0 || stop.is_some_and(|s| s < 0) => None,
        IndexItem::At(i) if i >= 0 => Some(IndexItem::At(first.checked_add(i.checked_mul(step)?)?)),
        IndexItem::Slice { start: c, stop: d, step: q } if q >= 1 => {
            let c = c.unwrap_or(0);
            if c < 0 || d.is_some_and(|d| d < 0) {
                return None;
            }
            let at = |i: i64| first.checked_add(i.checked_mul(step)?);
            let end = match (d, stop) {
                (None, s) => s,
                (Some(d), None) => Some(at(d)?),
                (Some(d), Some(s)) => Some(at(d)?.min(s)),
            };
            Some(IndexItem::Slice { start: Some(at(c)?), stop: end, step: step.checked_mul(q)? })
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
    fn positions_consume_axes() {
        let both = [IndexItem::At(0), IndexItem::At(1)];
        assert_eq!(compose(&[IndexItem::At(1)], &[IndexItem::At(0)]).unwrap(), both);
        assert_eq!(compose(&[IndexItem::NewAxis], &[IndexItem::At(0)]), None);
    }
}
