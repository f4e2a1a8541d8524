//! Element types and their promotion.

use std::fmt;

/// Element type of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DType {
    /// Truth values, the result of comparisons; they compute as 0 and 1.
    Bool,
    /// 8-bit signed integers: what Theano gives a small literal.
    I8,
    /// 16-bit signed integers.
    I16,
    /// 32-bit signed integers.
    I32,
    /// 64-bit signed integers.
    I64,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl DType {
    /// Every element type with its short and its long name.
    pub const NAMES: [(DType, &'static str, &'static str); 7] = [
        (DType::Bool, "bool", "bool"),
        (DType::I8, "i8", "int8"),
        (DType::I16, "i16", "int16"),
        (DType::I32, "i32", "int32"),
        (DType::I64, "i64", "int64"),
        (DType::F32, "f32", "float32"),
        (DType::F64, "f64", "float64"),
    ];

    /// The type called `name`, short (`f64`) or long (`float64`).
    pub fn by_name(name: &str) -> Option<DType> {
        Self::NAMES.iter().find(|(_, s, l)| *s == name || *l == name).map(|(d, _, _)| *d)
    }

    /// The long name, as NumPy spells it: `float64`.
    pub fn long_name(self) -> &'static str {
        Self::NAMES.iter().find(|(d, _, _)| *d == self).map_or("?", |(_, _, l)| l)
    }

    /// Is this a floating-point type?
    pub fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F64)
    }

    /// Is this an integer type (truth values are not)?
    pub fn is_int(self) -> bool {
        matches!(self, DType::I8 | DType::I16 | DType::I32 | DType::I64)
    }

    /// The narrowest type that holds both, by NumPy's table: wide integers push `f32` to `f64`.
    pub fn promote(self, other: DType) -> DType {
        let (lo, hi) = if self <= other { (self, other) } else { (other, self) };
        match (lo, hi) {
            (DType::I32 | DType::I64, DType::F32) => DType::F64,
            _ => hi,
        }
    }

    /// The floating-point type in which a function such as `exp` works on this type.
    pub fn to_float(self) -> DType {
        match self {
            DType::F32 => DType::F32,
            _ => DType::F64,
        }
    }

    /// The least and the greatest integer; `None` for floats.
    pub fn bounds(self) -> Option<(i64, i64)> {
        Some(match self {
            DType::Bool => (0, 1),
            DType::I8 => (i8::MIN.into(), i8::MAX.into()),
            DType::I16 => (i16::MIN.into(), i16::MAX.into()),
            DType::I32 => (i32::MIN.into(), i32::MAX.into()),
            DType::I64 => (i64::MIN, i64::MAX),
            DType::F32 | DType::F64 => return None,
        })
    }

    /// An integer as this type holds it: the low bits, as two's complement; a truth value is whether it is not
    /// zero. Floats leave it as it is.
    #[allow(clippy::cast_possible_truncation, reason = "keeping the low bits is what is asked")]
    pub fn wrap(self, x: i64) -> i64 {
        match self {
            DType::Bool => i64::from(x != 0),
            DType::I8 => i64::from(x as i8),
            DType::I16 => i64::from(x as i16),
            DType::I32 => i64::from(x as i32),
            DType::I64 | DType::F32 | DType::F64 => x,
        }
    }

    /// A float as an integer of this type: its integer part, kept in the range of the type; NaN becomes 0. A truth
    /// value is whether it is not zero.
    pub fn truncate(self, x: f64) -> i64 {
        if self == DType::Bool {
            return i64::from(x != 0.0);
        }
        let (lo, hi) = self.bounds().unwrap_or((i64::MIN, i64::MAX));
        #[allow(clippy::cast_possible_truncation, reason = "saturates, which is what is asked")]
        let whole = x as i64;
        whole.clamp(lo, hi)
    }

    /// The narrowest integer type that holds `value`, as Theano types a literal.
    pub fn of_int(value: i64) -> DType {
        if i8::try_from(value).is_ok() {
            DType::I8
        } else if i16::try_from(value).is_ok() {
            DType::I16
        } else if i32::try_from(value).is_ok() {
            DType::I32
        } else {
            DType::I64
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(d, _, _)| d == self).map_or("?", |(_, s, _)| s);
        f.write_str(name)
    }
}
