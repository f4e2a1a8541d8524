//! Functions of elements, from others.

use super::super::{Attr, Op};
use super::array::positions;
use crate::expr::{Expr, IntoExpr, Lit, switch};
use crate::ty::DType;

type Spelled = Option<Expr>;

const LN_2: f64 = std::f64::consts::LN_2;
const LN_10: f64 = std::f64::consts::LN_10;
const PI: f64 = std::f64::consts::PI;
const SQRT_PI: f64 = 1.772_453_850_905_516;

/// Of two choices by a condition on each element.
#[allow(clippy::needless_pass_by_value, reason = "conditions are made where they are used")]
fn choose(c: Expr, a: impl IntoExpr, b: impl IntoExpr) -> Expr {
    switch(&c, a, b)
}

/// The first operand: what stands there only says something to gradients.
pub(in crate::op) fn itself(x: &[Expr], _: &Attr) -> Spelled {
    Some(x[0].clone())
}

/// `a - b * floor(a / b)`.
pub(in crate::op) fn modulo(x: &[Expr], _: &Attr) -> Spelled {
    Some(&x[0] - &x[1] * (&x[0] / &x[1]).floor())
}

/// `floor(a / b)`.
pub(in crate::op) fn int_div(x: &[Expr], _: &Attr) -> Spelled {
    Some((&x[0] / &x[1]).floor())
}

fn times_log(x: &Expr, y: &Expr, neutral: i32, log: fn(&Expr) -> Expr) -> Spelled {
    let zero = x.eq(0);
    let inner = switch(&zero, neutral, y);
    Some(switch(&zero, 0.0, x * log(&inner)))
}

/// `x * log(y)`, and zero where `x` is.
pub(in crate::op) fn xlogy(x: &[Expr], _: &Attr) -> Spelled {
    times_log(&x[0], &x[1], 1, Expr::log)
}

/// `x * log1p(y)`, and zero where `x` is.
pub(in crate::op) fn xlog1py(x: &[Expr], _: &Attr) -> Spelled {
    times_log(&x[0], &x[1], 0, Expr::log1p)
}

/// `1 / x`.
pub(in crate::op) fn reciprocal(x: &[Expr], _: &Attr) -> Spelled {
    Some(1 / &x[0])
}

/// `x / (1 + |x|)`.
pub(in crate::op) fn softsign(x: &[Expr], _: &Attr) -> Spelled {
    Some(&x[0] / (1.0 + x[0].abs()))
}

/// `2 ** x`.
pub(in crate::op) fn exp2(x: &[Expr], _: &Attr) -> Spelled {
    Some(2.into_expr().pow(&x[0]))
}

/// `log(x) / log(2)`.
pub(in crate::op) fn log2(x: &[Expr], _: &Attr) -> Spelled {
    Some(x[0].log() / LN_2)
}

/// `log(x) / log(10)`.
pub(in crate::op) fn log10(x: &[Expr], _: &Attr) -> Spelled {
    Some(x[0].log() / LN_10)
}

/// `log(1 - exp(x))`, by the function that is accurate on each side of `-log(2)`.
pub(in crate::op) fn log1mexp(x: &[Expr], _: &Attr) -> Spelled {
    Some(choose(x[0].lt(-LN_2), (-x[0].exp()).log1p(), (-x[0].expm1()).log()))
}

/// `x * (pi / 180)`.
pub(in crate::op) fn deg2rad(x: &[Expr], _: &Attr) -> Spelled {
    Some(&x[0] * (PI / 180.0))
}

/// `x * (180 / pi)`.
pub(in crate::op) fn rad2deg(x: &[Expr], _: &Attr) -> Spelled {
    Some(&x[0] * (180.0 / PI))
}

/// `exp(x * x) * erfc(x)`; from 10 on the asymptotic series (Abramowitz and Stegun 7.1.23).
pub(in crate::op) fn erfcx(x: &[Expr], _: &Attr) -> Spelled {
    let x = &x[0];
    let z = 0.5 / x.sqr();
    let series = (0..12).rev().fold(1.0.into_expr(), |sum, k| 1.0 - &z * f64::from(2 * k + 1) * sum);
    Some(choose(x.lt(10), x.sqr().exp() * x.erfc(), series / (x * SQRT_PI)))
}

/// Winitzki's approximation of the inverse of `erf` at `x`, whose `log(1 - x * x)` is `l`; then
/// Halley's steps for a function whose `erf(y) - x` is `miss`.
fn inverse(x: &Expr, l: &Expr, miss: impl Fn(&Expr) -> Expr) -> Expr {
    const A: f64 = 0.147;
    let t = 2.0 / (PI * A) + 0.5 * l;
    let start = x.sgn() * ((t.sqr() - l / A).sqrt() - &t).sqrt();
    (0..4).fold(start, |y, _| {
        let u = miss(&y) * (0.5 * SQRT_PI) * y.sqr().exp();
        &y - &u / (1 + &y * &u)
    })
}

/// The inverse of `erf`.
pub(in crate::op) fn erfinv(x: &[Expr], _: &Attr) -> Spelled {
    let x = &x[0];
    let l = (-x).log1p() + x.log1p();
    let inside = inverse(x, &l, |y| y.erf() - x);
    Some(choose(x.abs().lt(1), inside, x.sgn() * -(-x.abs()).log1p()))
}

