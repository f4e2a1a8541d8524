//! A row of a matrix times a vector: sums in lanes, joined in pairs; several rows at once.

use super::product::Gemm;

/// Partial sums side by side: element `i` goes to lane `i % 16`.
const LANES: usize = 16;
/// Rows that are multiplied with a vector at once: their sums stay in registers.
pub(super) const ROWS: usize = 4;

/// Sums with products added, lane by lane.
#[inline(always)]
fn added<T: Gemm>(mut sums: [T; LANES], a: &[T; LANES], x: &[T; LANES]) -> [T; LANES] {
    for i in 0..LANES {
        sums[i] += a[i] * x[i];
    }
    sums
}

/// The first `n` of a row, then zeros. What is behind them is mostly the next row: it is read, then left
/// out.
#[inline(always)]
fn padded<T: Gemm>(row: &[T], n: usize) -> [T; LANES] {
    let mut out = [T::default(); LANES];
    if let Some(all) = row.first_chunk::<LANES>() {
        for i in 0..LANES {
            out[i] = if i < n { all[i] } else { T::default() };
        }
    } else {
        out[..n].copy_from_slice(&row[..n]);
    }
    out
}

/// The products of rows with `x`, in lanes; rows may be longer. No lane's sum is ever `-0`, so adding zero
/// changes none. Plain loops over arrays: closures would not be compiled for the vector instructions.
#[inline(always)]
pub(super) fn lanes_of_rows<T: Gemm>([a, b, c, d]: [&[T]; ROWS], x: &[T]) -> [T; ROWS] {
    let [mut p, mut q, mut r, mut s] = [[T::default(); LANES]; ROWS];
    let (chunks, rest) = x.as_chunks::<LANES>();
    let n = chunks.len();
    let (at, k) = (n * LANES, rest.len());
    let (wa, wb) = (&a.as_chunks::<LANES>().0[..n], &b.as_chunks::<LANES>().0[..n]);
    let (wc, wd) = (&c.as_chunks::<LANES>().0[..n], &d.as_chunks::<LANES>().0[..n]);
    for j in 0..n {
        let x = &chunks[j];
        p = added(p, &wa[j], x);
        q = added(q, &wb[j], x);
        r = added(r, &wc[j], x);
        s = added(s, &wd[j], x);
    }
    if k > 0 {
        let x = padded(rest, k);
        p = added(p, &padded(&a[at..], k), &x);
        q = added(q, &padded(&b[at..], k), &x);
        r = added(r, &padded(&c[at..], k), &x);
        s = added(s, &padded(&d[at..], k), &x);
    }
    [joined(p), joined(q), joined(r), joined(s)]
}

/// The product of two rows of one length.
#[inline(always)]
pub(super) fn lanes<T: Gemm>(a: &[T], b: &[T]) -> T {
    let mut sums = [T::default(); LANES];
    let (mut xs, mut ys) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (x, y) in (&mut xs).zip(&mut ys) {
        for i in 0..LANES {
            sums[i] += x[i] * y[i];
        }
    }
    for ((s, &x), &y) in sums.iter_mut().zip(xs.remainder()).zip(ys.remainder()) {
        *s += x * y;
    }
    joined(sums)
}

/// Lanes joined in pairs.
#[inline(always)]
fn joined<T: Gemm>(mut sums: [T; LANES]) -> T {
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            let above = sums[i + width];
            sums[i] += above;
        }
        width /= 2;
    }
    sums[0]
}

/// A sum of blocks, joined in pairs.
#[derive(Default)]
pub(super) struct Sums<T>(smallvec::SmallVec<[(u32, T); 16]>);

impl<T: Gemm> Sums<T> {
    #[inline(always)]
    pub(super) fn push(&mut self, x: T) {
        let (mut size, mut x) = (0, x);
        while self.0.last().is_some_and(|(s, _)| *s == size) {
            x += self.0.pop().map_or(T::default(), |(_, y)| y);
            size += 1;
        }
        self.0.push((size, x));
    }

    #[inline(always)]
    pub(super) fn take(&mut self) -> T {
        self.0.drain(..).rev().map(|(_, x)| x).reduce(|a, b| a + b).unwrap_or_default()
    }
}
