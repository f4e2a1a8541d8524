//! What a formula may do: the operations that every vector unit has; one number is one lane.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::table::{SIZE, Table};

/// One or more floats, doubles or [singles](Lanes::single), that are computed side by side.
///
/// Each operation is IEEE 754's, lane by lane, rounded to nearest. An implementation that *records*
/// operations instead of doing them gets the same formula, hence the same bits.
pub trait Lanes:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// A truth value per lane.
    type Mask: Copy;
    /// As many bits per lane as its float has.
    type Bits: Copy;

    /// Are these singles? Constants are rounded to them, and of bits the low 32 count.
    fn single() -> bool;
    /// The same number in every lane.
    fn splat(x: f64) -> Self;
    /// `self * a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Without its sign.
    fn abs(self) -> Self;
    /// The largest integer that is not above.
    fn floor(self) -> Self;
    /// The nearest integer, the even one of two.
    fn nearest(self) -> Self;
    /// `self < other`; false with NaN.
    fn lt(self, other: Self) -> Self::Mask;
    /// `self <= other`; false with NaN.
    fn le(self, other: Self) -> Self::Mask;
    /// `self == other`; false with NaN.
    fn same(self, other: Self) -> Self::Mask;
    /// `self != other`; true with NaN.
    fn differs(self, other: Self) -> Self::Mask;
    /// Both masks.
    fn both(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Either mask.
    fn either(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// `yes` where the mask is true, `no` elsewhere.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// `negative` where the sign bit is set, of zeros and NaN too, `positive` elsewhere.
    fn by_sign(self, negative: Self, positive: Self) -> Self;

    /// The representation.
    fn bits(self) -> Self::Bits;
    /// The number of a representation.
    fn from_bits(bits: Self::Bits) -> Self;
    /// The same bits in every lane.
    fn splat_bits(bits: u64) -> Self::Bits;
    /// Bitwise and.
    fn and(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Bitwise exclusive or.
    fn xor(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Sum of integers of as many bits.
    fn plus(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Difference of integers of as many bits.
    fn minus(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Shift to the left.
    fn shl<const N: u32>(a: Self::Bits) -> Self::Bits;
    /// Shift to the right, zeros coming in.
    fn shr<const N: u32>(a: Self::Bits) -> Self::Bits;
    /// The entry of a table whose number these bits are, modulo the size of tables.
    fn look_up(table: Table, at: Self::Bits) -> Self;
    /// Are the bits equal?
    fn same_bits(a: Self::Bits, b: Self::Bits) -> Self::Mask;

    /// One of two numbers: for doubles, for singles.
    #[inline(always)]
    fn pick(double: f64, single: f64) -> Self {
        Self::splat(if Self::single() { single } else { double })
    }
    /// The bits of one of two numbers.
    #[inline(always)]
    fn pick_bits(double: u64, single: u32) -> Self::Bits {
        Self::splat_bits(if Self::single() { u64::from(single) } else { double })
    }
    /// Bits moved from the lowest place to the exponent's.
    #[inline(always)]
    fn to_exponent(a: Self::Bits) -> Self::Bits {
        if Self::single() { Self::shl::<23>(a) } else { Self::shl::<52>(a) }
    }
    /// Bits moved from the exponent's place to the lowest.
    #[inline(always)]
    fn from_exponent(a: Self::Bits) -> Self::Bits {
        if Self::single() { Self::shr::<23>(a) } else { Self::shr::<52>(a) }
    }
    /// `self * 2^(k + shift)`, rounded once, where `shifted` is `1.5 * 2^52 + k` and the power may be
    /// outside the range of numbers; `self` is neither large nor small.
    #[inline(always)]
    fn scale(self, shifted: Self, shift: i64) -> Self {
        let (a, b) = powers(shifted, shift);
        self * a * b
    }
    /// `k` and `m` of a positive normal number `2^k m`, `m` from 3/4 to 3/2.
    #[inline(always)]
    fn split_normal(self) -> (Self, Self) {
        split_normal(self)
    }
    /// The same of any number: `k` is minus infinity for zeros, infinite for infinity, and one of both is
    /// NaN below zero and for NaN.
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        split(self)
    }
    /// The sign bit of this, alone.
    #[inline(always)]
    fn sign(self) -> Self::Bits {
        Self::and(self.bits(), Self::pick_bits(1 << 63, 1 << 31))
    }
    /// This with its sign flipped where `sign` has the sign bit.
    #[inline(always)]
    fn flip(self, sign: Self::Bits) -> Self {
        Self::from_bits(Self::xor(self.bits(), sign))
    }
    /// 1 where the mask is true, 0 elsewhere.
    #[inline(always)]
    fn truth(mask: Self::Mask) -> Self {
        Self::select(mask, Self::splat(1.0), Self::splat(0.0))
    }
    /// Is it true: not zero?
    #[inline(always)]
    fn nonzero(self) -> Self::Mask {
        self.differs(Self::splat(0.0))
    }
    /// The larger; NaN if either is, the first of equals.
    #[inline(always)]
    fn maximum(self, other: Self) -> Self {
        Self::select(other.differs(other), other, Self::select(self.lt(other), other, self))
    }
    /// The smaller; NaN if either is, the first of equals.
    #[inline(always)]
    fn minimum(self, other: Self) -> Self {
        Self::select(other.differs(other), other, Self::select(other.lt(self), other, self))
    }
}

/// `1.5 * 2^52`: added to a small number, leaves it rounded to an integer in the low bits.
pub(super) const ROUND: f64 = 6755399441055744.0;
/// `1.5 * 2^23`.
pub(super) const ROUND_SINGLE: f32 = 12582912.0;

/// Two powers of two whose product is `2^(k + shift)`.
#[inline(always)]
pub(super) fn powers<L: Lanes>(shifted: L, shift: i64) -> (L, L) {
    let bias = if L::single() { u64::from(ROUND_SINGLE.to_bits()) - 254 } else { ROUND.to_bits() - 2046 };
    let twice = L::minus(shifted.bits(), L::splat_bits(bias.wrapping_sub(shift.cast_unsigned())));
    let half = L::shr::<1>(twice);
    let other = L::minus(twice, half);
    (L::from_bits(L::to_exponent(half)), L::from_bits(L::to_exponent(other)))
}

/// The bits of 3/4, where mantissas begin, and of 1; of doubles, of singles.
const LOWEST: (u64, u32) = (0x3fe8_0000_0000_0000, 0x3f40_0000);
const ONE: (u64, u32) = (0x3ff0_0000_0000_0000, 0x3f80_0000);
const MANTISSA: (u64, u32) = (0x000f_ffff_ffff_ffff, 0x007f_ffff);
/// The bits of `2^52` and of `2^23`; an integer below it in the low bits makes the sum.
const INTEGER: (u64, u32) = (0x4330_0000_0000_0000, 0x4b00_0000);

/// [`Lanes::split_normal`] by integers.
#[inline(always)]
pub(super) fn split_normal<L: Lanes>(x: L) -> (L, L) {
    split_from(x, LOWEST)
}

/// A positive normal number as `2^k m`, `m` from a number whose bits are given to twice that.
#[inline(always)]
pub(super) fn split_from<L: Lanes>(x: L, lowest: (u64, u32)) -> (L, L) {
    let moved = L::plus(x.bits(), L::pick_bits(ONE.0 - lowest.0, ONE.1 - lowest.1));
    let number = L::plus(L::from_exponent(moved), L::pick_bits(INTEGER.0, INTEGER.1));
    let k = L::from_bits(number) - L::pick(4503599627370496.0 + 1023.0, 8388608.0 + 127.0);
    let mantissa = L::and(moved, L::pick_bits(MANTISSA.0, MANTISSA.1));
    (k, L::from_bits(L::plus(mantissa, L::pick_bits(lowest.0, lowest.1))))
}

/// [`Lanes::split`] by integers.
#[inline(always)]
pub(super) fn split<L: Lanes>(x: L) -> (L, L) {
    let (zero, infinity) = (L::splat(0.0), L::splat(f64::INFINITY));
    let tiny = x.lt(L::pick(f64::MIN_POSITIVE, f32::MIN_POSITIVE.into()));
    let (k, m) = split_normal(L::select(tiny, x * L::pick(18014398509481984.0, 33554432.0), x));
    let k = L::select(tiny, k - L::pick(54.0, 25.0), k);
    let k = L::select(x.lt(infinity), k, x);
    let k = L::select(x.lt(zero), L::splat(f64::NAN), k);
    (L::select(x.same(zero), -infinity, k), m)
}

/// One number as a lane. Constants are rounded to its type; of bits that are given the low ones count.
macro_rules! lane {
    ($t:ident, $bits:ident, $single:literal, $entries:ident) => {
        #[allow(clippy::float_cmp, reason = "equality is what is asked")]
        #[allow(clippy::cast_possible_truncation, reason = "the nearest number, and the low bits, are asked")]
        impl Lanes for $t {
            type Mask = bool;
            type Bits = $bits;

            #[inline(always)]
            fn single() -> bool {
                $single
            }
            #[inline(always)]
            fn splat(x: f64) -> $t {
                x as $t
            }
            #[inline(always)]
            fn mul_add(self, a: $t, b: $t) -> $t {
                $t::mul_add(self, a, b)
            }
            #[inline(always)]
            fn sqrt(self) -> $t {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> $t {
                $t::abs(self)
            }
            #[inline(always)]
            fn floor(self) -> $t {
                $t::floor(self)
            }
            #[inline(always)]
            fn nearest(self) -> $t {
                $t::round_ties_even(self)
            }
            #[inline(always)]
            fn lt(self, other: $t) -> bool {
                self < other
            }
            #[inline(always)]
            fn le(self, other: $t) -> bool {
                self <= other
            }
            #[inline(always)]
            fn same(self, other: $t) -> bool {
                self == other
            }
            #[inline(always)]
            fn differs(self, other: $t) -> bool {
                self != other
            }
            #[inline(always)]
            fn both(a: bool, b: bool) -> bool {
                a & b
            }
            #[inline(always)]
            fn either(a: bool, b: bool) -> bool {
                a | b
            }
            #[inline(always)]
            fn select(mask: bool, yes: $t, no: $t) -> $t {
                if mask { yes } else { no }
            }
            #[inline(always)]
            fn by_sign(self, negative: $t, positive: $t) -> $t {
                if self.is_sign_negative() { negative } else { positive }
            }
            #[inline(always)]
            fn bits(self) -> $bits {
                self.to_bits()
            }
            #[inline(always)]
            fn from_bits(bits: $bits) -> $t {
                $t::from_bits(bits)
            }
            #[inline(always)]
            fn splat_bits(bits: u64) -> $bits {
                bits as $bits
            }
            #[inline(always)]
            fn and(a: $bits, b: $bits) -> $bits {
                a & b
            }
            #[inline(always)]
            fn xor(a: $bits, b: $bits) -> $bits {
                a ^ b
            }
            #[inline(always)]
            fn plus(a: $bits, b: $bits) -> $bits {
                a.wrapping_add(b)
            }
            #[inline(always)]
            fn minus(a: $bits, b: $bits) -> $bits {
                a.wrapping_sub(b)
            }
            #[inline(always)]
            fn shl<const N: u32>(a: $bits) -> $bits {
                a.wrapping_shl(N)
            }
            #[inline(always)]
            fn shr<const N: u32>(a: $bits) -> $bits {
                a.wrapping_shr(N)
            }
            #[inline(always)]
            fn look_up(table: Table, at: $bits) -> $t {
                table.$entries()[at as usize % SIZE]
            }
            #[inline(always)]
            fn same_bits(a: $bits, b: $bits) -> bool {
                a == b
            }
        }
    };
}

lane!(f64, u64, false, doubles);
lane!(f32, u32, true, singles);
