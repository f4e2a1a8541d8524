//! Real numbers to some 30 digits, with a bound of their error: the quick judge of rounding claims.
//!
//! A number is the sum of two doubles (Dekker, "A floating-point technique for extending the available precision", 1971;
//! Hida, Li and Bailey, "Library for double-double and quad-double arithmetic", 2007). Every operation adds what it may be
//! off to what its operands may be off, times its condition number; what leaves the range where this holds is [`Short::LOST`].

use std::cmp::Ordering;

/// What one operation may be off, relatively: more than the literature proves, so that nothing hangs on one bit.
const UNIT: f64 = pow2(-100);
/// What a function may be off.
const FUNCTION: f64 = pow2(-90);
/// Beyond these sizes a product of doubles is no longer a sum of two.
const LEAST: f64 = pow2(-900);
const MOST: f64 = pow2(900);

const LN_2: Short = Short::new(std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
/// Half of pi in three parts.
const HALF_PI: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];
/// Above these, reducing an argument loses what is left.
const MOST_EXP: f64 = 600.0;
const MOST_TURN: f64 = 1e6;

const fn pow2(e: i64) -> f64 {
    f64::from_bits(((1023 + e) as u64) << 52)
}

/// The sum of two doubles, the second below half a unit of the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short {
    hi: f64,
    lo: f64,
    /// How much it may be off, relatively.
    err: f64,
}

impl From<f64> for Short {
    fn from(x: f64) -> Short {
        let inside = x == 0.0 || !x.is_finite() || (LEAST..=MOST).contains(&x.abs());
        if inside { Short::new(x, 0.0) } else { Short::LOST }
    }
}

impl Short {
    /// What more digits must tell.
    pub(super) const LOST: Short = Short { hi: f64::NAN, lo: 0.0, err: f64::INFINITY };
    /// Not a number, for certain.
    const NAN: Short = Short::new(f64::NAN, 0.0);

    /// An exact sum; the second number is below half a unit of the first.
    pub(super) const fn new(hi: f64, lo: f64) -> Short {
        Short { hi, lo, err: 0.0 }
    }

    /// A number that was rounded to such a sum.
    pub(super) fn rounded(hi: f64, lo: f64) -> Short {
        Short::new(hi, lo).off(UNIT)
    }

    /// How much it may be off, relatively.
    pub(super) fn err(self) -> f64 {
        self.err
    }

    /// The nearest double.
    pub(super) fn value(self) -> f64 {
        self.hi
    }

    /// Its parts.
    pub(super) fn parts(self) -> (f64, f64) {
        (self.hi, self.lo)
    }

    /// With an error; lost where it is out of range.
    fn off(self, err: f64) -> Short {
        let size = self.hi.abs();
        let inside = size <= MOST && (size >= LEAST || size == 0.0 && err == 0.0);
        if inside && err < 1.0 { Short { err, ..self } } else { Short::LOST }
    }

    /// Is nothing known of it?
    pub(super) fn is_lost(self) -> bool {
        self.err > 1.0
    }

    /// Not a number, or lost: what any function of it is.
    fn void(self, other: Short) -> Option<Short> {
        if self.is_lost() || other.is_lost() {
            return Some(Short::LOST);
        }
        match (self.hi.is_nan() || other.hi.is_nan(), self.hi.is_infinite() || other.hi.is_infinite()) {
            (true, _) => Some(Short::NAN),
            (_, true) => Some(Short::LOST),
            _ => None,
        }
    }

    pub(super) fn neg(self) -> Short {
        Short { hi: -self.hi, lo: -self.lo, err: self.err }
    }

    pub(super) fn abs(self) -> Short {
        if self.hi.is_sign_negative() { self.neg() } else { self }
    }

    pub(super) fn add(self, other: Short) -> Short {
        if let Some(void) = self.void(other) {
            return void;
        }
        let exact = self.lo == 0.0 && other.lo == 0.0;
        let sum = plus(self, other);
        let off = self.hi.abs() * self.err + other.hi.abs() * other.err;
        if sum.hi == 0.0 {
            return if off == 0.0 { sum } else { Short::LOST };
        }
        sum.off(off / sum.hi.abs() * (1.0 + 1e-9) + if exact { 0.0 } else { UNIT })
    }

    pub(super) fn sub(self, other: Short) -> Short {
        self.add(other.neg())
    }

    pub(super) fn mul(self, other: Short) -> Short {
        if let Some(void) = self.void(other) {
            return void;
        }
        if self.hi == 0.0 || other.hi == 0.0 {
            return Short::from(self.hi * other.hi);
        }
        let product = times(self, other);
        let exact = self.lo == 0.0 && other.lo == 0.0 && product.hi != 0.0;
        let unit = if exact { 0.0 } else { UNIT };
        product.off((self.err + other.err) * (1.0 + 1e-9) + unit)
    }

