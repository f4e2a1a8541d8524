//! The numbers that arrays are made of: doubles and singles.

use std::fmt::Debug;
use std::ops::AddAssign;

use super::Lanes;

/// A floating-point number in memory; as lanes it is one.
pub trait Element:
    Lanes<Mask = bool> + Default + Debug + PartialEq + PartialOrd + Send + Sync + 'static + AddAssign
{
    /// The nearest to a double.
    fn of(x: f64) -> Self;
    /// The same number as a double.
    fn wide(self) -> f64;
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
}

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
}
