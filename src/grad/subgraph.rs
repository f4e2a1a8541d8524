//! Gradients of a part of a graph.

use super::error::GradError;
use super::options::{Disconnected, GradOptions, gradients};
use crate::expr::Expr;

/// Gradients of a part of a graph, and what they are sums of.
#[derive(Debug, Clone)]
pub struct SubgraphGrads {
    /// By the elements of `wrt`.
    pub wrt: Vec<Expr>,
    /// By the elements of `end`.
    pub end: Vec<Expr>,
    /// What comes from the known gradients: by `wrt`, then by `end`; empty if there are none.
    pub start: Vec<Expr>,
    /// The same for each cost.
    pub costs: Vec<Vec<Expr>>,
}

/// Gradients of the part of a graph above `end`: of the cost, or of what has known adjoints
/// (`start`), or the sum of both, with respect to `wrt` and to `end`. Nothing is visited below `end`,
/// so an element of `wrt` that is only reached through it gets zeros.
///
/// ```
/// use egrad::prelude::*;
/// use egrad::grad::subgraph_grad;
/// let (x, w) = (dscalar("x"), dscalar("w"));
/// let h = x.exp();
/// let (by_w, by_h) = subgraph_grad(&[w.clone()], &[h.clone()], &[], Some(&(&h * &w)))?;
/// assert_eq!(pp(&by_w[0]), "(fill((exp(x) * w), 1.0) * exp(x))");
/// assert_eq!(pp(&by_h[0]), "(fill((exp(x) * w), 1.0) * w)");
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// Neither a cost nor `start`; otherwise as [`gradients`].
pub fn subgraph_grad(
    wrt: &[Expr],
    end: &[Expr],
    start: &[(Expr, Expr)],
    cost: Option<&Expr>,
) -> Result<(Vec<Expr>, Vec<Expr>), GradError> {
    let found = subgraph_grads(wrt, end, start, cost.map_or(&[], std::slice::from_ref))?;
    Ok((found.wrt, found.end))
}

/// [`subgraph_grad`] of several costs, with what each of them and the known adjoints contribute.
///
/// ```
/// use egrad::prelude::*;
/// use egrad::grad::subgraph_grads;
/// let (x, w, g) = (dscalar("x"), dscalar("w"), dscalar("g"));
/// let h = x.exp();
/// let found = subgraph_grads(&[w.clone()], &[h.clone()], &[(&h * &w, g)], &[w.sqr(), &h + &w])?;
/// assert_eq!(pp(&found.start[1]), "(g * w)");
/// assert_eq!(pp(&found.costs[0][0]), "((fill(sqr(w), 1.0) * w) * 2)");
/// assert_eq!(pp(&found.end[0]), "(((g * w) + fill(exp(x), 0.0)) + fill((exp(x) + w), 1.0))");
/// # Ok::<(), egrad::grad::GradError>(())
/// ```
///
/// # Errors
/// As [`subgraph_grad`].
pub fn subgraph_grads(
    wrt: &[Expr],
    end: &[Expr],
    start: &[(Expr, Expr)],
    costs: &[Expr],
) -> Result<SubgraphGrads, GradError> {
    let options = |known_grads: &[(Expr, Expr)]| GradOptions {
        consider_constant: end.to_vec(),
        known_grads: known_grads.to_vec(),
        disconnected: Disconnected::Zero,
        ..GradOptions::default()
    };
    let all: Vec<Expr> = wrt.iter().chain(end).cloned().collect();
    let of = |cost, known: &[(Expr, Expr)]| gradients(cost, &all, &options(known))?.into_exprs();
    let from_start = if start.is_empty() && !costs.is_empty() { Vec::new() } else { of(None, start)? };
    let from_costs = costs.iter().map(|c| of(Some(c), &[])).collect::<Result<Vec<_>, _>>()?;
    let mut parts = std::iter::once(&from_start).filter(|s| !s.is_empty()).chain(&from_costs);
    let mut by_wrt = parts.next().cloned().unwrap_or_default();
    for part in parts {
        by_wrt.iter_mut().zip(part).for_each(|(sum, g)| *sum = &*sum + g);
    }
    let by_end = by_wrt.split_off(wrt.len().min(by_wrt.len()));
    Ok(SubgraphGrads { wrt: by_wrt, end: by_end, start: from_start, costs: from_costs })
}
