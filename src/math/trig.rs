//! Sine, cosine, tangent: the argument less a multiple of half pi, in two parts, then polynomials.
//! Large arguments, infinities and NaN are rare and reduced by the scalar library.

use super::lanes::{ROUND, ROUND_SINGLE};
use super::{Element, Lanes, Unary, pairs};

/// Half of pi in three parts; of doubles, of singles.
const HALF_PI: ([f64; 3], [f64; 3]) = (
    [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591698e-33],
    [1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15],
);
/// `(sin(x) - x) / x^3` in `x^2`, `|x| <= pi / 4`; the error of the sine is below 2^-58.
const SIN: [f64; 6] = [
    -0.16666666666666632,
    0.008333333333322332,
    -0.0001984126982975308,
    2.7557313675452924e-06,
    -2.505075582704381e-08,
    1.5896676048682147e-10,
];
/// The same for singles, below 2^-37.
const SIN_SINGLE: [f64; 4] =
    [-0.16666666641462857, 0.008333329371724821, -0.00019839331117943391, 2.718281057926918e-06];
/// `(cos(x) - 1 + x^2 / 2) / x^4` in `x^2`, `|x| <= pi / 4`; the error of the cosine is below 2^-64.
const COS: [f64; 6] = [
    0.041666666666666595,
    -0.0013888888888873054,
    2.4801587288849342e-05,
    -2.755731417863398e-07,
    2.087570075138784e-09,
    -1.1358531631349168e-11,
];
/// The same for singles, below 2^-33.
const COS_SINGLE: [f64; 3] = [0.04166664565744272, -0.0013887315096479517, 2.443303116183408e-05];
/// Multiples of half pi up to these are subtracted exactly; of doubles, of singles.
const LIMIT: (f64, f64) = (1.0e6, 1.0e5);

/// The sine and cosine of `|x|`'s reduced argument, each in two parts, and the quarter it came from.
#[inline(always)]
fn parts<L: Lanes>(x: L) -> ([L; 2], [L; 2], L::Bits) {
    let x = x.abs();
    let round = L::pick(ROUND, ROUND_SINGLE.into());
    let shifted = x.mul_add(L::splat(std::f64::consts::FRAC_2_PI), round);
    let n = shifted - round;
    let part = |i: usize| L::pick(-HALF_PI.0[i], -HALF_PI.1[i]);
    // Exact: a multiple of the last place of half pi, and small.
    let first = n.mul_add(part(0), x);
    let second = n * part(1);
    let lost = n.mul_add(part(1), -second);
    // Where the second is the larger, their sum is exact or rounded as any other.
    let r = first + second;
    let low = (second - (r - first)) + n.mul_add(part(2), lost);
    let one = L::splat(1.0);
    let z = r * r;
    let (s, c) = if L::single() {
        (pairs(z, SIN_SINGLE), pairs(z, COS_SINGLE))
    } else {
        (pairs(z, SIN), pairs(z, COS))
    };
    let half = L::splat(0.5) * z;
    let top = one - half;
    // sin(r + low) = r + (r^3 S + low (1 - r^2 / 2))
    let sin = (z * r).mul_add(s, low * top);
    // cos(r + low) = 1 - r^2 / 2 + (r^4 C - r low)
    let taken = (one - top) - half;
    let cos = (z * z).mul_add(c, (-r).mul_add(low, taken));
    ([r, sin], [top, cos], shifted.bits())
}

/// The sine and cosine of `|x|`'s reduced argument, and the quarter it came from.
#[inline(always)]
fn quarters<L: Lanes>(x: L) -> (L, L, L::Bits) {
    let (sin, cos, quarter) = parts(x);
    (sin[0] + sin[1], cos[0] + cos[1], quarter)
}

#[inline(always)]
fn is_odd<L: Lanes>(quarter: L::Bits) -> L::Mask {
    L::same_bits(L::and(quarter, L::splat_bits(1)), L::splat_bits(1))
}

/// The second bit, where signs have theirs, alone.
#[inline(always)]
fn half_turn<L: Lanes>(quarter: L::Bits) -> L::Bits {
    let moved = if L::single() { L::shl::<30>(quarter) } else { L::shl::<62>(quarter) };
    L::from_bits(moved).sign()
}

/// Is the argument small enough?
#[inline(always)]
fn holds<L: Lanes>(x: L) -> L::Mask {
    x.abs().le(L::pick(LIMIT.0, LIMIT.1))
}

/// The sine, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Sin;

impl Unary for Sin {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let (sin, cos, quarter) = quarters(x);
        let y = L::select(is_odd::<L>(quarter), cos, sin);
        y.flip(L::xor(half_turn::<L>(quarter), x.sign()))
    }
    const PARTIAL: bool = true;
    #[inline(always)]
    fn holds<L: Lanes>(x: L) -> L::Mask {
        holds(x)
    }
    #[inline(always)]
    fn rarely<T: Element>(x: T) -> T {
        T::of(libm::sin(x.wide()))
    }
}

/// The cosine, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Cos;

impl Unary for Cos {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let (sin, cos, quarter) = quarters(x);
        let y = L::select(is_odd::<L>(quarter), sin, cos);
        y.flip(half_turn::<L>(L::plus(quarter, L::splat_bits(1))))
    }
    const PARTIAL: bool = true;
    #[inline(always)]
    fn holds<L: Lanes>(x: L) -> L::Mask {
        holds(x)
    }
    #[inline(always)]
    fn rarely<T: Element>(x: T) -> T {
        T::of(libm::cos(x.wide()))
    }
}

/// The tangent, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Tan;

impl Unary for Tan {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let (sin, cos, quarter) = parts(x);
        let odd = is_odd::<L>(quarter);
        let rounded = |[high, low]: [L; 2]| {
            let sum = high + low;
            (sum, (high - sum) + low)
        };
        let (sin, cos) = (rounded(sin), rounded(cos));
        let top = (L::select(odd, cos.0, sin.0), L::select(odd, cos.1, sin.1));
        let bottom = (L::select(odd, sin.0, cos.0), L::select(odd, sin.1, cos.1));
        // What rounding took from both, divided too.
        let inverse = L::splat(1.0) / bottom.0;
        let y = top.0 * inverse;
        let rest = (-y).mul_add(bottom.1, (-y).mul_add(bottom.0, top.0) + top.1);
        let y = rest.mul_add(inverse, y);
        // A cotangent is taken with the other sign.
        y.flip(L::xor(x.sign(), L::select(odd, L::splat(-0.0), L::splat(0.0)).sign()))
    }
    const PARTIAL: bool = true;
    #[inline(always)]
    fn holds<L: Lanes>(x: L) -> L::Mask {
        holds(x)
    }
    #[inline(always)]
    fn rarely<T: Element>(x: T) -> T {
        T::of(libm::tan(x.wide()))
    }
}
