//! Rules compiled when an e-graph first holds all that their left sides name.

use std::sync::{Arc, OnceLock};

use egg::Id;
use smallvec::SmallVec;

use super::analysis::Graph;
use super::compile::Compiled;
use super::lang::EHead;
use super::matching::{Binding, Classes, OpSet};
use crate::op::{Attr, Op, Ring};
use crate::rules::{Assumes, AttrPattern, PNode, Pattern, Rule, RuleSet};

/// Classes with what stands for the variables.
pub(super) type Matches = Vec<(Id, Binding)>;

/// How far below its root changes count for the left side of a rule.
fn depth(rule: &Rule) -> u8 {
    let mut depths: SmallVec<[Option<u8>; 16]> = SmallVec::new();
    let counts = rule.counted();
    for node in rule.lhs.nodes.iter() {
        let above = |below: Option<u8>| below.map_or(0, |d| d.saturating_add(1));
        let below = match node {
            PNode::App { args, attr, .. } => {
                // The attribute is an operand too.
                let own = match attr {
                    AttrPattern::Lit(_) => Some(0),
                    AttrPattern::Var(v) => counts[*v as usize].then_some(0),
                    AttrPattern::None | AttrPattern::Call(..) => None,
                };
                Some(above(args.iter().filter_map(|&a| depths[a as usize]).chain(own).max()))
            }
            PNode::Var(v) => counts[*v as usize].then_some(0),
            _ => Some(0),
        };
        depths.push(below);
    }
    depths.last().copied().flatten().unwrap_or(0)
}

/// Is this a sum or a difference?
fn adds(pattern: &Pattern) -> bool {
    match pattern.nodes.last() {
        Some(PNode::App { op, .. }) => matches!(op.def().ring, Ring::Sum | Ring::Difference),
        _ => false,
    }
}

/// What changed in an e-graph since rules were last searched for.
#[derive(Debug)]
pub(super) struct News {
    /// Operators that some class has.
    pub(super) present: OpSet,
    /// How far above a change each class stands, by its number.
    pub(super) near: Vec<u8>,
    /// Of each operator the classes that have it, ascending, with how far above a change they stand.
    lists: Vec<Vec<(Id, u8)>>,
    /// Of each operator how far above a change the nearest of them stands.
    nearest: Vec<u8>,
}

/// Above no change.
const FAR: u8 = u8::MAX;

impl News {
    /// Takes the changes; `depth` levels above them are looked at.
    pub(super) fn take(g: &mut Graph, depth: u8) -> News {
        let mut near = vec![FAR; g.nodes().len()];
        let mut level: Vec<Id> = Vec::new();
        for id in std::mem::take(&mut g.analysis.touched) {
            let id = g.find(id);
            if std::mem::replace(&mut near[usize::from(id)], 0) == FAR {
                level.push(id);
            }
        }
        for n in 1..=depth {
            let mut next = Vec::new();
            for &id in &level {
                for parent in g[id].parents() {
                    let parent = g.find(parent);
                    let known = &mut near[usize::from(parent)];
                    if *known == FAR {
                        *known = n;
                        next.push(parent);
                    }
                }
            }
            level = next;
        }
        let mut present = OpSet::default();
        let mut lists: Vec<Vec<(Id, u8)>> = vec![Vec::new(); Op::ALL.len()];
        for &op in Op::ALL {
            let classes = g.classes_for_op(&EHead::Op(op)).into_iter().flatten();
            let list = &mut lists[op as usize];
            list.extend(classes.map(|id| (id, near[usize::from(id)])));
            if !list.is_empty() {
                present = present.with(op);
                list.sort_unstable();
            }
        }
        let nearest = lists.iter().map(|l| l.iter().map(|(_, n)| *n).min().unwrap_or(FAR)).collect();
        News { present, near, lists, nearest }
    }

    /// Classes with this operator, at most `depth` levels above a change, ascending.
    fn classes(&self, op: Op, depth: u8) -> impl Iterator<Item = Id> {
        self.lists[op as usize].iter().filter(move |(_, n)| *n <= depth).map(|(id, _)| *id)
    }
}

/// A rule of a set, compiled on demand.
#[derive(Debug)]
pub struct OnDemand {
    set: Arc<RuleSet>,
    index: usize,
    pub(super) assumes: Assumes,
    /// Does it make a sum of what is none, as `sum(a - b)` into `sum(a) - sum(b)`?
    pub(super) splits: bool,
    /// Operators of the left side.
    pub(super) ops: OpSet,
    /// The operator at its root.
    root: Option<Op>,
    /// How far below the root it looks.
    depth: u8,
    interned: Arc<[Attr]>,
    /// Most are never compiled, and it is large.
    compiled: OnceLock<Box<Compiled>>,
}

impl OnDemand {
    /// How far below its root the left side looks.
    pub(super) fn depth(&self) -> u8 {
        self.depth
    }

    /// The rules at these positions of a set, and the literal attributes of their left sides in
    /// the order in which every e-graph must intern them.
    pub fn of(set: &Arc<RuleSet>, positions: &[usize]) -> (Vec<OnDemand>, Arc<[Attr]>) {
        let mut interned: Vec<Attr> = Vec::new();
        let chosen = || positions.iter().filter_map(|&i| Some((i, set.rules().get(i)?)));
        for (_, rule) in chosen() {
            for node in rule.lhs.nodes.iter() {
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
                splits: adds(&rule.rhs) && !adds(&rule.lhs),
                ops: ops.fold(OpSet::default(), OpSet::with),
                root: match rule.lhs.nodes.last() {
                    Some(PNode::App { op, .. }) => Some(*op),
                    _ => None,
                },
                depth: depth(rule),
                interned: interned.clone(),
                compiled: OnceLock::new(),
            }
        });
        (rules.collect(), interned.clone())
    }

    /// The rule and its matches, if the e-graph has every operator that it looks for: those in which a class has
    /// changed, or all.
    pub(super) fn search(
        &self,
        g: &Classes<'_>,
        news: &News,
        all: bool,
        cap: usize,
    ) -> Option<(&Compiled, Matches)> {
        let (root, depth) = (self.root?, if all { FAR } else { self.depth });
        if news.nearest[root as usize] > depth || !self.ops.within(news.present) {
            return None;
        }
        let rule = self.set.rules().get(self.index)?;
        let compiled = self.compiled.get_or_init(|| Box::new(Compiled::new(rule, &self.interned)));
        let found = compiled.search(g, news.classes(root, depth), !all, cap);
        (!found.is_empty()).then_some((compiled, found))
    }
}
