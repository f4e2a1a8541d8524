//! Rules compiled when an e-graph first holds all that their left sides name.

use std::sync::{Arc, OnceLock};

use super::analysis::Graph;
use super::compile::Compiled;
use super::lang::EHead;
use crate::op::{Attr, Op};
use crate::rules::{Assumes, AttrPattern, PNode, RuleSet};

/// A rule of a set, compiled on demand.
#[derive(Debug)]
pub struct OnDemand {
    set: Arc<RuleSet>,
    index: usize,
    pub(super) assumes: Assumes,
    /// Operators of the left side.
    ops: Vec<Op>,
    interned: Arc<[Attr]>,
    compiled: OnceLock<Compiled>,
}

impl OnDemand {
    /// The rules at these positions of a set, and the literal attributes of their left sides in
    /// the order in which every e-graph must intern them.
    pub fn of(set: &Arc<RuleSet>, positions: &[usize]) -> (Vec<OnDemand>, Arc<[Attr]>) {
        let mut interned: Vec<Attr> = Vec::new();
        let chosen = || positions.iter().filter_map(|&i| Some((i, set.rules().get(i)?)));
        for (_, rule) in chosen() {
            for node in &rule.lhs.nodes {
                if let PNode::App { attr: AttrPattern::Lit(a), .. } = node
                    && !interned.contains(a)
                {
                    interned.push(a.clone());
                }
            }
        }
        let interned: Arc<[Attr]> = interned.into();
        let rules = chosen().map(|(index, rule)| {
            let ops = rule.lhs.nodes.iter().filter_map(|n| match n {
                PNode::App { op, .. } => Some(*op),
                _ => None,
            });
            OnDemand {
                set: set.clone(),
                index,
                assumes: rule.assumes,
                ops: ops.collect(),
                interned: interned.clone(),
                compiled: OnceLock::new(),
            }
        });
        (rules.collect(), interned.clone())
    }

    /// The rule, if the e-graph has every operator that it looks for.
    pub(super) fn for_graph(&self, g: &Graph) -> Option<&Compiled> {
        let there = |op: &Op| g.classes_for_op(&EHead::Op(*op)).is_some_and(|ids| ids.len() > 0);
        if !self.ops.iter().all(there) {
            return None;
        }
        let rule = self.set.rules().get(self.index)?;
        Some(self.compiled.get_or_init(|| Compiled::new(rule, &self.interned)))
    }
}
