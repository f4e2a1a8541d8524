//! Exponentials: `x = k ln 2 + r`, a polynomial for `exp(r) - 1`, and scaling by `2^k` in two steps
//! so that results below the normal range are rounded once.

use super::lanes::{ROUND, ROUND_SINGLE};
use super::{Lanes, Unary, pairs, two_sum};

/// `(exp(r) - 1 - r) / r^2` on `|r| <= ln(2) / 2`, interpolated at Chebyshev's points; relative to
/// `exp(r) - 1` the error is below 2^-61.
const TAIL: [f64; 11] = [
    0.5,
    0.1666666666666667,
    0.04166666666666667,
    0.008333333333326136,
    0.0013888888888883748,
    0.00019841269874820627,
    2.4801587325547743e-05,
    2.7557255400206422e-06,
    2.75572736431103e-07,
    2.5105217004720745e-08,
    2.0914686968086876e-09,
];
/// The same for singles; the error is below 2^-29.
const TAIL_SINGLE: [f64; 6] = [
    0.5000000013457727,
    0.16666666681614256,
    0.04166646500604005,
    0.008333310934448869,
    0.0013933641031986701,
    0.00019890980869750327,
];
/// `ln 2` in two parts; the first ends in zeros, so that its multiples are exact.
pub(super) const LN2: (f64, f64) = (0.693147180559663, 2.8235290563031577e-13);
const LN2_SINGLE: (f64, f64) = (0.693359375, -2.1219444005469057e-4);

/// `ln 2` in two parts, whose first has exact multiples.
#[inline(always)]
pub(super) fn ln2<L: Lanes>() -> (L, L) {
    (L::pick(LN2.0, LN2_SINGLE.0), L::pick(LN2.1, LN2_SINGLE.1))
}

/// Past these the result is infinite or zero; of doubles, of singles.
const LARGEST: (f64, f64) = (710.0, 89.0);
const SMALLEST: (f64, f64) = (-746.0, -104.0);

/// `exp(x + low) = 2^k (1 + r + tail)`: `r` and `tail`, whose sum is not rounded, and `k` as
/// [`ROUND`]` + k`.
#[derive(Clone, Copy)]
pub(super) struct Parts<L: Lanes> {
    pub(super) r: L,
    pub(super) tail: L,
    pub(super) k: L,
}

impl<L: Lanes> Parts<L> {
    /// For `x` between about -750 and 750 (-120 and 120 in singles), `low` far smaller.
    #[inline(always)]
    pub(super) fn of(x: L, low: L) -> Parts<L> {
        let round = L::pick(ROUND, ROUND_SINGLE.into());
        let shifted = x.mul_add(L::splat(std::f64::consts::LOG2_E), round);
        let k = shifted - round;
        let ln2 = ln2::<L>();
        let exact = k.mul_add(-ln2.0, x);
        let rest = k.mul_add(-ln2.1, low);
        let r = exact + rest;
        let lost = (exact - r) + rest;
        let curve = if L::single() { pairs(r, TAIL_SINGLE) } else { pairs(r, TAIL) };
        let tail = (r * r).mul_add(curve, lost);
        Parts { r, tail, k: shifted }
    }

    /// `exp(x) - 1` before scaling, rounded, and what rounding took.
    #[inline(always)]
    pub(super) fn minus_one(self) -> (L, L) {
        let sum = self.r + self.tail;
        (sum, (self.r - sum) + self.tail)
    }

    /// `exp(x)` before scaling.
    #[inline(always)]
    pub(super) fn mantissa(self) -> L {
        L::splat(1.0) + (self.r + self.tail)
    }

    /// `y * 2^(k + shift)`, right below the normal range too.
    #[inline(always)]
    pub(super) fn scale(self, y: L, shift: i64) -> L {
        y.scale(self.k, shift)
    }

    /// `2^k`, for `k` in the normal range.
    #[inline(always)]
    pub(super) fn power(self) -> L {
        let bias = L::pick_bits(ROUND.to_bits() - 1023, ROUND_SINGLE.to_bits() - 127);
        L::from_bits(L::to_exponent(L::minus(self.k.bits(), bias)))
    }
}

/// `x` kept to where the exponential is neither zero nor infinite for sure; NaN stays.
#[inline(always)]
pub(super) fn clamp<L: Lanes>(x: L) -> L {
    let (low, high) = (L::pick(SMALLEST.0, SMALLEST.1), L::pick(LARGEST.0, LARGEST.1));
    let x = L::select(x.lt(low), low, x);
    L::select(high.lt(x), high, x)
}

/// The same for `-|x|`.
#[inline(always)]
pub(super) fn clamp_opposite<L: Lanes>(x: L) -> L {
    let (low, x) = (L::pick(SMALLEST.0, SMALLEST.1), -x.abs());
    L::select(x.lt(low), low, x)
}

/// The exponential, below 0.8 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Exp;

impl Unary for Exp {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let p = Parts::of(clamp(x), L::splat(0.0));
        p.scale(p.mantissa(), 0)
    }
}

/// `exp(x) - 1`, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Expm1;

impl Unary for Expm1 {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let floor = L::pick(-40.0, -20.0);
        let p = Parts::of(clamp(L::select(x.lt(floor), floor, x)), L::splat(0.0));
        let (high, low) = p.minus_one();
        // Half of the power is a number where the whole is not any more.
        let power = p.scale(L::splat(1.0), -1);
        let (sum, lost) = two_sum(power * high, power - L::splat(0.5));
        let half = sum + power.mul_add(low, lost);
        L::select(x.abs().lt(L::pick(1e-290, 1e-30)), x, half + half)
    }
}

/// `1 / (1 + exp(-x))`, below 1 ulp from 0 up and below 2 ulp under 0.
#[derive(Debug, Clone, Copy)]
pub struct Sigmoid;

impl Unary for Sigmoid {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let one = L::splat(1.0);
        let p = Parts::of(clamp_opposite(x), L::splat(0.0));
        let e = p.scale(p.mantissa(), 0);
        let sum = one + e;
        let lost = e - (sum - one);
        let inverse = one / sum;
        let rest = (-inverse).mul_add(sum, one) - inverse * lost;
        let upper = inverse.mul_add(rest, inverse);
        L::select(x.lt(L::splat(0.0)), e * upper, upper)
    }
}
