//! Literals and their spelling.

use std::hash::{Hash, Hasher};

use crate::ty::DType;

/// A constant scalar. Integers keep the narrow type that Theano gives them and print without a
/// point; both compute in the type of the expression that uses them.
#[derive(Debug, Clone, Copy)]
pub enum Lit {
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A truth value.
    Bool(bool),
}

impl Lit {
    /// Its type: the narrowest integer, or `f64`.
    pub fn dtype(self) -> DType {
        match self {
            Lit::Int(i) => DType::of_int(i),
            Lit::Float(_) => DType::F64,
            Lit::Bool(_) => DType::Bool,
        }
    }

    /// Its value as a double (integers beyond 2^53 round).
    pub fn value(self) -> f64 {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "a literal computes as a double")]
            Lit::Int(i) => i as f64,
            Lit::Float(x) => x,
            Lit::Bool(b) => f64::from(u8::from(b)),
        }
    }

    /// Its value, where it is an integer or a truth value.
    pub fn integer(self) -> Option<i64> {
        match self {
            Lit::Int(i) => Some(i),
            Lit::Bool(b) => Some(i64::from(b)),
            Lit::Float(_) => None,
        }
    }

    /// Does the narrow float type hold it exactly, so that it adapts to its neighbours?
    pub fn is_weak(self) -> bool {
        let x = self.value();
        #[allow(clippy::cast_possible_truncation, reason = "that is the question")]
        let narrow = f64::from(x as f32);
        narrow.to_bits() == x.to_bits() || x.is_nan()
    }

    fn key(self) -> (u8, u64) {
        match self {
            Lit::Int(i) => (0, i.cast_unsigned()),
            Lit::Float(x) => (1, if x.is_nan() { f64::NAN.to_bits() } else { x.to_bits() }),
            Lit::Bool(b) => (2, u64::from(b)),
        }
    }
}

/// Bit for bit: `-0.0` is not `0.0`, NaN is NaN.
impl PartialEq for Lit {
    fn eq(&self, other: &Lit) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Lit {}
impl Hash for Lit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl std::fmt::Display for Lit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lit::Int(i) => write!(f, "{i}"),
            Lit::Float(x) => f.write_str(&float_text(*x)),
            Lit::Bool(b) => f.write_str(if *b { "True" } else { "False" }),
        }
    }
}

impl Lit {
    /// As Theano prints it: what is a single and takes all digits of a double prints as a single, so
    /// `np.float32(0.1)` is `0.1`.
    pub(crate) fn classic(self) -> String {
        const DIGITS: usize = 16;
        let text = self.to_string();
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        match self {
            #[allow(clippy::cast_possible_truncation, reason = "it is a single")]
            Lit::Float(x) if digits >= DIGITS && x.is_finite() && self.is_weak() => {
                let single = (x as f32).to_string();
                single.parse().map_or(text, float_text)
            }
            _ => text,
        }
    }
}

/// The shortest text that reads back as the same double, in Python's form: `2.0`, `1e-08`, `1e+20`.
pub fn float_text(x: f64) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf".into() } else { "-inf".into() };
    }
    // Rust's exponent form is the shortest that reads back; Python lays it out differently.
    let text = format!("{x:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{x}");
        return if plain.contains('.') { plain } else { plain + ".0" };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::float_text;

    #[test]
    fn floats_print_as_python_does() {
        for (x, text) in [
            (2.0, "2.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-8, "1e-08"),
            (1e20, "1e+20"),
            (1e300, "1e+300"),
            (123_456_789.123, "123456789.123"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (-0.0, "-0.0"),
            (1.5e-7, "1.5e-07"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(float_text(x), text);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits());
        }
    }
}
