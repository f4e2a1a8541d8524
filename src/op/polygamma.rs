//! Higher derivatives of the logarithm of the gamma function.

/// The `n`-th derivative of `psi` at `x`; NaN unless `n` is an integer of 0 to 60, and below
/// -10000 when `n` is above 1.
///
/// `(-1)^(n+1) n!` times the sum of `(x + k)^-(n+1)`: terms up to `x + k = n + 20`, then the
/// Euler-Maclaurin series of the rest (Abramowitz and Stegun 6.4.10 and 6.4.11).
pub(super) fn polygamma(n: f64, x: f64) -> f64 {
    if n.is_nan() || x.is_nan() || n.fract() != 0.0 || !(0.0..=60.0).contains(&n) {
        return f64::NAN;
    }
    if n == 0.0 {
        return super::special::psi(x);
    }
    if n == 1.0 {
        return super::special::tri_gamma(x);
    }
    let odd = n % 2.0 != 0.0;
    let sign = if odd { 1.0 } else { -1.0 };
    if x <= 0.0 && (x.fract() == 0.0 || x < -1e4) {
        return if odd && x.is_finite() && x.fract() == 0.0 { f64::INFINITY } else { f64::NAN };
    }
    if x == f64::INFINITY {
        return 0.0 * sign;
    }
    let s = n + 1.0;
    let mut at = x;
    let mut sum = 0.0;
    while at < n + 20.0 {
        sum += libm::pow(at, -s);
        at += 1.0;
    }
    let power = libm::pow(at, -n);
    let mut rest = power / n + 0.5 * power / at;
    // Bernoulli numbers over factorials: B2 / 2!, B4 / 4!, ...
    const B: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 720.0,
        1.0 / 30240.0,
        -1.0 / 1_209_600.0,
        1.0 / 47_900_160.0,
        -691.0 / 1_307_674_368_000.0,
        1.0 / 74_724_249_600.0,
        -3617.0 / 10_670_622_842_880_000.0,
    ];
    let mut rising = s;
    let mut down = power / (at * at);
    for (k, b) in B.iter().enumerate() {
        rest += b * rising * down;
        #[allow(clippy::cast_precision_loss, reason = "at most 16")]
        let j = s + 2.0 * k as f64;
        rising *= (j + 1.0) * (j + 2.0);
        down /= at * at;
    }
    sign * libm::tgamma(s) * (sum + rest)
}

#[cfg(test)]
mod tests {
    use super::polygamma;

    #[test]
    fn slopes_of_the_order_below() {
        for n in 1..6u8 {
            for x in [0.3, 1.0, 2.5, 7.0, 40.0] {
                let h = 1e-4 * x;
                let f = |t: f64| polygamma(f64::from(n - 1), t);
                let slope = (8.0 * (f(x + h) - f(x - h)) - (f(x + 2.0 * h) - f(x - 2.0 * h))) / (12.0 * h);
                let got = polygamma(f64::from(n), x);
                assert!((got - slope).abs() < 1e-8 * got.abs(), "{n} {x}: {got} {slope}");
            }
        }
        // -2 zeta(3).
        assert!((polygamma(2.0, 1.0) + 2.404_113_806_319_188_6).abs() < 2e-15);
        assert!(polygamma(1.5, 1.0).is_nan());
    }
}
