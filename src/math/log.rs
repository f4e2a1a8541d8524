//! Logarithms: `x = 2^k m` with `m` near 1; with `f = m - 1` and `s = f / (2 + f)`,
//! `log m = f - f^2/2 + s (f^2/2 + R(s^2))`, where only small terms are rounded before the last sum.

use super::exp::{Parts, clamp_opposite, ln2};
use super::{Lanes, Unary, pairs, two_sum};

/// `(2 atanh(s) - 2 s) / s^3` as a polynomial in `s^2`, `|s| <= 0.1716`, interpolated at Chebyshev's
/// points; times `s^2 / 2` the error is below 2^-60.
const TAIL: [f64; 8] = [
    0.6666666666666666,
    0.40000000000000885,
    0.28571428570799784,
    0.22222222392581045,
    0.18181795547521137,
    0.15386244737621665,
    0.13268638369266825,
    0.13088034850927555,
];
/// The same for singles; times `s^2 / 2` the error is below 2^-28.
const TAIL_SINGLE: [f64; 3] = [0.6666668506375033, 0.39988770673510876, 0.2958039828148471];
/// The bits of `sqrt(1/2)`, where mantissas begin; of doubles, of singles.
const ROOT_HALF: (u64, u32) = (0x3fe6_a09e_667f_3bcd, 0x3f35_04f3);
const ONE: (u64, u32) = (0x3ff0_0000_0000_0000, 0x3f80_0000);
const MANTISSA: (u64, u32) = (0x000f_ffff_ffff_ffff, 0x007f_ffff);
/// The bits of `2^52` and of `2^23`; an integer below it in the low bits makes the sum.
const INTEGER: (u64, u32) = (0x4330_0000_0000_0000, 0x4b00_0000);

/// A positive normal number as `2^k m`, `m` from `sqrt(1/2)` to `sqrt(2)`, and the bits of `2^-k`.
#[inline(always)]
pub(super) fn split<L: Lanes>(x: L) -> (L, L, L::Bits) {
    let moved = L::plus(x.bits(), L::pick_bits(ONE.0 - ROOT_HALF.0, ONE.1 - ROOT_HALF.1));
    let biased = L::from_exponent(moved);
    let number = L::from_bits(L::plus(biased, L::pick_bits(INTEGER.0, INTEGER.1)));
    let k = number - L::pick(4503599627370496.0 + 1023.0, 8388608.0 + 127.0);
    let mantissa = L::and(moved, L::pick_bits(MANTISSA.0, MANTISSA.1));
    let m = L::from_bits(L::plus(mantissa, L::pick_bits(ROOT_HALF.0, ROOT_HALF.1)));
    // 2^-k: the biased exponent of the opposite.
    let inverse = L::to_exponent(L::minus(L::pick_bits(2046, 254), biased));
    (k, m, inverse)
}

/// `log(2^k (1 + f)) + low`.
#[inline(always)]
fn assemble<L: Lanes>(k: L, f: L, low: L) -> L {
    let s = f / (L::splat(2.0) + f);
    let z = s * s;
    let half = L::splat(0.5) * f * f;
    let r = z * if L::single() { pairs(z, TAIL_SINGLE) } else { pairs(z, TAIL) };
    let ln2 = ln2::<L>();
    let small = s.mul_add(half + r, k.mul_add(ln2.1, low));
    k.mul_add(ln2.0, f - (half - small))
}

/// The values at the border of the domain: NaN below zero, infinities.
#[inline(always)]
fn edges<L: Lanes>(u: L, y: L) -> L {
    let zero = L::splat(0.0);
    let infinity = L::splat(f64::INFINITY);
    let y = L::select(u.lt(infinity), y, u);
    let y = L::select(u.lt(zero), L::splat(f64::NAN), y);
    L::select(u.same(zero), L::splat(f64::NEG_INFINITY), y)
}

/// The natural logarithm, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Log;

impl Unary for Log {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let tiny = x.lt(L::pick(f64::MIN_POSITIVE, f32::MIN_POSITIVE.into()));
        let scaled = L::select(tiny, x * L::pick(18014398509481984.0, 33554432.0), x);
        let (k, m, _) = split(scaled);
        let k = L::select(tiny, k - L::pick(54.0, 25.0), k);
        edges(x, assemble(k, m - L::splat(1.0), L::splat(0.0)))
    }
}

/// `log(1 + x)`, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Log1p;

impl Unary for Log1p {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let one = L::splat(1.0);
        let (u, lost) = two_sum(one, x);
        let (k, m, _) = split(u);
        let y = edges(u, assemble(k, m - one, lost / u));
        L::select(x.same(L::splat(0.0)), x, y)
    }
}

/// `log(1 + exp(x))` without overflow, below 2 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Softplus;

impl Unary for Softplus {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let zero = L::splat(0.0);
        let one = L::splat(1.0);
        let p = Parts::of(clamp_opposite(x), zero);
        let e = p.scale(p.mantissa(), 0);
        // log(1 + e) for e up to 1, with what rounding takes from 1 + e.
        let u = one + e;
        let lost = e - (u - one);
        let (k, m, _) = split(u);
        let log = assemble(k, m - one, lost / u);
        L::select(zero.lt(x), x + log, log)
    }
}
