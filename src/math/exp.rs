//! Exponentials: `x = k ln 2 + r`, a polynomial for `exp(r)`, and scaling by `2^k` so that results
//! below the normal range are rounded once. [`Scaled`] rounds `r`, as most functions can afford;
//! [`Parts`] keeps what that takes.

use super::lanes::{ROUND, ROUND_SINGLE};
use super::{Lanes, Unary, pairs, two_sum};

/// `(exp(r) - 1 - r) / r^2` on `|r| <= ln(2) / 2`; relative to `exp(r)` the error is below 2^-57.
const TAIL: [f64; 10] = [
    0.5000000000000011,
    0.1666666666666642,
    0.04166666666652998,
    0.008333333333490539,
    0.0013888888943670665,
    0.00019841269515502878,
    2.4801493063476663e-05,
    2.755757818578832e-06,
    2.763025887358617e-07,
    2.500269127152268e-08,
];
/// The same for singles; the error is below 2^-28.
const TAIL_SINGLE: [f64; 5] = [
    0.4999999345888906,
    0.16666520596502618,
    0.04166838352699716,
    0.008368719851453668,
    0.0013814917242707108,
];
/// The same where `exp(r) - 1` is what counts: relative to that the error is below 2^-61.
const LONG_TAIL: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.0416666666666667,
    0.008333333333321608,
    0.0013888888888866967,
    0.00019841269886173833,
    2.480158736035322e-05,
    2.7557244169649605e-06,
    2.755724291068532e-07,
    2.510904849217265e-08,
    2.0924400678145627e-09,
];
/// The same for singles; below 2^-31.
const LONG_TAIL_SINGLE: [f64; 6] = [
    0.5000000047095433,
    0.1666666679570907,
    0.04166635302749748,
    0.008333278017834459,
    0.0013941098401411486,
    0.00019911445830191616,
];
/// `(exp(r) - 1) / r`; relative to `exp(r)` the error is below 2^-58.
const CURVE: [f64; 11] = [
    1.0,
    0.5000000000000012,
    0.16666666666666216,
    0.041666666666517735,
    0.008333333333550163,
    0.001388888894638534,
    0.0001984126943604528,
    2.4801490596930548e-05,
    2.75576271926375e-06,
    2.763104952264608e-07,
    2.4991318577474993e-08,
];
/// The same for singles; the error is below 2^-28.
const CURVE_SINGLE: [f64; 6] = [
    1.0,
    0.4999999345888906,
    0.16666520596502618,
    0.04166838352699716,
    0.008368719851453668,
    0.0013814917242707108,
];
/// `(2^r - 1 - r ln 2) / r^2` on `|r| <= 1/2`; errors as above.
const TAIL2: [f64; 10] = [
    0.24022650695910122,
    0.05550410866482075,
    0.009618129107596945,
    0.0013333558146679816,
    0.0001540353045410878,
    1.5252733553751432e-05,
    1.3215436591416983e-06,
    1.0178181623766843e-07,
    7.073581838095806e-09,
    4.4367706040681647e-10,
];
const TAIL2_SINGLE: [f64; 5] = [
    0.24022647554715157,
    0.05550362237005763,
    0.00961852529318978,
    0.001339016849813275,
    0.0001532150476050918,
];
/// `ln 2` in two parts; the first ends in zeros, so that its multiples are exact.
const LN2: (f64, f64) = (0.693147180559663, 2.8235290563031577e-13);
const LN2_SINGLE: (f64, f64) = (0.693359375, -2.1219444005469057e-4);

/// `ln 2` in two parts, whose first has exact multiples.
#[inline(always)]
pub(super) fn ln2<L: Lanes>() -> (L, L) {
    (L::pick(LN2.0, LN2_SINGLE.0), L::pick(LN2.1, LN2_SINGLE.1))
}

/// Past these the result is infinite or zero; of doubles, of singles.
const LARGEST: (f64, f64) = (710.0, 89.0);
const SMALLEST: (f64, f64) = (-746.0, -104.0);

/// `2^k (1 + r c)`, the latter between `sqrt(1/2)` and `sqrt(2)`; `k` as [`ROUND`]` + k`.
#[derive(Clone, Copy)]
pub(super) struct Scaled<L: Lanes> {
    mantissa: L,
    k: L,
}

