//! Products of vectors and matrices.
//!
//! Matrix by matrix packs its operands, so transposes cost nothing. The rest reads memory once: rows
//! as sums in lanes joined in pairs, columns as sums of columns.

use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::copy::Read;
use super::error::RunError;
use super::layout::{Layout, signed};
use super::product::{Gemm, Operand, Result as Target, product};
use super::row::{ROWS, Sums, lanes, lanes_of_rows};
use super::vectors::{BLOCK, Rows};
use crate::math::wide;
use crate::threads::{Threads, share};

/// The product into `out`, in row-major order; added to it where it is `begun`, for matrices whose rows
/// [are added](adds_rows).
pub(crate) fn dot<T: Gemm>(
    a: &Read<'_, T>,
    b: &Read<'_, T>,
    out: &mut [T],
    threads: Threads,
    begun: bool,
) -> Result<(), RunError> {
    let fail = || RunError::Shape {
        what: "the right operand of a product".into(),
        expected: a.1.lens.to_vec(),
        got: b.1.lens.to_vec(),
    };
    let (m, k) = match *a.1.lens.as_slice() {
        [k] => (1, k),
        [m, k] => (m, k),
        _ => return Err(fail()),
    };
    let (inner, n) = match *b.1.lens.as_slice() {
        [inner] => (inner, 1),
        [inner, n] => (inner, n),
        _ => return Err(fail()),
    };
    if inner != k || out.len() != m * n {
        return Err(fail());
    }
    if k == 0 || out.is_empty() {
        out.fill(T::default());
        return Ok(());
    }
    let a = Matrix::rows(a);
    let b = Matrix::columns(b);
    if n == 1 {
        by_vector(a, b.transposed(), out, threads, false);
    } else if m == 1 {
        by_vector(b.transposed(), a, out, threads, begun);
    } else {
        by_matrix(&a, &b, out, threads).ok_or_else(fail)?;
    }
    Ok(())
}

/// The products of a matrix with two vectors in one pass, with the bits of each alone; false where nothing was done.
pub(crate) fn dot_two<T: Gemm>(a: &Read<'_, T>, x: [&Read<'_, T>; 2], out: [&mut [T]; 2]) -> bool {
    let ([m, _], [_, 1]) = (a.1.lens.as_slice(), a.1.strides.as_slice()) else { return false };
    let vector = |(data, l): &'_ Read<'_, T>| -> Option<std::ops::Range<usize>> {
        let at = usize::try_from(l.offset).ok()?;
        let n = *l.lens.first().filter(|_| l.strides.as_slice() == [1])?;
        data.get(at..at + n).map(|_| at..at + n)
    };
    let (Some(first), Some(second)) = (vector(x[0]), vector(x[1])) else { return false };
    let rows = Matrix::rows(a).side_by_side().filter(|_| *m > 0);
    rows.is_some_and(|rows| T::times_two(rows, [&x[0].0[first], &x[1].0[second]], out))
}

/// Does a vector times a matrix add rows, in their order?
pub(crate) fn adds_rows(matrix: &Layout) -> bool {
    let (lens, strides) = (matrix.lens.as_slice(), matrix.strides.as_slice());
    matches!((lens, strides), ([m, n], [r, 1]) if *m > 1 && *n > 1 && *r != 1)
}

/// Elements of a matrix from which on a product with a vector is cut for threads.
const LARGE_VECTOR: usize = 1 << 16;
/// Multiplications from which on a product of matrices is.
pub(super) const LARGE_MATRIX: usize = 1 << 21;
/// Results of a product with a vector that one thread computes are a multiple of this: they fill cache lines.
const LINE: usize = 16;
/// Rows of a panel are a multiple of this. With so many columns the library takes the path for large
/// products, where the order of sums depends on the inner length alone, so panels change no bits.
const PANEL: usize = 64;

/// Every element of the result is computed by itself, so it is cut anywhere.
fn by_vector<T: Gemm>(
    matrix: Matrix<'_, T>,
    vector: Matrix<'_, T>,
    out: &mut [T],
    threads: Threads,
    begun: bool,
) {
    let (rows, cols) = matrix.lens;
    let parts = if rows * cols < LARGE_VECTOR { 1 } else { threads.count() };
    if parts < 2 {
        return wide::widely(ByVector { matrix, vector, out, begun });
    }
    let part = rows.div_ceil(parts).next_multiple_of(LINE);
    let mut panels: SmallVec<[(usize, &mut [T]); 8]> = out.chunks_mut(part).enumerate().collect();
    share(&mut panels, &mut vec![(); parts], &|(i, out), ()| {
        let matrix = matrix.rows_from(*i * part, out.len());
        wide::widely(ByVector { matrix, vector, out, begun });
    });
}

