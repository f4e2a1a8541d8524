//! Relatives of the error function: scaled, and inverse.

const SQRT_PI: f64 = 1.772_453_850_905_516;

/// `exp(x * x) * erfc(x)`.
///
/// The square is split into its rounded value and the rest, which `exp` would magnify; from 10 on
/// the asymptotic series (Abramowitz and Stegun 7.1.23).
pub(super) fn erfcx(x: f64) -> f64 {
    if x >= 10.0 {
        let z = 0.5 / (x * x);
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 0..12u8 {
            term *= -z * f64::from(2 * k + 1);
            sum += term;
        }
        return sum / (x * SQRT_PI);
    }
    let square = x * x;
    if square > 710.0 {
        // exp(x * x) overflows, and erfc is 2.
        return if x.is_nan() { x } else { f64::INFINITY };
    }
    let rest = libm::fma(x, x, -square);
    libm::exp(square) * libm::erfc(x) * (1.0 + rest)
}

/// The inverse of `erf`; NaN outside [-1, 1].
pub(super) fn erfinv(x: f64) -> f64 {
    let tail = 1.0 - x.abs();
    if tail.is_nan() || tail < 0.0 {
        return f64::NAN;
    }
    if tail == 0.0 {
        return f64::INFINITY.copysign(x);
    }
    // Below 0.5 the error itself is the datum, above it its complement, which is exact there.
    if tail > 0.5 {
        let mut y = 0.5 * SQRT_PI * x * (1.0 + x * x * (std::f64::consts::PI / 12.0));
        for _ in 0..4 {
            y = halley(y, (libm::erf(y) - x) * slope(y));
        }
        return y;
    }
    complement(tail, guess(x.abs())).copysign(x)
}

/// The inverse of `erfc`; NaN outside [0, 2].
pub(super) fn erfcinv(x: f64) -> f64 {
    if x.is_nan() || !(0.0..=2.0).contains(&x) {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::INFINITY;
    }
    if x > 0.5 {
        return -erfinv(x - 1.0);
    }
    complement(x, tail_guess(x))
}

/// The inverse of the slope of `erf`.
fn slope(y: f64) -> f64 {
    0.5 * SQRT_PI * libm::exp(y * y)
}

/// One step of Halley's method from `y`, whose Newton step is `d`: the slope's own slope is `-2y` times it.
fn halley(y: f64, d: f64) -> f64 {
    y - d / (1.0 + y * d)
}

/// `y` with `erfc(y) = tail`, from a first guess.
fn complement(tail: f64, mut y: f64) -> f64 {
    for _ in 0..6 {
        // Scaled, so that neither factor leaves the range of doubles.
        let d = 0.5 * SQRT_PI * (erfcx(y) - tail * libm::exp(y * y));
        let next = if d.is_finite() { halley(y, -d) } else { y };
        if next == y {
            break;
        }
        y = next;
    }
    y
}

/// Winitzki's approximation, 2e-3 off.
fn guess(x: f64) -> f64 {
    tail_guess(1.0 - x)
}

fn tail_guess(tail: f64) -> f64 {
    let l = libm::log(tail * (2.0 - tail));
    let t = 2.0 / (std::f64::consts::PI * 0.147) + 0.5 * l;
    (libm::sqrt(t * t - l / 0.147) - t).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{erfcinv, erfcx, erfinv};

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() <= 8.0 * f64::EPSILON * b.abs()
    }

    /// Values to 20 digits from Abramowitz and Stegun's definitions, summed in high precision.
    #[test]
    fn known_values() {
        for (x, y) in [
            (0.5, 0.615_690_344_192_925_9),
            (1.0, 0.427_583_576_155_807),
            (5.0, 0.110_704_637_733_068_63),
            (10.0, 0.056_140_992_743_822_59),
            (-2.0, 108.940_904_389_977_97),
        ] {
            assert!(near(erfcx(x), y), "erfcx({x}) = {:e}", erfcx(x));
        }
        for x in [1e-10, 1e-3, 0.1, 0.3, 0.4999, 0.5, 0.7, 0.9, 0.99, 0.999_999] {
            let y = erfinv(x);
            assert!(near(libm::erf(y), x), "erfinv({x}) = {y:e}");
            assert!(near(erfinv(-x), -y));
        }
        for x in [1e-300, 1e-100, 1e-20, 1e-8, 0.1, 0.5, 1.0, 1.5, 1.9] {
            let y = erfcinv(x);
            let slack = 1.0 + 2.0 * y * y;
            assert!((libm::erfc(y) - x).abs() <= 4.0 * slack * f64::EPSILON * x, "erfcinv({x}) = {y:e}");
        }
        assert!(erfinv(1.5).is_nan() && erfcinv(-0.1).is_nan());
    }
}
