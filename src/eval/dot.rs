//! Products of vectors and matrices.
//!
//! Matrix by matrix packs its operands, so transposes cost nothing. The rest reads memory once: rows
//! as sums in lanes joined in pairs, columns as sums of columns.

use super::copy::Read;
use super::error::RunError;
use super::layout::{Layout, signed};
use super::product::{Operand, product};
use crate::math::wide;

const LANES: usize = 16;
const BLOCK: usize = 512;

/// The product into `out`, in row-major order.
pub(crate) fn dot(a: &Read<'_>, b: &Read<'_>, out: &mut [f64]) -> Result<(), RunError> {
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
        out.fill(0.0);
        return Ok(());
    }
    let a = Matrix::rows(a);
    let b = Matrix::columns(b);
    if n == 1 {
        wide::widely(ByVector { matrix: a, vector: b.transposed(), out });
    } else if m == 1 {
        wide::widely(ByVector { matrix: b.transposed(), vector: a, out });
    } else {
        product(&a.operand(), &b.operand(), out, (m, k, n)).ok_or_else(fail)?;
    }
    Ok(())
}

/// A matrix times a vector, given as a row.
struct ByVector<'m, 'o> {
    matrix: Matrix<'m>,
    vector: Matrix<'m>,
    out: &'o mut [f64],
}

impl wide::Loop for ByVector<'_, '_> {
    type Out = ();
    #[inline(always)]
    fn run(self) {
        self.matrix.times_vector(&self.vector, self.out);
    }
}

/// A matrix in memory.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    data: &'a [f64],
    at: isize,
    lens: (usize, usize),
    strides: (isize, isize),
}

fn place(at: isize) -> usize {
    usize::try_from(at).unwrap_or(0)
}

impl<'a> Matrix<'a> {
    fn new(data: &'a [f64], l: &Layout, lens: (usize, usize), strides: (isize, isize)) -> Matrix<'a> {
        Matrix { data, at: l.offset, lens, strides }
    }

    /// A vector is one row.
    fn rows((data, l): &Read<'a>) -> Matrix<'a> {
        match (l.lens.as_slice(), l.strides.as_slice()) {
            ([m, k], [r, c]) => Matrix::new(data, l, (*m, *k), (*r, *c)),
            (lens, strides) => Matrix::new(data, l, (1, lens[0]), (0, strides[0])),
        }
    }

    /// A vector is one column.
    fn columns((data, l): &Read<'a>) -> Matrix<'a> {
        match (l.lens.as_slice(), l.strides.as_slice()) {
            ([m, k], [r, c]) => Matrix::new(data, l, (*m, *k), (*r, *c)),
            (lens, strides) => Matrix::new(data, l, (lens[0], 1), (strides[0], 0)),
        }
    }

    fn transposed(&self) -> Matrix<'a> {
        let flip = |(a, b)| (b, a);
        Matrix { lens: (self.lens.1, self.lens.0), strides: flip(self.strides), ..*self }
    }

    fn operand(&self) -> Operand<'a> {
        Operand { data: self.data, at: self.at, strides: self.strides }
    }

    /// A piece of row `r` from column `c`, copied to `spare` unless it lies side by side.
    #[inline(always)]
    fn piece<'s>(&self, r: usize, c: usize, n: usize, spare: &'s mut [f64]) -> &'s [f64]
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
    fn times_vector(&self, x: &Matrix<'_>, out: &mut [f64]) {
        let (rows, cols) = self.lens;
        let (mut a, mut b) = ([0.0; BLOCK], [0.0; BLOCK]);
        if self.strides.0 == 1 && self.strides.1 != 1 {
            return self.transposed().sum_of_rows(x, out);
        }
        out.fill(0.0);
        let vector = (x.strides.1 != 1).then(|| {
            let mut all = vec![0.0; cols];
            x.piece(0, 0, cols, &mut all);
            all
        });
        let x = vector.as_deref().map_or(*x, |data| Matrix { data, at: 0, lens: (1, cols), strides: (0, 1) });
        for (r, y) in out.iter_mut().enumerate().take(rows) {
            if cols <= BLOCK {
                *y = lanes(self.piece(r, 0, cols, &mut a), x.piece(0, 0, cols, &mut b));
                continue;
            }
            let mut total = Sums::default();
            let mut c = 0;
            while c < cols {
                let n = BLOCK.min(cols - c);
                total.push(lanes(self.piece(r, c, n, &mut a), x.piece(0, c, n, &mut b)));
                c += n;
            }
            *y = total.take();
        }
    }

    /// The sum of rows, each times its element of `x`.
    #[inline(always)]
    fn sum_of_rows(&self, x: &Matrix<'_>, out: &mut [f64]) {
        let (rows, cols) = self.lens;
        out.fill(0.0);
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
                for (i, s) in sum.iter_mut().enumerate() {
                    *s = (((*s + f0 * v0[i]) + f1 * v1[i]) + f2 * v2[i]) + f3 * v3[i];
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

#[inline(always)]
fn lanes(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (mut xs, mut ys) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (x, y) in (&mut xs).zip(&mut ys) {
        for i in 0..LANES {
            sums[i] += x[i] * y[i];
        }
    }
    for ((s, x), y) in sums.iter_mut().zip(xs.remainder()).zip(ys.remainder()) {
        *s += x * y;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
        width /= 2;
    }
    sums[0]
}

/// A sum of blocks, joined in pairs.
#[derive(Default)]
struct Sums(smallvec::SmallVec<[(u32, f64); 16]>);

impl Sums {
    fn push(&mut self, x: f64) {
        let (mut size, mut x) = (0, x);
        while self.0.last().is_some_and(|(s, _)| *s == size) {
            x += self.0.pop().map_or(0.0, |(_, y)| y);
            size += 1;
        }
        self.0.push((size, x));
    }

    fn take(&mut self) -> f64 {
        self.0.drain(..).rev().map(|(_, x)| x).reduce(|a, b| a + b).unwrap_or(0.0)
    }
}
