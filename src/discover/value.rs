//! Characteristic vectors: what a term is at points of 75 digits, and keys by which equal ones meet.

use crate::num::{Real, SplitMix};
use crate::op::Op;

/// Points at which every variable is above zero; these come first.
pub(super) const ABOVE_ZERO: usize = 6;
/// All points.
const POINTS: usize = 14;

/// What a value is at one point, up to the rounding of 75 digits: its double, and what that lacks. Values that are
/// no real numbers are all one.
pub(super) type Key = Vec<(u64, i64)>;

/// The values of the variables, point by point. They have few bits, so that what is exact stays exact.
pub(super) fn points(variables: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut random = SplitMix::new(seed);
    let number = |point: usize, random: &mut SplitMix| {
        // Sizes from 1/16 to 4, evenly by their logarithms; beyond, exponentials of exponentials leave the doubles.
        let size = (libm::exp2(-4.0 + 6.0 * random.unit()) * 1_048_576.0).round() / 1_048_576.0;
        if point >= ABOVE_ZERO && random.next() & 1 == 0 { -size } else { size }
    };
    let mut all: Vec<Vec<f64>> =
        (0..POINTS).map(|p| (0..variables).map(|_| number(p, &mut random)).collect()).collect();
    // Of one variable both signs must occur, whatever the seed.
    for (p, point) in all.iter_mut().enumerate().skip(ABOVE_ZERO) {
        let v = p % variables;
        point[v] = -point[v].abs();
    }
    all
}

/// An operator at every point.
pub(super) fn apply(op: Op, operands: &[&[Real]]) -> Option<Vec<Real>> {
    let real = op.def().real?;
    let points = operands.first()?.len();
    Some((0..points).map(|p| real(&operands.iter().map(|x| x[p].clone()).collect::<Vec<Real>>())).collect())
}

/// The key of values: equal for equal ones, whatever way they were computed, but for a chance of one in 2^80.
pub(super) fn key(values: &[Real]) -> Key {
    values.iter().map(digits).collect()
}

/// Is there a real number at every point?
pub(super) fn defined(key: &[(u64, i64)]) -> bool {
    !key.contains(&UNDEFINED)
}

/// Is there one at any?
pub(super) fn somewhere(key: &[(u64, i64)]) -> bool {
    key.iter().any(|k| *k != UNDEFINED)
}

const UNDEFINED: (u64, i64) = (u64::MAX, 0);

fn digits(x: &Real) -> (u64, i64) {
    let high = x.to_f64();
    if !high.is_finite() || x.is_nan() {
        return UNDEFINED;
    }
    // What cancels leaves the rounding of 75 digits of numbers of moderate size.
    if high.abs() < 1e-50 {
        return (0, 0);
    }
    let rest = (x.clone() - Real::from(high)) / Real::from(high);
    // Of the rest, a relative 2^-53 or less, some 50 bits.
    #[allow(clippy::cast_possible_truncation, reason = "below 2^51")]
    let low = (rest.to_f64() * 1.0e31).round() as i64;
    (high.to_bits(), low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_meet_and_near_ones_do_not() {
        let x = Real::from(0.7);
        let one = x.sin() * x.sin() + x.cos() * x.cos();
        assert_eq!(digits(&one), digits(&Real::from(1.0)));
        assert_eq!(digits(&x.exp().ln()), digits(&x));
        let near = Real::from(1.0) + Real::from(1e-25);
        assert_ne!(digits(&near), digits(&Real::from(1.0)));
        assert_eq!(digits(&(x.exp() - x.exp())), (0, 0));
        assert_eq!(digits(&Real::from(-1.0).ln()), UNDEFINED);
    }

    #[test]
    fn points_have_both_signs() {
        for seed in 0..20 {
            let all = points(2, seed);
            assert!(all[..ABOVE_ZERO].iter().flatten().all(|x| *x > 0.0));
            assert!((0..2).all(|v| all[ABOVE_ZERO..].iter().any(|p| p[v] < 0.0)));
            assert_eq!(all, points(2, seed));
        }
    }
}
