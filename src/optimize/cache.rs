//! Windows that are known already.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::egraph::CostModel;
use crate::graph::{Graph, Head, Id};
use crate::op::Attr;
use crate::ty::{Dim, Ty};

/// Optimized forms of windows by what the windows are.
#[derive(Debug, Default)]
pub(super) struct Cache {
    pub(super) forms: FxHashMap<Vec<u64>, Arc<(Graph, Vec<Id>)>>,
    attrs: FxHashMap<Attr, u64>,
    dims: FxHashMap<Dim, u64>,
    types: FxHashMap<Ty, u64>,
}

impl Cache {
    /// As [`key`](Self::key), with what is assumed of lengths.
    pub(super) fn window(&mut self, form: &(Graph, Vec<Id>), model: &CostModel) -> Vec<u64> {
        let mut key = self.key(form);
        key.push(u64::MAX);
        for (name, &length) in &model.lengths {
            key.push(name.parse().unwrap_or(u64::MAX));
            key.push(length as u64);
        }
        key
    }

    /// Equal for windows that differ only in what their inputs stand for.
    pub(super) fn key(&mut self, form: &(Graph, Vec<Id>)) -> Vec<u64> {
        let (graph, roots) = form;
        let mut key = Vec::with_capacity(5 * graph.len() + roots.len());
        for i in 0..graph.len() {
            let id = u32::try_from(i).unwrap_or(u32::MAX);
            let node = graph.node(id);
            match node.head {
                Head::Const(bits) => key.extend([0, bits]),
                Head::Int(d, x) => key.extend([4, u64::from(d as u8), x.cast_unsigned()]),
                Head::Size(s) => key.extend([1, number(&mut self.dims, graph.size(s))]),
                Head::Var(v) => {
                    let f = graph.facts(id);
                    let known = u64::from(f.nonzero) | u64::from(f.integral) << 1;
                    let ty = number(&mut self.types, &f.ty);
                    key.extend([2, u64::from(v), ty, f.range.lo.to_bits(), f.range.hi.to_bits(), known]);
                }
                Head::Op(op, attr) => {
                    let attr = number(&mut self.attrs, graph.attr(attr));
                    key.extend([3, u64::from(op as u8), attr, node.args.len() as u64]);
                    key.extend(node.args.iter().map(|&a| u64::from(a)));
                }
            }
        }
        key.push(u64::MAX);
        key.extend(roots.iter().map(|&r| u64::from(r)));
        key
    }
}

/// The number of a value: the same for equal ones, and only for those.
fn number<T: Clone + Eq + Hash>(known: &mut FxHashMap<T, u64>, value: &T) -> u64 {
    if let Some(&n) = known.get(value) {
        return n;
    }
    let n = known.len() as u64;
    known.insert(value.clone(), n);
    n
}
