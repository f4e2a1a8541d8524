//! Rounding and remainders, with NumPy's conventions.

/// The nearest integer; a half goes away from zero.
pub(super) fn half_away(x: f64) -> f64 {
    libm::round(x)
}

/// The remainder of floored division: it has the sign of the divisor.
pub(super) fn modulo(a: f64, b: f64) -> f64 {
    let r = a % b;
    if r == 0.0 {
        return 0.0f64.copysign(b) + if b.is_nan() { b } else { 0.0 } * r;
    }
    if (r < 0.0) == (b < 0.0) { r } else { r + b }
}

/// Floored division: what [`modulo`] leaves a remainder of.
pub(super) fn int_div(a: f64, b: f64) -> f64 {
    let r = a % b;
    if b == 0.0 || !a.is_finite() || !b.is_finite() {
        return libm::floor(a / b);
    }
    let q = (a - r) / b;
    let q = if r != 0.0 && (r < 0.0) != (b < 0.0) { q - 1.0 } else { q };
    // What should be an integer may have been rounded off one.
    let whole = libm::floor(q);
    if q - whole > 0.5 {
        whole + 1.0
    } else if whole == 0.0 {
        0.0f64.copysign(a / b)
    } else {
        whole
    }
}
