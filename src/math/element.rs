//! The numbers that arrays are made of: doubles and singles.

use std::fmt::Debug;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use super::{Binary, Unary};

/// A floating-point number in memory.
pub trait Element:
    Copy
    + Default
    + Debug
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
{
    /// The nearest to a double.
    fn of(x: f64) -> Self;
    /// The same number as a double.
    fn wide(self) -> f64;
    /// An elementary function, for arguments that are not [rare](Element::rare).
    fn unary<F: Unary>(x: Self) -> Self;
    /// Does the scalar function take this argument?
    fn rare<F: Unary>(x: Self) -> bool;
    /// A function of two, for arguments that are not rare.
    fn binary<F: Binary>(x: Self, y: Self) -> Self;
}

impl Element for f64 {
    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
    #[inline(always)]
    fn unary<F: Unary>(x: f64) -> f64 {
        F::at(x)
    }
    #[inline(always)]
    fn rare<F: Unary>(x: f64) -> bool {
        F::rare(x)
    }
    #[inline(always)]
    fn binary<F: Binary>(x: f64, y: f64) -> f64 {
        F::at(x, y)
    }
}

/// The value in doubles, rounded, where there is no formula for singles: half a unit in the last
/// place, but for one argument in some millions.
impl Element for f32 {
    #[inline(always)]
    fn of(x: f64) -> f32 {
        #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked")]
        let x = x as f32;
        x
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn unary<F: Unary>(x: f32) -> f32 {
        if F::SINGLE { F::at(x) } else { f32::of(F::at(f64::from(x))) }
    }
    #[inline(always)]
    fn rare<F: Unary>(x: f32) -> bool {
        !F::SINGLE && F::rare(f64::from(x))
    }
    #[inline(always)]
    fn binary<F: Binary>(x: f32, y: f32) -> f32 {
        f32::of(F::at(f64::from(x), f64::from(y)))
    }
}
