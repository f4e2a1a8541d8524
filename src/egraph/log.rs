//! What a saturation did, without egg: the terms that were added and the rules that fired, in order.

use std::sync::Arc;

use super::analysis::Graph;
use super::lang::EHead;
use crate::graph::{self, Id};
use crate::op::{Attr, Op};
use crate::ty::{DType, Dim};

/// What stands at a term of a [`Log`].
#[derive(Debug, Clone, PartialEq)]
pub enum LogHead {
    /// A constant, by its bits.
    Const(u64),
    /// A constant integer.
    Int(DType, i64),
    /// An input of the graph, by position.
    Var(u32),
    /// A length.
    Size(Dim),
    /// An attribute, the first operand of an operator that takes one.
    Attr(Attr),
    /// An operator.
    Op(Op),
}

/// One application of a rule that united two classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// The rule's name.
    pub rule: Arc<str>,
    /// For each variable of the rule the term that stands for it.
    pub binding: Vec<u32>,
}

/// A saturation, for proofs.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The terms, operands before users.
    pub terms: Vec<(LogHead, Vec<u32>)>,
    /// The input graph with the proposals of the normal form added, and the pairs that it equates.
    pub proposed: Option<(graph::Graph, Vec<(Id, Id)>)>,
    /// Rules that fired, in order.
    pub firings: Vec<Firing>,
    /// E-nodes at the start and after each pass over the rules.
    pub growth: Vec<usize>,
}

/// Every term that an e-graph was ever given.
pub(super) fn terms(g: &Graph) -> Vec<(LogHead, Vec<u32>)> {
    let number = |id: egg::Id| u32::try_from(usize::from(id)).unwrap_or(u32::MAX);
    let head = |h: EHead| match h {
        EHead::Const(bits) => LogHead::Const(bits),
        EHead::Int(d, x) => LogHead::Int(d, x),
        EHead::Var(v) => LogHead::Var(v),
        EHead::Size(i) => LogHead::Size(g.analysis.sizes.get(i as usize).cloned().unwrap_or(Dim::ONE)),
        EHead::Attr(i) => LogHead::Attr(g.analysis.attrs.get(i as usize).cloned().unwrap_or_default()),
        EHead::Op(op) => LogHead::Op(op),
    };
    g.nodes().iter().map(|n| (head(n.head), n.args.iter().map(|&a| number(a)).collect())).collect()
}
