//! Rules whose right sides are defined where their left sides are not.
//!
//! `x ** a * x` is `x ** (a + 1)` where both are numbers, and where `x` is zero the left side may be none. An e-graph has
//! them in one class: where powers are computed anyway the left side is cheaper, and would be taken for the right side.

use crate::op::{Op, Ring};
use crate::rules::{Assumes, PNode, Pattern, Rule};

/// What an operator costs that is better not computed twice.
const DEAR: f64 = 10.0;

fn root(side: &Pattern) -> Option<Op> {
    match side.nodes.last() {
        Some(PNode::App { op, .. }) => Some(*op),
        _ => None,
    }
}

fn dear(n: &PNode) -> bool {
    matches!(n, PNode::App { op, .. } if op.def().cost >= DEAR)
}

/// Does the right side compute anew, and at more points, what the left side makes of what may be there?
pub(super) fn widens(rule: &Rule) -> bool {
    let cheap = root(&rule.lhs).is_some_and(|op| op.def().cost < DEAR);
    rule.assumes.has(Assumes::DOMAIN) && cheap && rule.rhs.nodes.last().is_some_and(dear)
}

/// The variables that dear operators have as first operands: where they are positive nothing is widened.
pub(super) fn bases(side: &Pattern) -> Vec<u32> {
    let first = |n: &PNode| match n {
        PNode::App { args, .. } if dear(n) => args.first().copied(),
        _ => None,
    };
    let variable = |at: u32| match side.nodes.get(at as usize) {
        Some(PNode::Var(v)) => Some(*v),
        _ => None,
    };
    side.nodes.iter().filter_map(first).filter_map(variable).collect()
}

/// May this side be the left side of a rule that widens?
pub(super) fn joins(side: &Pattern) -> bool {
    root(side).is_some_and(|op| op.def().ring != Ring::None) && side.nodes.iter().any(dear)
}