impl<L: Lanes> Scaled<L> {
    /// `exp(x)`, for `x` between about -750 and 750 (-120 and 120 in singles).
    #[inline(always)]
    pub(super) fn exp(x: L) -> Scaled<L> {
        let (shifted, k, exact) = reduce(x);
        let r = k.mul_add(-ln2::<L>().1, exact);
        let curve = if L::single() { pairs(r, CURVE_SINGLE) } else { pairs(r, CURVE) };
        Scaled { mantissa: r.mul_add(curve, L::splat(1.0)), k: shifted }
    }

    /// `2^x`, for `x` between about -1080 and 1080 (-160 and 160 in singles).
    #[inline(always)]
    fn exp2(x: L) -> Scaled<L> {
        let round = L::pick(ROUND, ROUND_SINGLE.into());
        let shifted = x + round;
        let r = x - (shifted - round);
        let curve = if L::single() { pairs(r, TAIL2_SINGLE) } else { pairs(r, TAIL2) };
        let rest = r.mul_add(L::splat(std::f64::consts::LN_2), r * r * curve);
        Scaled { mantissa: L::splat(1.0) + rest, k: shifted }
    }

    /// The number, right below the normal range too.
    #[inline(always)]
    pub(super) fn value(self) -> L {
        self.mantissa.scale(self.k, 0)
    }

    /// Half of it, finite where it is not any more.
    #[inline(always)]
    pub(super) fn half(self) -> L {
        self.mantissa.scale(self.k, -1)
    }
}

/// `k` with and without [`ROUND`], and `x` less the first part of `k ln 2`, exactly.
#[inline(always)]
fn reduce<L: Lanes>(x: L) -> (L, L, L) {
    let round = L::pick(ROUND, ROUND_SINGLE.into());
    let shifted = x.mul_add(L::splat(std::f64::consts::LOG2_E), round);
    let k = shifted - round;
    (shifted, k, k.mul_add(-ln2::<L>().0, x))
}

/// `exp(x + low) = 2^k (1 + r + tail)`: `r` and `tail`, whose sum is not rounded, and `k` as
/// [`ROUND`]` + k`.
#[derive(Clone, Copy)]
pub(super) struct Parts<L: Lanes> {
    pub(super) r: L,
    pub(super) tail: L,
    pub(super) k: L,
}

impl<L: Lanes> Parts<L> {
    /// `exp(x)`, for `x` between about -750 and 750 (-120 and 120 in singles).
    #[inline(always)]
    pub(super) fn of(x: L) -> Parts<L> {
        let (shifted, k, exact) = reduce(x);
        Self::short(exact, k * -ln2::<L>().1, shifted)
    }

    /// `exp(x + low)`, `low` far smaller.
    #[inline(always)]
    pub(super) fn of_sum(x: L, low: L) -> Parts<L> {
        let (shifted, k, exact) = reduce(x);
        Self::short(exact, k.mul_add(-ln2::<L>().1, low), shifted)
    }

    #[inline(always)]
    fn short(exact: L, rest: L, k: L) -> Parts<L> {
        let r = exact + rest;
        let curve = if L::single() { pairs(r, TAIL_SINGLE) } else { pairs(r, TAIL) };
        Parts { r: exact, tail: (r * r).mul_add(curve, rest), k }
    }

    /// `exp(x)` where `exp(x) - 1` is what counts.
    #[inline(always)]
    pub(super) fn less_one(x: L) -> Parts<L> {
        let (shifted, k, exact) = reduce(x);
        let rest = k * -ln2::<L>().1;
        let r = exact + rest;
        let curve = if L::single() { pairs(r, LONG_TAIL_SINGLE) } else { pairs(r, LONG_TAIL) };
        // What rounding took from r counts in the square.
        let lost = (exact - r) + rest;
        Parts { r: exact, tail: (r * r).mul_add(curve, lost.mul_add(r, rest)), k: shifted }
    }

    /// `exp(x) - 1` before scaling, rounded, and what rounding took.
    #[inline(always)]
    pub(super) fn minus_one(self) -> (L, L) {
        let sum = self.r + self.tail;
        (sum, (self.r - sum) + self.tail)
    }

    /// `exp(x)` before scaling.
    #[inline(always)]
    pub(super) fn mantissa(self) -> L {
        L::splat(1.0) + (self.r + self.tail)
    }

    /// The number.
    #[inline(always)]
    pub(super) fn value(self) -> L {
        self.scale(self.mantissa(), 0)
    }

