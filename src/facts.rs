//! What is known of a value without computing it: type, constant, range, integrality.
//!
//! Derived from the operator's row and the facts of the operands; unknown means false.

use crate::expr::TypeError;
use crate::expr::type_of;
use crate::op::{Arg, Attr, Fold, Interval, Kernel, Law, Op, Role};
use crate::ty::{DType, Ty};
use smallvec::SmallVec;

/// Facts about a value, true wherever the value is defined (not NaN).
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Element type and shape.
    pub ty: Ty,
    /// The number that every element is.
    pub constant: Option<f64>,
    /// Where the elements lie, as doubles.
    pub range: Interval,
    /// No element is zero over the reals (doubles may underflow).
    pub nonzero: bool,
    /// Every element is an integer.
    pub integral: bool,
}

impl Facts {
    /// An input: nothing but its type.
    pub fn var(ty: Ty) -> Facts {
        let integral = !ty.dtype.is_float();
        Facts { range: type_range(ty.dtype), ty, constant: None, nonzero: false, integral }
    }

    /// A scalar integer of an element type. As a number it is known where doubles hold it.
    pub fn integer(dtype: DType, x: i64) -> Facts {
        let value = exact(x);
        Facts {
            ty: Ty::scalar(dtype),
            constant: value,
            range: value.map_or(type_range(dtype), Interval::point),
            nonzero: x != 0,
            integral: true,
        }
    }

    /// A scalar constant.
    pub fn constant(x: f64) -> Facts {
        Facts {
            ty: Ty::scalar(DType::F64),
            constant: Some(x),
            range: Interval::point(x),
            nonzero: x != 0.0 && !x.is_nan(),
            integral: x.fract() == 0.0,
        }
    }

    /// A length: an integer, at least zero.
    pub fn length() -> Facts {
        Facts {
            ty: Ty::scalar(DType::F64),
            constant: None,
            range: Interval::NONNEG,
            nonzero: false,
            integral: true,
        }
    }

    /// Certainly above zero over the reals.
    pub fn positive(&self) -> bool {
        self.range.lo > 0.0 || self.range.lo >= 0.0 && self.nonzero
    }

    /// Certainly below zero over the reals.
    pub fn negative(&self) -> bool {
        self.range.hi < 0.0 || self.range.hi <= 0.0 && self.nonzero
    }

    /// Certainly zero or above.
    pub fn nonneg(&self) -> bool {
        self.range.lo >= 0.0
    }

    /// Certainly zero or below.
    pub fn nonpos(&self) -> bool {
        self.range.hi <= 0.0
    }

    /// Certainly not zero over the reals.
    pub fn is_nonzero(&self) -> bool {
        self.nonzero || self.range.lo > 0.0 || self.range.hi < 0.0
    }

    /// Facts of an application.
    ///
    /// # Errors
    /// The operands do not fit.
    pub fn of_op(op: Op, attr: &Attr, args: &[&Facts]) -> Result<Facts, TypeError> {
        // A constant adapts to what it meets, repeated or not.
        let views: SmallVec<[Arg<'_>; 3]> =
            args.iter().map(|f| Arg { ty: &f.ty, weak: f.constant.is_some() }).collect();
        let ty = type_of(op, attr, &views)?;
        Ok(Facts::with_type(op, args, ty))
    }

    /// Facts of an application whose type is known.
    pub fn with_type(op: Op, args: &[&Facts], ty: Ty) -> Facts {
        let def = op.def();
        // Laws speak of real numbers; whether an integer wraps is seen where they leave its type.
        let counts = ty.dtype.is_int() && def.role != Role::Move;
        let mut out = Facts {
            range: if counts { Interval::ALL } else { type_range(ty.dtype) },
            integral: !ty.dtype.is_float(),
            ty,
            constant: None,
            nonzero: false,
        };
        let ranges: SmallVec<[Interval; 3]> = args.iter().map(|f| f.range).collect();
        let folds: SmallVec<[Fold; 3]> = args
            .iter()
            .map(|f| Fold { range: f.range, nonzero: f.is_nonzero(), integral: f.integral })
            .collect();
        // Laws of folded operators speak of two operands.
        if args.len() <= 2 || def.arity == crate::op::Arity::Exact(args.len()) {
            for law in def.laws {
                match law {
                    Law::Range(f) => out.range = out.range.meet(f(&ranges)).unwrap_or(out.range),
                    Law::Nonzero(f) => out.nonzero = out.nonzero || f(&folds),
                    Law::Integral => out.integral = out.integral || folds.iter().all(|f| f.integral),
                    _ => {}
                }
            }
        }
        if !out.ty.dtype.is_float() && def.role != Role::Move {
            out.wrapped(args);
        }
        // Moving a constant around leaves it the constant.
        if def.role == Role::Move && matches!(def.kernel, Kernel::View(_) | Kernel::Reshape) {
            out.constant = args[0].constant;
        }
        out
    }

    /// Laws speak of real numbers: of an integer they hold where it cannot have lost a high bit, nor a fraction.
    fn wrapped(&mut self, args: &[&Facts]) {
        let own = type_range(self.ty.dtype);
        let inside = self.range.lo >= own.lo.max(-EXACT) && self.range.hi <= own.hi.min(EXACT);
        let whole = args.iter().all(|f| f.integral);
        let bits = |f: &&Facts| f.ty.dtype == DType::Bool;
        if !inside || !whole || self.ty.dtype == DType::Bool && !args.iter().all(bits) {
            self.range = own;
            self.nonzero = false;
        }
    }

    /// Both at once. `None` when they contradict each other.
    pub fn meet(&self, other: &Facts) -> Option<Facts> {
        if self.ty != other.ty {
            return None;
        }
        let constant = match (self.constant, other.constant) {
            (Some(a), Some(b)) if a != b && !(a.is_nan() && b.is_nan()) => return None,
            (a, b) => a.or(b),
        };
        // Terms that are equal over the reals round differently: their ranges may miss each other by that. The
        // range stays what it was then, so that facts only ever narrow.
        let range = match self.range.meet(other.range) {
            Some(r) => r,
            None if self.range.touches(other.range) => self.range,
            None => return None,
        };
        Some(Facts {
            ty: self.ty.clone(),
            constant,
            range,
            nonzero: self.nonzero || other.nonzero,
            integral: self.integral || other.integral,
        })
    }
}

/// The largest integer below which doubles hold every one.
pub const EXACT: f64 = 9_007_199_254_740_992.0;

/// An integer as a double, where doubles hold it and all smaller ones.
pub fn exact(x: i64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss, reason = "checked")]
    let value = x as f64;
    (value.abs() <= EXACT).then_some(value)
}

