//! `grad` in its short forms.

use super::error::GradError;
use super::options::{Disconnected, GradOptions, gradients};
use crate::expr::Expr;

/// What stands in the place of `wrt`: one expression gives one gradient, an array an array, a
/// slice a vector.
pub trait Grads {
    /// The gradient, in the same form.
    type Output;
    /// The list of expressions.
    fn list(&self) -> Vec<Expr>;
    /// Gradients in the order of [`Grads::list`].
    fn pack(&self, grads: Vec<Expr>) -> Self::Output;
}

impl Grads for &Expr {
    type Output = Expr;
    fn list(&self) -> Vec<Expr> {
        vec![(*self).clone()]
    }
    fn pack(&self, mut grads: Vec<Expr>) -> Expr {
        grads.swap_remove(0)
    }
}

impl<const N: usize> Grads for [&Expr; N] {
    type Output = [Expr; N];
    fn list(&self) -> Vec<Expr> {
        self.iter().map(|e| (*e).clone()).collect()
    }
    fn pack(&self, grads: Vec<Expr>) -> [Expr; N] {
        let mut grads = grads.into_iter();
        std::array::from_fn(|i| grads.next().unwrap_or_else(|| self[i].clone()))
    }
}

impl Grads for &[Expr] {
    type Output = Vec<Expr>;
    fn list(&self) -> Vec<Expr> {
        self.to_vec()
    }
    fn pack(&self, grads: Vec<Expr>) -> Vec<Expr> {
        grads
    }
}

/// The gradient of a scalar cost, not simplified.
///
/// `wrt` may be an input or any expression in the graph of the cost; with an array or a slice the
/// result has the same order.
///
/// ```
/// use egrad::prelude::*;
/// let x = dscalar("x");
/// let g = grad(&x.pow(2), &x)?;
/// assert_eq!(pp(&g), "((fill((x ** 2), 1.0) * 2) * (x ** (2 - 1)))");
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// The cost is not a scalar, an element of `wrt` is not reached, or an operator has no derivative.
#[allow(
    clippy::needless_pass_by_value,
    reason = "`grad(&y, [&a, &b])` reads better than a reference to an array"
)]
pub fn grad<W: Grads>(cost: &Expr, wrt: W) -> Result<W::Output, GradError> {
    let list = wrt.list();
    Ok(wrt.pack(grads(cost, &list)?))
}

/// [`grad`] for a list.
///
/// # Errors
/// As [`grad`].
pub fn grads(cost: &Expr, wrt: &[Expr]) -> Result<Vec<Expr>, GradError> {
    grads_or(cost, wrt, Disconnected::Error)
}

/// [`grads`], with zeros for what the cost does not depend on if that is asked for.
///
/// # Errors
/// As [`grad`].
pub fn grads_or(cost: &Expr, wrt: &[Expr], disconnected: Disconnected) -> Result<Vec<Expr>, GradError> {
    let options = GradOptions { disconnected, ..GradOptions::default() };
    gradients(Some(cost), wrt, &options)?.into_exprs()
}
