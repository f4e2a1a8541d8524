//! Real numbers to some 30 digits, with a bound of their error: the quick judge of rounding claims.
//!
//! Every operation adds what it may be off to what its operands may be off, times its condition number; where nothing
//! remains the number is [`Short::LOST`].

use std::cmp::Ordering;

use super::pair::Pair;

/// What one operation may be off, relatively: more than the literature proves, so that nothing hangs on one bit.
const UNIT: f64 = pow2(-100);
/// What a function may be off.
const FUNCTION: f64 = pow2(-90);
/// What is off by more is lost, so that products of errors are small beside them.
const MOST_OFF: f64 = pow2(-10);
/// What rounds the bounds themselves up, and is more than those products.
const UP: f64 = 1.0 + pow2(-8);
/// Numbers within these powers of two have no scale of their own, so that products are far from the ends of the doubles.
const PLAIN: i64 = 300;
/// Scales beyond which long numbers end, too.
const SCALES: i64 = 1 << 30;
/// Above these sizes no function reduces its argument.
const MOST_EXP: f64 = 5e8;
const MOST_TURN: f64 = 1e6;
/// What is zero but may be off by more is lost.
const MOST_ZERO: f64 = 1e-3;

const fn pow2(e: i64) -> f64 {
    f64::from_bits(((1023 + e) as u64) << 52)
}

/// A pair of doubles times a power of two.
#[derive(Debug, Clone, Copy)]
pub(super) struct Short {
    pair: Pair,
    scale: i64,
    /// How much it may be off, relatively; zero, how much at all.
    err: f64,
}

impl From<f64> for Short {
    fn from(x: f64) -> Short {
        Short::new(Pair::from(x), 0, 0.0)
    }
}

impl Short {
    /// What more digits must tell.
    pub(super) const LOST: Short =
        Short { pair: Pair { hi: f64::NAN, lo: 0.0 }, scale: 0, err: f64::INFINITY };
    /// Not a number, for certain.
    const NAN: Short = Short { pair: Pair { hi: f64::NAN, lo: 0.0 }, scale: 0, err: 0.0 };

    /// A number that may be off by so much, with no scale where it needs none.
    fn new(pair: Pair, scale: i64, err: f64) -> Short {
        if pair.hi.is_nan() || pair.hi.is_infinite() {
            return Short { pair, scale: 0, err };
        }
        if pair.hi == 0.0 {
            return if scale == 0 && err < MOST_ZERO { Short { pair, scale, err } } else { Short::LOST };
        }
        if err >= MOST_OFF {
            return Short::LOST;
        }
        let own = i64::from(libm::ilogb(pair.hi));
        let all = own + scale;
        if scale == 0 && own.abs() <= PLAIN {
            return Short { pair, scale, err };
        }
        if all.abs() > SCALES {
            return Short::LOST;
        }
        let scale = if all.abs() <= PLAIN { 0 } else { all };
        #[allow(clippy::cast_possible_truncation, reason = "at most 2000")]
        let by = (all - scale - own) as i32;
        // In two steps: the power of two itself may be out of range.
        Short { pair: pair.scaled(by / 2).scaled(by - by / 2), scale, err }
    }

    /// What an operation that may be off by so much made of numbers; lost where it has none.
    fn of(pair: Pair, scale: i64, err: f64) -> Short {
        if pair.hi.is_finite() { Short::new(pair, scale, err) } else { Short::LOST }
    }

    /// A number that was rounded to two doubles.
    pub(super) fn rounded(hi: f64, lo: f64) -> Short {
        Short::of(Pair { hi, lo }, 0, UNIT)
    }

    /// How much it may be off, relatively; infinitely where it may be zero but is not known to be.
    pub(super) fn err(self) -> f64 {
        if self.is_zero() && self.err > 0.0 { f64::INFINITY } else { self.err }
    }

    /// How much it may be off at all, in units of its scale.
    pub(super) fn off(self) -> f64 {
        if self.is_zero() { self.err } else { self.pair.hi.abs() * self.err }
    }

    /// The nearest double.
    pub(super) fn value(self) -> f64 {
        let scale = self.scale.clamp(-4000, 4000);
        libm::scalbn(self.pair.hi, i32::try_from(scale).unwrap_or(0))
    }

    /// Its parts, and the power of two by which they are multiplied.
    pub(super) fn parts(self) -> (f64, f64, i64) {
        (self.pair.hi, self.pair.lo, self.scale)
    }

