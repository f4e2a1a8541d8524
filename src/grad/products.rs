//! Products of Jacobians with vectors, from both sides.

use rustc_hash::{FxHashMap, FxHashSet};

use super::api::grads;
use super::error::GradError;
use super::options::{Disconnected, GradOptions, check_seed, from_seeds};
use super::reverse::{Seed, consistent, formula, partial};
use crate::expr::{Expr, Head, fill, topological};
use crate::op::Role;

fn check_all(what: &'static str, of: &[Expr], given: &[Expr]) -> Result<(), GradError> {
    if of.len() != given.len() {
        return Err(GradError::Count { what, expected: of.len(), got: given.len() });
    }
    of.iter().zip(given).enumerate().try_for_each(|(i, (e, g))| check_seed(what, i, e, g))
}

/// The gradients of `sum(f[0] * cotangents[0]) + sum(f[1] * cotangents[1]) + ...`: the transposed
/// Jacobian of `f` times the cotangents. Theano calls it `Lop`. Each result has the shape of its
/// element of `wrt`.
///
/// ```
/// use egrad::prelude::*;
/// use egrad::grad::pullback;
/// let (v, w) = (dvector("v"), dvector("w"));
/// let g = pullback(&[v.pow(2)], &[v], &[w])?;
/// assert_eq!(pp(&g[0]), "((w * 2) * (v ** (2 - 1)))");
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// As many cotangents as `f` are needed, floats of its shapes; otherwise as [`grads`].
pub fn pullback(f: &[Expr], wrt: &[Expr], cotangents: &[Expr]) -> Result<Vec<Expr>, GradError> {
    check_all("cotangent", f, cotangents)?;
    let seed = |(at, g): (&Expr, &Expr)| Seed { at: at.clone(), adjoint: g.clone(), whole: false };
    let seeds: Vec<Seed> = f.iter().zip(cotangents).map(seed).collect();
    from_seeds(&seeds, wrt, &GradOptions::default())?.into_exprs()
}

/// The Jacobian of `f` with respect to all of `wrt` times the tangents: the derivative of `f` along
/// them, by one walk forwards. Theano calls it `Rop`. Each result has the shape of its element of
/// `f`, zeros where it does not depend on `wrt`.
///
/// An elementwise operator's derivative is diagonal, so its formula is the same in both
/// directions; any other formula, linear in the adjoint, is transposed on the spot by
/// differentiating it with respect to the adjoint (J. Townsend, "A new trick for calculating
/// Jacobian vector products", 2017). So an operator states one derivative and has both.
///
/// ```
/// use egrad::prelude::*;
/// use egrad::grad::pushforward;
/// let (v, w) = (dvector("v"), dvector("w"));
/// let t = pushforward(&[v.pow(2)], &[v], &[w])?;
/// // The fill holds `w` to the length of `v`, which nothing else may do.
/// assert_eq!(pp(&t[0]), "((fill((v ** 2), w) * 2) * (v ** (2 - 1)))");
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// As many tangents as `wrt` are needed, floats of its shapes; an operator on the way has no
/// derivative.
pub fn pushforward(f: &[Expr], wrt: &[Expr], tangents: &[Expr]) -> Result<Vec<Expr>, GradError> {
    check_all("tangent", wrt, tangents)?;
    let order = connected(f);
    consistent(&order)?;
    let mut named: FxHashMap<&str, &Expr> = FxHashMap::default();
    let mut tangent: FxHashMap<usize, Expr> = FxHashMap::default();
    for (w, t) in wrt.iter().zip(tangents) {
        match w.name() {
            Some(n) => {
                named.insert(n, t);
            }
            None => {
                tangent.insert(w.id(), t.clone());
            }
        }
    }
    for e in &order {
        if let Some(t) = e.name().and_then(|n| named.get(n)) {
            tangent.insert(e.id(), (*t).clone());
        }
        let Head::Op(op, _) = e.head() else { continue };
        // A node that is itself varied does not vary with its operands too.
        if tangent.contains_key(&e.id()) || !e.ty().dtype.is_float() {
            continue;
        }
        let mut sum: Option<Expr> = None;
        for (i, x) in e.args().iter().enumerate() {
            let Some(t) = tangent.get(&x.id()) else { continue };
            if op.def().disconnected.contains(&i) {
                continue;
            }
            let term = if op.def().role == Role::Elementwise {
                let same = t.ty().shape == e.ty().shape;
                formula(e, &if same { t.clone() } else { fill(e, t) }, i)?
            } else {
                transposed(e, t, i)?
            };
            sum = Some(sum.map_or_else(|| term.clone(), |s| s + &term));
        }
        if let Some(s) = sum {
            tangent.insert(e.id(), s);
        }
    }
    Ok(f.iter().map(|e| tangent.get(&e.id()).cloned().unwrap_or_else(|| e.zeros_like())).collect())
}

/// What the tangents of `f` can come from, operands first: not what is only below operands through which
/// no gradient flows, where an operator may have no derivative.
fn connected(f: &[Expr]) -> Vec<Expr> {
    let mut order = topological(f);
    let mut reached: FxHashSet<usize> = f.iter().map(Expr::id).collect();
    for e in order.iter().rev() {
        if let Head::Op(op, _) = e.head()
            && reached.contains(&e.id())
        {
            let flows = |i: &usize| !op.def().disconnected.contains(i);
            reached.extend((0..e.args().len()).filter(flows).map(|i| e.arg(i).id()));
        }
    }
    order.retain(|e| reached.contains(&e.id()));
    order
}

/// What a tangent of operand `i` adds to that of `e`.
fn transposed(e: &Expr, t: &Expr, i: usize) -> Result<Expr, GradError> {
    // The place of the adjoint; nothing of it is left in the derivative of what is linear in it, but
    // questions whether it is zero: it is not.
    // A node and not a name, so that no input is called the same.
    let g = fill(e, 1.0);
    let back = partial(e, &g, i)?;
    // A formula may ask whether the adjoint is zero, to spare work there; that does not vary with it.
    let steps = topological(std::slice::from_ref(&back)).into_iter().filter(|x| !x.ty().dtype.is_float());
    let options = GradOptions {
        consider_constant: steps.collect(),
        disconnected: Disconnected::Zero,
        ..GradOptions::default()
    };
    let seed = Seed { at: back, adjoint: t.clone(), whole: false };
    let mut found = from_seeds(&[seed], &[g], &options)?.into_exprs()?;
    Ok(found.swap_remove(0))
}

/// The Hessian of a scalar cost times vectors, without the Hessian: the gradient of the inner
/// product of the gradient and `p` (B. Pearlmutter, "Fast exact multiplication by the Hessian",
/// 1994), taken forwards: the derivative of the gradient along `p`. Each result has the shape of
/// its element of `wrt`.
///
/// ```
/// use egrad::prelude::*;
/// use egrad::function::Function;
/// use egrad::grad::hessian_vector_product;
/// let (x, p) = (dvector("x"), dvector("p"));
/// let h = hessian_vector_product(&x.pow(3).sum(), &[x.clone()], &[p.clone()])?;
/// let f = Function::new(&[x, p], &h).unwrap();
/// assert_eq!(f.call_with(&[&[1.0, 2.0], &[1.0, 10.0]]).unwrap()[0].as_slice(), Some(&[6.0, 120.0][..]));
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// As [`grads`] and [`pushforward`].
pub fn hessian_vector_product(cost: &Expr, wrt: &[Expr], p: &[Expr]) -> Result<Vec<Expr>, GradError> {
    check_all("tangent", wrt, p)?;
    pushforward(&grads(cost, wrt)?, wrt, p)
}