    pub(super) fn div(self, other: Short) -> Short {
        if let Some(void) = self.void(other) {
            return void;
        }
        if other.hi == 0.0 {
            return Short::LOST;
        }
        if self.hi == 0.0 {
            return Short::from(self.hi / other.hi);
        }
        over(self, other).off((self.err + other.err) * (1.0 + 1e-9) + UNIT)
    }

    pub(super) fn sqrt(self) -> Short {
        if self.is_lost() || self.hi.is_nan() || self.hi == 0.0 {
            return self;
        }
        if self.hi < 0.0 {
            return Short::NAN;
        }
        // Karp and Markstein, "High-precision division and square root", 1997: one step of Newton's.
        let root = Short::from(libm::sqrt(self.hi));
        let rest = plus(self, times(root, root).neg());
        plus(root, Short::from(rest.hi / (2.0 * root.hi))).off(self.err + UNIT)
    }

    /// Scaled by a power of two, Taylor's series, and squared as often.
    pub(super) fn exp(self) -> Short {
        const SQUARED: i32 = 8;
        if let Some(void) = self.void(Short::from(0.0)) {
            return void;
        }
        if self.hi.abs() > MOST_EXP {
            return Short::LOST;
        }
        let k = libm::rint(self.hi / LN_2.hi);
        let r = plus(self, times(LN_2, Short::from(-k)));
        let r = scaled(r, -SQUARED);
        // exp(r) - 1, which keeps its digits when it is squared: (1 + m)^2 - 1 = 2m + m^2.
        let mut m = Short::from(0.0);
        for n in (1..=11).rev() {
            m = times(over(r, Short::from(f64::from(n))), plus(Short::from(1.0), m));
        }
        for _ in 0..SQUARED {
            m = plus(scaled(m, 1), times(m, m));
        }
        #[allow(clippy::cast_possible_truncation, reason = "at most 600 / ln 2")]
        let e = scaled(plus(Short::from(1.0), m), k as i32);
        e.off(self.err * self.hi.abs() * (1.0 + 1e-9) + if self.hi == 0.0 { 0.0 } else { FUNCTION })
    }

    /// One step of Newton's from the logarithm of the double.
    pub(super) fn ln(self) -> Short {
        if let Some(void) = self.void(Short::from(0.0)) {
            return void;
        }
        if self.hi < 0.0 {
            return Short::NAN;
        }
        if self.hi == 0.0 {
            return Short::LOST;
        }
        if self.hi == 1.0 && self.lo == 0.0 {
            return if self.err == 0.0 { Short::from(0.0) } else { Short::LOST };
        }
        let first = Short::from(libm::log(self.hi));
        if first.hi.abs() > MOST_EXP {
            return Short::LOST;
        }
        // x / e^y is 1 + m: the logarithm of that is m - m^2/2 to 150 bits.
        let m = plus(times(self, first.neg().exp()), Short::from(-1.0));
        let y = plus(first, plus(m, times(m, scaled(m, -1)).neg()));
        y.off((self.err + FUNCTION) / y.hi.abs() + UNIT)
    }

    pub(super) fn sin(self) -> Short {
        self.turned(0)
    }

    pub(super) fn cos(self) -> Short {
        self.turned(1)
    }

    /// The sine of it and some right angles.
    fn turned(self, more: i64) -> Short {
        if let Some(void) = self.void(Short::from(0.0)) {
            return void;
        }
        if self.hi == 0.0 {
            return if more == 0 { self } else { Short::from(1.0) };
        }
        if self.hi.abs() > MOST_TURN {
            return Short::LOST;
        }
        let k = libm::rint(self.hi / HALF_PI[0]);
        let r = HALF_PI.iter().fold(self, |r, &part| plus(r, times(Short::from(part), Short::from(-k))));
        #[allow(clippy::cast_possible_truncation, reason = "at most a million")]
        let quarter = (k as i64 + more).rem_euclid(4);
        let y = if quarter % 2 == 0 { sine(r) } else { cosine(r) };
        let y = if quarter >= 2 { y.neg() } else { y };
        if y.hi == 0.0 {
            return Short::LOST;
        }
        // A sine that is small where the angle is not has lost what the turns took.
        let off = if k == 0.0 && more == 0 { 0.0 } else { FUNCTION };
        y.off((self.hi.abs() * self.err + off) / y.hi.abs() + FUNCTION)
    }

