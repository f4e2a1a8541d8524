//! What a row claims about its operator, beyond its value. Every claim is about doubles, and tested.

/// A closed interval of doubles; NaN is outside every claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Least value.
    pub lo: f64,
    /// Greatest value.
    pub hi: f64,
}

impl Interval {
    /// Every number.
    pub const ALL: Interval = Interval { lo: f64::NEG_INFINITY, hi: f64::INFINITY };
    /// Zero and above.
    pub const NONNEG: Interval = Interval { lo: 0.0, hi: f64::INFINITY };
    /// Zero and below.
    pub const NONPOS: Interval = Interval { lo: f64::NEG_INFINITY, hi: 0.0 };
    /// From 0 to 1.
    pub const UNIT: Interval = Interval { lo: 0.0, hi: 1.0 };

    /// One number.
    pub fn point(x: f64) -> Interval {
        if x.is_nan() { Interval::ALL } else { Interval { lo: x, hi: x } }
    }

    /// Both at once; `None` when they have nothing in common.
    pub fn meet(self, other: Interval) -> Option<Interval> {
        let r = Interval { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) };
        (r.lo <= r.hi).then_some(r)
    }

    /// Where the opposite lies.
    pub fn opposite(self) -> Interval {
        Interval { lo: -self.hi, hi: -self.lo }
    }

    /// May a number from each cancel when they are added? Not if both have one sign, or one is at least twice the other.
    pub fn may_cancel(self, other: Interval) -> bool {
        let one_sign = self.lo >= 0.0 && other.lo >= 0.0 || self.hi <= 0.0 && other.hi <= 0.0;
        let least = |r: Interval| r.lo.max(-r.hi);
        let most = |r: Interval| r.hi.max(-r.lo);
        !one_sign && least(self) < 2.0 * most(other) && least(other) < 2.0 * most(self)
    }

    /// A range around this one with ends from a short list, so that much the same ranges are the same:
    /// ends within -2 and 2 stay, others move outward to a power of 16.
    pub(crate) fn coarse(self) -> Interval {
        let out = |x: f64| power_of_16(x, 1) * x.signum();
        let inward = |x: f64| power_of_16(x, 0) * x.signum();
        let lo = if self.lo.abs() <= 2.0 {
            self.lo
        } else if self.lo < 0.0 {
            out(self.lo)
        } else {
            inward(self.lo)
        };
        let hi = if self.hi.abs() <= 2.0 {
            self.hi
        } else if self.hi > 0.0 {
            out(self.hi)
        } else {
            inward(self.hi)
        };
        Interval { lo, hi }
    }

    /// Could the gap between the two come from rounding their ends?
    pub fn touches(self, other: Interval) -> bool {
        let (below, above) = (self.hi.min(other.hi), self.lo.max(other.lo));
        above - below <= 1e-9 * below.abs().max(above.abs()).max(1e-3)
    }
}

/// A property of an operator.
#[derive(Debug, Clone, Copy)]
pub enum Law {
    /// `f(a, b) = f(b, a)`, bit for bit.
    Commutative,
    /// `f(-a) = -f(a)`, bit for bit.
    Odd,
    /// `f(-a) = f(a)`, bit for bit.
    Even,
    /// Never decreases.
    Increasing,
    /// `f(f(a)) = f(a)`, bit for bit.
    Idempotent,
    /// The result is in the interval, or NaN; given the intervals of the operands.
    Range(fn(&[Interval]) -> Interval),
    /// Over the reals the result is never zero, if the operands have the stated property.
    Nonzero(fn(&[Fold]) -> bool),
    /// The result is an integer when the operands are.
    Integral,
    /// The derivative is another than the slope, on purpose.
    Mark,
    /// A reduction that adds: of products of two arrays of fewer axes it is their product.
    Total,
}

/// What is known of one operand.
#[derive(Debug, Clone, Copy)]
pub struct Fold {
    /// Where it lies.
    pub range: Interval,
    /// Never zero over the reals.
    pub nonzero: bool,
    /// Always an integer.
    pub integral: bool,
}

impl PartialEq for Law {
    fn eq(&self, other: &Law) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// The greatest power of 16 that is at most the size of a number beyond 1, or `more` powers above it.
fn power_of_16(x: f64, more: i32) -> f64 {
    if x.is_infinite() {
        return f64::INFINITY;
    }
    let exponent = (x.abs().to_bits() >> 52) as i32 - 1023;
    2f64.powi(4 * (exponent / 4 + more))
}

/// Where a product lies.
pub(super) fn product_range(a: Interval, b: Interval) -> Interval {
    let corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
    if corners.iter().any(|c| c.is_nan()) {
        // Zero times infinity: only the signs remain certain.
        let same = a.lo >= 0.0 && b.lo >= 0.0 || a.hi <= 0.0 && b.hi <= 0.0;
        let opposite = a.lo >= 0.0 && b.hi <= 0.0 || a.hi <= 0.0 && b.lo >= 0.0;
        return match (same, opposite) {
            (true, true) => Interval::point(0.0),
            (true, false) => Interval::NONNEG,
            (false, true) => Interval { lo: f64::NEG_INFINITY, hi: 0.0 },
            (false, false) => Interval::ALL,
        };
    }
    hull(&corners)
}

/// Where a quotient lies.
pub(super) fn quotient_range(a: Interval, b: Interval) -> Interval {
    // A divisor that may be zero of either sign makes an infinity of either sign.
    if b.lo <= 0.0 && b.hi >= 0.0 {
        return Interval::ALL;
    }
    let corners = [a.lo / b.lo, a.lo / b.hi, a.hi / b.lo, a.hi / b.hi];
    if corners.iter().any(|c| c.is_nan()) { Interval::ALL } else { hull(&corners) }
}

/// Where a sum of any number of elements lies.
pub(super) fn sum_range(a: Interval) -> Interval {
    if a.lo >= 0.0 {
        Interval::NONNEG
    } else if a.hi <= 0.0 {
        Interval { lo: f64::NEG_INFINITY, hi: 0.0 }
    } else {
        Interval::ALL
    }
}

/// Where the logistic function lies: on which side of a half is certain.
pub(super) fn sigmoid_range(x: Interval) -> Interval {
    Interval { lo: if x.lo >= 0.0 { 0.5 } else { 0.0 }, hi: if x.hi <= 0.0 { 0.5 } else { 1.0 } }
}

/// Where bits or truth values lie: those of truth values are truth values.
pub(super) fn bits_range(x: &[Interval]) -> Interval {
    if x.iter().all(|a| a.lo >= 0.0 && a.hi <= 1.0) { Interval::UNIT } else { Interval::ALL }
}

fn hull(xs: &[f64]) -> Interval {
    Interval {
        lo: xs.iter().copied().fold(f64::INFINITY, f64::min),
        hi: xs.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}
