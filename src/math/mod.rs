//! Elementary functions over doubles and singles, written once and free of branches, so that a loop over them
//! becomes vector code of whatever width the machine has, with the same bits at every width.
//!
//! The formulas are written over [`Lanes`]; `f64` is one lane. `wide` compiles each loop
//! for several instruction sets and chooses at run time. Every product that feeds a sum is an
//! explicit fused multiply-add, correctly rounded everywhere (in software where the machine has
//! none), and nothing else is contracted or reordered: bits do not depend on the machine.

mod element;
mod erf;
mod exp;
mod hyperbolic;
mod lanes;
mod log;
mod pow;
pub mod record;
mod table;
mod trig;
pub(crate) mod wide;

pub use element::Element;
pub use erf::{Erf, Erfc};
pub use exp::{Exp, Exp2, Expm1, Sigmoid};
pub use hyperbolic::{Cosh, Sinh, Tanh};
pub use lanes::Lanes;
pub use log::{Log, Log1p, Softplus};
pub use pow::Pow;
pub use table::Table;
pub use trig::{Cos, Sin, Tan};
pub use wide::{Width, use_width, width};

/// A function of one number.
pub trait Unary {
    /// The value, where the formula [holds](Unary::holds).
    fn at<L: Lanes>(x: L) -> L;

    /// Are there arguments for which the formula does not hold? They are rare, and the scalar function
    /// takes them.
    const PARTIAL: bool = false;

    /// Does the formula hold? Asked only of partial functions.
    #[inline(always)]
    fn holds<L: Lanes>(x: L) -> L::Mask {
        x.same(x)
    }

    /// The value where the formula does not hold.
    #[inline(always)]
    fn rarely<T: Element>(x: T) -> T {
        Self::at(x)
    }
}

/// A function of two numbers.
pub trait Binary {
    /// The value, where the formula [holds](Binary::holds).
    fn at<L: Lanes>(x: L, y: L) -> L;

    /// As [`Unary::PARTIAL`].
    const PARTIAL: bool = false;

    /// As [`Unary::holds`].
    #[inline(always)]
    fn holds<L: Lanes>(x: L, y: L) -> L::Mask {
        x.same(y)
    }

    /// The value where the formula does not hold.
    #[inline(always)]
    fn rarely<T: Element>(x: T, y: T) -> T {
        Self::at(x, y)
    }
}

/// A function of three numbers.
pub trait Ternary {
    /// The value.
    fn at<L: Lanes>(x: L, y: L, z: L) -> L;
}

/// The polynomial with these coefficients, the constant first: pairs, then Horner's rule in the square,
/// at half the depth.
#[inline(always)]
fn pairs<L: Lanes, const N: usize>(x: L, coefficients: [f64; N]) -> L {
    let square = x * x;
    let pair = |i: usize| {
        if i + 1 < N {
            L::splat(coefficients[i + 1]).mul_add(x, L::splat(coefficients[i]))
        } else {
            L::splat(coefficients[i])
        }
    };
    let mut i = (N - 1) & !1;
    let mut sum = pair(i);
    while i > 0 {
        i -= 2;
        sum = sum.mul_add(square, pair(i));
    }
    sum
}

/// A sum and what rounding took from it (Knuth), whatever the sizes.
#[inline(always)]
fn two_sum<L: Lanes>(a: L, b: L) -> (L, L) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}
