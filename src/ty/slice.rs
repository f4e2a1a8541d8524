//! Slices in Python's meaning: what they take of an axis, and one after the other.

/// Start, end and step of a slice.
pub(crate) type Slice = (Option<i64>, Option<i64>, i64);

/// One slice that takes by the first, then by the second, whatever the length of the axis; `None` where it depends on it.
pub(crate) fn composed((start, stop, step): Slice, (next, end, stride): Slice) -> Option<Slice> {
    let (a, c) = (start.unwrap_or(0), next.unwrap_or(0));
    if step < 1 || stride < 1 || a < 0 || c < 0 {
        return None;
    }
    let at = |i: i64| a.checked_add(i.checked_mul(step)?);
    let stop = match (stop, end) {
        (s, None) => s,
        (None, Some(d)) if d >= 0 => Some(at(d)?),
        (Some(s), Some(d)) if s >= 0 && d >= 0 => Some(at(d)?.min(s)),
        // Counted from the end, as many more.
        (s, Some(d)) if d < 0 && step == 1 && s.is_none_or(|s| s < 0) => Some(s.unwrap_or(0).checked_add(d)?),
        _ => return None,
    };
    let start = Some(at(c)?).filter(|&s| s != 0);
    Some((start, stop, step.checked_mul(stride)?))
}

/// First index, step and count of a Python slice of an axis of length `n`.
pub(crate) fn slice_bounds(n: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> (i64, usize) {
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    let (lo, hi) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let clamp = |v: i64| (if v < 0 { v.saturating_add(n) } else { v }).clamp(lo, hi);
    let from = start.map_or(if step > 0 { lo } else { hi }, clamp);
    let to = stop.map_or(if step > 0 { hi } else { lo }, clamp);
    let span = if step > 0 { to - from } else { from - to };
    let count = if span <= 0 { 0 } else { (span - 1) / step.saturating_abs() + 1 };
    (from, usize::try_from(count).unwrap_or(0))
}

pub(crate) fn slice_len(n: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> usize {
    slice_bounds(n, start, stop, step).1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// A slice of a slice takes the same elements at once, of an axis of any length.
    #[test]
    fn slices_of_slices_are_slices() {
        let ends = [None, Some(-3), Some(-1), Some(0), Some(1), Some(3)];
        let all = || {
            ends.into_iter()
                .flat_map(|a| ends.map(|b| (a, b)))
                .flat_map(|(a, b)| [1, 2, -1].map(|s| (a, b, s)))
        };
        let taken = |of: &[i64], (start, stop, step): Slice| -> Vec<i64> {
            let (first, count) = slice_bounds(of.len(), start, stop, step);
            (0..).take(count).map(|i: i64| of[usize::try_from(first + i * step).unwrap()]).collect()
        };
        let mut found = 0;
        for (inner, outer) in all().flat_map(|a| all().map(move |b| (a, b))) {
            let Some(both) = composed(inner, outer) else { continue };
            found += 1;
            for n in 0..9 {
                let axis: Vec<i64> = (0..n).collect();
                assert_eq!(
                    taken(&taken(&axis, inner), outer),
                    taken(&axis, both),
                    "{inner:?} {outer:?} of {n}"
                );
            }
        }
        assert!(found > 300, "{found}");
    }
}
