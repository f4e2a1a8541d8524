//! A graph with some of its nodes computed otherwise.

use super::{Edge, How, Report};
use crate::graph::{Graph, Id, NOWHERE};

/// A graph that is being rewritten.
pub(super) struct Rewritten {
    /// The new graph.
    pub(super) graph: Graph,
    at: Vec<Id>,
}

impl Rewritten {
    /// What a node of the old graph is in the new one.
    pub(super) fn at(&self, id: Id) -> Option<Id> {
        Some(self.at[id as usize]).filter(|&at| at != NOWHERE)
    }
}

/// The graph where each node is what `new` makes of it, or itself where that is nothing.
pub(super) fn rewritten(
    graph: &Graph,
    roots: &[Id],
    report: &mut Report,
    new: impl Fn(&mut Rewritten, Id) -> Option<Id>,
) -> Option<(Graph, Vec<Id>)> {
    let mut out = Rewritten { graph: graph.of_same_inputs(), at: vec![NOWHERE; graph.len()] };
    let mut pairs = Vec::new();
    for id in graph.reachable(roots) {
        let is_op = graph.application(id).is_some();
        out.at[id as usize] = match is_op.then(|| new(&mut out, id)).flatten() {
            Some(made) => {
                pairs.push((id, made));
                made
            }
            None => out.graph.copy(graph, id, &out.at).ok()?,
        };
    }
    let new: Vec<Id> = roots.iter().map(|&r| out.at(r)).collect::<Option<_>>()?;
    report.record(|| Edge {
        before: (graph.clone(), roots.to_vec()),
        after: (out.graph.clone(), new.clone()),
        how: How::NormalForm(pairs),
    });
    Some((out.graph, new))
}
