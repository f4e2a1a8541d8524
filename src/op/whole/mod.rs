//! Operators that need their operands whole: linear algebra, scans, searches, diagonals, gathers.

pub(super) mod derive;
pub(super) mod linalg;
pub(super) mod pieces;
pub(super) mod place;
pub(super) mod scan;
pub(super) mod types;

use super::{Attr, Dense};

/// What a kernel returns.
pub(super) type Done = Result<(), String>;

/// The axis of an operator that has one.
fn axis(attr: &Attr) -> usize {
    if let Attr::Axis(a) = attr { *a } else { 0 }
}

/// Lengths before, at and after an axis: element `(i, k, j)` lies at `(i * n + k) * after + j`.
fn around(lens: &[usize], axis: usize) -> (usize, usize, usize) {
    let before = lens[..axis].iter().product();
    let after = lens[axis + 1..].iter().product();
    (before, lens[axis], after)
}

/// Rows and columns of a matrix.
fn sides(m: &Dense<'_>) -> (usize, usize) {
    (m.lens[0], m.lens[1])
}
