//! What rules say of e-nodes beside what they equate.

use std::sync::Arc;

use egg::{Id, Language as _};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::analysis::{Graph, facts};
use super::lang::{EHead, ENode};
use super::signs;
use crate::op::Law;

/// The classes of the operators below the root of a left side.
pub(super) type Inner = SmallVec<[Id; 3]>;

/// What stabilizing and replacing rules say of e-nodes.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    /// Left sides: they lose digits, says the rule.
    condemned: Vec<(Arc<str>, ENode, Inner)>,
    /// Parts of right sides that look like left sides of the same rule: they do not.
    spared: Vec<(Arc<str>, ENode)>,
    /// Left sides that are undefined where the right side is defined, and whether that was there already.
    narrower: Vec<(ENode, bool)>,
    /// What was there from the start, and what rules made of all that a class is.
    given: Vec<ENode>,
    /// Left sides that are of no use beside the right sides that follow.
    replaced: Vec<(Id, ENode, Option<ENode>)>,
}

impl Verdicts {
    /// The left side of this rule loses digits.
    pub(super) fn condemn(&mut self, rule: &Arc<str>, left: ENode, inner: Inner) {
        self.condemned.push((rule.clone(), left, inner));
    }

    /// This looks like a left side of the rule that made it, and is none.
    pub(super) fn spare(&mut self, rule: &Arc<str>, part: Option<ENode>) {
        self.spared.extend(part.map(|n| (rule.clone(), n)));
    }

    /// The left side is of no use beside the right side.
    pub(super) fn replaced(&mut self, class: Id, left: ENode, right: Option<ENode>) {
        self.replaced.push((class, left, right));
    }

    /// An e-graph of what is given.
    pub(super) fn of(g: &Graph) -> Verdicts {
        Verdicts { given: g.classes().flat_map(|c| c.nodes.iter().cloned()).collect(), ..Verdicts::default() }
    }

    /// The left side is undefined where the right side is defined.
    pub(super) fn narrower(&mut self, left: ENode, there: bool) {
        self.narrower.push((left, there));
    }

    /// This is defined wherever its class is.
    pub(super) fn holds(&mut self, right: ENode) {
        self.given.push(right);
    }

    pub(super) fn spares(&self, g: &Graph, rule: &Arc<str>, node: &ENode) -> bool {
        let node = canonical(g, node);
        self.spared.iter().any(|(r, n)| r == rule && canonical(g, n) == node)
    }

    /// Forgets repetitions.
    pub(super) fn tidy(&mut self) {
        self.condemned.sort();
        self.condemned.dedup();
        self.spared.sort();
        self.spared.dedup();
        self.narrower.sort();
        self.narrower.dedup();
    }

    /// Takes the left sides that were replaced out of their classes: whatever holds of them is found from
    /// the right sides. The smallest term of a class stays: a match may go through terms that contain what
    /// is matched, and then the right side computes the class from itself.
    pub(super) fn replace(&mut self, g: &mut Graph) {
        let replaced = std::mem::take(&mut self.replaced);
        if replaced.is_empty() {
            return;
        }
        let sizes = sizes(g);
        let size_of = |c: Id| sizes[usize::from(c)];
        for (class, left, right) in replaced {
            let left = canonical(g, &left);
            if right.is_some_and(|r| canonical(g, &r) == left) {
                continue;
            }
            let class = g.find(class);
            if size(g, class, &left, &size_of) <= size_of(class) {
                continue;
            }
            let kept: Vec<ENode> = g[class]
                .nodes
                .iter()
                .filter(|n| n.head != left.head || canonical(g, n) != left)
                .cloned()
                .collect();
            if !kept.is_empty() {
                g[class].nodes = kept;
            }
        }
    }

    /// The e-nodes that are never extracted while their class has another.
    pub(super) fn condemned(&self, g: &Graph) -> FxHashSet<ENode> {
        // Where an input or a number is known to be the operand, nobody takes the operator: `sqrt(x)` is not the root
        // of a square because `x` is `sqr(sqrt(x))`.
        let given = |c: &Id| g[g.find(*c)].nodes.iter().any(|n| n.args.is_empty());
        let loses = |(rule, n, inner): &&(Arc<str>, ENode, Inner)| {
            !self.spares(g, rule, n) && !inner.iter().any(given) && !signs::cannot_cancel(g, n)
        };
        let condemned = self.condemned.iter().filter(loses).map(|(_, n, _)| n);
        let mut out = FxHashSet::default();
        // What was not asked for may stand in for what is defined at more points, by way of the right side.
        let asked: &[ENode] = if self.narrower.is_empty() { &[] } else { &self.given };
        let given: FxHashSet<ENode> = asked.iter().map(|n| canonical(g, n)).collect();
        let narrower = self.narrower.iter().filter(|(n, there)| *there || !given.contains(&canonical(g, n)));
        for n in condemned.chain(narrower.map(|(n, _)| n)).map(|n| canonical(g, n)) {
            out.extend(signs::respelled(g, &n));
            if commutes(&n) {
                out.insert(ENode { head: n.head, args: n.args.iter().rev().copied().collect() });
            }
            out.insert(n);
        }
        out
    }
}

/// The size of the smallest term of each class, by its number.
fn sizes(g: &Graph) -> Vec<u64> {
    let mut out = vec![u64::MAX; g.nodes().len()];
    loop {
        let mut changed = false;
        for class in g.classes() {
            let operands = |n: &ENode| {
                n.args.iter().fold(0_u64, |sum, &c| sum.saturating_add(out[usize::from(g.find(c))]))
            };
            let least = class.nodes.iter().map(operands).min().unwrap_or(u64::MAX);
            let least = least.saturating_add(own(g, class.id));
            if least < out[usize::from(class.id)] {
                out[usize::from(class.id)] = least;
                changed = true;
            }
        }
        if !changed {
            return out;
        }
    }
}

/// The size of an e-node's smallest term. What has more axes counts more: it is the better to lose.
fn size(g: &Graph, class: Id, n: &ENode, size_of: &dyn Fn(Id) -> u64) -> u64 {
    n.children().iter().fold(own(g, class), |sum, &c| sum.saturating_add(size_of(g.find(c))))
}

/// What an e-node itself counts.
fn own(g: &Graph, class: Id) -> u64 {
    let rank = facts(g, class).map_or(0, |f| f.ty.rank());
    1 + u64::try_from(rank).unwrap_or(u64::MAX)
}

/// Does the order of the operands not matter?
fn commutes(n: &ENode) -> bool {
    matches!(n.head, EHead::Op(op) if op.def().has(Law::Commutative)) && n.args.len() == 2
}

/// What two e-nodes have in common that differ by a merger or by the order of a commutative operator.
fn canonical(g: &Graph, n: &ENode) -> ENode {
    let mut n = n.clone().map_children(|c| g.find(c));
    if commutes(&n) {
        n.args.sort();
    }
    n
}
