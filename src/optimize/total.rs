//! The cost of a whole graph.

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use crate::egraph::{CostModel, Operand, common_cost, op_cost};
use crate::graph::{Graph, Id};
use crate::op::Attr;

/// Estimated work of all that the roots reach, each node once, and once what composed operators have
/// in common. What depends on no input is free.
pub fn graph_cost(model: &CostModel, graph: &Graph, roots: &[Id]) -> f64 {
    let closed = closed(graph);
    let mut paid: FxHashSet<(&Attr, &[Id])> = FxHashSet::default();
    graph
        .reachable(roots)
        .into_iter()
        .filter(|&id| !closed[id as usize])
        .filter_map(|id| {
            let (op, attr, args) = graph.application(id)?;
            let operands: SmallVec<[Operand<'_>; 3]> =
                args.iter().map(|&a| (graph.ty(a), graph.facts(a).constant)).collect();
            let cost = op_cost(model, op, attr, &operands, graph.ty(id));
            let common = common_cost(cost, op);
            Some(if common > 0.0 && !paid.insert((attr, args)) { cost - common } else { cost })
        })
        // Not `sum`, which makes -0.0 of nothing.
        .fold(0.0, |sum, cost| sum + cost)
}

/// Does the first form take more work than the second?
pub(super) fn dearer(model: &CostModel, a: (&Graph, &[Id]), b: (&Graph, &[Id])) -> bool {
    graph_cost(model, a.0, a.1) > graph_cost(model, b.0, b.1) * (1.0 + 1e-9)
}

/// Which nodes depend on no input.
pub(super) fn closed(graph: &Graph) -> Vec<bool> {
    let mut closed = Vec::with_capacity(graph.len());
    for i in 0..graph.len() {
        let id = u32::try_from(i).unwrap_or(u32::MAX);
        let node = graph.node(id);
        let own = match node.head {
            crate::graph::Head::Const(_) | crate::graph::Head::Int(..) => true,
            crate::graph::Head::Op(_, attr) => {
                graph.attr(attr).is_closed() && node.args.iter().all(|&a| closed[a as usize])
            }
            _ => false,
        };
        closed.push(own);
    }
    closed
}
