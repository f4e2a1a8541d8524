//! How operators compute on integers: in 64 bits, exactly, keeping the low bits of what is larger.
//!
//! The evaluator then keeps the low bits of the element type ([`DType::wrap`](crate::ty::DType::wrap)), so that
//! every type wraps as NumPy's does. A row states its function once, for all widths; operators that only move
//! elements need none.

use super::{Attr, Dense};

/// A function of whole arrays of integers, as [`Whole`](super::Whole).
pub type WholeInts = fn(&Attr, &[Dense<'_, i64>], &[usize], &mut [i64]) -> Result<(), String>;

/// The function of an operator on integers, operands and result in 64 bits.
#[derive(Debug, Clone, Copy)]
pub enum Ints {
    /// None: integers become floats first.
    None,
    /// Elementwise, one operand.
    One(fn(i64) -> i64),
    /// Elementwise, two operands.
    Two(fn(i64, i64) -> i64),
    /// Elementwise, three operands.
    Three(fn(i64, i64, i64) -> i64),
    /// A fold from the left: the value of an empty one, and a step.
    Fold(Option<i64>, fn(i64, i64) -> i64),
    /// Of operands that are whole.
    Whole(WholeInts),
}

impl Ints {
    /// The value of an elementwise operator on numbers; more than two operands fold from the left.
    pub fn value(&self, args: &[i64]) -> Option<i64> {
        match (self, args) {
            (Ints::One(f), [a]) => Some(f(*a)),
            (Ints::Two(f), [a, rest @ ..]) if !rest.is_empty() => Some(rest.iter().fold(*a, |x, &y| f(x, y))),
            (Ints::Three(f), [a, b, c]) => Some(f(*a, *b, *c)),
            _ => None,
        }
    }
}

/// 1 for true.
pub(super) fn truth(b: bool) -> i64 {
    i64::from(b)
}

/// Floored division; by zero it is zero, as in NumPy.
pub(super) fn floor_div(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let q = a.wrapping_div(b);
    if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { q - 1 } else { q }
}

/// What floored division leaves: it has the sign of the divisor; by zero it is zero, as in NumPy.
pub(super) fn floor_mod(a: i64, b: i64) -> i64 {
    if b == 0 {
        return 0;
    }
    let r = a.wrapping_rem(b);
    if r != 0 && (r < 0) != (b < 0) { r + b } else { r }
}

/// A power: by squaring, with the low bits. A negative exponent gives the integer part of the fraction, which is
/// 0 but for bases 1 and -1; 0 to a negative power is 0, as division by zero is.
pub(super) fn power(a: i64, b: i64) -> i64 {
    if b < 0 {
        return match a {
            1 => 1,
            -1 => 1 - 2 * (b & 1),
            _ => 0,
        };
    }
    let (mut base, mut left, mut out) = (a, b, 1i64);
    while left > 0 {
        if left & 1 == 1 {
            out = out.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        left >>= 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_is_floored_and_total() {
        for (a, b, q, r) in [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, -1), (-7, -2, 3, -1), (5, 0, 0, 0)] {
            assert_eq!((floor_div(a, b), floor_mod(a, b)), (q, r), "{a} // {b}");
        }
        assert_eq!(floor_div(i64::MIN, -1), i64::MIN);
        assert_eq!(floor_mod(i64::MIN, -1), 0);
    }

    #[test]
    fn powers_keep_the_low_bits() {
        assert_eq!(power(3, 40), 3i64.wrapping_pow(40));
        assert_eq!(power(2, 64), 0);
        assert_eq!((power(-1, -3), power(-1, -2), power(2, -1), power(0, -1), power(0, 0)), (-1, 1, 0, 0, 1));
    }
}
