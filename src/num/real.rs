//! Real numbers to some 75 digits: the judge of every rounding claim.
//!
//! A thin face over `astro-float-num`, so that the meaning of an operator reads as a formula. The same formula computes
//! with some 30 digits and a bound of their error, a hundred times as fast, where its operands are [`Real::short`].

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;

use astro_float_num::{BigFloat, Consts};

use super::convert::{BITS, RM, exact, nearest};
use super::short::Short;

thread_local! {
    static CONSTS: RefCell<Option<Consts>> = RefCell::new(Consts::new().ok());
    static PI: Real = Real::from(1.0).atan() * Real::from(4.0);
}

fn with_consts(f: impl FnOnce(&mut Consts) -> BigFloat) -> Real {
    CONSTS.with(|c| match c.borrow_mut().as_mut() {
        Some(c) => Real::long(f(c)),
        None => Real::nan(),
    })
}

/// A real number, an infinity, or NaN where there is no such number.
#[derive(Clone)]
pub struct Real(Kind);

#[derive(Clone)]
enum Kind {
    /// As it was given: short among short numbers, else long.
    Double(f64),
    Short(Short),
    Long(BigFloat),
}

impl Real {
    /// Not a number.
    pub fn nan() -> Real {
        Real(Kind::Double(f64::NAN))
    }

    /// A number that makes the results of which it is an operand short.
    pub fn short(x: f64) -> Real {
        Real(Kind::Short(Short::from(x)))
    }

    /// How much it may be off, relatively, because it is short; infinite where it is zero as far as its digits tell, or
    /// where they tell nothing.
    pub fn err(&self) -> f64 {
        if let Kind::Short(s) = self.0 { s.err() } else { 0.0 }
    }

    /// Was it short, and too large, undefined or the like for that?
    pub fn is_lost(&self) -> bool {
        matches!(self.0, Kind::Short(s) if s.is_lost())
    }

    fn long(x: BigFloat) -> Real {
        Real(Kind::Long(x))
    }

    /// How much a short zero may be off.
    #[cfg(test)]
    pub(super) fn vanished(&self) -> f64 {
        if let Kind::Short(s) = self.0 { s.off() } else { 0.0 }
    }

    /// The same number with more digits.
    #[cfg(test)]
    pub(super) fn long_of(&self) -> Real {
        Real::long(self.to_long().into_owned())
    }

