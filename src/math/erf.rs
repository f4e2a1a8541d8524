//! The error function and its complement: a polynomial near zero, `exp(-x^2)` times a smooth
//! function of `(x - 5/2) / (x + 5/2)` far from it (the transformation of Shepherd and Laframboise).

use super::exp::Parts;
use super::{Lanes, Unary, pairs};

/// `erf(x) / x - 1` in `x^2` up to 1, interpolated at Chebyshev's points, and what its first
/// coefficient lost; error below 2^-55.
const NEAR: [f64; 13] = [
    0.1283791670955126,
    -0.3761263890318375,
    0.11283791670954876,
    -0.02686617064507627,
    0.005223977624812638,
    -0.0008548326980509413,
    0.00012055331099279798,
    -1.4925594957596026e-05,
    1.6460995338195411e-06,
    -1.6350256278696497e-07,
    1.4659383821340068e-08,
    -1.1371291831047954e-09,
    5.954471583153482e-11,
];
const NEAR_LOW: f64 = -1.2552138996913213e-17;
/// The same for singles; error below 2^-29.
const NEAR_SINGLE: [f64; 8] = [
    0.12837916706154343,
    -0.3761263846802871,
    0.11283782495236845,
    -0.026865430727670243,
    0.005221031807858023,
    -0.0008484080405535107,
    0.00011265959025606609,
    -9.667044571486996e-06,
];
const NEAR_SINGLE_LOW: f64 = 9.352921945365602e-10;
/// `x exp(x^2) erfc(x)` in `(x - 5/2) / (x + 5/2)`, `x` from 0.74 to 27.6, and what its first
/// coefficient lost; error below 2^-55.
const FAR: [f64; 25] = [
    0.527015910152859,
    0.12468998543328452,
    -0.17536886639552576,
    0.14133148570102474,
    -0.07144479755706311,
    0.018377297217222855,
    0.0017871293904351139,
    -0.002628996894477741,
    0.00013174271967295376,
    0.0003805007469568039,
    -2.714846755736108e-05,
    -6.606832436457298e-05,
    -6.439938470793073e-07,
    1.2498173024170625e-05,
    2.21061989088684e-06,
    -2.1433422526257505e-06,
    -9.819655488409693e-07,
    2.1093293163340741e-07,
    2.876366356847825e-07,
    5.152771641005178e-08,
    -5.651804902343499e-08,
    -4.342332295402083e-08,
    1.0001548397033422e-08,
    1.570774666301615e-08,
    -5.531225249524282e-09,
];
const FAR_LOW: f64 = -2.794202174286509e-17;
/// The same for singles, `x` up to 10.6; error below 2^-27.
const FAR_SINGLE: [f64; 10] = [
    0.5270159098318347,
    0.12468998087156623,
    -0.17536882324285424,
    0.14133174271064702,
    -0.07144573871238298,
    0.018373363466775084,
    0.0017944310829002227,
    -0.0026048656838463433,
    0.00010817969445960862,
    0.0003160522980617016,
];
const FAR_SINGLE_LOW: f64 = -1.4621900656394654e-08;
/// Past this, `erfc` is below the smallest number; of doubles, of singles.
const LARGEST: (f64, f64) = (27.5, 10.5);

/// `erf(x) / x - 1` for `|x|` up to 1.
#[inline(always)]
fn near<L: Lanes>(x: L) -> L {
    let z = x * x;
    let curve = if L::single() { pairs(z, NEAR_SINGLE) } else { pairs(z, NEAR) };
    curve + L::pick(NEAR_LOW, NEAR_SINGLE_LOW)
}

/// `erfc(x)` for `x` from 0.74 up.
#[inline(always)]
fn far<L: Lanes>(x: L) -> L {
    let limit = L::pick(LARGEST.0, LARGEST.1);
    let x = L::select(limit.lt(x), limit, x);
    let t = (x - L::splat(2.5)) / (x + L::splat(2.5));
    // The first coefficient is half of the value and more: in singles what adding it rounds away counts.
    let (smooth, smooth_low) = if L::single() {
        let [first, rest @ ..] = FAR_SINGLE;
        let (curve, first) = (pairs(t, rest), L::splat(first));
        let smooth = curve.mul_add(t, first);
        (smooth, curve.mul_add(t, first - smooth) + L::splat(FAR_SINGLE_LOW))
    } else {
        (pairs(t, FAR) + L::splat(FAR_LOW), L::splat(0.0))
    };
    let one = L::splat(1.0);
    // The quotient in two parts.
    let inverse = one / x;
    let q = smooth * inverse;
    let rest = (-q).mul_add(x, smooth);
    let rest = if L::single() { rest + smooth_low } else { rest };
    let q_low = rest * inverse;
    let square = x * x;
    let square_low = x.mul_add(x, -square);
    let p = Parts::of(-square, -square_low);
    let y = q + q.mul_add(p.r + p.tail, q_low);
    p.scale(y, 0)
}

/// The error function, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Erf;

impl Unary for Erf {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let a = x.abs();
        let one = L::splat(1.0);
        let close = a.mul_add(near(a), a);
        let y = L::select(a.lt(one), close, one - far(a));
        L::select(x.same(L::splat(0.0)), x, y.flip(x.sign()))
    }
}

/// The complementary error function, below 2 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Erfc;

impl Unary for Erfc {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let a = x.abs();
        let tail = far(a);
        let tail = L::select(x.lt(L::splat(0.0)), L::splat(2.0) - tail, tail);
        let close = (-x).mul_add(near(x), L::splat(1.0) - x);
        L::select(a.lt(L::splat(0.75)), close, tail)
    }
}
