//! Operators that need their operands whole: linear algebra, scans, searches, diagonals, gathers.

pub(super) mod derive;
pub(super) mod linalg;
pub(super) mod pieces;
pub(super) mod place;
pub(super) mod scan;
pub(super) mod sort;
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

/// What moving, adding up and comparing ask of a number: doubles, and integers that keep their low bits.
pub(super) trait Number: Copy + PartialOrd + std::fmt::Display {
    /// Zero.
    const ZERO: Self;
    /// Sum.
    fn plus(self, o: Self) -> Self;
    /// Product.
    fn times(self, o: Self) -> Self;
    /// A place or a count.
    fn of(n: usize) -> Self;
    /// The integer, where it is one.
    fn integer(self) -> Option<i64>;
    /// Is it no number?
    fn is_nan(self) -> bool;
}

impl Number for f64 {
    const ZERO: f64 = 0.0;
    fn plus(self, o: f64) -> f64 {
        self + o
    }
    fn times(self, o: f64) -> f64 {
        self * o
    }
    fn of(n: usize) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
        let x = n as f64;
        x
    }
    fn integer(self) -> Option<i64> {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "what is too large saturates, and is out of bounds"
        )]
        let whole = self as i64;
        (self.fract() == 0.0).then_some(whole)
    }
    fn is_nan(self) -> bool {
        f64::is_nan(self)
    }
}

impl Number for i64 {
    const ZERO: i64 = 0;
    fn plus(self, o: i64) -> i64 {
        self.wrapping_add(o)
    }
    fn times(self, o: i64) -> i64 {
        self.wrapping_mul(o)
    }
    fn of(n: usize) -> i64 {
        i64::try_from(n).unwrap_or(i64::MAX)
    }
    fn integer(self) -> Option<i64> {
        Some(self)
    }
    fn is_nan(self) -> bool {
        false
    }
}

/// Rows and columns of a matrix.
fn sides<T>(m: &Dense<'_, T>) -> (usize, usize) {
    (m.lens[0], m.lens[1])
}
