//! Sums over the same axes are one sum, whatever else is added.
//!
//! A rule adds two sums that are neighbours. In `a - sum(x) - sum(y)` they are none, and rules that looked for them
//! through what stands between would find ever new sums of sums.

use super::poly::{Monomial, Poly};
use super::ratio::Ratio;
use crate::graph::{Graph, Id};
use crate::op::{Attr, Law, Op, Ring};

/// A term that is a sum: which one, its operand, and is it subtracted?
struct Term {
    sum: Id,
    op: Op,
    attr: Attr,
    operand: Id,
    less: bool,
}

/// `p` with the sums over the same axes of the same shape as one sum; `None` where it has no two.
pub(super) fn joined(graph: &mut Graph, p: &Poly) -> Option<Poly> {
    if p.0.len() < 3 {
        return None;
    }
    let terms: Vec<Term> = p.0.iter().filter_map(|(m, c)| term(graph, m, *c)).collect();
    let alike = |graph: &Graph, a: &Term, b: &Term| {
        (a.op, &a.attr) == (b.op, &b.attr) && graph.ty(a.operand) == graph.ty(b.operand)
    };
    let first = terms.iter().find(|a| terms.iter().filter(|b| alike(graph, a, b)).count() > 1)?;
    let (mut out, mut operand) = (p.clone(), first.operand);
    let group: Vec<&Term> = terms.iter().filter(|t| alike(graph, first, t)).collect();
    for t in group {
        out.0.remove(&Monomial::atom(t.sum, 2));
        if t.sum != first.sum {
            let ring = if t.less == first.less { Ring::Sum } else { Ring::Difference };
            operand = graph.add(Op::of_ring(ring)?, &Attr::None, &[operand, t.operand]).ok()?;
        }
    }
    let both = graph.add(first.op, &first.attr, &[operand]).ok()?;
    out.accumulate(Monomial::atom(both, 2), if first.less { Ratio::ONE.neg() } else { Ratio::ONE })?;
    Some(out)
}

fn term(graph: &Graph, m: &Monomial, c: Ratio) -> Option<Term> {
    let &[(sum, 2)] = m.0.as_slice() else { return None };
    let less = c == Ratio::ONE.neg();
    let (op, attr, &[operand]) = graph.application(sum)? else { return None };
    let is_sum = op.def().has(Law::Total) && graph.ty(sum).dtype.is_float() && (less || c == Ratio::ONE);
    is_sum.then(|| Term { sum, op, attr: attr.clone(), operand, less })
}
