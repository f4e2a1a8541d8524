//! Real numbers to some 75 digits: the judge of every rounding claim.
//!
//! A thin face over `astro-float-num`, so that the meaning of an operator reads as a formula.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;

use astro_float_num::{BigFloat, Consts, RoundingMode, Sign};

/// Bits of the mantissa.
const BITS: usize = 256;
const RM: RoundingMode = RoundingMode::ToEven;

thread_local! {
    static CONSTS: RefCell<Option<Consts>> = RefCell::new(Consts::new().ok());
}

fn with_consts(f: impl FnOnce(&mut Consts) -> BigFloat) -> Real {
    CONSTS.with(|c| match c.borrow_mut().as_mut() {
        Some(c) => Real(f(c)),
        None => Real::nan(),
    })
}

/// A real number, an infinity, or NaN where there is no such number.
#[derive(Clone)]
pub struct Real(BigFloat);

impl Real {
    /// Not a number.
    pub fn nan() -> Real {
        Real(BigFloat::nan(None))
    }

    /// Is it not a number?
    pub fn is_nan(&self) -> bool {
        self.0.is_nan()
    }

    /// Is it an infinity?
    pub fn is_infinite(&self) -> bool {
        self.0.is_inf()
    }

    /// Is it zero?
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Is it below zero? False for NaN and zero.
    pub fn is_negative(&self) -> bool {
        self.0.is_negative() && !self.0.is_zero() && !self.0.is_nan()
    }

    /// Its absolute value.
    pub fn abs(&self) -> Real {
        Real(self.0.abs())
    }

    /// e to its power.
    pub fn exp(&self) -> Real {
        if self.is_infinite() {
            return if self.0.is_negative() { Real::from(0.0) } else { self.clone() };
        }
        with_consts(|c| self.0.exp(BITS, RM, c))
    }

    /// Natural logarithm; NaN below zero.
    pub fn ln(&self) -> Real {
        if self.is_zero() {
            return Real::from(f64::NEG_INFINITY);
        }
        if self.is_nan() || self.is_negative() {
            return Real::nan();
        }
        if self.is_infinite() {
            return self.clone();
        }
        with_consts(|c| self.0.ln(BITS, RM, c))
    }

    /// Square root; NaN below zero.
    pub fn sqrt(&self) -> Real {
        if self.is_negative() { Real::nan() } else { Real(self.0.sqrt(BITS, RM)) }
    }

    /// Sine; NaN at infinity and beyond the range of doubles.
    pub fn sin(&self) -> Real {
        if self.beyond_doubles() { Real::nan() } else { with_consts(|c| self.0.sin(BITS, RM, c)) }
    }

    /// Cosine; NaN at infinity and beyond the range of doubles.
    pub fn cos(&self) -> Real {
        if self.beyond_doubles() { Real::nan() } else { with_consts(|c| self.0.cos(BITS, RM, c)) }
    }

    /// Does it round to an infinity? Reducing such an argument takes as many digits as it has, and it
    /// may have a hundred million.
    fn beyond_doubles(&self) -> bool {
        self.to_f64().is_infinite()
    }

    /// Arc tangent.
    pub fn atan(&self) -> Real {
        if self.is_infinite() {
            let half_pi = Real::from(1.0).atan() * Real::from(2.0);
            return if self.0.is_negative() { -half_pi } else { half_pi };
        }
        with_consts(|c| self.0.atan(BITS, RM, c))
    }

    /// Power with the meaning of C's `pow`: integer exponents of negative bases are defined.
    pub fn pow(&self, e: &Real) -> Real {
        let n = e.to_f64();
        if n == 0.0 {
            return Real::from(1.0);
        }
        if self.is_nan() || e.is_nan() {
            return if *self == Real::from(1.0) { self.clone() } else { Real::nan() };
        }
        let integral = n.is_finite() && n.fract() == 0.0;
        if integral && n.abs() <= 1024.0 && !self.is_infinite() {
            let k = libm::fabs(n);
            let p = Real(self.0.powi(usize_of(k), BITS, RM));
            return if n < 0.0 { Real::from(1.0) / p } else { p };
        }
        if self.is_negative() || self.is_infinite() || e.is_infinite() || self.is_zero() {
            // Special values follow IEEE 754, exactly.
            let special = libm::pow(self.to_f64(), n);
            if special.is_nan() || special == 0.0 || special.is_infinite() || special == 1.0 {
                return Real::from(special);
            }
            let odd = libm::fmod(n, 2.0) != 0.0;
            let m = (e.clone() * self.abs().ln()).exp();
            return if odd { -m } else { m };
        }
        (e.clone() * self.ln()).exp()
    }