fn row_major<T>(data: &mut [T], cols: usize) -> Target<'_, T> {
    Target { data, at: 0, strides: (signed(cols), 1), add: false }
}

/// A product of matrices, by panels of rows.
fn by_matrix<T: Gemm>(a: &Matrix<'_, T>, b: &Matrix<'_, T>, out: &mut [T], threads: Threads) -> Option<()> {
    let ((m, k), n) = (a.lens, b.lens.1);
    let least = if n > PANEL { PANEL } else { 2 * PANEL };
    let large = m >= 2 * least && m.saturating_mul(k).saturating_mul(n) >= LARGE_MATRIX;
    let parts = if large { threads.count() } else { 1 };
    let part = m.div_ceil(parts.max(1)).next_multiple_of(PANEL).max(least);
    // A last panel that is short is no panel.
    if parts < 2 || part >= m || m % part != 0 && m % part < least {
        return product(&a.operand(), &b.operand(), &mut row_major(out, n), (m, k, n));
    }
    let done = AtomicBool::new(true);
    let mut panels: SmallVec<[(usize, &mut [T]); 8]> = out.chunks_mut(part * n).enumerate().collect();
    share(&mut panels, &mut vec![(); parts], &|(i, out), ()| {
        let rows = out.len() / n;
        let panel = a.rows_from(*i * part, rows).operand();
        if product(&panel, &b.operand(), &mut row_major(out, n), (rows, k, n)).is_none() {
            done.store(false, Ordering::Relaxed);
        }
    });
    done.into_inner().then_some(())
}

/// A matrix times a vector, given as a row.
struct ByVector<'m, 'o, T> {
    matrix: Matrix<'m, T>,
    vector: Matrix<'m, T>,
    out: &'o mut [T],
    begun: bool,
}

impl<T: Gemm> wide::Loop for ByVector<'_, '_, T> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        self.matrix.times_vector(&self.vector, self.out, self.begun);
    }
}

/// A matrix in memory.
#[derive(Clone, Copy)]
struct Matrix<'a, T> {
    data: &'a [T],
    at: isize,
    lens: (usize, usize),
    strides: (isize, isize),
}

#[inline]
fn place(at: isize) -> usize {
    usize::try_from(at).unwrap_or(0)
}

impl<'a, T: Gemm> Matrix<'a, T> {
    fn new(data: &'a [T], l: &Layout, lens: (usize, usize), strides: (isize, isize)) -> Matrix<'a, T> {
        Matrix { data, at: l.offset, lens, strides }
    }

    /// A vector is one row.
    fn rows((data, l): &'a Read<'_, T>) -> Matrix<'a, T> {
        match (l.lens.as_slice(), l.strides.as_slice()) {
            ([m, k], [r, c]) => Matrix::new(data, l, (*m, *k), (*r, *c)),
            (lens, strides) => Matrix::new(data, l, (1, lens[0]), (0, strides[0])),
        }
    }

