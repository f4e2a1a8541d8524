//! The order in which a block of elements is folded: fixed, so that a result never depends on the
//! machine or on how a loop was divided.

use super::kernel::{FOLD_LANES, FOLD_SHORTEST, Kernel, Map2};
use crate::math::wide::{Loop, widely};
use crate::math::{Binary, Element, Lanes};

/// What a reduction does with two numbers.
pub(super) trait Fold {
    /// Folded with any number, gives that number.
    const IDENTITY: f64;
    /// A partial result and the next element.
    fn step<L: Lanes>(a: L, b: L) -> L;
    /// Two partial results.
    fn merge<L: Lanes>(a: L, b: L) -> L;
}

struct Step<F>(std::marker::PhantomData<F>);

struct Merge<F>(std::marker::PhantomData<F>);

impl<F: Fold> Binary for Merge<F> {
    #[inline(always)]
    fn at<L: Lanes>(a: L, b: L) -> L {
        F::merge(a, b)
    }
}

impl<F: Fold> Binary for Step<F> {
    #[inline(always)]
    fn at<L: Lanes>(a: L, b: L) -> L {
        F::step(a, b)
    }
}

/// The kernel of a reduction.
pub(super) const fn reduce<F: Fold>(init: Option<f64>) -> Kernel {
    Kernel::Reduce {
        init,
        identity: F::IDENTITY,
        step: Map2::formula::<Step<F>>(),
        fold: |xs| widely(Block::<f64, F>(xs, std::marker::PhantomData)),
        single: |xs| widely(Block::<f32, F>(xs, std::marker::PhantomData)),
        rows: |xs, cols, out| widely(Rows::<f64, F>(xs, cols, out, std::marker::PhantomData)),
        rows_single: |xs, cols, out| widely(Rows::<f32, F>(xs, cols, out, std::marker::PhantomData)),
        join: |values| widely(Join::<f64, F>(values, std::marker::PhantomData)),
        join_single: |values| widely(Join::<f32, F>(values, std::marker::PhantomData)),
        pair: |before, after| widely(Pair::<f64, F>(before, after, std::marker::PhantomData)),
        pair_single: |before, after| widely(Pair::<f32, F>(before, after, std::marker::PhantomData)),
        merge: Map2::formula::<Merge<F>>(),
    }
}

struct Block<'x, T, F>(&'x [T], std::marker::PhantomData<F>);

impl<T: Element, F: Fold> Loop for Block<'_, T, F> {
    type Out = T;
    #[inline(always)]
    fn run(self) -> T {
        fold_block::<T, F>(self.0)
    }
}

struct Rows<'x, T, F>(&'x [T], usize, &'x mut [T], std::marker::PhantomData<F>);

impl<T: Element, F: Fold> Loop for Rows<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        let Rows(xs, cols, out, _) = self;
        // Short rows are folded from the left, each step waiting for the one before: several side by side.
        let together = if cols < FOLD_SHORTEST { out.len() / FOLD_LANES } else { 0 };
        let (several, alone) = out.split_at_mut(together * FOLD_LANES);
        let (some, rest) = xs.split_at(several.len() * cols);
        for (g, results) in several.as_chunks_mut::<FOLD_LANES>().0.iter_mut().enumerate() {
            let mut rows: [&[T]; FOLD_LANES] = [&[]; FOLD_LANES];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = &some[(g * FOLD_LANES + i) * cols..][..cols];
            }
            let mut lanes = [T::of(F::IDENTITY); FOLD_LANES];
            #[allow(clippy::needless_range_loop, reason = "columns of several rows at once")]
            for j in 0..cols {
                for i in 0..FOLD_LANES {
                    lanes[i] = F::step(lanes[i], rows[i][j]);
                }
            }
            *results = lanes;
        }
        for (out, row) in alone.iter_mut().zip(rest.chunks_exact(cols.max(1))) {
            *out = fold_block::<T, F>(row);
        }
    }
}

struct Join<'x, T, F>(&'x mut [T], std::marker::PhantomData<F>);

impl<T: Element, F: Fold> Loop for Join<'_, T, F> {
    type Out = T;
    #[inline(always)]
    fn run(self) -> T {
        let values = self.0;
        let mut n = values.len();
        while n > 1 {
            for i in 0..n / 2 {
                values[i] = F::merge(values[2 * i], values[2 * i + 1]);
            }
            n /= 2;
        }
        values.first().copied().unwrap_or(T::of(F::IDENTITY))
    }
}

struct Pair<'x, T, F>(&'x mut [T], &'x [T], std::marker::PhantomData<F>);

impl<T: Element, F: Fold> Loop for Pair<'_, T, F> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        for (before, &after) in self.0.iter_mut().zip(self.1) {
            *before = F::merge(*before, after);
        }
    }
}

/// Folds a block: element `i` goes to lane `i % 16` by `step`, the lanes are then joined in pairs
/// by `merge`. For a sum of `n` elements the relative error of the sum of absolute values is at
/// most `(n / 16 + 5) u`, where `u` is `2^-53` for doubles and `2^-24` for singles; a short block is
/// folded from the left.
#[inline(always)]
fn fold_block<T: Element, F: Fold>(xs: &[T]) -> T {
    if xs.len() < FOLD_SHORTEST {
        return xs.iter().fold(T::of(F::IDENTITY), |a, &b| F::step(a, b));
    }
    let mut lanes = [T::of(F::IDENTITY); FOLD_LANES];
    let (chunks, rest) = xs.as_chunks::<FOLD_LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = F::step(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = F::step(*lane, x);
    }
    join::<T, F>(lanes)
}

/// The lanes joined in pairs.
#[inline(always)]
fn join<T: Element, F: Fold>(mut lanes: [T; FOLD_LANES]) -> T {
    let mut width = FOLD_LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = F::merge(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::super::Op;
    use super::super::kernel::Kernel;

    /// Rows have the bits of blocks.
    #[test]
    fn rows_are_folded_as_blocks() {
        let folds = |op: Op| match op.def().kernel {
            Kernel::Reduce { fold, rows, .. } => (fold, rows),
            _ => panic!("no reduction"),
        };
        let xs: Vec<f64> = (0..40 * 40).map(|i| f64::from(i * 7919 % 1009) * 0.1 - 50.0).collect();
        for (op, count, cols) in [Op::Sum, Op::Max]
            .into_iter()
            .flat_map(|op| (0..40).flat_map(move |count| (1..40).map(move |cols| (op, count, cols))))
        {
            let (fold, rows) = folds(op);
            let mut out = vec![f64::NAN; count];
            rows(&xs[..count * cols], cols, &mut out);
            for (out, row) in out.iter().zip(xs.chunks(cols)) {
                assert_eq!(out.to_bits(), fold(row).to_bits(), "{count} rows of {cols}");
            }
        }
    }

    #[test]
    fn every_element_counts_once() {
        let folds = |op: Op| match op.def().kernel {
            Kernel::Reduce { fold, .. } => fold,
            _ => |_: &[f64]| f64::NAN,
        };
        let (sum, max) = (folds(Op::Sum), folds(Op::Max));
        for n in 1..100u32 {
            let xs: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum(&xs).to_bits(), f64::from(n * (n + 1) / 2).to_bits());
            assert_eq!(max(&xs).to_bits(), f64::from(n).to_bits());
        }
    }
}
