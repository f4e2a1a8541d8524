//! Expressions along one more axis: what JAX calls `vmap`.

use std::fmt;

use rustc_hash::FxHashMap;

use super::node::{Expr, Head};
use super::walk::below;
use crate::op::{Batched, Role};
use crate::ty::Dim;

/// An operator that cannot be computed along one more axis at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchError {
    /// The operator.
    pub op: &'static str,
    /// Its type without that axis.
    pub ty: String,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` with a result of type {} cannot run along one more axis", self.op, self.ty)
    }
}
impl std::error::Error for BatchError {}

/// `outputs` where each `(x, xs)` of `along` says that `xs` stands for `x` and has one more axis,
/// the first, of the same length in all of them. Every output gets that axis. `x` may be any node
/// of the graph; of an input all nodes of its name are meant.
///
/// ```
/// use egrad::expr::vectorize;
/// use egrad::prelude::*;
/// let (m, v, vs) = (dmatrix("M"), dvector("v"), dmatrix("vs"));
/// let each = vectorize(&[dot(&m, &v)], &[(v, vs)])?;
/// assert_eq!(pp(&each[0]), "(vs \\dot M.T)");
/// # Ok::<(), egrad::expr::BatchError>(())
/// ```
///
/// # Errors
/// An operator on the way cannot do it without a loop: inverses and factors of several matrices,
/// indices that differ.
pub fn vectorize(outputs: &[Expr], along: &[(Expr, Expr)]) -> Result<Vec<Expr>, BatchError> {
    let n = along.iter().find_map(|(_, xs)| xs.ty().shape.dims().first().cloned()).unwrap_or(Dim::ONE);
    let mut named: FxHashMap<&str, &Expr> = FxHashMap::default();
    let mut done: FxHashMap<usize, Expr> = FxHashMap::default();
    for (x, xs) in along {
        match x.name() {
            Some(name) => {
                named.insert(name, xs);
            }
            None => {
                done.insert(x.id(), xs.clone());
            }
        }
    }
    for e in below(outputs, &|e| along.iter().any(|(x, _)| x.name().is_none() && x.same_node(e))) {
        if let Some(xs) = e.name().and_then(|n| named.get(n)) {
            done.insert(e.id(), (*xs).clone());
            continue;
        }
        let Head::Op(op, _) = e.head() else { continue };
        // A length is the same for all.
        if op.def().role == Role::Shape {
            continue;
        }
        let on: Vec<bool> = e.args().iter().map(|a| done.contains_key(&a.id())).collect();
        if !on.contains(&true) {
            continue;
        }
        let args: Vec<Expr> =
            e.args().iter().map(|a| done.get(&a.id()).cloned().unwrap_or_else(|| a.clone())).collect();
        let error = || BatchError { op: op.def().name, ty: e.ty().to_string() };
        let made = (op.def().batch)(&Batched { node: &e, args: &args, on: &on, n: &n }).ok_or_else(error)?;
        done.insert(e.id(), made);
    }
    let full = |e: &Expr| match done.get(&e.id()).or_else(|| e.name().and_then(|n| named.get(n).copied())) {
        Some(es) => es.clone(),
        None => {
            let lens = std::iter::once(n.clone()).chain(e.ty().shape.dims().iter().cloned());
            e.broadcast_to(&lens.collect::<Vec<_>>())
        }
    };
    Ok(outputs.iter().map(full).collect())
}
