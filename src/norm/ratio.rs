//! Exact rational coefficients; anything that does not fit gives up.

use std::cmp::Ordering;

/// `num / den`, in lowest terms, `den > 0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Ratio {
    num: i64,
    den: i64,
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a).unwrap_or(1).max(1)
}

impl Ratio {
    pub(super) const ZERO: Ratio = Ratio { num: 0, den: 1 };
    pub(super) const ONE: Ratio = Ratio { num: 1, den: 1 };

    fn new(num: i64, den: i64) -> Option<Ratio> {
        if den == 0 {
            return None;
        }
        let g = gcd(num, den);
        let sign = den.signum();
        let r = Ratio { num: (num / g).checked_mul(sign)?, den: (den / g).checked_mul(sign)? };
        // Stay where doubles are exact and products cannot run away.
        (r.num.unsigned_abs() <= 1 << 40 && r.den <= 1 << 40).then_some(r)
    }

    /// The integer, where it is one.
    pub(super) fn whole(self) -> Option<i64> {
        (self.den == 1).then_some(self.num)
    }

    /// A double that is a small integer or a small dyadic fraction.
    pub(super) fn from_f64(x: f64) -> Option<Ratio> {
        if !x.is_finite() || x.abs() > 1e9 {
            return None;
        }
        let mut den = 1i64;
        let mut y = x;
        while y.fract() != 0.0 {
            y *= 2.0;
            den *= 2;
            if den > 1 << 10 {
                return None;
            }
        }
        #[allow(clippy::cast_possible_truncation, reason = "an integer below 2^40")]
        Ratio::new(y as i64, den)
    }

    pub(super) fn is_zero(self) -> bool {
        self.num == 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.num < 0
    }

    pub(super) fn abs(self) -> Ratio {
        Ratio { num: self.num.abs(), den: self.den }
    }

    pub(super) fn neg(self) -> Ratio {
        Ratio { num: -self.num, den: self.den }
    }

    pub(super) fn add(self, o: Ratio) -> Option<Ratio> {
        let num = self.num.checked_mul(o.den)?.checked_add(o.num.checked_mul(self.den)?)?;
        Ratio::new(num, self.den.checked_mul(o.den)?)
    }

    pub(super) fn mul(self, o: Ratio) -> Option<Ratio> {
        Ratio::new(self.num.checked_mul(o.num)?, self.den.checked_mul(o.den)?)
    }

    pub(super) fn inverse(self) -> Option<Ratio> {
        Ratio::new(self.den, self.num)
    }

    /// The root of this degree, where it is a fraction.
    pub(super) fn root(self, degree: u8) -> Option<Ratio> {
        let degree = u32::from(degree);
        let of = |x: i64| {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "at most 2^40, and checked"
            )]
            let near = (x.unsigned_abs() as f64).powf(1.0 / f64::from(degree)).round() as i64;
            let near = near * x.signum();
            (near.checked_pow(degree) == Some(x)).then_some(near)
        };
        Ratio::new(of(self.num)?, of(self.den)?)
    }

    /// Numerator and denominator as doubles, both exact.
    #[allow(clippy::cast_precision_loss, reason = "at most 2^40")]
    pub(super) fn parts(self) -> (f64, f64) {
        (self.num as f64, self.den as f64)
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, o: &Ratio) -> Option<Ordering> {
        Some(self.cmp(o))
    }
}
impl Ord for Ratio {
    fn cmp(&self, o: &Ratio) -> Ordering {
        (i128::from(self.num) * i128::from(o.den)).cmp(&(i128::from(o.num) * i128::from(self.den)))
    }
}

#[cfg(test)]
mod tests {
    use super::Ratio;

    #[test]
    fn arithmetic_is_exact_or_gives_up() {
        let half = Ratio::from_f64(0.5).unwrap();
        assert_eq!(half.add(half), Some(Ratio::ONE));
        assert_eq!(Ratio::from_f64(0.1), None);
        assert_eq!(Ratio::from_f64(3.0).unwrap().inverse().unwrap().parts(), (1.0, 3.0));
        assert_eq!(Ratio::ZERO.inverse(), None);
        let big = Ratio::from_f64(1e9).unwrap();
        assert_eq!(big.mul(big), None);
        assert_eq!(Ratio::from_f64(-0.125).unwrap().root(3), Ratio::from_f64(-0.5));
        assert_eq!(Ratio::from_f64(-4.0).unwrap().root(2), None);
        assert_eq!(Ratio::from_f64(3.0).unwrap().root(2), None);
    }
}
