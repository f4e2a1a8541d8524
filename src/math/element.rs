//! The numbers that arrays are made of: doubles and singles.

use std::fmt::Debug;
use std::ops::AddAssign;

use super::{Binary, Lanes, Unary};

/// A floating-point number in memory; as lanes it is one.
pub trait Element:
    Lanes<Mask = bool> + Default + Debug + PartialEq + PartialOrd + Send + Sync + 'static + AddAssign
{
    /// As [`Lanes::single`].
    const SINGLE: bool;
    /// The nearest to a double.
    fn of(x: f64) -> Self;
    /// The same number as a double.
    fn wide(self) -> f64;

    /// A formula, where it [holds](Element::holds1). Singles are computed as doubles where it is not
    /// made for them, and rounded: half a unit in the last place, but for one in some millions.
    #[inline(always)]
    fn at1<F: Unary>(x: Self) -> Self {
        if Self::SINGLE && !F::SINGLE { Self::of(F::at(x.wide())) } else { F::at(x) }
    }
    /// As [`Unary::holds`].
    #[inline(always)]
    fn holds1<F: Unary>(x: Self) -> bool {
        if Self::SINGLE && !F::SINGLE { F::holds(x.wide()) } else { F::holds(x) }
    }
    /// As [`Element::at1`].
    #[inline(always)]
    fn at2<F: Binary>(x: Self, y: Self) -> Self {
        if Self::SINGLE && !F::SINGLE { Self::of(F::at(x.wide(), y.wide())) } else { F::at(x, y) }
    }
    /// As [`Binary::holds`].
    #[inline(always)]
    fn holds2<F: Binary>(x: Self, y: Self) -> bool {
        if Self::SINGLE && !F::SINGLE { F::holds(x.wide(), y.wide()) } else { F::holds(x, y) }
    }
}

impl Element for f64 {
    const SINGLE: bool = false;
    #[inline(always)]
    fn of(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }
}

impl Element for f32 {
    const SINGLE: bool = true;
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
}
