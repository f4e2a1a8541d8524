//! The error function and its complement: a polynomial near zero; past it `erf` is one less an
//! exponential, and `erfc` is `exp(-x^2)` times a smooth function of `(x - 5/2) / (x + 5/2)` (the
//! transformation of Shepherd and Laframboise).

use super::exp::{Parts, clamp};
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
/// `(x + 5/2) exp(x^2) erfc(x)` in `(x - 5/2) / (x + 5/2)`, `x` from 0.74 to 27.6;
/// with what rounding took from the first two, the error is below 2^-57.
const FAR: [f64; 22] = [
    1.054031820305718,
    -0.8046518494391489,
    0.4539141166480975,
    -0.17125114524604584,
    0.028361550131905257,
    0.008393044302418398,
    -0.004818785520959149,
    -0.00043920826495947885,
    0.0007026936915271465,
    5.830776245551346e-05,
    -0.00011260453248347812,
    -1.9531823316896243e-05,
    1.824249479289625e-05,
    6.7527252701782514e-06,
    -2.324519073525512e-06,
    -1.9609673065631263e-06,
    -2.578314790245209e-08,
    4.551491949823935e-07,
    1.645154353422804e-07,
    -9.463440385983182e-08,
    -6.165097209852959e-08,
    2.8203682228096596e-08,
];
/// The same for singles, `x` up to 10.6; error below 2^-29.
const FAR_SINGLE: [f64; 9] = [
    1.0540318489074707,
    -0.8046518564224243,
    0.45391419529914856,
    -0.1712505966424942,
    0.02835935726761818,
    0.00838601402938366,
    -0.004798533860594034,
    -0.0004056549514643848,
    0.0006244124961085618,
];
/// What rounding took from the first two coefficients; of doubles, of singles.
const FAR_LOW: [(f64, f64); 2] =
    [(-5.35508505638606e-17, -2.823436240362298e-08), (4.5562432244319094e-17, -1.8483122810053487e-09)];
/// Past this, `erfc` is below the smallest number; of doubles, of singles.
const LARGEST: (f64, f64) = (27.5, 10.5);

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

/// The same, rounded: for what is a small part of a sum.
#[inline(always)]
fn near_rounded<L: Lanes>(x: L) -> L {
    let z = x * x;
    let [first, second, rest @ ..] = NEAR;
    let [first_single, second_single, rest_single @ ..] = NEAR_SINGLE;
    let rest = if L::single() { pairs(z, rest_single) } else { pairs(z, rest) };
    let curve = rest.mul_add(z, L::pick(second, second_single));
    curve.mul_add(z, L::pick(first, first_single))
}

/// `erfc(|x|)` for `|x|` from 0.74 up.
#[inline(always)]
fn far<L: Lanes>(x: L) -> L {
    // The exponential of the rounded square is that which the derivative takes. Past the limit both are zero.
    let p = Parts::of(clamp(-(x * x)));
    let x = x.abs();
    let limit = L::pick(LARGEST.0, LARGEST.1);
    let x = L::select(limit.lt(x), limit, x);
    let (one, half) = (L::splat(1.0), L::splat(2.5));
    // 1 / (x + 5/2) in two parts.
    let sum = x + half;
    let lost = x - (sum - half);
    let inverse = one / sum;
    let inverse_low = inverse * inverse.mul_add(-lost, (-inverse).mul_add(sum, one));
    let five = L::splat(-5.0);
    let t = inverse_low.mul_add(five, inverse.mul_add(five, one));
    // The first coefficients are most of the value: what adding them rounds away counts.
    let [first, second, rest @ ..] = FAR;
    let [first_single, second_single, rest_single @ ..] = FAR_SINGLE;
    let rest = if L::single() { pairs(t, rest_single) } else { pairs(t, rest) };
    let (first, second) = (L::pick(first, first_single), L::pick(second, second_single));
    let curve = rest.mul_add(t, second);
    let curve_low = rest.mul_add(t, second - curve) + L::pick(FAR_LOW[1].0, FAR_LOW[1].1);
    let smooth = curve.mul_add(t, first);
    let smooth_low = curve.mul_add(t, first - smooth) + L::pick(FAR_LOW[0].0, FAR_LOW[0].1);
    let smooth_low = curve_low.mul_add(t, smooth_low);
    let q = smooth * inverse;
    let q_low = smooth.mul_add(inverse_low, smooth.mul_add(inverse, -q));
    let q_low = inverse.mul_add(smooth_low, q_low);
    // What rounding took from the square is far below one: `exp(-low)` is `1 - low`.
    let square_low = x.mul_add(x, -(x * x));
    let tail = p.tail - square_low.mul_add(p.r + p.tail, square_low);
    p.scale(q + q.mul_add(p.r, q.mul_add(tail, q_low.mul_add(p.r, q_low))), 0)
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

/// The complementary error function, below 2 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Erfc;

impl Unary for Erfc {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let a = x.abs();
        let tail = far(x);
        let tail = L::select(x.lt(L::splat(0.0)), L::splat(2.0) - tail, tail);
        let close = (-x).mul_add(near_rounded(x), L::splat(1.0) - x);
        L::select(a.lt(L::splat(0.75)), close, tail)
    }
}
