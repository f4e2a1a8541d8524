//! Constants that could not be folded exactly are folded last, as the program would compute them.

use smallvec::SmallVec;

use crate::facts::value_of;
use crate::graph::{Graph, Id, NOWHERE};

/// The graph with every elementwise application of constants replaced by its value.
pub(super) fn fold(graph: &Graph, roots: &[Id]) -> (Graph, Vec<Id>) {
    let mut out = graph.of_same_inputs();
    let mut at: Vec<Id> = vec![NOWHERE; graph.len()];
    for id in graph.reachable(roots) {
        at[id as usize] = match value(graph, id, &out, &at) {
            Some(x) => out.lit(x),
            None => match out.copy(graph, id, &at) {
                Ok(id) => id,
                Err(_) => return (graph.clone(), roots.to_vec()),
            },
        };
    }
    (out, roots.iter().map(|&r| at[r as usize]).collect())
}

/// The number that a node is, if its operands are numbers where they are now.
fn value(graph: &Graph, id: Id, out: &Graph, at: &[Id]) -> Option<f64> {
    let (op, _, args) = graph.application(id).filter(|_| graph.ty(id).dtype.is_float())?;
    let values: Option<SmallVec<[f64; 3]>> = args.iter().map(|&a| out.constant(at[a as usize])).collect();
    value_of(op, &values?)
}