    fn to_long(&self) -> Cow<'_, BigFloat> {
        Cow::Owned(match &self.0 {
            Kind::Long(x) => return Cow::Borrowed(x),
            Kind::Double(x) => exact(*x),
            Kind::Short(s) if s.is_lost() => BigFloat::nan(None),
            Kind::Short(s) => {
                let (hi, lo, scale) = s.parts();
                let sum = if lo == 0.0 { exact(hi) } else { exact(hi).add(&exact(lo), BITS, RM) };
                let power = || BigFloat::from_f64(2.0, BITS).powi(scale.unsigned_abs() as usize, BITS, RM);
                match scale.signum() {
                    0 => sum,
                    1 => sum.mul(&power(), BITS, RM),
                    _ => sum.div(&power(), BITS, RM),
                }
            }
        })
    }

    fn to_short(&self) -> Short {
        match &self.0 {
            Kind::Double(x) => Short::from(*x),
            Kind::Short(s) => *s,
            Kind::Long(x) => {
                let hi = self.to_f64();
                if !hi.is_finite() || hi == 0.0 {
                    return if x.is_nan() { Short::from(f64::NAN) } else { Short::LOST };
                }
                let rest = Real::long(x.sub(&exact(hi), BITS, RM)).to_f64();
                Short::rounded(hi, rest)
            }
        }
    }

    fn is_short(&self) -> bool {
        matches!(self.0, Kind::Short(_))
    }

    /// One of two functions: of a short number, or of a long one.
    fn either(&self, short: fn(Short) -> Short, long: impl FnOnce(&Real) -> Real) -> Real {
        if let Kind::Short(s) = self.0 { Real(Kind::Short(short(s))) } else { long(self) }
    }

    /// Half the circumference of the unit circle.
    pub fn pi() -> Real {
        PI.with(Clone::clone)
    }

    /// Is it not a number?
    pub fn is_nan(&self) -> bool {
        match &self.0 {
            Kind::Double(x) => x.is_nan(),
            Kind::Short(s) => s.is_nan(),
            Kind::Long(x) => x.is_nan(),
        }
    }

    /// Is it an infinity?
    pub fn is_infinite(&self) -> bool {
        match &self.0 {
            Kind::Double(x) => x.is_infinite(),
            Kind::Short(s) => s.is_infinite(),
            Kind::Long(x) => x.is_inf(),
        }
    }

    /// Is it zero?
    pub fn is_zero(&self) -> bool {
        match &self.0 {
            Kind::Double(x) => *x == 0.0,
            Kind::Short(s) => s.is_zero(),
            Kind::Long(x) => x.is_zero(),
        }
    }

    /// Has it a minus sign? That of zero counts.
    fn has_minus(&self) -> bool {
        match &self.0 {
            Kind::Double(x) => x.is_sign_negative() && !x.is_nan(),
            Kind::Short(s) => s.has_minus(),
            Kind::Long(x) => x.is_negative(),
        }
    }

    /// Is it below zero? False for NaN and zero.
    pub fn is_negative(&self) -> bool {
        self.has_minus() && !self.is_zero() && !self.is_nan()
    }

    /// Its absolute value.
    pub fn abs(&self) -> Real {
        self.either(Short::abs, |x| match &x.0 {
            Kind::Double(x) => Real::from(x.abs()),
            _ => Real::long(x.to_long().abs()),
        })
    }

    /// e to its power.
    pub fn exp(&self) -> Real {
        self.either(Short::exp, |x| {
            if x.is_infinite() {
                return if x.has_minus() { Real::from(0.0) } else { x.clone() };
            }
            with_consts(|c| x.to_long().exp(BITS, RM, c))
        })
    }

    /// Natural logarithm; NaN below zero.
    pub fn ln(&self) -> Real {
        self.either(Short::ln, |x| {
            if x.is_zero() {
                return Real::from(f64::NEG_INFINITY);
            }
            if x.is_nan() || x.is_negative() {
                return Real::nan();
            }
            if x.is_infinite() {
                return x.clone();
            }
            with_consts(|c| x.to_long().ln(BITS, RM, c))
        })
    }

    /// Square root; NaN below zero.
    pub fn sqrt(&self) -> Real {
        let long = |x: &Real| Real::long(x.to_long().sqrt(BITS, RM));
        self.either(Short::sqrt, |x| if x.is_negative() { Real::nan() } else { long(x) })
    }

    /// Sine; NaN at infinity and beyond the range of doubles.
    pub fn sin(&self) -> Real {
        let long = |x: &Real| with_consts(|c| x.to_long().sin(BITS, RM, c));
        self.either(Short::sin, |x| if x.beyond_doubles() { Real::nan() } else { long(x) })
    }

    /// Cosine; NaN at infinity and beyond the range of doubles.
    pub fn cos(&self) -> Real {
        let long = |x: &Real| with_consts(|c| x.to_long().cos(BITS, RM, c));
        self.either(Short::cos, |x| if x.beyond_doubles() { Real::nan() } else { long(x) })
    }

    /// Does it round to an infinity? Reducing such an argument takes as many digits as it has, and it
    /// may have a hundred million.
    fn beyond_doubles(&self) -> bool {
        self.to_f64().is_infinite()
    }

    /// Arc tangent.
    pub fn atan(&self) -> Real {
        self.either(Short::atan, |x| {
            if x.is_infinite() {
                let half_pi = Real::pi() / Real::from(2.0);
                return if x.has_minus() { -half_pi } else { half_pi };
            }
            with_consts(|c| x.to_long().atan(BITS, RM, c))
        })
    }

    /// Power with the meaning of C's `pow`: integer exponents of negative bases are defined.
    pub fn pow(&self, e: &Real) -> Real {
        if self.is_short() || e.is_short() {
            return Real(Kind::Short(self.to_short().pow(e.to_short())));
        }
        let n = e.to_f64();
        if n == 0.0 {
            return Real::from(1.0);
        }
        if self.is_nan() || e.is_nan() {
            return if *self == Real::from(1.0) { self.clone() } else { Real::nan() };
        }
        let integral = n.is_finite() && n.fract() == 0.0;
        if integral && n.abs() <= 1024.0 && !self.is_infinite() {
            let p = Real::long(self.to_long().powi(whole(n.abs()), BITS, RM));
            return if n < 0.0 { Real::from(1.0) / p } else { p };
        }
        if self.is_infinite() || e.is_infinite() || self.is_zero() {
            // Special values follow IEEE 754, exactly.
            return Real::from(libm::pow(self.to_f64(), n));
        }
        if self.is_negative() {
            if !integral {
                return Real::nan();
            }
            let m = (e.clone() * self.abs().ln()).exp();
            return if libm::fmod(n, 2.0) == 0.0 { m } else { -m };
        }
        (e.clone() * self.ln()).exp()
    }

    /// The nearest double (ties to even; overflow gives an infinity, underflow a subnormal or zero).
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Kind::Double(x) => *x,
            Kind::Short(s) => s.value(),
            Kind::Long(x) => nearest(x),
        }
    }
}

fn whole(k: f64) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= k <= 1024")]
    let n = k as usize;
    n
}

impl From<f64> for Real {
    fn from(x: f64) -> Real {
        Real(Kind::Double(x))
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
        match (&self.0, &other.0) {
            (Kind::Double(a), Kind::Double(b)) => a.partial_cmp(b),
            _ if self.is_short() || other.is_short() => self.to_short().compare(other.to_short()),
            _ => self.to_long().cmp(&other.to_long()).map(|c| c.cmp(&0)),
        }
    }
}

impl fmt::Debug for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_long())
    }
}

macro_rules! real_op {
    ($trait:ident, $method:ident) => {
        impl std::ops::$trait for Real {
            type Output = Real;
            fn $method(self, other: Real) -> Real {
                std::ops::$trait::$method(&self, &other)
            }
        }
        impl std::ops::$trait for &Real {
            type Output = Real;
            fn $method(self, other: &Real) -> Real {
                if self.is_short() || other.is_short() {
                    return Real(Kind::Short(self.to_short().$method(other.to_short())));
                }
                Real::long(self.to_long().$method(&other.to_long(), BITS, RM))
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
        -&self
    }
}
impl std::ops::Neg for &Real {
    type Output = Real;
    fn neg(self) -> Real {
        self.either(Short::neg, |x| match &x.0 {
            Kind::Double(x) => Real::from(-x),
            _ => Real::long(x.to_long().into_owned().neg()),
        })
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