    /// One more, rounded once at the end; `k` in the normal range.
    #[inline(always)]
    pub(super) fn plus_one(self) -> L {
        let bias = L::pick_bits(ROUND.to_bits() - 1023, ROUND_SINGLE.to_bits() - 127);
        let power = L::from_bits(L::to_exponent(L::minus(self.k.bits(), bias)));
        power.mul_add(self.r + self.tail, power + L::splat(1.0))
    }

    /// `y * 2^(k + shift)`, right below the normal range too.
    #[inline(always)]
    pub(super) fn scale(self, y: L, shift: i64) -> L {
        y.scale(self.k, shift)
    }
}

/// `exp(-|x|) = 2^k (1 + less_one)`, `less_one` rounded; `k` as [`ROUND`]` + k`.
pub(super) struct Rounded<L: Lanes> {
    less_one: L,
    k: L,
}

impl<L: Lanes> Rounded<L> {
    /// `exp(-|x|)`.
    #[inline(always)]
    pub(super) fn decay(x: L) -> Rounded<L> {
        let (k, n, exact) = reduce(clamp_opposite(x));
        let r = n.mul_add(-ln2::<L>().1, exact);
        let curve = if L::single() { pairs(r, TAIL_SINGLE) } else { pairs(r, TAIL) };
        Rounded { less_one: (r * r).mul_add(curve, r), k }
    }

    /// The number.
    #[inline(always)]
    pub(super) fn value(&self) -> L {
        (L::splat(1.0) + self.less_one).scale(self.k, 0)
    }
}

/// `x` kept to where the exponential is neither zero nor infinite for sure; NaN stays.
#[inline(always)]
pub(super) fn clamp<L: Lanes>(x: L) -> L {
    let (low, high) = (L::pick(SMALLEST.0, SMALLEST.1), L::pick(LARGEST.0, LARGEST.1));
    let x = L::select(x.lt(low), low, x);
    L::select(high.lt(x), high, x)
}

/// The same for `-|x|`.
#[inline(always)]
pub(super) fn clamp_opposite<L: Lanes>(x: L) -> L {
    let (low, x) = (L::pick(SMALLEST.0, SMALLEST.1), -x.abs());
    L::select(x.lt(low), low, x)
}

/// The exponential, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Exp;

impl Unary for Exp {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        Parts::of(clamp(x)).value()
    }
}

/// Two to a power, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Exp2;

impl Unary for Exp2 {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let (low, high) = (L::pick(-1080.0, -155.0), L::pick(1030.0, 130.0));
        let x = L::select(x.lt(low), low, x);
        Scaled::exp2(L::select(high.lt(x), high, x)).value()
    }
}

/// `exp(x) - 1`, below 1 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Expm1;

impl Unary for Expm1 {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let floor = L::pick(-40.0, -20.0);
        let p = Parts::less_one(clamp(L::select(x.lt(floor), floor, x)));
        let (high, low) = p.minus_one();
        // Half of the power is a number where the whole is not any more.
        let power = p.scale(L::splat(1.0), -1);
        let offset = power - L::splat(0.5);
        let offset_low = (power - offset) - L::splat(0.5);
        let (sum, lost) = two_sum(power * high, offset);
        let half = sum + power.mul_add(low, lost + offset_low);
        L::select(x.abs().lt(L::pick(1e-290, 1e-30)), x, half + half)
    }
}

/// `1 / (1 + exp(-x))`, below 2 ulp.
#[derive(Debug, Clone, Copy)]
pub struct Sigmoid;

impl Unary for Sigmoid {
    #[inline(always)]
    fn at<L: Lanes>(x: L) -> L {
        let p = Rounded::decay(x);
        let one = L::splat(1.0);
        let power = one.scale(p.k, 0);
        // 1 / (1 + exp(-|x|)), and exp(-|x|) times that: `sigmoid(-x)` beside it takes the same quotient.
        let rounded = power + one;
        let sum = power.mul_add(p.less_one, rounded);
        let upper = one / sum;
        // What rounding took from the sum counts in the product, which has roundings of its own.
        let lost = power.mul_add(p.less_one, rounded - sum);
        let less_one = upper.mul_add(-lost, p.less_one);
        let lower = less_one.mul_add(upper, upper).scale(p.k, 0);
        x.by_sign(lower, upper)
    }
}
