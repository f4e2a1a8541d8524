//! Whole powers by squaring.

/// The greatest exponent up to which a power is multiplied out.
const MOST: f64 = 16.0;

/// Is it an exponent from 3 on whose power is multiplied out?
pub(crate) fn is_small_whole(n: f64) -> bool {
    n.fract() == 0.0 && (3.0..=MOST).contains(&n)
}

/// The multiplications that a power takes by squaring; `None` where it is computed as powers in general are.
pub(crate) fn multiplications(n: f64) -> Option<u32> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 3 to 16")]
    let n = is_small_whole(n).then_some(n as u32)?;
    Some(n.ilog2() + n.count_ones() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squarings_and_products_are_counted() {
        assert_eq!(multiplications(3.0), Some(2));
        assert_eq!(multiplications(8.0), Some(3));
        assert_eq!(multiplications(15.0), Some(6));
        for n in [2.0, -3.0, 3.5, 17.0, f64::NAN, f64::INFINITY] {
            assert_eq!(multiplications(n), None);
        }
    }
}
