//! Scalar functions that the platform's library lacks, and the reals' view of them.

use crate::math::Lanes;
use crate::num::Real;

fn r(x: f64) -> Real {
    Real::from(x)
}

/// `log(1 - exp(x))`: Maechler, "Accurately computing log(1 - exp(-|a|))", 2012.
pub(super) fn log1mexp(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 { libm::log(-libm::expm1(x)) } else { libm::log1p(-libm::exp(x)) }
}

/// `x * log(y)`, and zero where `x` is, unless `y` is NaN.
pub(super) fn xlogy(x: f64, y: f64) -> f64 {
    if x == 0.0 && !y.is_nan() { 0.0 } else { x * libm::log(y) }
}

/// `x * log1p(y)`, and zero where `x` is, unless `y` is NaN.
pub(super) fn xlog1py(x: f64, y: f64) -> f64 {
    if x == 0.0 && !y.is_nan() { 0.0 } else { x * libm::log1p(y) }
}

/// -1, 0 or 1; keeps zeros and NaN.
#[inline(always)]
pub(super) fn sgn<L: Lanes>(x: L) -> L {
    let zero = L::splat(0.0);
    let below = L::select(x.lt(zero), L::splat(-1.0), x);
    L::select(zero.lt(x), L::splat(1.0), below)
}

/// The logarithmic derivative of the gamma function.
///
/// Recurrence up to 12, then the asymptotic series (Abramowitz and Stegun 6.3.5 and 6.3.18);
/// reflection below zero (6.3.7).
pub(super) fn psi(x: f64) -> f64 {
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x <= 0.0 {
        if x.fract() == 0.0 {
            return if x == 0.0 { -(1.0 / x) } else { f64::NAN };
        }
        let t = std::f64::consts::PI * (x - x.floor());
        return psi(1.0 - x) - std::f64::consts::PI * libm::cos(t) / libm::sin(t);
    }
    let mut x = x;
    let mut shift = 0.0;
    while x < 12.0 {
        shift += 1.0 / x;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series = z
        * (1.0 / 12.0
            - z * (1.0 / 120.0
                - z * (1.0 / 252.0
                    - z * (1.0 / 240.0 - z * (1.0 / 132.0 - z * (691.0 / 32760.0 - z / 12.0))))));
    libm::log(x) - 0.5 / x - series - shift
}

/// The second logarithmic derivative of the gamma function.
///
/// Recurrence up to 14, then the asymptotic series (Abramowitz and Stegun 6.4.6 and 6.4.12);
/// reflection below zero (6.4.7).
pub(super) fn tri_gamma(x: f64) -> f64 {
    if x.is_nan() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x <= 0.0 {
        if x.fract() == 0.0 {
            return f64::INFINITY;
        }
        let s = std::f64::consts::PI / libm::sin(std::f64::consts::PI * (x - x.floor()));
        return s * s - tri_gamma(1.0 - x);
    }
    let mut x = x;
    let mut shift = 0.0;
    while x < 14.0 {
        shift += 1.0 / (x * x);
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series = z
        * (1.0 / 6.0
            - z * (1.0 / 30.0 - z * (1.0 / 42.0 - z * (1.0 / 30.0 - z * (5.0 / 66.0 - z * 691.0 / 2730.0)))));
    shift + 1.0 / x + z / 2.0 + series / x
}

/// The logarithm of the absolute value of the gamma function.
pub(super) fn gammaln(x: f64) -> f64 {
    libm::lgamma(x)
}

/// `log(1 + x)` over the reals, for tiny `x` by its series.
pub(super) fn real_log1p(x: &Real) -> Real {
    if tiny(x) {
        let mut term = x.clone();
        let mut sum = x.clone();
        for k in 2..9 {
            term = -(term * x.clone());
            sum = sum + term.clone() / r(f64::from(k));
        }
        return sum;
    }
    (r(1.0) + x.clone()).ln()
}

/// `exp(x) - 1` over the reals, for tiny `x` by its series.
pub(super) fn real_expm1(x: &Real) -> Real {
    if tiny(x) {
        let mut term = x.clone();
        let mut sum = x.clone();
        for k in 2..9 {
            term = term * x.clone() / r(f64::from(k));
            sum = sum + term.clone();
        }
        return sum;
    }
    x.exp() - r(1.0)
}

fn tiny(x: &Real) -> bool {
    x.abs() < r(1e-12)
}

/// The hyperbolic tangent over the reals.
pub(super) fn real_tanh(x: &Real) -> Real {
    if x.abs() > r(400.0) {
        return if x.is_negative() { r(-1.0) } else { r(1.0) };
    }
    let e = real_expm1(&(x.clone() + x.clone()));
    e.clone() / (e + r(2.0))
}

/// The error function over the reals: Kummer's series for the middle, `1 - erfc` outside.
pub(super) fn real_erf(x: &Real) -> Real {
    if x.is_nan() {
        return x.clone();
    }
    if x.abs() > r(8.0) {
        return if x.is_negative() { real_erfc(&x.abs()) - r(1.0) } else { r(1.0) - real_erfc(x) };
    }
    // erf(x) = 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (1 3 5 ... (2n+1))
    let square = x.clone() * x.clone();
    let mut term = x.clone();
    let mut sum = x.clone();
    for n in 1..700 {
        term = term * r(2.0) * square.clone() / r(f64::from(2 * n + 1));
        sum = sum + term.clone();
        if term.abs() < sum.abs() * r(1e-76) {
            break;
        }
    }
    two_over_sqrt_pi() * (-square).exp() * sum
}

/// The complementary error function over the reals: Lentz's continued fraction for large `x`.
pub(super) fn real_erfc(x: &Real) -> Real {
    if x.is_nan() {
        return x.clone();
    }
    if *x < r(8.0) {
        if x.is_negative() {
            return r(1.0) + real_erf(&-x.clone());
        }
        return r(1.0) - real_erf(x);
    }
    if x.is_infinite() {
        return r(0.0);
    }
    // erfc(x) = exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), from the back.
    let mut f = x.clone();
    for k in (1..400).rev() {
        f = x.clone() + r(f64::from(k) / 2.0) / f;
    }
    two_over_sqrt_pi() / r(2.0) * (-(x.clone() * x.clone())).exp() / f
}

fn two_over_sqrt_pi() -> Real {
    r(2.0) / Real::pi().sqrt()
}
/// The inverse hyperbolic sine, by its odd symmetry.
pub(super) fn real_asinh(x: &Real) -> Real {
    let a = x.abs();
    let root = (&(&a * &a) + &r(1.0)).sqrt();
    // a + a^2 / (1 + root), so that nothing cancels where a is small.
    let y = real_log1p(&(&a + &(&(&a * &a) / &(&r(1.0) + &root))));
    if x.is_negative() { -&y } else { y }
}