/// Where the numbers of an element type lie.
fn type_range(dtype: DType) -> Interval {
    match dtype.bounds() {
        #[allow(clippy::cast_precision_loss, reason = "the bounds are powers of two, or exact")]
        Some((lo, hi)) => Interval { lo: lo as f64, hi: hi as f64 },
        None => Interval::ALL,
    }
}

/// The value of `op` on constants, when it is exact and of moderate size.
///
/// Folding what rounds would put unequal numbers in one class; folding what is huge lets constants
/// run away to infinity. The rest is folded after extraction.
pub fn fold_exact(op: Op, args: &[f64]) -> Option<f64> {
    let exact = exact_value(op, args)?;
    let size = exact.abs();
    (exact == 0.0 || (1e-9..=1e9).contains(&size)).then_some(exact)
}

/// The number that an application is, from those that its operands are: of integers as their type holds it, of
/// floats as [`fold_exact`].
pub fn folded(op: Op, ty: &Ty, args: &[&Facts]) -> Option<f64> {
    let numbers: SmallVec<[f64; 3]> = args.iter().map(|f| f.constant).collect::<Option<_>>()?;
    if !ty.dtype.is_int() {
        return fold_exact(op, &numbers);
    }
    if let ([x], [f]) = (numbers.as_slice(), args)
        && f.ty.dtype.is_float()
    {
        return exact(ty.dtype.truncate(*x)).filter(|_| op == Op::conversion());
    }
    let whole = numbers.iter().all(|x| x.fract() == 0.0 && x.abs() <= EXACT);
    let integers: SmallVec<[i64; 3]> = numbers.iter().map(|x| DType::I64.truncate(*x)).collect();
    op.def().ints.value(&integers).filter(|_| whole).and_then(|x| exact(ty.dtype.wrap(x)))
}

/// The value of an elementwise operator on scalars; `None` for another operator.
pub fn value_of(op: Op, args: &[f64]) -> Option<f64> {
    match (op.def().kernel, args) {
        (Kernel::Map1(k), [a]) => Some((k.scalar)(*a)),
        (Kernel::Map2(k), [a, rest @ ..]) if !rest.is_empty() => {
            Some(rest.iter().fold(*a, |x, y| (k.scalar)(x, *y)))
        }
        (Kernel::Map3(k), [a, b, c]) => Some((k.scalar)(*a, *b, *c)),
        _ => None,
    }
}

fn exact_value(op: Op, args: &[f64]) -> Option<f64> {
    let value = value_of(op, args)?;
    if !value.is_finite() || args.iter().any(|a| !a.is_finite()) {
        return None;
    }
    // The meaning over the reals decides, so that no operator is named here.
    let real = op.def().real?;
    let reals: Vec<crate::num::Real> = args.iter().map(|&a| a.into()).collect();
    let exact = real(&reals);
    (exact == crate::num::Real::from(value) && !irrational(op, args)).then_some(value)
}

/// At 75 digits an irrational value could still round to a double exactly; only trivial points of
/// functions (exp(0), log(1)) are trusted to be exact.
fn irrational(op: Op, args: &[f64]) -> bool {
    op.def().cost > 5.0 && args.iter().any(|a| a.fract() != 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_results_fold() {
        assert_eq!(fold_exact(Op::Add, &[1.0, 2.0]), Some(3.0));
        assert_eq!(fold_exact(Op::Add, &[0.1, 0.2]), None);
        assert_eq!(fold_exact(Op::Div, &[1.0, 3.0]), None);
        assert_eq!(fold_exact(Op::Div, &[1.0, 4.0]), Some(0.25));
        assert_eq!(fold_exact(Op::Div, &[1.0, 0.0]), None);
        assert_eq!(fold_exact(Op::Exp, &[0.0]), Some(1.0));
        assert_eq!(fold_exact(Op::Exp, &[1.0]), None);
        assert_eq!(fold_exact(Op::Sqrt, &[4.0]), Some(2.0));
        assert_eq!(fold_exact(Op::Mul, &[1e6, 1e6]), None);
    }
}
