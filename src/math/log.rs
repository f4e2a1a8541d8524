//! Logarithms: `x = 2^k m` with `m` near 1; with `f = m - 1` and `s = f / (2 + f)`,
//! `log m = f - f^2/2 + s (f^2/2 + R(s^2))`, where only small terms are rounded before the last sum.

use super::exp::{Rounded, ln2};
use super::lanes::{ROUND, ROUND_SINGLE};
use super::{Lanes, Unary, pairs};

/// `(2 atanh(s) - 2 s) / s^3` in `s^2`, `|s| <= 0.2`; the error of the function is below 2^-62.
const TAIL: [f64; 8] = [
    0.666666666666666,
    0.4000000000005603,
    0.2857142855598586,
    0.22222224278611438,
    0.1818166694413786,
    0.1539107714299863,
    0.1317418261900073,
    0.13839103033463984,
];
/// The same for singles, below 2^-28.
const TAIL_SINGLE: [f64; 3] = [0.6666694782923406, 0.3995778523588122, 0.3036134104542327];
/// The same for `0 <= s <= 1/3`, below 2^-59.
const SOFT: [f64; 10] = [
    0.6666666666666631,
    0.4000000000015743,
    0.2857142854783304,
    0.22222223970966182,
    0.18181743881761306,
    0.15386560851520387,
    0.13300961177311718,
    0.1210618654876719,
    0.08339653046520104,
    0.17019426322383,
];
/// And for singles, below 2^-33.
const SOFT_SINGLE: [f64; 5] =
    [0.6666667565601816, 0.39998875390855604, 0.2861693986908058, 0.21427126382266182, 0.24302752867403776];

/// `log(2^k (1 + f))`.
#[inline(always)]
fn assemble<L: Lanes>(k: L, f: L) -> L {
    let s = f / (L::splat(2.0) + f);
    let z = s * s;
    let half = L::splat(0.5) * f * f;
    let tail = if L::single() { pairs(z, TAIL_SINGLE) } else { pairs(z, TAIL) };
    let ln2 = ln2::<L>();
    let small = s.mul_add(z.mul_add(tail, half), k * ln2.1);
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
        let (k, m) = x.split();
        assemble(k, m - L::splat(1.0))
    }
}

/// `log(1 + x)`, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Log1p;

impl Unary for Log1p {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let one = L::splat(1.0);
        let u = one + x;
        let (k, _) = u.split_normal();
        // Rounded once: where `k` is small, not at all.
        let power = one.scale(L::pick(ROUND, ROUND_SINGLE.into()) - k, 0);
        let y = edges(u, assemble(k, x.mul_add(power, power - one)));
        L::select(x.same(L::splat(0.0)), x, y)
    }
}

/// `log(1 + exp(x))` without overflow, below 2 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Softplus;

impl Unary for Softplus {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let e = Rounded::decay(x).value();
        let s = e / (L::splat(2.0) + e);
        let z = s * s;
        let half = L::splat(0.5) * e * e;
        let tail = if L::single() { pairs(z, SOFT_SINGLE) } else { pairs(z, SOFT) };
        let log = e - (-s).mul_add(z.mul_add(tail, half), half);
        let zero = L::splat(0.0);
        L::select(zero.lt(x), x, zero) + log
    }
}
