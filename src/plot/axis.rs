//! The range of an axis and the round numbers marked on it.

/// A closed interval of positive and finite length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    /// Its lower end.
    pub(super) lo: f64,
    /// Its upper end.
    pub(super) hi: f64,
}

/// A marked value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// The value.
    pub(super) at: f64,
    /// The value in decimals.
    pub(super) label: String,
}

impl Range {
    /// The smallest range with all these finite values in it; `None` if it is too long for a number.
    ///
    /// Values that are equal up to rounding get a range around them: their differences would be noise.
    pub(super) fn covering(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (lo, hi) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (f64::min(lo, v), f64::max(hi, v)));
        let largest = f64::max(lo.abs(), hi.abs());
        let noise = f64::max(largest * 1e-12, 1e-290);
        if hi - lo > noise {
            return Self { lo, hi }.finite();
        }
        let around = if largest > 1e-280 { largest / 2.0 } else { 1.0 };
        Self { lo: lo - around, hi: hi + around }.finite()
    }

    /// This range with `share` of its length added at both ends.
    pub(super) fn padded(self, share: f64) -> Option<Self> {
        let more = (self.hi - self.lo) * share;
        Self { lo: self.lo - more, hi: self.hi + more }.finite()
    }

    fn finite(self) -> Option<Self> {
        (self.hi - self.lo).is_finite().then_some(self)
    }

    /// Where `value` lies between the lower end, 0, and the upper end, 1.
    pub(super) fn share(self, value: f64) -> f64 {
        (value - self.lo) / (self.hi - self.lo)
    }

    /// The multiples in this range of 1, 2 or 5 times a power of ten, about `most` of them and no more than
    /// one above that.
    pub(super) fn ticks(self, most: usize) -> Vec<Tick> {
        let least_step = (self.hi - self.lo) / most.max(1) as f64;
        // One below, in case the logarithm is rounded up across a power of ten.
        let mut exponent = libm::floor(libm::log10(least_step)) as i32 - 1;
        let mut digit = 1;
        // A rounding error less than a step that fits must not double it.
        while decimal(digit, exponent) < least_step * (1.0 - 1e-9) {
            (digit, exponent) = match digit {
                1 => (2, exponent),
                2 => (5, exponent),
                _ => (1, exponent + 1),
            };
        }
        let step = decimal(digit, exponent);
        // The ends may be a rounding error short of a multiple.
        let first = libm::ceil(self.lo / step - 1e-9) as i64;
        let last = libm::floor(self.hi / step + 1e-9) as i64;
        let largest = f64::max(self.lo.abs(), self.hi.abs());
        let plain = (1e-4..1e6).contains(&largest);
        let multiples = (first..=last).map(|n| n.saturating_mul(digit));
        multiples
            .map(|n| Tick {
                at: decimal(n, exponent),
                label: if plain { positional(n, exponent) } else { scientific(n, exponent) },
            })
            .collect()
    }
}

/// The number nearest to `n` times ten to the power `exponent`.
fn decimal(n: i64, exponent: i32) -> f64 {
    // The standard library reads decimals exactly, where a product with a power of ten would be rounded twice.
    format!("{n}e{exponent}").parse().unwrap_or(f64::NAN)
}

fn sign(n: i64) -> &'static str {
    if n < 0 { "\u{2212}" } else { "" }
}

/// `n` times ten to the power `exponent`, as in `−0.25`.
fn positional(n: i64, exponent: i32) -> String {
    let sign = sign(n);
    let digits = n.unsigned_abs().to_string();
    let places = usize::try_from(-exponent).unwrap_or(0);
    if places == 0 {
        let zeros = if n == 0 { 0 } else { usize::try_from(exponent).unwrap_or(0) };
        return format!("{sign}{digits}{:0<zeros$}", "");
    }
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}")
}

/// `n` times ten to the power `exponent`, as in `2.5×10⁻⁷`.
fn scientific(n: i64, exponent: i32) -> String {
    if n == 0 {
        return "0".to_owned();
    }
    let digits = n.unsigned_abs().to_string();
    let power = i64::from(exponent) + digits.len() as i64 - 1;
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let point = if rest.is_empty() { "" } else { "." };
    let power: String = power.to_string().chars().map(superscript).collect();
    format!("{}{first}{point}{rest}\u{d7}10{power}", sign(n))
}

fn superscript(c: char) -> char {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    c.to_digit(10).and_then(|d| DIGITS.get(d as usize)).copied().unwrap_or('⁻')
}

#[cfg(test)]
mod tests {
    use super::Range;

    fn labels(lo: f64, hi: f64, most: usize) -> Vec<String> {
        Range { lo, hi }.ticks(most).into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(-6.0, 6.0, 7), ["−6", "−4", "−2", "0", "2", "4", "6"]);
        assert_eq!(labels(-0.05, 1.05, 7), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(-0.25, 0.05, 6), ["−0.25", "−0.20", "−0.15", "−0.10", "−0.05", "0.00", "0.05"]);
        assert_eq!(labels(0.0, 1.0, 10).len(), 11);
        assert_eq!(labels(0.0, 30_000.0, 4), ["0", "10000", "20000", "30000"]);
        assert_eq!(labels(0.0, 2e7, 4), ["0", "5×10⁶", "1×10⁷", "1.5×10⁷", "2×10⁷"]);
        assert_eq!(labels(-2e-9, 0.0, 2), ["−2×10⁻⁹", "−1×10⁻⁹", "0"]);
    }

    #[test]
    fn constants_get_a_range() {
        let one = |v: f64| Range::covering([v, v].into_iter());
        assert_eq!(one(0.0), Some(Range { lo: -1.0, hi: 1.0 }));
        assert_eq!(one(4.0), Some(Range { lo: 2.0, hi: 6.0 }));
        assert_eq!(one(5e-324).map(|r| r.hi - r.lo), Some(2.0));
        assert!(Range::covering([-f64::MAX, f64::MAX].into_iter()).is_none());
        assert!(one(f64::MAX).is_none());
    }
}
