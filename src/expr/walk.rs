//! Walks over expressions, all with an explicit stack.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::ahead::all_ahead;
use super::node::{Expr, Head};
use crate::op::Attr;
use crate::ty::{Dim, Sym};

/// Every node reachable from the roots, operands before users, each once; left operands first.
pub fn topological(roots: &[Expr]) -> Vec<Expr> {
    below(roots, &|_| false)
}

/// [`topological`], not entering nodes that are `known`.
pub(crate) fn below(roots: &[Expr], known: &dyn Fn(&Expr) -> bool) -> Vec<Expr> {
    let mut order = Vec::new();
    let mut seen = rustc_hash::FxHashSet::default();
    let mut stack: Vec<(Expr, bool)> = roots.iter().rev().map(|r| (r.clone(), false)).collect();
    while let Some((e, done)) = stack.pop() {
        if done {
            order.push(e);
        } else if !known(&e) && seen.insert(e.id()) {
            stack.push((e.clone(), true));
            stack.extend(e.args().iter().rev().map(|a| (a.clone(), false)));
        }
    }
    order
}

/// The inputs that the roots use, in order of first appearance, each name once; behind them those that only
/// lengths follow from.
pub fn variables(roots: &[Expr]) -> Vec<Expr> {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut all = topological(roots);
    let ahead = all_ahead(roots);
    if !ahead.is_empty() {
        all.extend(topological(&ahead));
    }
    all.into_iter().filter(|e| e.name().is_some_and(|n| seen.insert(n.to_string()))).collect()
}

/// The symbols in lengths that the roots state: those of a broadcast or a reshape. An input may be
/// needed for its lengths alone.
pub fn stated_lengths(roots: &[Expr]) -> Vec<Sym> {
    let mut out = Vec::new();
    for e in topological(&[roots, &all_ahead(roots)].concat()) {
        if let Attr::Dims(dims) = e.attr() {
            dims.iter().for_each(|d| d.syms(&mut out));
        }
    }
    out
}

/// Does this input tell one of these lengths?
pub(crate) fn tells(input: &Expr, lengths: &[Sym]) -> bool {
    let value = |s: &Sym| s.is_value() && input.name() == Some(s.var());
    input.ty().shape.dims().iter().any(|d| matches!(d, Dim::Sym(s) if lengths.contains(s)))
        || lengths.iter().any(value)
}

/// Gives structurally equal terms the same number, whatever their sharing.
#[derive(Debug, Default)]
pub struct Numbering {
    of_node: FxHashMap<usize, u32>,
    of_term: FxHashMap<(Head, SmallVec<[u32; 3]>), u32>,
    /// Keeps every numbered node alive, so that an address is never used twice.
    held: Vec<Expr>,
}

impl Numbering {
    /// The number of `e`; numbers count up from 0 in the order of first appearance.
    pub fn number(&mut self, e: &Expr) -> u32 {
        for n in below(std::slice::from_ref(e), &|n| self.of_node.contains_key(&n.id())) {
            let args = n.args().iter().map(|a| self.of_node[&a.id()]).collect();
            let next = u32::try_from(self.of_term.len()).unwrap_or(u32::MAX);
            let number = *self.of_term.entry((n.head().clone(), args)).or_insert(next);
            self.of_node.insert(n.id(), number);
            self.held.push(n);
        }
        self.of_node[&e.id()]
    }
}

/// Are these the same term, whatever their sharing?
pub fn same_structure(a: &Expr, b: &Expr) -> bool {
    let mut numbers = Numbering::default();
    numbers.number(a) == numbers.number(b)
}
