//! Sine, cosine, tangent: the argument less a multiple of half pi, in two parts, then polynomials.
//! Arguments past a million, infinities and NaN are rare and reduced by the scalar library.

use super::lanes::ROUND;
use super::{Lanes, Unary, pairs, two_sum};

/// Half of pi in three parts of 53 bits.
const HALF_PI: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591698e-33];
/// `(sin(x) - x) / x^3` and `(cos(x) - 1 + x^2 / 2) / x^4` in `x^2`, `|x| <= pi / 4`, interpolated at
/// Chebyshev's points; relative errors of the functions below 2^-57 and 2^-60.
const SIN: [f64; 7] = [
    -0.16666666666666666,
    0.008333333333333331,
    -0.0001984126984126506,
    2.7557319219335453e-06,
    -2.5052106231157904e-08,
    1.605853141458901e-10,
    -7.586685070091267e-13,
];
const COS: [f64; 7] = [
    0.041666666666666664,
    -0.0013888888888888887,
    2.4801587301584645e-05,
    -2.755731922140076e-07,
    2.0876755790363397e-09,
    -1.1470460773969325e-11,
    4.7458652037874553e-14,
];
/// Multiples of half pi up to 2^20 are subtracted exactly.
const LIMIT: f64 = 1.0e6;

/// The sine and cosine of `|x|`'s reduced argument, and the quarter it came from.
#[inline(always)]
fn quarters<L: Lanes>(x: L) -> (L, L, L::Bits) {
    let shifted = x.mul_add(L::splat(std::f64::consts::FRAC_2_PI), L::splat(ROUND));
    let n = shifted - L::splat(ROUND);
    let first = n.mul_add(L::splat(-HALF_PI[0]), x);
    let second = n * L::splat(-HALF_PI[1]);
    let lost = n.mul_add(L::splat(-HALF_PI[1]), -second);
    let (high, low) = two_sum(first, second);
    let low = low + n.mul_add(L::splat(-HALF_PI[2]), lost);
    let (r, low) = (high + low, (high - (high + low)) + low);
    let z = r * r;
    // sin(r + low) = r + (r^3 S + low (1 - r^2 / 2))
    let half = L::splat(0.5) * z;
    let sin = r + (z * r).mul_add(pairs(z, SIN), (-half).mul_add(low, low));
    // cos(r + low) = 1 - r^2 / 2 + (r^4 C - r low)
    let top = L::splat(1.0) - half;
    let taken = (L::splat(1.0) - top) - half;
    let cos = top + (z * z).mul_add(pairs(z, COS), (-r).mul_add(low, taken));
    (sin, cos, shifted.bits())
}

#[inline(always)]
fn bit<L: Lanes>(quarter: L::Bits, mask: u64) -> L::Mask {
    L::same_bits(L::and(quarter, L::splat_bits(mask)), L::splat_bits(mask))
}

/// The sine, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Sin;

impl Unary for Sin {
    const SINGLE: bool = false;
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let (sin, cos, quarter) = quarters(x.abs());
        let y = L::select(bit::<L>(quarter, 1), cos, sin);
        let sign = L::and(L::shl::<62>(quarter), L::splat_bits(1 << 63));
        y.flip(L::xor(sign, x.sign()))
    }
    const PARTIAL: bool = true;
    #[inline(always)]
    fn holds<L: Lanes>(x: L) -> L::Mask {
        x.abs().le(L::splat(LIMIT))
    }
    #[inline(always)]
    fn rarely(x: f64) -> f64 {
        libm::sin(x)
    }
}

/// The cosine, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Cos;

impl Unary for Cos {
    const SINGLE: bool = false;
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let (sin, cos, quarter) = quarters(x.abs());
        let y = L::select(bit::<L>(quarter, 1), sin, cos);
        let next = L::plus(quarter, L::splat_bits(1));
        y.flip(L::and(L::shl::<62>(next), L::splat_bits(1 << 63)))
    }
    const PARTIAL: bool = true;
    #[inline(always)]
    fn holds<L: Lanes>(x: L) -> L::Mask {
        x.abs().le(L::splat(LIMIT))
    }
    #[inline(always)]
    fn rarely(x: f64) -> f64 {
        libm::cos(x)
    }
}

/// The tangent, below 2 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Tan;

impl Unary for Tan {
    const SINGLE: bool = false;
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let (sin, cos, quarter) = quarters(x.abs());
        let odd = bit::<L>(quarter, 1);
        let y = L::select(odd, -cos, sin) / L::select(odd, sin, cos);
        y.flip(x.sign())
    }
    const PARTIAL: bool = true;
    #[inline(always)]
    fn holds<L: Lanes>(x: L) -> L::Mask {
        x.abs().le(L::splat(LIMIT))
    }
    #[inline(always)]
    fn rarely(x: f64) -> f64 {
        libm::tan(x)
    }
}
