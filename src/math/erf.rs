//! The error function and its complement: a polynomial near zero; past it `erf` is one less an
//! exponential, and `erfc` is `exp(-x^2)` times a smooth function of `(x - 5/2) / (x + 5/2)` (the
//! transformation of Shepherd and Laframboise).

use super::exp::Parts;
use super::{Lanes, Unary, pairs};

/// `erf(x) / x - 1` in `x^2` up to 1; error below 2^-56.
const NEAR: [f64; 12] = [
    0.12837916709551256,
    -0.3761263890318352,
    0.11283791670944195,
    -0.026866170643113182,
    0.005223977606132698,
    -0.0008548325929998679,
    0.00012055293597324641,
    -1.4924712692179828e-05,
    1.6447136345779943e-06,
    -1.6206349952813322e-07,
    1.3711135154833134e-08,
    -7.779753765001494e-10,
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
/// `log(erfc(x))`, `x` from 1 to 6; the error of `erf` is below 2^-56.
const LOG: [f64; 18] = [
    -5.040804180935534e-07,
    -1.1283740777967672,
    -0.6366436795292214,
    -0.1027032999097244,
    0.01898991744349753,
    0.00041098621463152876,
    -0.0019163155589359377,
    0.0007709424748152876,
    -0.00013523884882664025,
    -2.0173170489355104e-05,
    2.2785990327505473e-05,
    -8.656002275916602e-06,
    2.1330393049530095e-06,
    -3.7283089424721387e-07,
    4.636116073039766e-08,
    -3.9287001284060915e-09,
    2.041883844607113e-10,
    -4.920728492978652e-12,
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
/// `(x + 5/2) exp(x^2) erfc(x)` in `(x - 5/2) / (x + 5/2)`, `x` from 0.74 to 27.6; error below 2^-61.
const FAR: [f64; 22] = [
    1.054031820305718,
    -0.8046518494391489,
    0.4539141166480975,
    -0.17125114524604584,
    0.0283615501319056,
    0.008393044302418521,
    -0.004818785520969986,
    -0.00043920826495515543,
    0.0007026936916975999,
    5.830776229228888e-05,
    -0.00011260453395566233,
    -1.9531821180323623e-05,
    1.8242501814776536e-05,
    6.752711055176052e-06,
    -2.3245352413632943e-06,
    -1.960916260259432e-06,
    -2.577938486801959e-08,
    4.550572716764172e-07,
    1.6456905736898035e-07,
    -9.457835794278597e-08,
    -6.172307673434447e-08,
    2.822593355053575e-08,
];
/// The same for singles, `x` up to 10.6; error below 2^-29.
const FAR_SINGLE: [f64; 9] = [
    1.0540318197877419,
    -0.8046518625032574,
    0.4539142022450177,
    -0.17125054896717884,
    0.02835930507297342,
    0.008385692239887232,
    -0.004798077535019991,
    -0.0004049690309719694,
    0.0006233876088853857,
];
/// What rounding took from the first coefficients.
const FAR_LOW: (f64, f64) = (-5.612173993659944e-17, -2.9119728758861967e-08);
/// Past this, `erfc` is below the smallest number; of doubles, of singles.
const LARGEST: (f64, f64) = (27.5, 10.5);

/// `erf(x) / x - 1` for `|x|` up to 1.
#[inline(always)]
fn near<L: Lanes>(x: L) -> L {
    let z = x * x;
    if L::single() { pairs(z, NEAR_SINGLE) } else { pairs(z, NEAR) }
}

/// `erfc(x)` for `x` from 0.74 up.
#[inline(always)]
fn far<L: Lanes>(x: L) -> L {
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
    let curve_low = rest.mul_add(t, second - curve);
    let smooth = curve.mul_add(t, first);
    let smooth_low = curve.mul_add(t, first - smooth) + L::pick(FAR_LOW.0, FAR_LOW.1);
    let smooth_low = curve_low.mul_add(t, smooth_low);
    let q = smooth * inverse;
    let q_low = smooth.mul_add(inverse_low, smooth.mul_add(inverse, -q));
    let q_low = inverse.mul_add(smooth_low, q_low);
    let square = x * x;
    let square_low = x.mul_add(x, -square);
    let p = Parts::of_sum(-square, -square_low);
    p.scale(q + q.mul_add(p.r + p.tail, q_low), 0)
}

/// The error function, below 1.1 ulp, in singles below 1.
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
        let curve = rest.mul_add(b, L::pick(second, second_single));
        let first = L::pick(first, first_single);
        let log = curve.mul_add(b, first);
        let low = curve.mul_add(b, first - log);
        let y = L::select(a.lt(one), close, one - Parts::of_sum(log, low).value());
        y.flip(x.sign())
    }
}

/// The complementary error function, below 2 ulp, far out 2.6.
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
