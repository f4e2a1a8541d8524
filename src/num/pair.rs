//! Sums of two doubles: some 32 digits (Dekker, "A floating-point technique for extending the available precision", 1971;
//! Hida, Li and Bailey, "Library for double-double and quad-double arithmetic", 2007).

use std::ops::{Add, Div, Mul, Neg, Sub};

/// The logarithm of 2, and half of pi, each in three parts.
const LN_2: [f64; 3] = [std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17, 5.707_708_438_416_212e-34];
const HALF_PI: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

/// The sum of two doubles, the second at most half a unit of the first. Both are far from the ends of their range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pair {
    pub(super) hi: f64,
    pub(super) lo: f64,
}

impl From<f64> for Pair {
    fn from(x: f64) -> Pair {
        Pair { hi: x, lo: 0.0 }
    }
}

impl Pair {
    /// Times a power of two.
    pub(super) fn scaled(self, e: i32) -> Pair {
        Pair { hi: libm::scalbn(self.hi, e), lo: libm::scalbn(self.lo, e) }
    }

    /// Less a whole number of some number that is given in parts.
    fn less(self, k: f64, of: [f64; 3]) -> Pair {
        of.iter().fold(self, |r, &part| r - Pair::from(part) * Pair::from(k))
    }

    /// Some logarithm of 2.
    pub(super) fn ln_2_times(k: f64) -> Pair {
        -Pair::from(0.0).less(k, LN_2)
    }

    /// Karp and Markstein, "High-precision division and square root", 1997: one step of Newton's.
    pub(super) fn sqrt(self) -> Pair {
        let root = Pair::from(libm::sqrt(self.hi));
        root + Pair::from((self - root * root).hi / (2.0 * root.hi))
    }

    /// e to its power, for at most 2^30, as a number and the power of two by which it is to be multiplied: scaled, Taylor's
    /// series, and squared as often.
    pub(super) fn exp(self) -> (Pair, i64) {
        const SQUARED: i32 = 8;
        let k = libm::rint(self.hi / LN_2[0]);
        let r = self.less(k, LN_2).scaled(-SQUARED);
        // exp(r) - 1, which keeps its digits when it is squared: (1 + m)^2 - 1 = 2m + m^2.
        let mut m = Pair::from(0.0);
        for n in (1..=11).rev() {
            m = r / Pair::from(f64::from(n)) * (m + Pair::from(1.0));
        }
        for _ in 0..SQUARED {
            m = m.scaled(1) + m * m;
        }
        (m + Pair::from(1.0), whole(k))
    }

    /// Natural logarithm above zero: one step of Newton's from that of the double.
    pub(super) fn ln(self) -> Pair {
        let first = Pair::from(libm::log(self.hi));
        // x / e^y is 1 + m: the logarithm of that is m - m^2/2 to 150 bits.
        let (e, k) = (-first).exp();
        let e = e.scaled(i32::try_from(k).unwrap_or(0));
        let m = self * e - Pair::from(1.0);
        first + (m - m * m.scaled(-1))
    }

    /// The sine of it and some right angles, for at most 2^20; with the number of right angles that were taken off.
    pub(super) fn turned(self, more: i64) -> (Pair, i64) {
        let k = libm::rint(self.hi / HALF_PI[0]);
        let r = self.less(k, HALF_PI);
        let quarter = (whole(k) + more).rem_euclid(4);
        let y = if quarter % 2 == 0 { r.sine() } else { r.cosine() };
        (if quarter >= 2 { -y } else { y }, whole(k))
    }

    /// Taylor's series, for at most half a right angle.
    fn sine(self) -> Pair {
        self * self.series(1)
    }

    fn cosine(self) -> Pair {
        self.series(0)
    }

    fn series(self, odd: u32) -> Pair {
        let square = self * self;
        (1..=14).rev().fold(Pair::from(1.0), |y, n| {
            let factors = (2 * n + odd - 1) * (2 * n + odd);
            Pair::from(1.0) - square * y / Pair::from(f64::from(factors))
        })
    }

    /// Arc tangent, for at most 2^40: one step of Newton's from that of the double.
    pub(super) fn atan(self) -> Pair {
        let first = Pair::from(libm::atan(self.hi));
        let (s, c) = (first.turned(0).0, first.turned(1).0);
        // tan(a - b) by parts; the difference is below a unit of the first.
        first + (self * c - s) / (c + self * s)
    }
}

fn whole(k: f64) -> i64 {
    #[allow(clippy::cast_possible_truncation, reason = "at most 2^31")]
    let k = k as i64;
    k
}

/// The sum of two doubles and what rounding took (Knuth).
fn two_sum(a: f64, b: f64) -> Pair {
    let hi = a + b;
    let t = hi - a;
    Pair { hi, lo: (a - (hi - t)) + (b - t) }
}

/// The same, where the first is not the smaller (Dekker).
fn quick_two_sum(a: f64, b: f64) -> Pair {
    let hi = a + b;
    Pair { hi, lo: b - (hi - a) }
}

/// The product of two doubles and what rounding took (Dekker, with Veltkamp's halves).
fn two_product(a: f64, b: f64) -> Pair {
    let halves = |x: f64| {
        let t = 134_217_729.0 * x;
        let hi = t - (t - x);
        (hi, x - hi)
    };
    let hi = a * b;
    let ((ah, al), (bh, bl)) = (halves(a), halves(b));
    Pair { hi, lo: ((ah * bh - hi) + ah * bl + al * bh) + al * bl }
}

impl Neg for Pair {
    type Output = Pair;
    fn neg(self) -> Pair {
        Pair { hi: -self.hi, lo: -self.lo }
    }
}

impl Add for Pair {
    type Output = Pair;
    fn add(self, other: Pair) -> Pair {
        let (s, t) = (two_sum(self.hi, other.hi), two_sum(self.lo, other.lo));
        let s = quick_two_sum(s.hi, s.lo + t.hi);
        quick_two_sum(s.hi, s.lo + t.lo)
    }
}

impl Sub for Pair {
    type Output = Pair;
    fn sub(self, other: Pair) -> Pair {
        self + -other
    }
}

impl Mul for Pair {
    type Output = Pair;
    fn mul(self, other: Pair) -> Pair {
        let p = two_product(self.hi, other.hi);
        quick_two_sum(p.hi, p.lo + (self.hi * other.lo + self.lo * other.hi))
    }
}

/// By long division, three digits of it.
impl Div for Pair {
    type Output = Pair;
    fn div(self, other: Pair) -> Pair {
        let first = self.hi / other.hi;
        let rest = self - other * Pair::from(first);
        let second = rest.hi / other.hi;
        let rest = rest - other * Pair::from(second);
        quick_two_sum(first, second) + Pair::from(rest.hi / other.hi)
    }
}
