//! One order of the nodes and roots of a small graph, whatever the order in which they were made.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::graph::{Graph, Head, Id};

/// A graph whose nodes stand in an order that they alone tell.
pub(super) struct Ordered {
    pub(super) graph: Graph,
    pub(super) roots: Vec<Id>,
    /// Where each root of the original is among them.
    place: Vec<usize>,
}

impl Ordered {
    /// What belongs to the roots here, in the order of the original.
    pub(super) fn restored(&self, roots: &[Id]) -> Vec<Id> {
        self.place.iter().filter_map(|&p| roots.get(p).copied()).collect()
    }
}

/// Roots come by depth and by what they compute, nodes as the roots reach them.
pub(super) fn canonical(graph: &Graph, roots: &[Id]) -> Ordered {
    let mut keys: Vec<(u32, u64)> = Vec::with_capacity(graph.len());
    for i in 0..graph.len() {
        let node = graph.node(u32::try_from(i).unwrap_or(u32::MAX));
        let mut hash = FxHasher::default();
        match node.head {
            Head::Const(bits) => (0, bits).hash(&mut hash),
            Head::Int(dtype, x) => (1, dtype, x).hash(&mut hash),
            Head::Size(s) => (2, graph.size(s)).hash(&mut hash),
            Head::Var(v) => (3, &graph.vars()[v as usize].0).hash(&mut hash),
            Head::Op(op, attr) => (4, op, graph.attr(attr)).hash(&mut hash),
        }
        let mut depth = 0;
        for &a in &node.args {
            let (below, own) = keys[a as usize];
            depth = depth.max(below + 1);
            own.hash(&mut hash);
        }
        keys.push((depth, hash.finish()));
    }
    let mut by_key: Vec<usize> = (0..roots.len()).collect();
    by_key.sort_by_key(|&i| keys[roots[i] as usize]);
    let mut place = vec![0; roots.len()];
    for (new, &old) in by_key.iter().enumerate() {
        place[old] = new;
    }
    let sorted: Vec<Id> = by_key.iter().map(|&i| roots[i]).collect();
    match rebuilt(graph, &sorted) {
        Some((graph, roots)) => Ordered { graph, roots, place },
        None => Ordered { graph: graph.clone(), roots: roots.to_vec(), place: (0..roots.len()).collect() },
    }
}

/// The nodes that the roots reach, operands first.
fn rebuilt(graph: &Graph, roots: &[Id]) -> Option<(Graph, Vec<Id>)> {
    let mut out = Graph::new();
    for (name, ty) in graph.vars() {
        out.var(name, ty);
    }
    let mut at: Vec<Option<Id>> = vec![None; graph.len()];
    let mut stack: Vec<(Id, bool)> = roots.iter().rev().map(|&r| (r, false)).collect();
    while let Some((id, ready)) = stack.pop() {
        if at[id as usize].is_some() {
            continue;
        }
        let node = graph.node(id);
        if !ready {
            stack.push((id, true));
            stack.extend(node.args.iter().rev().map(|&a| (a, false)));
            continue;
        }
        at[id as usize] = Some(match node.head {
            Head::Const(bits) => out.lit(f64::from_bits(bits)),
            Head::Int(dtype, x) => out.int(dtype, x),
            Head::Size(s) => out.length(graph.size(s)),
            Head::Var(v) => {
                let (name, _) = &graph.vars()[v as usize];
                out.var_with(name, graph.facts(id))
            }
            Head::Op(op, attr) => {
                let args: Vec<Id> = node.args.iter().map(|&a| at[a as usize]).collect::<Option<_>>()?;
                out.add(op, graph.attr(attr), &args).ok()?
            }
        });
    }
    let roots = roots.iter().map(|&r| at[r as usize]).collect::<Option<_>>()?;
    Some((out, roots))
}
