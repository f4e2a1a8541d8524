//! Sums and differences that are the same but for where the signs stand.
//!
//! `1 - s`, `1 + (-s)` and `-s + 1` lose the same digits; a rule matches one of them.

use egg::Language as _;
use smallvec::{SmallVec, smallvec};

use super::analysis::{Graph, facts};
use super::lang::{EHead, ENode};
use crate::op::{Op, Ring};

/// The other spellings of a sum or a difference that its class holds.
pub(super) fn respelled(g: &Graph, n: &ENode) -> Vec<ENode> {
    let Some((a, b)) = terms(g, n) else { return Vec::new() };
    let Some(class) = g.lookup(n.clone()) else { return Vec::new() };
    let same = |other: &&ENode| {
        terms(g, other).is_some_and(|(c, d)| meet(&a, &c) && meet(&b, &d) || meet(&a, &d) && meet(&b, &c))
    };
    let found = g[class].nodes.iter().filter(same);
    found.map(|other| other.clone().map_children(|c| g.find(c))).filter(|other| other != n).collect()
}

/// Is a node a sum whose operands cannot cancel, by where they lie: of one sign, or one at least twice the other?
pub(super) fn cannot_cancel(g: &Graph, n: &ENode) -> bool {
    let (EHead::Op(op), &[a, b]) = (n.head, n.args.as_slice()) else { return false };
    let less = match op.def().ring {
        Ring::Sum => false,
        Ring::Difference => true,
        _ => return false,
    };
    let (Some(a), Some(b)) = (facts(g, a), facts(g, b)) else { return false };
    !a.range.may_cancel(if less { b.range.opposite() } else { b.range })
}

/// A term of a sum: classes, each with whether it is subtracted.
type Term = SmallVec<[(egg::Id, bool); 3]>;

fn meet(a: &Term, b: &Term) -> bool {
    a.iter().any(|x| b.contains(x))
}

/// The two terms of a sum or a difference.
fn terms(g: &Graph, n: &ENode) -> Option<(Term, Term)> {
    let (EHead::Op(op), &[a, b]) = (n.head, n.args.as_slice()) else { return None };
    match op.def().ring {
        Ring::Sum => Some((term(g, a, false), term(g, b, false))),
        Ring::Difference => Some((term(g, a, false), term(g, b, true))),
        _ => None,
    }
}

fn term(g: &Graph, class: egg::Id, less: bool) -> Term {
    let class = g.find(class);
    let mut out: Term = smallvec![(class, less)];
    let opposite = |op: Op| op.def().ring == Ring::Opposite;
    for n in &g[class].nodes {
        if let (EHead::Op(op), &[x]) = (n.head, n.args.as_slice())
            && opposite(op)
        {
            out.push((g.find(x), !less));
        }
    }
    let number = facts(g, class).and_then(|f| f.constant).map(|x| ENode::leaf(EHead::Const((-x).to_bits())));
    out.extend(number.and_then(|n| g.lookup(n)).map(|id| (g.find(id), !less)));
    if let Some(op) = Op::ALL.iter().copied().find(|&o| opposite(o)) {
        let turned = ENode { head: EHead::Op(op), args: smallvec![class] };
        out.extend(g.lookup(turned).map(|id| (g.find(id), !less)));
    }
    out
}
