//! Divisors that several quotients share: one division, and products with the reciprocal.
//!
//! The search sees each quotient alone, where a reciprocal is a product more. How many there are only the whole graph
//! shows.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::Report;
use super::rewritten::rewritten;
use super::total::closed;
use crate::egraph::{CostModel, op_cost};
use crate::graph::{Graph, Id};
use crate::op::{Attr, Op, Ring};

/// The quotients by a number and by its square.
#[derive(Default)]
struct Group {
    by_base: Vec<Id>,
    by_square: Vec<Id>,
    /// The node of the square.
    square: Option<Id>,
}

/// What is multiplied instead.
#[derive(Clone, Copy)]
enum Factor {
    /// The reciprocal of this divisor.
    Reciprocal(Id),
    /// The square of the reciprocal of this base.
    Square(Id),
}

/// The graph with shared reciprocals; `None` where there are none.
pub(super) fn shared(
    graph: &Graph,
    roots: &[Id],
    model: &CostModel,
    report: &mut Report,
) -> Option<(Graph, Vec<Id>)> {
    let live = graph.reachable(roots);
    let free = closed(graph);
    let mut readers = vec![0usize; graph.len()];
    live.iter().flat_map(|&id| &graph.node(id).args).chain(roots).for_each(|&a| readers[a as usize] += 1);
    let mut groups: BTreeMap<Id, Group> = BTreeMap::new();
    for &id in &live {
        let Some((op, _, &[_, below])) = graph.application(id) else { continue };
        if op.def().ring != Ring::Quotient || !graph.ty(id).dtype.is_float() || free[below as usize] {
            continue;
        }
        match graph.application(below) {
            Some((op, _, &[base])) if op.def().ring == Ring::Square => {
                let group = groups.entry(base).or_default();
                group.by_square.push(id);
                group.square = Some(below);
            }
            _ => groups.entry(below).or_default().by_base.push(id),
        }
    }
    let mut factors: FxHashMap<Id, Factor> = FxHashMap::default();
    for (&base, group) in &groups {
        choose(&Work { graph, model }, base, group, &readers, &mut factors);
    }
    if factors.is_empty() {
        return None;
    }
    let apply = |g: &mut Graph, ring: Ring, args: &[Id]| g.add(Op::of_ring(ring)?, &Attr::None, args).ok();
    rewritten(graph, roots, report, |out, id| {
        let &[above, _] = graph.node(id).args.as_slice() else { return None };
        let factor = *factors.get(&id)?;
        let (Factor::Reciprocal(of) | Factor::Square(of)) = factor;
        let (one, of) = (out.graph.lit(1.0), out.at(of)?);
        let mut r = apply(&mut out.graph, Ring::Quotient, &[one, of])?;
        if let Factor::Square(_) = factor {
            r = apply(&mut out.graph, Ring::Square, &[r])?;
        }
        let new = if graph.is_constant(above) && graph.facts(above).constant == Some(1.0) {
            r
        } else {
            let above = out.at(above)?;
            apply(&mut out.graph, Ring::Product, &[above, r])?
        };
        (out.graph.ty(new) == graph.ty(id)).then_some(new)
    })
}

/// What operators cost in a graph.
struct Work<'a> {
    graph: &'a Graph,
    model: &'a CostModel,
}

impl Work<'_> {
    /// An operator of the ring with a result like this node.
    fn of(&self, ring: Ring, like: Id) -> f64 {
        let ty = self.graph.ty(like);
        Op::of_ring(ring).map_or(0.0, |op| op_cost(self.model, op, &Attr::None, &[(ty, None)], ty))
    }

    /// Divisions.
    fn divided(&self, quotients: &[Id]) -> f64 {
        quotients.iter().map(|&q| self.of(Ring::Quotient, q)).sum()
    }

    /// Products in their place: none where the reciprocal is all.
    fn multiplied(&self, quotients: &[Id], by: Id) -> f64 {
        let one = |q: Id| {
            let above = self.graph.node(q).args[0];
            self.graph.facts(above).constant == Some(1.0) && self.graph.ty(q) == self.graph.ty(by)
        };
        quotients.iter().filter(|&&q| !one(q)).map(|&q| self.of(Ring::Product, q)).sum()
    }
}

/// The cheapest way to divide by a number and by its square.
fn choose(work: &Work<'_>, base: Id, group: &Group, readers: &[usize], factors: &mut FxHashMap<Id, Factor>) {
    let apart = |quotients: &[Id], by: Id| {
        let (all, one) = (work.divided(quotients), work.of(Ring::Quotient, by));
        let shared = one + work.multiplied(quotients, by);
        if shared < all - 1e-9 { (shared, true) } else { (all, false) }
    };
    let mut cost = 0.0;
    let mut found = Vec::new();
    for (quotients, by) in [(&group.by_base, Some(base)), (&group.by_square, group.square)] {
        let Some(by) = by else { continue };
        let (best, shares) = apart(quotients, by);
        cost += best;
        if shares {
            found.extend(quotients.iter().map(|&q| (q, Factor::Reciprocal(by))));
        }
    }
    if let Some(square) = group.square {
        // The square of the number is not needed where only quotients read it.
        let spared = if readers[square as usize] == group.by_square.len() {
            work.of(Ring::Square, square)
        } else {
            0.0
        };
        let both = work.of(Ring::Quotient, base)
            + work.of(Ring::Square, base)
            + work.multiplied(&group.by_base, base)
            + work.multiplied(&group.by_square, base)
            - spared;
        if !group.by_base.is_empty() && both < cost - 1e-9 {
            found = group.by_base.iter().map(|&q| (q, Factor::Reciprocal(base))).collect();
            found.extend(group.by_square.iter().map(|&q| (q, Factor::Square(base))));
        }
    }
    factors.extend(found);
}
