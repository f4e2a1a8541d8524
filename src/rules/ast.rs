//! A rule after reading.

use std::sync::Arc;

use smallvec::SmallVec;

use super::assume::Assumes;
use super::attr_fn::AttrFn;
use super::cond::Condition;
use crate::op::{Attr, Op, Role};

/// What a pattern variable stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VarKind {
    /// A value.
    Value,
    /// An attribute of an operator.
    Attr,
}

/// Positions of variables, or of earlier nodes.
pub type Positions = SmallVec<[u32; 4]>;

/// A node of a pattern. Operands are positions of earlier nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum PNode {
    /// A variable, by position in [`Rule::vars`].
    Var(u32),
    /// A constant scalar that adopts the type of its surroundings.
    Num(f64),
    /// `(count ?axes ?x)`: the number of elements of `x` along the axes, a scalar (right side only).
    Count {
        /// Variable that stands for axes.
        axes: u32,
        /// Variable that stands for a value, or for the lengths of a broadcast (`Attr::Dims`).
        of: u32,
    },
    /// An operator.
    App {
        /// Which.
        op: Op,
        /// Its attribute.
        attr: AttrPattern,
        /// Its operands.
        args: Positions,
    },
}

/// The attribute of an operator in a pattern.
#[derive(Debug, Clone, PartialEq)]
pub enum AttrPattern {
    /// The operator takes none.
    None,
    /// A variable.
    Var(u32),
    /// A literal: `(axes 0 1)`, `(perm 1 0)`, `(perm 0 x)`.
    Lit(Attr),
    /// Computed from variables (right side only): `(axes-union ?a ?b)`.
    Call(&'static AttrFn, Positions),
}

/// One side of a rule; the last node is the root.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pattern {
    /// Operands before users.
    pub nodes: Arc<[PNode]>,
}

impl Pattern {
    /// Number of operators that compute, and what they cost per element. Moving elements is free;
    /// a contraction is a product and a sum.
    pub fn work(&self) -> (usize, f64) {
        let computing = self.nodes.iter().filter_map(|n| match n {
            PNode::App { op, .. } => match op.def().role {
                Role::Move => None,
                Role::Contract => Some((2, op.def().cost)),
                _ => Some((1, op.def().cost)),
            },
            _ => None,
        });
        computing.fold((0, 0.0), |(n, cost), (k, c)| (n + k, cost + c))
    }

    /// Is it larger than `other`: more operators that compute, and not cheaper in total?
    pub fn larger_than(&self, other: &Pattern) -> bool {
        let ((mine, my_cost), (theirs, their_cost)) = (self.work(), other.work());
        mine > theirs && my_cost >= their_cost
    }

    /// Is `v` one of its variables, also of its attributes?
    pub fn uses(&self, v: u32) -> bool {
        self.nodes.iter().any(|n| match n {
            PNode::Var(w) => *w == v,
            PNode::Num(_) => false,
            PNode::Count { axes, of } => *axes == v || *of == v,
            PNode::App { attr: AttrPattern::Var(w), .. } => *w == v,
            PNode::App { attr: AttrPattern::Call(_, vars), .. } => vars.contains(&v),
            PNode::App { .. } => false,
        })
    }

    /// Can it be matched: nothing in it is computed?
    pub fn matches(&self) -> bool {
        !self
            .nodes
            .iter()
            .any(|n| matches!(n, PNode::Count { .. } | PNode::App { attr: AttrPattern::Call(..), .. }))
    }
}

/// A condition applied to variables.
#[derive(Debug, Clone, PartialEq)]
pub struct Cond {
    /// Which.
    pub condition: &'static Condition,
    /// Positions in [`Rule::vars`].
    pub args: Positions,
}

/// A directed rewrite rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Unique name, kebab-case. The reverse of `<=>` is called `NAME-rev`; an instance of a rule
    /// that speaks of a family of operators `NAME[op]`.
    pub name: Arc<str>,
    /// Why it holds.
    pub doc: Arc<str>,
    /// Names and kinds of the variables.
    pub vars: Arc<[(Arc<str>, VarKind)]>,
    /// What is matched.
    pub lhs: Pattern,
    /// What is equal to it.
    pub rhs: Pattern,
    /// All must be proved.
    pub when: Arc<[Cond]>,
    /// All must be granted.
    pub assumes: Assumes,
    /// Families: `stabilize` says that the left side loses digits where the right does not, so the
    /// left is never extracted when the right is there; `expand` that the right side is larger;
    /// `replace` that the left is of no use beside the right, so that it leaves the e-graph.
    pub tags: Arc<[Arc<str>]>,
    /// Where the equation comes from, if it is not obvious.
    pub reference: Option<Arc<str>>,
    /// File it stands in.
    pub file: Arc<str>,
    /// Line of its opening parenthesis, from 1.
    pub line: usize,
}

impl Rule {
    /// Has it this tag?
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|t| &**t == tag)
    }

    /// Of each variable: can a match that said nothing say something once more is known of it? Do conditions or
    /// functions ask for it, or does the left side name it twice?
    pub(crate) fn counted(&self) -> SmallVec<[bool; 8]> {
        let mut named: SmallVec<[u8; 8]> = SmallVec::from_elem(0, self.vars.len());
        let mut name = |v: u32, times: u8| {
            let n = &mut named[v as usize];
            *n = n.saturating_add(times);
        };
        let asked = 2;
        for node in self.lhs.nodes.iter() {
            let PNode::App { attr, args, .. } = node else { continue };
            if let AttrPattern::Var(v) = attr {
                name(*v, 1);
            }
            for &a in args {
                if let PNode::Var(v) = &self.lhs.nodes[a as usize] {
                    name(*v, 1);
                }
            }
        }
        for node in self.rhs.nodes.iter() {
            match node {
                PNode::App { attr: AttrPattern::Call(_, args), .. } => {
                    args.iter().for_each(|&v| name(v, asked));
                }
                PNode::Count { axes, of } => [*axes, *of].into_iter().for_each(|v| name(v, asked)),
                _ => {}
            }
        }
        self.when.iter().flat_map(|c| &c.args).for_each(|&v| name(v, asked));
        named.into_iter().map(|n| n > 1).collect()
    }
}
