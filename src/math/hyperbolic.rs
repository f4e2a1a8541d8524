//! Hyperbolic functions, from the parts of the exponential.

use super::exp::{Parts, clamp};
use super::{Expm1, Lanes, Unary};

/// The hyperbolic tangent, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Tanh;

impl Unary for Tanh {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let limit = L::pick(22.0, 10.0);
        let a = x.abs();
        let a = L::select(limit.lt(a), limit, a);
        // m / (m + 2), where m = exp(2 |x|) - 1 in two parts.
        let p = Parts::of(a + a, L::splat(0.0));
        let (high, low) = p.minus_one();
        let power = p.power();
        let offset = power - L::splat(1.0);
        let first = power * high;
        let m = first + offset;
        // The larger of the two terms is not always the same one.
        let part = m - offset;
        let lost = (offset - (m - part)) + (first - part) + power * low;
        let sum = m + L::splat(2.0);
        let sum_lost = (m - (sum - L::splat(2.0))) + lost;
        let inverse = L::splat(1.0) / sum;
        let y = m * inverse;
        let rest = (-y).mul_add(sum, m) + (lost - y * sum_lost);
        let y = inverse.mul_add(rest, y);
        L::select(x.same(L::splat(0.0)), x, y.flip(x.sign()))
    }
}

/// Half of `exp(|x|)`, finite where the results are.
#[inline(always)]
fn half_exp<L: Lanes>(x: L) -> L {
    let limit = L::pick(711.0, 90.0);
    let a = x.abs();
    let p = Parts::of(L::select(limit.lt(a), limit, a), L::splat(0.0));
    p.scale(p.mantissa(), -1)
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
        let m = Expm1::at(clamp(a));
        let near = L::splat(0.5) * (m + m / (m + L::splat(1.0)));
        let y = L::select(a.lt(L::splat(1.0)), near, far);
        L::select(x.same(L::splat(0.0)), x, y.flip(x.sign()))
    }
}
