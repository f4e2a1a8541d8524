//! Linear algebra of one matrix, by nalgebra's LU (partial pivoting) and Cholesky factors.
//!
//! A matrix that has no such factor gives NaN, as 0 / 0 does: which matrices those are is not known
//! before a program runs.

use nalgebra::{Cholesky, DMatrix, Dyn, LU};

use super::{Done, sides};
use crate::op::{Attr, Dense};

fn matrix(m: &Dense<'_>) -> DMatrix<f64> {
    let (rows, cols) = match m.lens {
        [n] => (*n, 1),
        _ => sides(m),
    };
    DMatrix::from_row_slice(rows, cols, m.data)
}

fn put(m: &DMatrix<f64>, out: &mut [f64]) {
    let cols = m.ncols();
    for (i, o) in out.iter_mut().enumerate() {
        *o = m[(i / cols, i % cols)];
    }
}

fn lu(m: &Dense<'_>) -> LU<f64, Dyn, Dyn> {
    LU::new(matrix(m))
}

/// The determinant; of no rows it is 1.
pub(in crate::op) fn det(_: &Attr, x: &[Dense<'_>], _: &[usize], out: &mut [f64]) -> Done {
    out[0] = lu(&x[0]).determinant();
    Ok(())
}

/// The logarithm of the absolute value of the determinant, without forming it.
pub(in crate::op) fn logdet(_: &Attr, x: &[Dense<'_>], _: &[usize], out: &mut [f64]) -> Done {
    let u = lu(&x[0]).u();
    out[0] = (0..u.nrows()).map(|i| libm::log(u[(i, i)].abs())).sum();
    Ok(())
}

/// The inverse.
pub(in crate::op) fn inverse(_: &Attr, x: &[Dense<'_>], _: &[usize], out: &mut [f64]) -> Done {
    match lu(&x[0]).try_inverse() {
        Some(m) => put(&m, out),
        None => out.fill(f64::NAN),
    }
    Ok(())
}

/// `A^-1 b` for a vector or the columns of a matrix.
pub(in crate::op) fn solve(_: &Attr, x: &[Dense<'_>], _: &[usize], out: &mut [f64]) -> Done {
    match lu(&x[0]).solve(&matrix(&x[1])) {
        Some(m) => put(&m, out),
        None => out.fill(f64::NAN),
    }
    Ok(())
}

/// The lower triangular `L` with `L L^T = A`; reads the lower triangle.
pub(in crate::op) fn cholesky(_: &Attr, x: &[Dense<'_>], _: &[usize], out: &mut [f64]) -> Done {
    match Cholesky::new(matrix(&x[0])) {
        Some(c) => put(&c.l(), out),
        None => out.fill(f64::NAN),
    }
    Ok(())
}