    /// The nearest double (ties to even; overflow gives an infinity, underflow a subnormal or zero).
    pub fn to_f64(&self) -> f64 {
        if self.is_nan() {
            return f64::NAN;
        }
        if self.is_infinite() {
            return if self.0.is_negative() { f64::NEG_INFINITY } else { f64::INFINITY };
        }
        let Some((words, _, sign, exponent, _)) = self.0.as_raw_parts() else { return f64::NAN };
        let zero = if sign == Sign::Neg { -0.0 } else { 0.0 };
        let Some((&top, rest)) = words.split_last() else { return zero };
        if top == 0 {
            return zero;
        }
        // value = 0.m * 2^exponent with the top bit of m set. Fold the rest into a sticky bit.
        let sticky = u64::from(rest.iter().any(|&w| w != 0));
        let e = i64::from(exponent);
        // Bits that fit: 53, fewer below the normal range.
        let keep = (e + 1074).clamp(0, 53);
        let shift = 64 - keep;
        if keep == 0 && e + 1074 < 0 {
            return zero;
        }
        let mut m = if shift == 64 { 0 } else { top >> shift };
        let half = 1u64 << (shift - 1);
        let below = if shift == 64 { top } else { top & ((1u64 << shift) - 1) };
        let round_up = below > half || (below == half && (sticky == 1 || m & 1 == 1));
        m += u64::from(round_up);
        let scaled = ldexp(m, e - keep);
        if sign == Sign::Neg { -scaled } else { scaled }
    }
}

/// `m * 2^e` for at most 54 bits, already rounded to what fits.
fn ldexp(m: u64, e: i64) -> f64 {
    // Exact: m has at most 53 significant bits after rounding.
    #[allow(clippy::cast_precision_loss, reason = "at most 2^53")]
    let m = m as f64;
    libm::scalbn(m, i32::try_from(e.clamp(-4000, 4000)).unwrap_or(0))
}

fn usize_of(k: f64) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= k <= 1024")]
    let n = k as usize;
    n
}

impl From<f64> for Real {
    fn from(x: f64) -> Real {
        // The library halves numbers below the normal range; scaling by a power of two is exact.
        const SCALE: f64 = 18_446_744_073_709_551_616.0;
        if x.is_subnormal() {
            let scaled = BigFloat::from_f64(x * SCALE, BITS);
            return Real(scaled.div(&BigFloat::from_f64(SCALE, BITS), BITS, RM));
        }
        let real = BigFloat::from_f64(x, BITS);
        // It also drops the sign of zero.
        Real(if x == 0.0 && x.is_sign_negative() && real.is_positive() { real.neg() } else { real })
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Real) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Real) -> Option<Ordering> {
        if self.is_nan() || other.is_nan() {
            return None;
        }
        self.0.cmp(&other.0).map(|c| c.cmp(&0))
    }
}

impl fmt::Debug for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

macro_rules! real_op {
    ($trait:ident, $method:ident) => {
        impl std::ops::$trait for Real {
            type Output = Real;
            fn $method(self, other: Real) -> Real {
                Real(self.0.$method(&other.0, BITS, RM))
            }
        }
        impl std::ops::$trait for &Real {
            type Output = Real;
            fn $method(self, other: &Real) -> Real {
                Real(self.0.$method(&other.0, BITS, RM))
            }
        }
    };
}
real_op!(Add, add);
real_op!(Sub, sub);
real_op!(Mul, mul);
real_op!(Div, div);

impl std::ops::Neg for Real {
    type Output = Real;
    fn neg(self) -> Real {
        Real(self.0.neg())
    }
}
impl std::ops::Neg for &Real {
    type Output = Real;
    fn neg(self) -> Real {
        Real(self.0.clone().neg())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_to_the_nearest_double() {
        for x in [1.0, -2.5, 1e300, 5e-324, 1e-310, f64::MAX, f64::MIN_POSITIVE, 0.1, -0.0] {
            assert_eq!(Real::from(x).to_f64().to_bits(), x.to_bits(), "{x}");
        }
        let tiny = Real::from(f64::from_bits(1));
        assert_eq!((tiny.clone() / Real::from(2.0)).to_f64(), 0.0);
        assert_eq!((tiny.clone() * Real::from(0.75)).to_f64(), f64::from_bits(1));
        assert_eq!((Real::from(f64::MAX) * Real::from(2.0)).to_f64(), f64::INFINITY);
        assert_eq!(Real::from(1.0).exp().to_f64(), std::f64::consts::E);
        assert_eq!(Real::from(2.0).ln().to_f64(), std::f64::consts::LN_2);
        assert_eq!((Real::from(1.0) / Real::from(3.0)).to_f64(), 1.0 / 3.0);
    }

    /// Reducing ten to a few hundred thousand would take seconds, and larger ones hours.
    #[test]
    fn trigonometry_ends_where_doubles_do() {
        let huge = Real::from(13.0).exp().exp();
        assert!(!huge.is_infinite() && huge.to_f64().is_infinite());
        assert!(huge.sin().is_nan() && huge.cos().is_nan());
        assert!(!Real::from(f64::MAX).sin().is_nan());
    }

    #[test]
    fn special_values_follow_ieee() {
        assert!(Real::from(-1.0).ln().is_nan());
        assert_eq!(Real::from(0.0).ln().to_f64(), f64::NEG_INFINITY);
        assert_eq!(Real::from(-8.0).pow(&Real::from(3.0)).to_f64(), -512.0);
        assert_eq!(Real::from(f64::NEG_INFINITY).exp().to_f64(), 0.0);
        assert!(Real::from(-1.0).pow(&Real::from(0.5)).is_nan());
        assert_eq!(Real::from(f64::NAN).pow(&Real::from(0.0)).to_f64(), 1.0);
        assert!((Real::from(0.0) / Real::from(0.0)).is_nan());
        assert_eq!((Real::from(1.0) / Real::from(0.0)).to_f64(), f64::INFINITY);
    }
}
