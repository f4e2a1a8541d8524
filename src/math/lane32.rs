//! One single as a lane.

use super::{Element as _, Lanes};

/// Constants are rounded to singles, bits are the low 32 of what is given.
impl Lanes for f32 {
    type Mask = bool;
    type Bits = u32;
    const SINGLE: bool = true;

    #[inline(always)]
    fn splat(x: f64) -> f32 {
        f32::of(x)
    }
    #[inline(always)]
    fn mul_add(self, a: f32, b: f32) -> f32 {
        f32::mul_add(self, a, b)
    }
    #[inline(always)]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn abs(self) -> f32 {
        f32::abs(self)
    }
    #[inline(always)]
    fn floor(self) -> f32 {
        f32::floor(self)
    }
    #[inline(always)]
    fn nearest(self) -> f32 {
        f32::round_ties_even(self)
    }
    #[inline(always)]
    fn lt(self, other: f32) -> bool {
        self < other
    }
    #[inline(always)]
    fn le(self, other: f32) -> bool {
        self <= other
    }
    #[inline(always)]
    #[allow(clippy::float_cmp, reason = "difference is what is asked")]
    fn differs(self, other: f32) -> bool {
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
    #[allow(clippy::float_cmp, reason = "equality is what is asked")]
    fn same(self, other: f32) -> bool {
        self == other
    }
    #[inline(always)]
    fn select(mask: bool, yes: f32, no: f32) -> f32 {
        if mask { yes } else { no }
    }
    #[inline(always)]
    fn bits(self) -> u32 {
        self.to_bits()
    }
    #[inline(always)]
    fn from_bits(bits: u32) -> f32 {
        f32::from_bits(bits)
    }
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation, reason = "the low half is what is asked")]
    fn splat_bits(bits: u64) -> u32 {
        bits as u32
    }
    #[inline(always)]
    fn and(a: u32, b: u32) -> u32 {
        a & b
    }
    #[inline(always)]
    fn xor(a: u32, b: u32) -> u32 {
        a ^ b
    }
    #[inline(always)]
    fn plus(a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }
    #[inline(always)]
    fn minus(a: u32, b: u32) -> u32 {
        a.wrapping_sub(b)
    }
    #[inline(always)]
    fn shl<const N: u32>(a: u32) -> u32 {
        a.wrapping_shl(N)
    }
    #[inline(always)]
    fn shr<const N: u32>(a: u32) -> u32 {
        a.wrapping_shr(N)
    }
    #[inline(always)]
    fn same_bits(a: u32, b: u32) -> bool {
        a == b
    }
    #[inline(always)]
    fn to_exponent(a: u32) -> u32 {
        a << 23
    }
    #[inline(always)]
    fn from_exponent(a: u32) -> u32 {
        a >> 23
    }
    #[inline(always)]
    fn sign(self) -> u32 {
        self.to_bits() & (1 << 31)
    }
}
