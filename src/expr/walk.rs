//! Walks over expressions, all with an explicit stack.

use rustc_hash::{FxHashMap, FxHashSet};
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
    visit(roots, known).into_iter().cloned().collect()
}

/// [`below`], borrowed.
fn visit<'a>(roots: &'a [Expr], known: &dyn Fn(&Expr) -> bool) -> Vec<&'a Expr> {
    let mut order = Vec::new();
    let mut seen = FxHashSet::default();
    // Nodes that are entered, each with its operands that are not.
    let mut path: Vec<(&Expr, std::slice::Iter<'_, Expr>)> = Vec::new();
    for root in roots {
        if known(root) || !seen.insert(root.id()) {
            continue;
        }
        path.push((root, root.args().iter()));
        while let Some((e, rest)) = path.last_mut() {
            let e = *e;
            match rest.find(|a| !known(a) && seen.insert(a.id())) {
                Some(next) => path.push((next, next.args().iter())),
                None => {
                    order.push(e);
                    path.pop();
                }
            }
        }
    }
    order
}

/// The inputs that the roots use, in order of first appearance, each name once; behind them those that only
/// lengths follow from.
pub fn variables(roots: &[Expr]) -> Vec<Expr> {
    used(roots).0
}

/// The symbols in lengths that the roots state: those of a broadcast or a reshape. An input may be
/// needed for its lengths alone.
pub fn stated_lengths(roots: &[Expr]) -> Vec<Sym> {
    used(roots).1
}

/// [`variables`] and [`stated_lengths`].
pub(crate) fn used(roots: &[Expr]) -> (Vec<Expr>, Vec<Sym>) {
    let all = [roots, &all_ahead(roots)].concat();
    let (mut inputs, mut lengths) = (Vec::new(), Vec::new());
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for e in visit(&all, &|_| false) {
        match e.head() {
            Head::Var(name) if seen.insert(name) => inputs.push(e.clone()),
            Head::Op(_, Attr::Dims(dims)) => dims.iter().for_each(|d| d.syms(&mut lengths)),
            _ => {}
        }
    }
    (inputs, lengths)
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
