//! Tables that lanes look numbers up in, made when the library is compiled.
//!
//! `erfc` and `2 / sqrt(pi) exp(-x^2)` at multiples of 1/128: sums of integrals over the steps between,
//! each by the series of the exponential about its middle. All terms are above zero, so relative errors stay
//! what they are: below 2^-59, before the result is rounded.

/// A table of 8192 numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Table {
    /// `erfc(k / 128)` at `k` modulo the size, from -6 to 27.25.
    Erfc,
    /// Its slope, downwards: `2 / sqrt(pi) exp(-(k / 128)^2)`.
    ErfcSlope,
}

/// Entries of a table.
pub(super) const SIZE: usize = 8192;
/// Steps in one.
const STEPS: i32 = 128;
/// At and before the first, `erfc` is 2; at and past the last, 0.
pub(super) const FIRST: f64 = -6.0;
pub(super) const LAST: f64 = 27.25;
/// The same of singles.
pub(super) const LAST_SINGLE: f64 = 10.25;

impl Table {
    /// The entries, doubles.
    pub fn doubles(self) -> &'static [f64; SIZE] {
        match self {
            Table::Erfc => &ERFC.0,
            Table::ErfcSlope => &ERFC.1,
        }
    }

    /// The entries, singles.
    pub fn singles(self) -> &'static [f32; SIZE] {
        match self {
            Table::Erfc => &SINGLES.0,
            Table::ErfcSlope => &SINGLES.1,
        }
    }

    /// The entries of both tables side by side, doubles: a lane that reads one reads the other, too.
    pub fn pairs() -> &'static [[f64; 2]; SIZE] {
        &PAIRS
    }

    /// The same of singles.
    pub fn pairs_of_singles() -> &'static [[f32; 2]; SIZE] {
        &PAIRS_OF_SINGLES
    }
}

#[allow(long_running_const_eval, reason = "some million operations")]
static ERFC: ([f64; SIZE], [f64; SIZE]) = erfc();

static SINGLES: ([f32; SIZE], [f32; SIZE]) = (rounded(&ERFC.0), rounded(&ERFC.1));

static PAIRS: [[f64; 2]; SIZE] = {
    let (mut out, mut k) = ([[0.0; 2]; SIZE], 0);
    while k < SIZE {
        out[k] = [ERFC.0[k], ERFC.1[k]];
        k += 1;
    }
    out
};

static PAIRS_OF_SINGLES: [[f32; 2]; SIZE] = {
    let (mut out, mut k) = ([[0.0; 2]; SIZE], 0);
    while k < SIZE {
        out[k] = [SINGLES.0[k], SINGLES.1[k]];
        k += 1;
    }
    out
};

const fn rounded(all: &[f64; SIZE]) -> [f32; SIZE] {
    let (mut out, mut k) = ([0.0; SIZE], 0);
    while k < SIZE {
        out[k] = all[k] as f32;
        k += 1;
    }
    out
}

/// A number in two parts.
#[derive(Clone, Copy)]
struct Two(f64, f64);

/// `2 / sqrt(pi)`, `exp(-1/256^2)` and the square of that.
const FACTOR: Two = Two(std::f64::consts::FRAC_2_SQRT_PI, 1.533545961316588e-17);
const STEP: Two = Two(0.9999847413273523, -3.7005175406539026e-17);
const TWICE: Two = Two(0.9999694828875315, 3.7043574006007696e-17);

/// Powers of two that keep exponentials in the range of normal numbers; their product is 1.
const UP: f64 = f64::from_bits((1023 + 300) << 52);
const DOWN: f64 = f64::from_bits((1023 - 300) << 52);

impl Two {
    const fn joined(high: f64, low: f64) -> Two {
        let sum = high + low;
        Two(sum, low - (sum - high))
    }

    const fn times(self, other: Two) -> Two {
        let product = self.0 * other.0;
        let ((a, b), (c, d)) = (halves(self.0), halves(other.0));
        let lost = ((a * c - product) + a * d + b * c) + b * d;
        Two::joined(product, lost + (self.0 * other.1 + self.1 * other.0))
    }

    /// The sum of two that are not below zero.
    const fn plus(self, other: Two) -> Two {
        let sum = self.0 + other.0;
        let part = sum - self.0;
        let lost = (self.0 - (sum - part)) + (other.0 - part);
        Two::joined(sum, lost + (self.1 + other.1))
    }

    const fn scaled(self, by: f64) -> Two {
        Two(self.0 * by, self.1 * by)
    }
}

/// A number as two of half as many digits.
const fn halves(x: f64) -> (f64, f64) {
    let large = 134217729.0 * x;
    let high = large - (large - x);
    (high, x - high)
}

/// The integral of `exp(m^2 - x^2)` over a step about `m`, by the length of the step: derivatives are Hermite's
/// polynomials.
const fn step(m: f64) -> Two {
    let half = 0.5 / STEPS as f64;
    let (mut before, mut now) = (1.0, 2.0 * m);
    let (mut rest, mut power, mut n) = (0.0, 1.0, 1.0);
    while n < 20.0 {
        (before, now) = (now, 2.0 * m * now - 2.0 * n * before);
        n += 1.0;
        power *= half * half / (n * (n + 1.0));
        rest += now * power;
        (before, now) = (now, 2.0 * m * now - 2.0 * n * before);
        n += 1.0;
    }
    Two::joined(1.0, rest)
}

const fn erfc() -> ([f64; SIZE], [f64; SIZE]) {
    // Exponentials at every half of a step up to where they are nothing beside what is kept.
    const HALVES: usize = 57 * STEPS as usize + 1;
    let mut exps = [Two(0.0, 0.0); HALVES];
    exps[0] = Two(UP, 0.0);
    let (mut factor, mut k) = (STEP, 1);
    while k < HALVES {
        exps[k] = exps[k - 1].times(factor);
        factor = factor.times(TWICE);
        k += 1;
    }
    let (mut value, mut slope) = ([0.0; SIZE], [0.0; SIZE]);
    let (first, last) = (FIRST as i32 * STEPS, (LAST * STEPS as f64) as i32);
    let mut sum = Two(0.0, 0.0);
    let mut k = HALVES as i32 / 2;
    while k > first {
        k -= 1;
        let middle = 2 * k + 1;
        let area = step(middle as f64 / (2 * STEPS) as f64).times(exps[middle.unsigned_abs() as usize]);
        sum = sum.plus(area.times(FACTOR).scaled(1.0 / STEPS as f64));
        if k <= last {
            let at = k as usize % SIZE;
            value[at] = if k == last { 0.0 } else { sum.0 * DOWN };
            slope[at] = FACTOR.times(exps[2 * k.unsigned_abs() as usize]).0 * DOWN;
        }
    }
    (value, slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_erfc_and_its_slope() {
        for k in -768..=3488_i32 {
            let x = f64::from(k) / 128.0;
            let at = k.cast_unsigned() as usize % SIZE;
            let exact = libm::erfc(x);
            let unit = (2.0 * exact * f64::EPSILON).max(f64::from_bits(1));
            assert!((Table::Erfc.doubles()[at] - exact).abs() <= unit, "{x}");
            let slope = std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
            let unit = (2.0 * slope * f64::EPSILON).max(f64::from_bits(1));
            assert!((Table::ErfcSlope.doubles()[at] - slope).abs() <= unit, "{x}");
        }
        assert_eq!((Table::Erfc.doubles()[0], Table::Erfc.doubles()[SIZE - 768]), (1.0, 2.0));
    }
}