    /// One step of Newton's from the arc tangent of the double.
    pub(super) fn atan(self) -> Short {
        if let Some(void) = self.void(Short::from(0.0)) {
            return void;
        }
        if self.hi == 0.0 {
            return self;
        }
        let first = Short::from(libm::atan(self.hi));
        let (s, c) = (first.sin(), first.cos());
        if s.is_lost() || c.is_lost() || self.hi.abs() > pow2(40) {
            return Short::LOST;
        }
        // tan(a - b) by parts; the difference is below a unit of the first.
        let d = over(plus(times(self, c), s.neg()), plus(c, times(self, s)));
        plus(first, d).off(self.err + FUNCTION)
    }

    /// Power with the meaning of C's `pow`, where its value is finite.
    pub(super) fn pow(self, e: Short) -> Short {
        if self.is_lost() || e.is_lost() {
            return Short::LOST;
        }
        let exact = e.lo == 0.0 && e.err == 0.0;
        let one = self.hi == 1.0 && self.lo == 0.0 && self.err == 0.0;
        if one || exact && e.hi == 0.0 {
            return Short::from(1.0);
        }
        if let Some(void) = self.void(e) {
            return void;
        }
        let n = e.hi.abs();
        if exact && n.fract() == 0.0 && n <= 1024.0 {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1024")]
            let p = self.powi(n as u32);
            return if e.hi < 0.0 { Short::from(1.0).div(p) } else { p };
        }
        match self.hi.partial_cmp(&0.0) {
            Some(Ordering::Greater) => e.mul(self.ln()).exp(),
            Some(Ordering::Less) if exact && n.fract() != 0.0 => Short::NAN,
            _ => Short::LOST,
        }
    }

    /// Its power for a whole exponent.
    fn powi(self, n: u32) -> Short {
        let (mut power, mut square, mut left) = (None::<Short>, self, n);
        loop {
            if left & 1 == 1 {
                power = Some(power.map_or(square, |p| p.mul(square)));
            }
            left >>= 1;
            if left == 0 {
                return power.unwrap_or(Short::from(1.0));
            }
            square = square.mul(square);
        }
    }

    pub(super) fn compare(self, other: Short) -> Option<Ordering> {
        match self.hi.partial_cmp(&other.hi)? {
            Ordering::Equal => self.lo.partial_cmp(&other.lo),
            unequal => Some(unequal),
        }
    }
}

/// Taylor's series, for at most half a right angle.
fn sine(r: Short) -> Short {
    let square = times(r, r);
    let mut y = Short::from(1.0);
    for n in (1..=14).rev() {
        let y2 = over(times(square, y), Short::from(f64::from(2 * n * (2 * n + 1))));
        y = plus(Short::from(1.0), y2.neg());
    }
    times(r, y)
}

fn cosine(r: Short) -> Short {
    let square = times(r, r);
    let mut y = Short::from(1.0);
    for n in (1..=14).rev() {
        let y2 = over(times(square, y), Short::from(f64::from(2 * n * (2 * n - 1))));
        y = plus(Short::from(1.0), y2.neg());
    }
    y
}

/// The sum of two doubles and what rounding took (Knuth).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    let t = s - a;
    (s, (a - (s - t)) + (b - t))
}

/// The same, where the first is not the smaller (Dekker).
fn quick_two_sum(a: f64, b: f64) -> (f64, f64) {
    let s = a + b;
    (s, b - (s - a))
}

/// The product of two doubles and what rounding took (Dekker, with Veltkamp's halves).
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let halves = |x: f64| {
        let t = 134_217_729.0 * x;
        let hi = t - (t - x);
        (hi, x - hi)
    };
    let p = a * b;
    let ((ah, al), (bh, bl)) = (halves(a), halves(b));
    (p, ((ah * bh - p) + ah * bl + al * bh) + al * bl)
}

fn plus(a: Short, b: Short) -> Short {
    let (s, e) = two_sum(a.hi, b.hi);
    let (t, f) = two_sum(a.lo, b.lo);
    let (s, e) = quick_two_sum(s, e + t);
    let (s, e) = quick_two_sum(s, e + f);
    Short::new(s, e)
}

fn times(a: Short, b: Short) -> Short {
    let (p, e) = two_product(a.hi, b.hi);
    let (p, e) = quick_two_sum(p, e + (a.hi * b.lo + a.lo * b.hi));
    Short::new(p, e)
}

/// By long division, three digits of it.
fn over(a: Short, b: Short) -> Short {
    let first = a.hi / b.hi;
    let rest = plus(a, times(b, Short::from(first)).neg());
    let second = rest.hi / b.hi;
    let rest = plus(rest, times(b, Short::from(second)).neg());
    let third = rest.hi / b.hi;
    let (s, e) = quick_two_sum(first, second);
    plus(Short::new(s, e), Short::from(third))
}

fn scaled(a: Short, e: i32) -> Short {
    Short::new(libm::scalbn(a.hi, e), libm::scalbn(a.lo, e))
}

#[cfg(test)]
mod tests;
