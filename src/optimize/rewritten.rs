//! A graph with some of its nodes computed otherwise.

use super::{Edge, How, Report};
use crate::graph::{Graph, Head, Id};

/// A graph that is being rewritten.
pub(super) struct Rewritten {
    /// The new graph.
    pub(super) graph: Graph,
    at: Vec<Option<Id>>,
}

impl Rewritten {
    /// What a node of the old graph is in the new one.
    pub(super) fn at(&self, id: Id) -> Option<Id> {
        self.at[id as usize]
    }
}

/// The graph where each node is what `new` makes of it, or itself where that is nothing.
pub(super) fn rewritten(
    graph: &Graph,
    roots: &[Id],
    report: &mut Report,
    new: impl Fn(&mut Rewritten, Id) -> Option<Id>,
) -> Option<(Graph, Vec<Id>)> {
    let mut out = Rewritten { graph: Graph::new(), at: vec![None; graph.len()] };
    for (name, ty) in graph.vars() {
        out.graph.var(name, ty);
    }
    let mut pairs = Vec::new();
    for id in graph.reachable(roots) {
        let node = graph.node(id);
        let made = match node.head {
            Head::Const(bits) => out.graph.lit(f64::from_bits(bits)),
            Head::Int(d, x) => out.graph.int(d, x),
            Head::Size(s) => out.graph.length(graph.size(s)),
            Head::Var(v) => {
                let (name, ty) = &graph.vars()[v as usize];
                out.graph.var(name, ty)
            }
            Head::Op(op, attr) => match new(&mut out, id) {
                Some(made) => {
                    pairs.push((id, made));
                    made
                }
                None => {
                    let args: Vec<Id> = node.args.iter().map(|&a| out.at(a)).collect::<Option<_>>()?;
                    out.graph.add(op, graph.attr(attr), &args).ok()?
                }
            },
        };
        out.at[id as usize] = Some(made);
    }
    let new: Vec<Id> = roots.iter().map(|&r| out.at(r)).collect::<Option<_>>()?;
    report.record(|| Edge {
        before: (graph.clone(), roots.to_vec()),
        after: (out.graph.clone(), new.clone()),
        how: How::NormalForm(pairs),
    });
    Some((out.graph, new))
}
