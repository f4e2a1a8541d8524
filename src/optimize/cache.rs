//! Windows that are known already.

use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Form;
use super::cut::ids;
use crate::graph::Head;
use crate::op::Attr;
use crate::ty::{Dim, Ty};

/// A window's form, and what it became.
#[derive(Debug)]
pub(super) struct Known {
    /// As it was cut.
    pub(super) given: Arc<Form>,
    /// As it was optimized; as it was cut until then.
    pub(super) found: Arc<Form>,
}

impl Known {
    pub(super) fn new(given: Arc<Form>) -> Known {
        Known { found: given.clone(), given }
    }
}

/// Optimized forms of windows by what the windows are.
#[derive(Debug, Default)]
pub(super) struct Cache {
    keys: FxHashMap<Box<[u64]>, usize>,
    forms: Vec<Known>,
    numbers: Numbers,
}

impl Cache {
    /// The number of the form with a key.
    pub(super) fn known(&self, key: &[u64]) -> Option<usize> {
        self.keys.get(key).copied()
    }

    /// A form under a new key; its number.
    pub(super) fn insert(&mut self, key: &[u64], form: Known) -> usize {
        let n = self.forms.len();
        self.keys.insert(key.into(), n);
        self.forms.push(form);
        n
    }

    /// A form.
    pub(super) fn form(&self, n: usize) -> &Known {
        &self.forms[n]
    }

    /// What a form became.
    pub(super) fn optimized(&mut self, n: usize, found: Arc<Form>) {
        self.forms[n].found = found;
    }

    pub(super) fn attr(&mut self, attr: &Attr) -> u64 {
        number(&mut self.numbers.attrs, attr)
    }

    pub(super) fn dim(&mut self, dim: &Dim) -> u64 {
        number(&mut self.numbers.dims, dim)
    }
}

/// Numbers of what stands at nodes.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    attrs: FxHashMap<Attr, u64>,
    dims: FxHashMap<Dim, u64>,
    types: FxHashMap<Ty, u64>,
}

impl Numbers {
    /// Equal for forms that differ only in what their inputs stand for.
    pub(super) fn key(&mut self, form: &Form) -> Vec<u64> {
        let (graph, roots) = form;
        let mut key = Vec::with_capacity(5 * graph.len() + roots.len());
        for id in ids(graph) {
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
                    key.extend(f.constant.map_or([0, 0], |c| [1, c.to_bits()]));
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
