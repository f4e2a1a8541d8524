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
mod lane32;
mod lanes;
mod log;
mod pow;
mod trig;
pub(crate) mod wide;

pub use element::Element;
pub use erf::{Erf, Erfc};
pub use exp::{Exp, Expm1, Sigmoid};
pub use hyperbolic::{Cosh, Sinh, Tanh};
pub use lanes::Lanes;
pub use log::{Log, Log1p, Softplus};
pub use pow::Pow;
pub use trig::{Cos, Sin, Tan};
pub use wide::{Width, use_width, width};

/// A function of one number.
pub trait Unary {
    /// The value, for arguments that are not [rare](Unary::rare).
    fn at<L: Lanes>(x: L) -> L;

    /// Does the formula hold for singles, for every argument? If not, they are computed as doubles.
    const SINGLE: bool = false;

    /// Arguments for which the formula does not hold; the scalar function takes them.
    #[inline(always)]
    fn rare(_: f64) -> bool {
        false
    }

    /// The value of a rare argument.
    #[inline(always)]
    fn rarely(x: f64) -> f64 {
        Self::at(x)
    }
}

/// A function of two numbers.
pub trait Binary {
    /// The value, for arguments that are not [rare](Binary::rare).
    fn at<L: Lanes>(x: L, y: L) -> L;

    /// Arguments for which the formula does not hold; the scalar function takes them.
    fn rare(x: f64, y: f64) -> bool;

    /// The value of rare arguments.
    fn rarely(x: f64, y: f64) -> f64;
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
