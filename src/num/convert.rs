//! Doubles as long numbers, and the nearest doubles of these.

use astro_float_num::{BigFloat, RoundingMode, Sign};

/// Bits of the mantissa of a long number.
pub(super) const BITS: usize = 256;
pub(super) const RM: RoundingMode = RoundingMode::ToEven;

/// The nearest double.
pub(super) fn nearest(x: &BigFloat) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    if x.is_inf() {
        return if x.is_negative() { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let Some((words, _, sign, exponent, _)) = x.as_raw_parts() else { return f64::NAN };
    let zero = if sign == Sign::Neg { -0.0 } else { 0.0 };
    let Some((&top, rest)) = words.split_last() else { return zero };
    if top == 0 {
        return zero;
    }
    // value = 0.m * 2^exponent with the top bit of m set. Fold the rest into a sticky bit.
    let sticky = u64::from(rest.iter().any(|&w| w != 0));
    let e = i64::from(exponent);
    // Bits that fit: 53, fewer below the normal range.
    let keep = (e + 1074).clamp(0, 53);
    let shift = 64 - keep;
    if keep == 0 && e + 1074 < 0 {
        return zero;
    }
    let mut m = if shift == 64 { 0 } else { top >> shift };
    let half = 1u64 << (shift - 1);
    let below = if shift == 64 { top } else { top & ((1u64 << shift) - 1) };
    let round_up = below > half || (below == half && (sticky == 1 || m & 1 == 1));
    m += u64::from(round_up);
    let scaled = ldexp(m, e - keep);
    if sign == Sign::Neg { -scaled } else { scaled }
}

/// `m * 2^e` for at most 54 bits, already rounded to what fits.
fn ldexp(m: u64, e: i64) -> f64 {
    // Exact: m has at most 53 significant bits after rounding.
    #[allow(clippy::cast_precision_loss, reason = "at most 2^53")]
    let m = m as f64;
    libm::scalbn(m, i32::try_from(e.clamp(-4000, 4000)).unwrap_or(0))
}

/// The same number, with more digits.
pub(super) fn exact(x: f64) -> BigFloat {
    // The library halves numbers below the normal range; scaling by a power of two is exact.
    const SCALE: f64 = 18_446_744_073_709_551_616.0;
    if x.is_subnormal() {
        let scaled = BigFloat::from_f64(x * SCALE, BITS);
        return scaled.div(&BigFloat::from_f64(SCALE, BITS), BITS, RM);
    }
    let long = BigFloat::from_f64(x, BITS);
    // It also drops the sign of zero.
    if x == 0.0 && x.is_sign_negative() && long.is_positive() { long.neg() } else { long }
}
