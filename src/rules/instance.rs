//! Instances of rules that speak of a family: read once, the others differ in the operator alone.

use std::sync::Arc;

use super::ast::{Cond, PNode, Pattern, VarKind};
use super::family::visible;
use crate::op::Op;

/// What is read of a rule beside its name and what it states.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) vars: Arc<[(Arc<str>, VarKind)]>,
    pub(super) lhs: Pattern,
    pub(super) rhs: Pattern,
    pub(super) when: Arc<[Cond]>,
}

/// An instance that was read. The rule does not name its operator but by the variable.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) op: Op,
    pub(super) parts: Parts,
}

impl Model {
    /// The instance for another operator; `None` where reading could find something else in the same words: the
    /// operator is of another form, or the rule names it, so that other nodes may be equal.
    pub(super) fn with(&self, op: Op) -> Option<Parts> {
        let (mine, other) = (self.op.def(), op.def());
        let alike = mine.attr == other.attr && mine.arity == other.arity && mine.nests() == other.nests();
        if !alike || !visible(other) || self.names(&self.parts.lhs, op) || self.names(&self.parts.rhs, op) {
            return None;
        }
        let (lhs, rhs) = (self.renamed(&self.parts.lhs, op), self.renamed(&self.parts.rhs, op));
        Some(Parts { lhs, rhs, ..self.parts.clone() })
    }

    fn names(&self, side: &Pattern, op: Op) -> bool {
        side.nodes.iter().any(|n| matches!(n, PNode::App { op: o, .. } if *o == op))
    }

    fn renamed(&self, side: &Pattern, op: Op) -> Pattern {
        let renamed = |n: &PNode| match n {
            PNode::App { op: o, attr, args } if *o == self.op => {
                PNode::App { op, attr: attr.clone(), args: args.clone() }
            }
            other => other.clone(),
        };
        Pattern { nodes: side.nodes.iter().map(renamed).collect() }
    }
}
