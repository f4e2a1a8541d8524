//! Expressions in the place of others.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::error::TypeError;
use super::node::{Expr, Head};
use super::walk::topological;
use crate::ty::{Dim, Sym};

/// `roots` with each first of a pair replaced by the second, all at once. An input is replaced
/// wherever its name stands; lengths that it told are those of what replaces it.
///
/// ```
/// use egrad::expr::substitute;
/// use egrad::prelude::*;
/// let (x, y) = (dscalar("x"), dscalar("y"));
/// let e = substitute(&[x.exp() * &y], &[(y, x.sqr())])?;
/// assert_eq!(pp(&e[0]), "(exp(x) * sqr(x))");
/// # Ok::<(), egrad::expr::TypeError>(())
/// ```
///
/// # Errors
/// An operator does not take what now stands there.
pub fn substitute(roots: &[Expr], pairs: &[(Expr, Expr)]) -> Result<Vec<Expr>, TypeError> {
    let named: FxHashMap<&str, &Expr> = pairs.iter().filter_map(|(x, to)| Some((x.name()?, to))).collect();
    let mut done: FxHashMap<usize, Expr> =
        pairs.iter().filter(|(x, _)| x.name().is_none()).map(|(x, to)| (x.id(), to.clone())).collect();
    // What is computed ahead of an expression is replaced in what computes it.
    let ahead: RefCell<FxHashMap<Sym, Option<Dim>>> = RefCell::default();
    let length = |s: &Sym| {
        if let Some(value) = super::ahead::computed_by(s) {
            let known = ahead.borrow().get(s).cloned();
            return known.unwrap_or_else(|| {
                let to = substitute(std::slice::from_ref(value), pairs).ok()?.pop()?;
                let to = if to.same_node(value) { None } else { super::int_ahead(&to).ok().map(Dim::told) };
                ahead.borrow_mut().insert(s.clone(), to.clone());
                to
            });
        }
        let to = named.get(s.var())?;
        if s.is_value() {
            return super::integer::int_of(to).map(Dim::told);
        }
        to.ty().shape.dims().get(s.axis()).cloned()
    };
    let order = topological(roots);
    for e in &order {
        if let Some(to) = e.name().and_then(|n| named.get(n)) {
            done.insert(e.id(), (*to).clone());
        }
        let Head::Op(op, attr) = e.head() else { continue };
        if done.contains_key(&e.id()) {
            continue;
        }
        let new = attr.substitute(&length);
        if new == *attr && !e.args().iter().any(|a| done.contains_key(&a.id())) {
            continue;
        }
        let args = e.args().iter().map(|a| done.get(&a.id()).unwrap_or(a).clone());
        let made = Expr::try_apply(*op, new, args)?;
        done.insert(e.id(), if let Some(l) = e.label() { made.named(l) } else { made });
    }
    Ok(roots.iter().map(|r| done.get(&r.id()).unwrap_or(r).clone()).collect())
}
