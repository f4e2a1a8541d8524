//! Hyperbolic functions, from the exponential.

use super::exp::{Parts, Scaled};
use super::{Lanes, Unary, pairs};

/// `(tanh(x) / x - 1) / x^2` as a quotient of polynomials in `x^2` up to [`SMALL`]; the error of the
/// function is below 2^-58.
const NUMERATOR: [f64; 3] = [-0.333333333333333, -0.020492712746341225, -0.00019890864581179358];
const DENOMINATOR: [f64; 4] = [1.0, 0.46147813823897715, 0.02328321932890529, 0.00020624524007516526];
/// The same as a polynomial, for singles; below 2^-28.
const CURVE_SINGLE: [f64; 7] = [
    -0.33333309661952615,
    0.13332664674880423,
    -0.0539035459049187,
    0.021566980724577,
    -0.00808257667465137,
    0.00241478669126701,
    -0.0003951360691375464,
];
/// `(sinh(x) / x - 1) / x^2` in `x^2` up to 1: the series. The next term is below 2^-65.
const SERIES: [f64; 9] = [
    1.0 / 6.0,
    1.0 / 120.0,
    1.0 / 5040.0,
    1.0 / 362_880.0,
    1.0 / 39_916_800.0,
    1.0 / 6_227_020_800.0,
    1.0 / 1_307_674_368_000.0,
    1.0 / 355_687_428_096_000.0,
    1.0 / 121_645_100_408_832_000.0,
];
/// The same for singles; the next term is below 2^-32.
const SERIES_SINGLE: [f64; 5] = [1.0 / 6.0, 1.0 / 120.0, 1.0 / 5040.0, 1.0 / 362_880.0, 1.0 / 39_916_800.0];
/// Up to here the argument of the tangent is small; of doubles, of singles.
const SMALL: (f64, f64) = (0.7, 0.95);

/// The hyperbolic tangent, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Tanh;

impl Unary for Tanh {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let a = x.abs();
        let small = a.lt(L::pick(SMALL.0, SMALL.1));
        let z = a * a;
        // 1 - 2 / (exp(2 |x|) + 1), or |x| and a small quotient: one division for both.
        let limit = L::pick(22.0, 10.0);
        let a = L::select(limit.lt(a), limit, a);
        let one = L::splat(1.0);
        let d = Parts::of(a + a).plus_one();
        let cube = z * a;
        let y = if L::single() {
            L::select(small, cube.mul_add(pairs(z, CURVE_SINGLE), a), one - L::splat(2.0) / d)
        } else {
            let top = L::select(small, cube * pairs(z, NUMERATOR), L::splat(-2.0));
            let bottom = L::select(small, pairs(z, DENOMINATOR), d);
            let q = top / bottom;
            // What rounding took from the quotient, whose square is that by the divisor for large arguments, and
            // from the difference.
            let q_low = q.mul_add(-bottom, top) * (q * L::splat(-0.5));
            let high = one + q;
            let large = high + ((one - high) + q + q_low);
            L::select(small, a + q, large)
        };
        y.flip(x.sign())
    }
}

/// Half of `exp(|x|)`, finite where the results are.
#[inline(always)]
fn half_exp<L: Lanes>(x: L) -> L {
    let limit = L::pick(711.0, 90.0);
    let a = x.abs();
    Scaled::exp(L::select(limit.lt(a), limit, a)).half()
}

/// The hyperbolic cosine, below 2 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Cosh;

impl Unary for Cosh {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let h = half_exp(x);
        h + L::splat(0.25) / h
    }
}

/// The hyperbolic sine, below 2 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Sinh;

impl Unary for Sinh {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let a = x.abs();
        let h = half_exp(x);
        let far = h - L::splat(0.25) / h;
        let z = a * a;
        let curve = if L::single() { pairs(z, SERIES_SINGLE) } else { pairs(z, SERIES) };
        let near = (z * a).mul_add(curve, a);
        L::select(a.lt(L::splat(1.0)), near, far).flip(x.sign())
    }
}
