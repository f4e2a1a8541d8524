//! When are two doubles the same answer?

/// Distance of two doubles in units in the last place of `b`; 0 for two NaNs or equal values,
/// infinite when only one is NaN or when exactly one is infinite.
pub fn ulps(a: f64, b: f64) -> f64 {
    if a.is_nan() && b.is_nan() || a == b {
        return 0.0;
    }
    if a.is_nan() || b.is_nan() || a.is_infinite() || b.is_infinite() {
        return f64::INFINITY;
    }
    let gap = (b.abs().next_up() - b.abs()).max(f64::from_bits(1));
    // Half a gap at a time: the difference itself may overflow.
    ((a / 2.0 - b / 2.0).abs() / gap) * 2.0
}

/// `|a - b| <= tol * max(1, |b|)`, or both NaN, or the same infinity. Never folds NaN away.
pub fn same(a: f64, b: f64, tol: f64) -> bool {
    if a.is_nan() || b.is_nan() {
        return a.is_nan() && b.is_nan();
    }
    if a.is_infinite() || b.is_infinite() {
        return a == b;
    }
    (a - b).abs() <= tol * b.abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_and_infinity_are_not_folded_away() {
        assert!(same(f64::NAN, f64::NAN, 0.0));
        assert!(!same(f64::NAN, 0.0, 1e9));
        assert!(same(f64::INFINITY, f64::INFINITY, 0.0));
        assert!(!same(f64::INFINITY, f64::NEG_INFINITY, 1.0));
        assert_eq!(ulps(1.0, 1.0f64.next_up()), 1.0);
        assert!(ulps(f64::MAX, -f64::MAX).is_finite());
    }
}
