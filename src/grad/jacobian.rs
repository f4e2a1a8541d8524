//! Jacobians and Hessians as expressions.

use super::api::Grads;
use super::error::GradError;
use super::options::{Disconnected, GradOptions, from_seeds, gradients};
use super::products::pushforward;
use super::reverse::Seed;
use crate::expr::{Expr, Lit, fill, try_eye, vectorize};
use crate::op::{Attr, Op};
use crate::ty::{DType, Dim};

/// The Jacobian of `f` with respect to each of `wrt`: of shape `f.shape ++ wrt.shape`, the
/// derivative of every element by every element. `f` may have any number of axes, of lengths that
/// are numbers or symbols; of a scalar it is the gradient.
///
/// All rows come from one pullback along a new axis, with the rows of a unit matrix as cotangents.
/// Where the elements of `wrt` are known to be fewer than those of `f`, it is columns from one
/// pushforward.
///
/// ```
/// use egrad::function::Function;
/// use egrad::grad::jacobian;
/// use egrad::prelude::*;
/// let (m, v) = (dmatrix("M"), dvector("v"));
/// let j = jacobian(&dot(&m, &v).tanh(), &v)?;
/// let f = Function::new(&[m, v], &[j]).unwrap();
/// let out = f.call_with(&[&[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], &[0.0, 0.0]]).unwrap();
/// assert_eq!(out[0].shape(), [3, 2]);
/// assert_eq!(out[0][[2, 1]], 6.0);
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// As [`grad`](super::grad()); an operator that cannot run along one more axis.
#[allow(clippy::needless_pass_by_value, reason = "as `grad`")]
pub fn jacobian<W: Grads>(f: &Expr, wrt: W) -> Result<W::Output, GradError> {
    let list = wrt.list();
    Ok(wrt.pack(jacobians(f, &list, &GradOptions::default())?))
}

/// [`jacobian`] for a list, with options.
///
/// # Errors
/// As [`jacobian`] and [`gradients`].
pub fn jacobians(f: &Expr, wrt: &[Expr], options: &GradOptions) -> Result<Vec<Expr>, GradError> {
    if f.rank() == 0 {
        return gradients(Some(f), wrt, options)?.into_exprs();
    }
    let cotangent = fill(f, one(f.ty().dtype));
    let seed = Seed { at: f.clone(), adjoint: cotangent.clone(), whole: false };
    // Also where the columns are taken: it says what is disconnected.
    let rows = from_seeds(&[seed], wrt, options)?.into_exprs()?;
    let elements = |e: &Expr| e.ty().shape.size().known();
    let inputs: Option<usize> = wrt.iter().map(elements).sum();
    let plain = options.consider_constant.is_empty() && options.known_grads.is_empty();
    if plain && inputs.is_some_and(|n| elements(f).is_none_or(|m| n < m)) {
        return wrt.iter().map(|w| columns(f, w)).collect();
    }
    let size = f.ty().shape.size();
    let units = units(f, &size)?;
    let found = vectorize(&rows, &[(cotangent, units)]).map_err(GradError::Batch)?;
    Ok(found.iter().zip(wrt).map(|(j, w)| shaped(j, &[f, w])).collect())
}

/// The Hessian of a scalar cost by each of `wrt` alone, of shape `wrt.shape ++ wrt.shape`: the
/// Jacobian of the gradient. Theano takes vectors only; here any shape will do.
///
/// ```
/// use egrad::function::Function;
/// use egrad::grad::hessian;
/// use egrad::prelude::*;
/// let x = dvector("x");
/// let h = hessian(&x.pow(3).sum(), &x)?;
/// let f = Function::new(&[x], &[h]).unwrap();
/// let out = f.call_with(&[&[1.0, 2.0]]).unwrap();
/// assert_eq!(out[0].as_slice(), Some(&[6.0, 0.0, 0.0, 12.0][..]));
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// As [`jacobian`]; a cost that is not a scalar.
#[allow(clippy::needless_pass_by_value, reason = "as `grad`")]
pub fn hessian<W: Grads>(cost: &Expr, wrt: W) -> Result<W::Output, GradError> {
    let list = wrt.list();
    Ok(wrt.pack(hessians(cost, &list, &GradOptions::default())?))
}

/// [`hessian`] for a list, with options of the gradient.
///
/// # Errors
/// As [`hessian`] and [`gradients`].
pub fn hessians(cost: &Expr, wrt: &[Expr], options: &GradOptions) -> Result<Vec<Expr>, GradError> {
    let first = gradients(Some(cost), wrt, options)?.into_exprs()?;
    // A gradient that does not vary has a derivative, zero.
    let again = GradOptions {
        consider_constant: options.consider_constant.clone(),
        disconnected: Disconnected::Zero,
        ..GradOptions::default()
    };
    let of = |(g, w): (&Expr, &Expr)| {
        let zeros = || shaped_zeros(&[w, w]);
        let found = jacobians(g, std::slice::from_ref(w), &again)?;
        Ok(found.into_iter().next().unwrap_or_else(zeros))
    };
    first.iter().zip(wrt).map(of).collect()
}

/// The number one in a float type.
fn one(d: DType) -> Expr {
    let one = Expr::lit(Lit::Float(1.0));
    if d == DType::F32 { Expr::apply(Op::Cast, Attr::DType(d), [one]) } else { one }
}

/// The rows of a unit matrix, each in the shape of `e`.
fn units(e: &Expr, size: &Dim) -> Result<Expr, GradError> {
    let eye = try_eye(size.clone(), size.clone(), 0).map_err(GradError::Type)?;
    let eye =
        if e.ty().dtype == DType::F32 { Expr::apply(Op::Cast, Attr::DType(DType::F32), [eye]) } else { eye };
    if e.rank() == 1 {
        return Ok(eye);
    }
    Ok(eye.reshape_to(&lengths(&[size], &[e])))
}

fn lengths(first: &[&Dim], of: &[&Expr]) -> Vec<Dim> {
    let shapes = of.iter().flat_map(|e| e.ty().shape.dims().iter());
    first.iter().copied().chain(shapes).cloned().collect()
}

/// `j`, in row-major order, in the shape of `of` one after the other.
fn shaped(j: &Expr, of: &[&Expr]) -> Expr {
    let dims = lengths(&[], of);
    if j.rank() == dims.len() { j.clone() } else { j.reshape_to(&dims) }
}

fn shaped_zeros(of: &[&Expr]) -> Expr {
    Expr::lit(Lit::Float(0.0)).broadcast_to(&lengths(&[], of))
}

/// The Jacobian by columns.
fn columns(f: &Expr, w: &Expr) -> Result<Expr, GradError> {
    if w.rank() == 0 {
        let found = pushforward(std::slice::from_ref(f), std::slice::from_ref(w), &[one(w.ty().dtype)])?;
        return found.into_iter().next().ok_or(GradError::NoCost);
    }
    let tangent = fill(w, one(w.ty().dtype));
    let size = w.ty().shape.size();
    let found =
        pushforward(std::slice::from_ref(f), std::slice::from_ref(w), std::slice::from_ref(&tangent))?;
    let along = vectorize(&found, &[(tangent, units(w, &size)?)]).map_err(GradError::Batch)?;
    let last = (1..=f.rank()).chain([0]).map(Some);
    let found = along.into_iter().next().ok_or(GradError::NoCost)?.dimshuffle(last);
    Ok(shaped(&found, &[f, w]))
}
