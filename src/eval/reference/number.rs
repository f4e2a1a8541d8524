//! What the reference asks of a number: doubles, and integers that keep their low bits.

use crate::op::{Attr, Dense, Ints, Kernel, Op};

/// What the reference asks of a number.
pub(crate) trait Number: Copy + 'static {
    /// Zero.
    const ZERO: Self;
    /// Stands where there is nothing.
    const NONE: Self;
    /// The value of an elementwise operator.
    fn value(op: Op, args: &[Self]) -> Option<Self>;
    /// The value of an empty fold, and a step.
    #[allow(clippy::type_complexity, reason = "a pair")]
    fn fold(op: Op) -> Option<(Option<Self>, fn(Self, Self) -> Self)>;
    /// A function of whole arrays.
    fn whole(
        op: Op,
        attr: &Attr,
        parts: &[Dense<'_, Self>],
        lens: &[usize],
        out: &mut [Self],
    ) -> Option<Result<(), String>>;
    /// Sum.
    fn plus(self, o: Self) -> Self;
    /// Product.
    fn times(self, o: Self) -> Self;
    /// As a double.
    fn to_f64(self) -> f64;
}

impl Number for f64 {
    const ZERO: f64 = 0.0;
    const NONE: f64 = f64::NAN;
    fn value(op: Op, args: &[f64]) -> Option<f64> {
        match (op.def().kernel, args) {
            (Kernel::Map1(k), [a]) => Some((k.scalar)(*a)),
            (Kernel::Map2(k), [a, b]) => Some((k.scalar)(*a, *b)),
            (Kernel::Map3(k), [a, b, c]) => Some((k.scalar)(*a, *b, *c)),
            _ => None,
        }
    }
    fn fold(op: Op) -> Option<(Option<f64>, fn(f64, f64) -> f64)> {
        match op.def().kernel {
            Kernel::Reduce { init, step, .. } => Some((init, step.scalar)),
            _ => None,
        }
    }
    fn whole(
        op: Op,
        attr: &Attr,
        parts: &[Dense<'_>],
        lens: &[usize],
        out: &mut [f64],
    ) -> Option<Result<(), String>> {
        match op.def().kernel {
            Kernel::Whole(f) => Some(f(attr, parts, lens, out)),
            _ => None,
        }
    }
    fn plus(self, o: f64) -> f64 {
        self + o
    }
    fn times(self, o: f64) -> f64 {
        self * o
    }
    fn to_f64(self) -> f64 {
        self
    }
}

impl Number for i64 {
    const ZERO: i64 = 0;
    const NONE: i64 = 0;
    fn value(op: Op, args: &[i64]) -> Option<i64> {
        op.def().ints.value(args)
    }
    fn fold(op: Op) -> Option<(Option<i64>, fn(i64, i64) -> i64)> {
        match op.def().ints {
            Ints::Fold(init, step) => Some((init, step)),
            _ => None,
        }
    }
    fn whole(
        op: Op,
        attr: &Attr,
        parts: &[Dense<'_, i64>],
        lens: &[usize],
        out: &mut [i64],
    ) -> Option<Result<(), String>> {
        match op.def().ints {
            Ints::Whole(f) => Some(f(attr, parts, lens, out)),
            _ => None,
        }
    }
    fn plus(self, o: i64) -> i64 {
        self.wrapping_add(o)
    }
    fn times(self, o: i64) -> i64 {
        self.wrapping_mul(o)
    }
    fn to_f64(self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "rounding is what is asked")]
        let x = self as f64;
        x
    }
}
