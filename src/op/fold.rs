//! The order in which a block of elements is folded: fixed, so that a result never depends on the
//! machine or on how a loop was divided.

use crate::math::Element;
use crate::math::wide::Loop;

/// Partial results that are carried side by side.
const LANES: usize = 16;

/// [`fold_lanes`] at the width of the machine.
pub(super) struct FoldLanes<'x, T, S, M> {
    pub(super) init: Option<f64>,
    pub(super) xs: &'x [T],
    pub(super) step: S,
    pub(super) merge: M,
}

impl<T: Element, S: Fn(f64, f64) -> f64, M: Fn(f64, f64) -> f64> Loop for FoldLanes<'_, T, S, M> {
    type Out = T;
    #[inline(always)]
    fn run(self) -> T {
        let FoldLanes { init, xs, step, merge } = self;
        let step = |a: T, b: T| T::of(step(a.wide(), b.wide()));
        fold_lanes(init.map(T::of), xs, step, |a: T, b: T| T::of(merge(a.wide(), b.wide())))
    }
}

/// Folds a block: element `i` goes to lane `i % 16` by `step`, the lanes are then joined in pairs
/// by `merge`. For a sum of `n` elements the relative error of the sum of absolute values is at
/// most `(n / 16 + 5) * 2^-53`; a short block is folded from the left.
///
/// NaN when there is no element and no `init`, which the checks on lengths exclude.
#[inline(always)]
fn fold_lanes<T: Element>(
    init: Option<T>,
    xs: &[T],
    step: impl Fn(T, T) -> T,
    merge: impl Fn(T, T) -> T,
) -> T {
    let Some((&first, tail)) = xs.split_first() else { return init.unwrap_or(T::of(f64::NAN)) };
    if xs.len() < 2 * LANES {
        return match init {
            Some(x) => xs.iter().fold(x, |a, &b| step(a, b)),
            None => tail.iter().fold(first, |a, &b| step(a, b)),
        };
    }
    let mut lanes = [init.unwrap_or_default(); LANES];
    let mut rest = xs;
    if init.is_none() {
        let (head, tail) = xs.split_at(LANES);
        lanes.copy_from_slice(head);
        rest = tail;
    }
    let mut chunks = rest.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = step(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane = step(*lane, x);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = merge(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::fold_lanes;

    #[test]
    fn every_element_counts_once() {
        let add = |a: f64, b: f64| a + b;
        for n in 0..100u32 {
            let xs: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(fold_lanes(Some(0.0), &xs, add, add).to_bits(), f64::from(n * (n + 1) / 2).to_bits());
            let max = fold_lanes(None, &xs, f64::max, f64::max);
            assert!(if n == 0 { max.is_nan() } else { max.to_bits() == f64::from(n).to_bits() });
        }
    }
}