/// The inverse of `erfc`.
pub(in crate::op) fn erfcinv(x: &[Expr], _: &Attr) -> Spelled {
    let x = &x[0];
    let l = x.log() + (1 - x).log1p();
    let inside = inverse(&(1 - x), &l, |y| x - y.erfc());
    Some(choose((1 - x).abs().lt(1), inside, (1 - x).sgn() * -(-(1 - x).abs()).log1p()))
}

/// `sin(pi * x)`, of what is left of `x` in its period.
fn sin_pi(x: &Expr) -> Expr {
    (PI * (x - 2 * (x / 2).floor())).sin()
}

/// `exp(gammaln(x))`, below a half by reflection.
pub(in crate::op) fn gamma(x: &[Expr], _: &Attr) -> Spelled {
    let x = &x[0];
    let below = PI / (sin_pi(x) * (1 - x).gammaln().exp());
    Some(choose(x.ge(0.5), x.gammaln().exp(), below))
}

/// The last order of [`polygamma`] that is spelled out.
const ORDERS: i32 = 8;

/// `(-1)^(n+1) n!` times the sum of `(x + k)^-(n+1)` over 64 terms, then the asymptotic series
/// (Abramowitz and Stegun 6.4.10 and 6.4.11): for `x` above -50.
fn polygamma_of(n: i32, x: &Expr) -> Expr {
    // Bernoulli numbers over factorials: B2 / 2!, B4 / 4!, ...
    const B: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
        1.0 / 74_724_249_600.0,
        -3617.0 / 10_670_622_842_880_000.0,
    ];
    let factorial = |k: i32| (1..=k).map(f64::from).product::<f64>();
    let rank = x.rank();
    let shifted = x.dimshuffle((0..rank).map(Some).chain([None])) + positions(64);
    let last = Attr::Axes(vec![rank]);
    let head = (1 / shifted.pow(n + 1)).reduce(Op::Sum, &last) * factorial(n);
    let z = x + 64.0;
    let w = 1 / z.sqr();
    let corrections = B
        .iter()
        .zip(1..9)
        .rev()
        .fold(0.0.into_expr(), |sum, (b, k)| (sum + b * factorial(2 * k + n - 1)) * &w);
    let tail = (factorial(n - 1) + (0.5 * factorial(n)) / &z + corrections) / z.pow(n);
    let all = head + tail;
    if n % 2 == 0 { -all } else { all }
}

/// The derivative of `psi`; far below zero by reflection.
pub(in crate::op) fn tri_gamma(x: &[Expr], _: &Attr) -> Spelled {
    let x = &x[0];
    let reflected = (PI / sin_pi(x)).sqr() - polygamma_of(1, &(1 - x));
    Some(choose(x.gt(-40), polygamma_of(1, x), reflected))
}

/// A derivative of `psi` whose order is a small literal.
pub(in crate::op) fn polygamma(x: &[Expr], _: &Attr) -> Spelled {
    let order = match x[0].literal()? {
        Lit::Int(n) => i32::try_from(n).ok()?,
        other => (0..=ORDERS).find(|n| f64::from(*n) == other.value())?,
    };
    match order {
        0 => Some(x[1].psi()),
        1 => tri_gamma(&x[1..], &Attr::None),
        2..=ORDERS => Some(polygamma_of(order, &x[1])),
        _ => None,
    }
}

/// By the distance from the integer below.
pub(in crate::op) fn half_even(x: &[Expr], _: &Attr) -> Spelled {
    let (x, low) = (&x[0], x[0].floor());
    let rest = x - &low;
    let even = low.eq(2 * (&low / 2).floor());
    Some(choose(rest.lt(0.5), &low, choose(rest.gt(0.5), &low + 1, switch(&even, &low, &low + 1))))
}

/// By the distance of the absolute value from the integer below.
pub(in crate::op) fn half_away(x: &[Expr], _: &Attr) -> Spelled {
    let size = x[0].abs();
    let low = size.floor();
    Some(x[0].sgn() * choose((size - &low).lt(0.5), &low, &low + 1))
}

/// Towards zero.
pub(in crate::op) fn trunc(x: &[Expr], _: &Attr) -> Spelled {
    Some(choose(x[0].lt(0), x[0].ceil(), x[0].floor()))
}

/// Different truth.
pub(in crate::op) fn xor(x: &[Expr], _: &Attr) -> Spelled {
    Some(x[0].neq(0).neq(x[1].neq(0)))
}

/// Every bit changed.
pub(in crate::op) fn invert(x: &[Expr], _: &Attr) -> Spelled {
    Some(if x[0].ty().dtype == DType::Bool { x[0].eq(0) } else { -&x[0] - 1 })
}

/// Only NaN differs from itself.
pub(in crate::op) fn isnan(x: &[Expr], _: &Attr) -> Spelled {
    Some(x[0].neq(&x[0]))
}

/// Above every number.
pub(in crate::op) fn isinf(x: &[Expr], _: &Attr) -> Spelled {
    Some(x[0].abs().gt(f64::MAX))
}

/// Numbers are numbers; only integers and truth values cut something off.
pub(in crate::op) fn cast(x: &[Expr], attr: &Attr) -> Spelled {
    let (from, Attr::DType(to)) = (x[0].ty().dtype, attr) else { return None };
    Some(match to {
        DType::Bool if from != DType::Bool => x[0].neq(0),
        to if to.is_int() && from.is_float() => trunc(x, attr)?,
        _ => x[0].clone(),
    })
}
