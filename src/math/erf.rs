//! The error function and its complement. `erf` is a polynomial near zero; past it one less an exponential. `erfc` is
//! that of a near number in a table, less an integral.

use super::exp::Parts;
use super::table::{FIRST, LAST, LAST_SINGLE, Table};
use super::{Lanes, Unary, pairs};

/// `erf(x) / x - 1` in `x^2` up to 1; error below 2^-56.
const NEAR: [f64; 12] = [
    0.12837916709551256,
    -0.37612638903183515,
    0.1128379167094405,
    -0.026866170643090832,
    0.005223977605955976,
    -0.0008548325921832868,
    0.00012055293361789542,
    -1.4924708324564733e-05,
    1.6447084274164282e-06,
    -1.6205964193578604e-07,
    1.3709519205307453e-08,
    -7.776829133774088e-10,
];
/// The same for singles; error below 2^-29.
const NEAR_SINGLE: [f64; 7] = [
    0.12837916572809643,
    -0.37612625835283475,
    0.11283585286191568,
    -0.026853818079854035,
    0.005188339946702259,
    -0.0008010305530754816,
    7.854242335220359e-05,
];
/// What rounding took from the first coefficients.
const NEAR_LOW: (f64, f64) = (-4.506208605721271e-19, -3.9815478691807016e-10);
/// `log(erfc(x))`, `x` from 0.95 to 6; the error of `erf` is below 2^-58.
const LOG: [f64; 19] = [
    -1.0452009497359049e-07,
    -1.1283780716952363,
    -0.6366250687013826,
    -0.10275700594417152,
    0.01909744745703119,
    0.0002523893606626166,
    -0.001737770675209425,
    0.0006140956442102076,
    -2.6258823128599435e-05,
    -8.050463164511444e-05,
    4.94578518772135e-05,
    -1.8049138357060766e-05,
    4.748539586930097e-06,
    -9.408206727677369e-07,
    1.40442271324808e-07,
    -1.5397896684795482e-08,
    1.1732369733126982e-09,
    -5.556173125675848e-11,
    1.2319458980321935e-12,
];
/// The same for singles, `x` up to 4; below 2^-35.
const LOG_SINGLE: [f64; 8] = [
    0.00018950056983157992,
    -1.1295849084854126,
    -0.6332077980041504,
    -0.10843085497617722,
    0.025215577334165573,
    -0.004207124573411259,
    0.0004418238921139737,
    -2.172571831262983e-05,
];
/// From here, `erf` is 1; of doubles, of singles.
const ONE_FROM: (f64, f64) = (6.0, 4.0);
/// Integrals over `s` from 0 to 1 of `exp(-2 u s)`, of `s^2 exp(-2 u s)` and of half of `s^4 exp(-2 u s)`, for `u`
/// up to 0.1065; the errors are below 2^-55, 2^-37 and 2^-19.
const STEP: [f64; 10] = [
    1.0,
    -1.0,
    0.666666666666625,
    -0.33333333333331805,
    0.13333333336268352,
    -0.04444444445197723,
    0.012698405460507012,
    -0.0031746016581664285,
    0.0007061958462112998,
    -0.000141227022932818,
];
const SQUARE: [f64; 7] = [
    0.3333333333332583,
    -0.5000000004069128,
    0.4000000002113594,
    -0.2222219355264516,
    0.09523800216440716,
    -0.03338382645617482,
    0.00988965731809097,
];
const FOURTH: [f64; 4] =
    [0.09999940233055815, -0.16666612891833363, 0.14327812315998278, -0.08352273373850903];
/// The first for singles, `u` up to 0.04; the error is below 2^-23.
const STEP_SINGLE: [f64; 4] = [1.0, -1.0, 0.6668808753048109, -0.3334225848843964];
/// `1.5 * 2^52 / 128`: added to a number, leaves it rounded to a multiple of 1/128 in the low bits; the same for
/// singles.
const ROUND: f64 = 52776558133248.0;
const ROUND_SINGLE: f64 = 98304.0;

/// `erf(x) / x - 1` for `|x|` up to 1.
#[inline(always)]
fn near<L: Lanes>(x: L) -> L {
    let z = x * x;
    let lost = x.mul_add(x, -z);
    // The first coefficients are most of the value.
    let [first, second, rest @ ..] = NEAR;
    let [first_single, second_single, rest_single @ ..] = NEAR_SINGLE;
    let rest = if L::single() { pairs(z, rest_single) } else { pairs(z, rest) };
    let second = L::pick(second, second_single);
    let curve = rest.mul_add(z, second);
    let curve_low = rest.mul_add(z, second - curve);
    // The slope is that where the square is large.
    let low = lost.mul_add(L::splat(-0.25), L::pick(NEAR_LOW.0, NEAR_LOW.1));
    let low = curve_low.mul_add(z, low);
    curve.mul_add(z, L::pick(first, first_single) + low)
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
        let end = L::pick(ONE_FROM.0, ONE_FROM.1);
        let b = L::select(end.lt(a), end, a);
        // The logarithm in two parts.
        let [first, second, rest @ ..] = LOG;
        let [first_single, second_single, rest_single @ ..] = LOG_SINGLE;
        let rest = if L::single() { pairs(b, rest_single) } else { pairs(b, rest) };
        let (first, second) = (L::pick(first, first_single), L::pick(second, second_single));
        let curve = rest.mul_add(b, second);
        let curve_low = rest.mul_add(b, second - curve);
        let log = curve.mul_add(b, first);
        let low = curve_low.mul_add(b, curve.mul_add(b, first - log));
        let y = L::select(a.lt(one), close, one - Parts::of_sum(log, low).value());
        y.flip(x.sign())
    }
}

/// The complementary error function, below 2 ulp: that of the nearest multiple `r` of 1/128, less `2 / sqrt(pi)
/// exp(-r^2) d` times the integral of `exp(-2 r d s - d^2 s^2)` over `s` from 0 to 1, where `d` is how far it is from
/// there. That is a small part of `erfc(r)`, a fifth at most.
#[derive(Debug, Clone, Copy)]
pub struct Erfc;

impl Unary for Erfc {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let (first, last) = (L::splat(FIRST), L::pick(LAST, LAST_SINGLE));
        let x = L::select(x.lt(first), first, x);
        let x = L::select(last.lt(x), last, x);
        let round = L::pick(ROUND, ROUND_SINGLE);
        let shifted = x + round;
        let r = shifted - round;
        let d = x - r;
        let (u, square) = (r * d, d * d);
        let part = if L::single() {
            square.mul_add(L::splat(-1.0 / 3.0), pairs(u, STEP_SINGLE))
        } else {
            let part = square.mul_add(pairs(u, FOURTH), -pairs(u, SQUARE));
            square.mul_add(part, pairs(u, STEP))
        };
        let slope = L::look_up(Table::ErfcSlope, shifted.bits());
        (slope * d).mul_add(-part, L::look_up(Table::Erfc, shifted.bits()))
    }
}