    /// Is nothing known of it?
    pub(super) fn is_lost(self) -> bool {
        self.err > 1.0
    }

    pub(super) fn is_nan(self) -> bool {
        self.pair.hi.is_nan()
    }

    pub(super) fn is_infinite(self) -> bool {
        self.pair.hi.is_infinite()
    }

    pub(super) fn is_zero(self) -> bool {
        self.pair.hi == 0.0
    }

    /// Has it a minus sign? That of zero counts.
    pub(super) fn has_minus(self) -> bool {
        self.pair.hi.is_sign_negative() && !self.is_nan()
    }

    /// Is it a double, known exactly?
    fn is_double(self) -> bool {
        self.pair.lo == 0.0 && self.err == 0.0
    }

    /// What any function of it is, where it is lost or not a number; infinities are left to long numbers.
    fn void(self) -> Option<Short> {
        if self.is_lost() || self.is_infinite() {
            return Some(Short::LOST);
        }
        self.is_nan().then_some(Short::NAN)
    }

    fn either_void(self, other: Short) -> Option<Short> {
        match (self.void(), other.void()) {
            (Some(a), _) if a.is_lost() => Some(a),
            (a, b) => b.or(a),
        }
    }

    /// The power of two below it.
    fn size(self) -> i64 {
        i64::from(libm::ilogb(self.pair.hi)) + self.scale
    }

    pub(super) fn neg(self) -> Short {
        Short { pair: -self.pair, ..self }
    }

    pub(super) fn abs(self) -> Short {
        if self.has_minus() { self.neg() } else { self }
    }

    pub(super) fn add(self, other: Short) -> Short {
        if let Some(void) = self.either_void(other) {
            return void;
        }
        let larger = |a: Short, b: Short| b.is_zero() || !a.is_zero() && a.size() >= b.size();
        let (a, b) = if larger(self, other) { (self, other) } else { (other, self) };
        if !b.is_zero() && a.size() - b.size() > PLAIN {
            return Short::of(a.pair, a.scale, a.err * UP + UNIT);
        }
        let by = i32::try_from((b.scale - a.scale).clamp(-4000, 4000)).unwrap_or(0);
        let at = b.pair.scaled(by);
        let exact = a.pair.lo == 0.0 && at.lo == 0.0;
        let sum = a.pair + at;
        let off = (a.off() + libm::scalbn(b.off(), by)) * UP;
        if sum.hi == 0.0 {
            return Short::of(sum, a.scale, off);
        }
        Short::of(sum, a.scale, off / sum.hi.abs() + if exact { 0.0 } else { UNIT })
    }

    pub(super) fn sub(self, other: Short) -> Short {
        self.add(other.neg())
    }

    pub(super) fn mul(self, other: Short) -> Short {
        if let Some(void) = self.either_void(other) {
            return void;
        }
        if self.is_zero() || other.is_zero() {
            let (zero, factor) = if self.is_zero() { (self, other) } else { (other, self) };
            return zero.times(zero.pair.hi * factor.pair.hi, factor.value().abs().max(factor.err));
        }
        let exact = self.pair.lo == 0.0 && other.pair.lo == 0.0;
        let err = (self.err + other.err) * UP + if exact { 0.0 } else { UNIT };
        Short::of(self.pair * other.pair, self.scale + other.scale, err)
    }

    /// Zero, times a number of some size: a zero of the sign of the first number.
    fn times(self, zero: f64, size: f64) -> Short {
        let err = if self.err == 0.0 { 0.0 } else { self.err * size * 2.0 };
        Short::of(Pair::from(zero), 0, err)
    }

    pub(super) fn div(self, other: Short) -> Short {
        if let Some(void) = self.either_void(other) {
            return void;
        }
        if other.is_zero() {
            return Short::LOST;
        }
        if self.is_zero() {
            return self.times(self.pair.hi / other.pair.hi, 1.0 / other.value().abs());
        }
        let err = (self.err + other.err) * UP + UNIT;
        Short::of(self.pair / other.pair, self.scale - other.scale, err)
    }

    pub(super) fn sqrt(self) -> Short {
        if self.is_lost() || self.is_nan() {
            return self;
        }
        if self.is_zero() {
            return Short { err: libm::sqrt(self.err), ..self };
        }
        if self.has_minus() {
            return Short::NAN;
        }
        let odd = self.scale.rem_euclid(2);
        let pair = if odd == 1 { self.pair.scaled(1) } else { self.pair };
        Short::of(pair.sqrt(), (self.scale - odd) / 2, self.err + UNIT)
    }

