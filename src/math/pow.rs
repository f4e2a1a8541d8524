//! Powers: the logarithm in two parts, good to about 2^-66, times the exponent, then the exponential.

use super::exp::{LN2, Parts};
use super::{Binary, Lanes, pairs, two_sum};

/// `2/3`, and what rounding took from it.
const TWO_THIRDS: (f64, f64) = (0.6666666666666666, 3.700743415417188e-17);
/// `(2 atanh(s) - 2 s - 2/3 s^3) / s^5` in `s^2`, `|s| <= 0.2`; the error of the logarithm is below 2^-69.
const TAIL: [f64; 8] = [
    0.39999999999999725,
    0.2857142857157733,
    0.22222222191260588,
    0.18181821523938654,
    0.15384406786300364,
    0.13341140046265856,
    0.11592429703358825,
    0.12570977456525975,
];
/// A product in two parts.
#[inline(always)]
fn times<L: Lanes>(a: (L, L), b: (L, L)) -> (L, L) {
    let high = a.0 * b.0;
    let lost = a.0.mul_add(b.0, -high);
    (high, lost + a.0.mul_add(b.1, a.1 * b.0))
}

/// A sum in two parts.
#[inline(always)]
fn sum<L: Lanes>(a: (L, L), b: (L, L)) -> (L, L) {
    let (high, lost) = two_sum(a.0, b.0);
    (high, lost + (a.1 + b.1))
}

/// The logarithm of a positive normal number in two parts.
#[inline(always)]
fn log<L: Lanes>(x: L) -> (L, L) {
    let (k, m) = x.split_normal();
    let one = L::splat(1.0);
    let f = m - one;
    let d = m + one;
    let d_low = m - (d - one);
    let inverse = one / d;
    let s = f * inverse;
    let s_low = ((-s).mul_add(d, f) - s * d_low) * inverse;
    let s = (s, s_low);
    let z = times(s, s);
    let head = (L::splat(TWO_THIRDS.0), z.0.mul_add(pairs(z.0, TAIL), L::splat(TWO_THIRDS.1)));
    let cubic = times(times(s, z), head);
    let double = (s.0 + s.0, s.1 + s.1);
    let whole = (k * L::splat(LN2.0), k * L::splat(LN2.1));
    let (high, low) = sum(sum(whole, double), cubic);
    (high, low)
}

/// `x` to the power `y`, below 1 ulp; the second power is a product, the square root a root.
#[derive(Debug, Clone, Copy)]
pub struct Pow;

impl Binary for Pow {
    const SINGLE: bool = false;
    #[inline(always)]
    fn at<L: Lanes>(x: L, y: L) -> L {
        let (high, low) = log(x);
        let p = high * y;
        let p_low = high.mul_add(y, -p) + low * y;
        // Where the power is infinite or zero for sure, what rounding took does not matter.
        let limit = L::splat(800.0);
        let outside = limit.lt(p.abs());
        let p_low = L::select(outside, L::splat(0.0), p_low);
        let end = L::select(p.lt(L::splat(0.0)), L::splat(-750.0), L::splat(712.0));
        let outside = L::splat(750.0).lt(p.abs());
        let parts = Parts::of_sum(L::select(outside, end, p), p_low);
        let z = parts.scale(parts.mantissa(), 0);
        let z = L::select(y.same(L::splat(2.0)), x * x, z);
        let z = L::select(y.same(L::splat(1.0)), x, z);
        L::select(y.same(L::splat(0.5)), x.sqrt(), z)
    }

    /// Not for bases that are not positive normal numbers, nor exponents that overflow the product.
    const PARTIAL: bool = true;
    #[inline(always)]
    fn holds<L: Lanes>(x: L, y: L) -> L::Mask {
        let base = L::both(L::splat(f64::MIN_POSITIVE).le(x), x.le(L::splat(f64::MAX)));
        L::both(base, y.abs().le(L::splat(1e18)))
    }

    #[inline(always)]
    #[allow(clippy::float_cmp, reason = "exact powers")]
    fn rarely(x: f64, y: f64) -> f64 {
        if y == 2.0 {
            x * x
        } else if y == 1.0 {
            x
        } else if y.trunc() == y && Self::holds(-x, y) {
            // The power of the opposite, so that `|x| ** n` and `x ** n` are the same number.
            let z = Self::at(-x, y);
            if (y * 0.5).trunc() * 2.0 == y { z } else { -z }
        } else {
            libm::pow(x, y)
        }
    }
}
