//! Powers: the logarithm in two parts, good to about 2^-66, times the exponent, then the exponential.

use super::exp::{Parts, ln2};
use super::lanes::split_from;
use super::{Binary, Element, Lanes, pairs, two_sum};

/// `2/3`, and what rounding took from it.
const TWO_THIRDS: (f64, f64) = (0.6666666666666666, 3.700743415417188e-17);
const TWO_THIRDS_SINGLE: (f64, f64) = (0.6666666865348816, -1.9868214962137642e-08);
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
/// The same for singles, below 2^-34.
const TAIL_SINGLE: [f64; 3] = [0.40000390868900154, 0.285256636275355, 0.23871727103526105];

/// The bits of `sqrt(1/2)`; of doubles, of singles.
const ROOT_HALF: (u64, u32) = (0x3fe6_a09e_667f_3bcd, 0x3f35_04f3);

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
    let (k, m) = split_from(x, ROOT_HALF);
    let one = L::splat(1.0);
    let f = m - one;
    let d = m + one;
    let d_low = m - (d - one);
    let inverse = one / d;
    let s = f * inverse;
    let s_low = ((-s).mul_add(d, f) - s * d_low) * inverse;
    let s = (s, s_low);
    let z = times(s, s);
    let curve = if L::single() { pairs(z.0, TAIL_SINGLE) } else { pairs(z.0, TAIL) };
    let two_thirds = |part: fn((f64, f64)) -> f64| L::pick(part(TWO_THIRDS), part(TWO_THIRDS_SINGLE));
    let head = (two_thirds(|x| x.0), z.0.mul_add(curve, two_thirds(|x| x.1)));
    let cubic = times(times(s, z), head);
    let double = (s.0 + s.0, s.1 + s.1);
    let ln2 = ln2::<L>();
    let whole = (k * ln2.0, k * ln2.1);
    let (high, low) = sum(sum(whole, double), cubic);
    let total = high + low;
    (total, (high - total) + low)
}

/// `x` to the power `y`, below 1 ulp; the second power is a product, the square root a root.
#[derive(Debug, Clone, Copy)]
pub struct Pow;

impl Binary for Pow {
    #[inline(always)]
    fn at<L: Lanes>(x: L, y: L) -> L {
        let (high, low) = log(x);
        let p = high * y;
        let p_low = high.mul_add(y, -p) + low * y;
        // Where the power is infinite or zero for sure, what rounding took does not matter.
        let outside = L::pick(800.0, 115.0).lt(p.abs());
        let p_low = L::select(outside, L::splat(0.0), p_low);
        let end = L::select(p.lt(L::splat(0.0)), L::pick(-750.0, -110.0), L::pick(712.0, 90.0));
        let outside = L::pick(750.0, 110.0).lt(p.abs());
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
        let least = L::pick(f64::MIN_POSITIVE, f32::MIN_POSITIVE.into());
        let base = L::both(least.le(x), x.le(L::pick(f64::MAX, f32::MAX.into())));
        L::both(base, y.abs().le(L::splat(1e18)))
    }

    #[inline(always)]
    fn rarely<T: Element>(x: T, y: T) -> T {
        let half = y * T::splat(0.5);
        if y == T::splat(2.0) {
            x * x
        } else if y == T::splat(1.0) {
            x
        } else if y.floor() == y && Self::holds(-x, y) {
            // The power of the opposite, so that `|x| ** n` and `x ** n` are the same number.
            let z = Self::at(-x, y);
            if half.floor() == half { z } else { -z }
        } else {
            T::of(libm::pow(x.wide(), y.wide()))
        }
    }
}