    /// A vector is one column.
    fn columns((data, l): &'a Read<'_, T>) -> Matrix<'a, T> {
        match (l.lens.as_slice(), l.strides.as_slice()) {
            ([m, k], [r, c]) => Matrix::new(data, l, (*m, *k), (*r, *c)),
            (lens, strides) => Matrix::new(data, l, (lens[0], 1), (strides[0], 0)),
        }
    }

    /// Some rows.
    fn rows_from(&self, first: usize, rows: usize) -> Matrix<'a, T> {
        Matrix { at: self.at + signed(first) * self.strides.0, lens: (rows, self.lens.1), ..*self }
    }

    fn transposed(&self) -> Matrix<'a, T> {
        let flip = |(a, b)| (b, a);
        Matrix { lens: (self.lens.1, self.lens.0), strides: flip(self.strides), ..*self }
    }

    fn operand(&self) -> Operand<'a, T> {
        Operand { data: self.data, at: self.at, strides: self.strides }
    }

    /// The rows, where they go forward and their elements lie side by side.
    fn side_by_side(&self) -> Option<Rows<'a, T>> {
        let at = usize::try_from(self.at).ok()?;
        let stride = usize::try_from(self.strides.0).ok()?;
        let rows = Rows::new(self.data, at, stride, self.lens.0, self.lens.1);
        rows.filter(|_| self.strides.1 == 1)
    }

    /// A piece of row `r` from column `c`, copied to `spare` unless it lies side by side.
    #[inline(always)]
    fn piece<'s>(&self, r: usize, c: usize, n: usize, spare: &'s mut [T]) -> &'s [T]
    where
        'a: 's,
    {
        let at = self.at + signed(r) * self.strides.0 + signed(c) * self.strides.1;
        if self.strides.1 == 1 {
            return &self.data[place(at)..][..n];
        }
        for (i, x) in spare[..n].iter_mut().enumerate() {
            *x = self.data[place(at + signed(i) * self.strides.1)];
        }
        &spare[..n]
    }

    /// This times a vector, given as a row.
    #[inline(always)]
    fn times_vector(&self, x: &Matrix<'_, T>, out: &mut [T], begun: bool) {
        let (rows, cols) = self.lens;
        if self.strides.0 == 1 && self.strides.1 != 1 {
            return self.transposed().sum_of_rows(x, out, begun);
        }
        out.fill(T::default());
        let vector = (x.strides.1 != 1).then(|| {
            let mut all = vec![T::default(); cols];
            x.piece(0, 0, cols, &mut all);
            all
        });
        let x = vector.as_deref().map_or(*x, |data| Matrix { data, at: 0, lens: (1, cols), strides: (0, 1) });
        if let Some(m) = self.side_by_side()
            && x.strides.1 == 1
            && T::times(m, x.piece(0, 0, cols, &mut []), out)
        {
            return;
        }
        let (mut a, mut b) = ([T::default(); BLOCK], [T::default(); BLOCK]);
        let full = if self.strides.1 == 1 { rows - rows % ROWS } else { 0 };
        for r in (0..full).step_by(ROWS) {
            self.rows_times(r, x.piece(0, 0, cols, &mut b), &mut out[r..r + ROWS]);
        }
        for (r, y) in out.iter_mut().enumerate().take(rows).skip(full) {
            if cols <= BLOCK {
                *y = lanes(self.piece(r, 0, cols, &mut a), x.piece(0, 0, cols, &mut b));
                continue;
            }
            let mut total = Sums::<T>::default();
            let mut c = 0;
            while c < cols {
                let n = BLOCK.min(cols - c);
                total.push(lanes(self.piece(r, c, n, &mut a), x.piece(0, c, n, &mut b)));
                c += n;
            }
            *y = total.take();
        }
    }

    /// Some rows, whose elements lie side by side, times a vector that does: as each alone.
    #[inline(always)]
    fn rows_times(&self, r: usize, x: &[T], out: &mut [T]) {
        let mut rows: [&[T]; ROWS] = [&[]; ROWS];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = &self.data[place(self.at + signed(r + i) * self.strides.0)..];
        }
        if x.len() <= BLOCK {
            out.copy_from_slice(&lanes_of_rows(rows, x));
            return;
        }
        let mut totals: [Sums<T>; ROWS] = Default::default();
        for c in (0..x.len()).step_by(BLOCK) {
            for row in &mut rows {
                *row = &row[if c == 0 { 0 } else { BLOCK }..];
            }
            let parts = lanes_of_rows(rows, &x[c..x.len().min(c + BLOCK)]);
            for i in 0..ROWS {
                totals[i].push(parts[i]);
            }
        }
        for i in 0..ROWS {
            out[i] = totals[i].take();
        }
    }

    /// The sum of rows, each times its element of `x`.
    #[inline(always)]
    fn sum_of_rows(&self, x: &Matrix<'_, T>, out: &mut [T], begun: bool) {
        let (rows, cols) = self.lens;
        if !begun {
            out.fill(T::default());
        }
        if let Some(m) = self.side_by_side()
            && x.strides.1 == 1
            && T::combine(m, x.piece(0, 0, rows, &mut []), out)
        {
            return;
        }
        let mut c = 0;
        while c < cols {
            let n = BLOCK.min(cols - c);
            let sum = &mut out[c..c + n];
            let row = |r: usize| {
                let factor = x.data[place(x.at + signed(r) * x.strides.1)];
                let at = self.at + signed(r) * self.strides.0 + signed(c);
                (factor, &self.data[place(at)..][..n])
            };
            // Four rows at once leave the sums in registers; the order of additions is the same.
            let mut r = 0;
            while r + 4 <= rows {
                let [(f0, v0), (f1, v1), (f2, v2), (f3, v3)] = [row(r), row(r + 1), row(r + 2), row(r + 3)];
                let (v0, v1, v2, v3) = (&v0[..n], &v1[..n], &v2[..n], &v3[..n]);
                let sum = &mut sum[..n];
                for i in 0..n {
                    sum[i] = (((sum[i] + f0 * v0[i]) + f1 * v1[i]) + f2 * v2[i]) + f3 * v3[i];
                }
                r += 4;
            }
            for r in r..rows {
                let (factor, values) = row(r);
                for (s, &v) in sum.iter_mut().zip(values) {
                    *s += factor * v;
                }
            }
            c += n;
        }
    }
}

#[cfg(test)]
mod tests;