    pub(super) fn exp(self) -> Short {
        if let Some(void) = self.void() {
            return void;
        }
        if self.is_zero() {
            return Short::new(Pair::from(1.0), 0, self.err * 2.0);
        }
        if self.size() < -PLAIN {
            return Short::from(1.0).add(self);
        }
        let x = self.value();
        if x.abs() > MOST_EXP {
            return Short::LOST;
        }
        let (pair, scale) = self.pair.exp();
        Short::of(pair, scale, libm::expm1(self.err * x.abs()) * UP + FUNCTION)
    }

    pub(super) fn ln(self) -> Short {
        if let Some(void) = self.void() {
            return void;
        }
        if self.is_zero() {
            return Short::LOST;
        }
        if self.has_minus() {
            return Short::NAN;
        }
        if self.pair == Pair::from(1.0) && self.scale == 0 {
            return Short::of(Pair::from(0.0), 0, self.err * 2.0);
        }
        #[allow(clippy::cast_precision_loss, reason = "at most 2^30")]
        let scale = self.scale as f64;
        let y = if scale == 0.0 { self.pair.ln() } else { Pair::ln_2_times(scale) + self.pair.ln() };
        Short::of(y, 0, (self.err * UP + FUNCTION) / y.hi.abs() + FUNCTION)
    }

    pub(super) fn sin(self) -> Short {
        self.turned(0)
    }

    pub(super) fn cos(self) -> Short {
        self.turned(1)
    }

    /// The sine of it and some right angles.
    fn turned(self, more: i64) -> Short {
        if let Some(void) = self.void() {
            return void;
        }
        if self.is_zero() {
            return if more == 0 { self } else { Short::new(Pair::from(1.0), 0, self.err) };
        }
        if self.scale != 0 || self.pair.hi.abs() > MOST_TURN {
            return Short::LOST;
        }
        let (y, k) = self.pair.turned(more);
        // A sine that is small where the angle is not has lost what the turns took.
        let off = if k == 0 && more == 0 { 0.0 } else { FUNCTION };
        Short::of(y, 0, (self.pair.hi.abs() * self.err * UP + off) / y.hi.abs() + FUNCTION)
    }

    pub(super) fn atan(self) -> Short {
        if let Some(void) = self.void() {
            return void;
        }
        if self.is_zero() {
            return self;
        }
        if self.scale != 0 || self.pair.hi.abs() > pow2(40) {
            return Short::LOST;
        }
        Short::of(self.pair.atan(), 0, self.err + FUNCTION)
    }

    /// Power with the meaning of C's `pow`, where its value is finite.
    pub(super) fn pow(self, e: Short) -> Short {
        if self.is_lost() || e.is_lost() {
            return Short::LOST;
        }
        let one = self.is_double() && self.value() == 1.0;
        if one || e.is_double() && e.is_zero() {
            return Short::from(1.0);
        }
        if let Some(void) = self.either_void(e) {
            return void;
        }
        let n = e.value().abs();
        if e.is_double() && n.fract() == 0.0 && n <= 1024.0 {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1024")]
            let p = self.powi(n as u32);
            return if e.has_minus() { Short::from(1.0).div(p) } else { p };
        }
        match (self.is_zero(), self.has_minus()) {
            (false, false) => e.mul(self.ln()).exp(),
            (false, true) if e.is_double() && n.fract() != 0.0 => Short::NAN,
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
        if self.is_nan() || other.is_nan() {
            return None;
        }
        if self.scale != other.scale
            && !self.is_zero()
            && !other.is_zero()
            && !self.is_infinite()
            && !other.is_infinite()
        {
            // Of different scales, neither near the other unless both are plain.
            let larger = self.size().cmp(&other.size());
            return Some(match (self.has_minus(), other.has_minus()) {
                (false, false) => larger,
                (true, true) => larger.reverse(),
                (minus, _) => {
                    if minus {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
            });
        }
        match self.pair.hi.partial_cmp(&other.pair.hi)? {
            Ordering::Equal => self.pair.lo.partial_cmp(&other.pair.lo),
            unequal => Some(unequal),
        }
    }
}

#[cfg(test)]
mod tests;
