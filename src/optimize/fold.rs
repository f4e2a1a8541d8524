//! Constants that could not be folded exactly are folded last, as the program would compute them.

use crate::facts::value_of;
use crate::graph::{Graph, Head, Id};

/// The graph with every elementwise application of constants replaced by its value.
pub(super) fn fold(graph: &Graph, roots: &[Id]) -> (Graph, Vec<Id>) {
    let mut out = Graph::new();
    for (name, ty) in graph.vars() {
        out.var(name, ty);
    }
    let mut at: Vec<Option<Id>> = vec![None; graph.len()];
    for id in graph.reachable(roots) {
        let node = graph.node(id);
        let new = match node.head {
            Head::Const(bits) => out.lit(f64::from_bits(bits)),
            Head::Int(d, x) => out.int(d, x),
            Head::Size(s) => out.length(graph.size(s)),
            Head::Var(v) => {
                let (name, ty) = &graph.vars()[v as usize];
                out.var(name, ty)
            }
            Head::Op(op, attr) => {
                let args: Vec<Id> = node.args.iter().filter_map(|&a| at[a as usize]).collect();
                let values: Option<Vec<f64>> = args.iter().map(|&a| out.constant(a)).collect();
                let float = graph.ty(id).dtype.is_float();
                match values.filter(|_| float).and_then(|v| value_of(op, &v)) {
                    Some(x) => out.lit(x),
                    None => match out.add(op, graph.attr(attr), &args) {
                        Ok(id) => id,
                        Err(_) => return (graph.clone(), roots.to_vec()),
                    },
                }
            }
        };
        at[id as usize] = Some(new);
    }
    let roots = roots.iter().filter_map(|&r| at[r as usize]).collect();
    (out, roots)
}
