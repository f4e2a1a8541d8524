//! What a formula may do: the operations that every vector unit has.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// One or more floats, doubles or [singles](Lanes::SINGLE), that are computed side by side.
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
    const SINGLE: bool = false;

    /// The same number in every lane.
    fn splat(x: f64) -> Self;
    /// `self * a + b`, rounded once.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Without its sign.
    fn abs(self) -> Self;
    /// `self < other`; false with NaN.
    fn lt(self, other: Self) -> Self::Mask;
    /// `self == other`; false with NaN.
    fn same(self, other: Self) -> Self::Mask;
    /// `yes` where the mask is true, `no` elsewhere.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

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
    /// Sum of integers modulo 2^64.
    fn plus(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Difference of integers modulo 2^64.
    fn minus(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Shift to the left.
    fn shl<const N: u32>(a: Self::Bits) -> Self::Bits;
    /// Shift to the right, zeros coming in.
    fn shr<const N: u32>(a: Self::Bits) -> Self::Bits;
    /// Are the bits equal?
    fn same_bits(a: Self::Bits, b: Self::Bits) -> Self::Mask;

    /// One of two numbers: for doubles, for singles.
    #[inline(always)]
    fn either(double: f64, single: f64) -> Self {
        Self::splat(if Self::SINGLE { single } else { double })
    }
    /// The bits of one of two numbers.
    #[inline(always)]
    fn either_bits(double: u64, single: u32) -> Self::Bits {
        Self::splat_bits(if Self::SINGLE { u64::from(single) } else { double })
    }
    /// Bits moved from the lowest place to the exponent's.
    #[inline(always)]
    fn to_exponent(a: Self::Bits) -> Self::Bits {
        Self::shl::<52>(a)
    }
    /// Bits moved from the exponent's place to the lowest.
    #[inline(always)]
    fn from_exponent(a: Self::Bits) -> Self::Bits {
        Self::shr::<52>(a)
    }

    /// The sign bit of this, alone.
    #[inline(always)]
    fn sign(self) -> Self::Bits {
        Self::and(self.bits(), Self::splat_bits(1 << 63))
    }
    /// This with its sign flipped where `sign` has the sign bit.
    #[inline(always)]
    fn flip(self, sign: Self::Bits) -> Self {
        Self::from_bits(Self::xor(self.bits(), sign))
    }
}

impl Lanes for f64 {
    type Mask = bool;
    type Bits = u64;

    #[inline(always)]
    fn splat(x: f64) -> f64 {
        x
    }
    #[inline(always)]
    fn mul_add(self, a: f64, b: f64) -> f64 {
        f64::mul_add(self, a, b)
    }
    #[inline(always)]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn abs(self) -> f64 {
        f64::abs(self)
    }
    #[inline(always)]
    fn lt(self, other: f64) -> bool {
        self < other
    }
    #[inline(always)]
    #[allow(clippy::float_cmp, reason = "equality is what is asked")]
    fn same(self, other: f64) -> bool {
        self == other
    }
    #[inline(always)]
    fn select(mask: bool, yes: f64, no: f64) -> f64 {
        if mask { yes } else { no }
    }
    #[inline(always)]
    fn bits(self) -> u64 {
        self.to_bits()
    }
    #[inline(always)]
    fn from_bits(bits: u64) -> f64 {
        f64::from_bits(bits)
    }
    #[inline(always)]
    fn splat_bits(bits: u64) -> u64 {
        bits
    }
    #[inline(always)]
    fn and(a: u64, b: u64) -> u64 {
        a & b
    }
    #[inline(always)]
    fn xor(a: u64, b: u64) -> u64 {
        a ^ b
    }
    #[inline(always)]
    fn plus(a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }
    #[inline(always)]
    fn minus(a: u64, b: u64) -> u64 {
        a.wrapping_sub(b)
    }
    #[inline(always)]
    fn shl<const N: u32>(a: u64) -> u64 {
        a << N
    }
    #[inline(always)]
    fn shr<const N: u32>(a: u64) -> u64 {
        a >> N
    }
    #[inline(always)]
    fn same_bits(a: u64, b: u64) -> bool {
        a == b
    }
}
