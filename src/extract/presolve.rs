//! Cuts a problem down to what an optimal choice can use, and numbers that densely: every search works on
//! the result. It keeps at least one optimum and decides nothing else.

use crate::extract::choice::{Choice, NONE};
use crate::extract::dominance::{Sets, drop_dominated};
use crate::extract::problem::{ExtractError, Problem};
use crate::extract::score::Score;

/// The problem that remains. Every class can be computed, is reachable from a root, and has its nodes side by
/// side in canonical order; the children of a node are distinct and sorted.
#[derive(Debug, Clone)]
pub(crate) struct Core {
    node_start: Vec<u32>,
    child_start: Vec<u32>,
    child: Vec<u32>,
    pub(crate) weight: Vec<Score>,
    pub(crate) roots: Vec<u32>,
    /// The classes with more than one node.
    pub(crate) free: Vec<u32>,
    node_class: Vec<u32>,
    class_of: Vec<u32>,
    node_of: Vec<u32>,
    /// For each node of the problem: its core node, or that of the node that dominates it, or `NONE`.
    core_node: Vec<u32>,
}

impl Core {
    pub(crate) fn new(problem: &Problem) -> Result<Self, ExtractError> {
        let mut keep = computable(problem, true);
        let missing = |keep: &[bool]| {
            let lacks = |&&r: &&u32| !problem.nodes_of(r).iter().any(|&n| keep[n as usize]);
            problem.roots().iter().find(lacks).copied()
        };
        // Infinite nodes are needed only if the roots cannot do without.
        if missing(&keep).is_some() {
            keep = computable(problem, false);
            if let Some(class) = missing(&keep) {
                return Err(ExtractError::NoTerm { class });
            }
        }
        let sets = Sets::new(problem, &keep);
        let mut instead: Vec<u32> = vec![NONE; problem.num_nodes()];
        drop_dominated(problem, &sets, &mut keep, &mut instead);

        let reached = reachable(problem, &keep);
        let mut number = vec![NONE; problem.num_classes()];
        let mut core =
            Core { class_of: reached, core_node: vec![NONE; problem.num_nodes()], ..Core::empty() };
        for (i, &c) in core.class_of.iter().enumerate() {
            number[c as usize] = i as u32;
        }
        for i in 0..core.class_of.len() {
            let first = core.node_of.len();
            for &n in problem.nodes_of(core.class_of[i]) {
                if keep[n as usize] {
                    core.core_node[n as usize] = core.node_of.len() as u32;
                    core.node_of.push(n);
                    core.node_class.push(i as u32);
                    core.weight.push(problem.weight(n));
                    core.child.extend(sets.of(n).iter().map(|&c| number[c as usize]));
                    core.child_start.push(core.child.len() as u32);
                }
            }
            core.node_start.push(core.node_of.len() as u32);
            if core.node_of.len() - first > 1 {
                core.free.push(i as u32);
            }
        }
        for n in 0..problem.num_nodes() {
            let mut by = n;
            while instead[by] != NONE {
                by = instead[by] as usize;
            }
            core.core_node[n] = core.core_node[by];
        }
        core.roots = problem.roots().iter().map(|&r| number[r as usize]).collect();
        core.roots.sort_unstable();
        core.roots.dedup();
        Ok(core)
    }

    fn empty() -> Self {
        Core {
            node_start: vec![0],
            child_start: vec![0],
            child: Vec::new(),
            weight: Vec::new(),
            roots: Vec::new(),
            free: Vec::new(),
            node_class: Vec::new(),
            class_of: Vec::new(),
            node_of: Vec::new(),
            core_node: Vec::new(),
        }
    }

    /// The core of the nodes in `kept`, which ascend; every root must still have a term.
    pub(crate) fn restrict(&self, kept: &[u32]) -> Self {
        let mut number = vec![NONE; self.num_classes()];
        let mut node_number = vec![NONE; self.num_nodes()];
        let mut core = Core { core_node: self.core_node.clone(), ..Core::empty() };
        for &n in kept {
            let c = self.class_of_node(n) as usize;
            if number[c] == NONE {
                number[c] = core.class_of.len() as u32;
                core.class_of.push(self.class_of[c]);
            }
        }
        for (i, &n) in kept.iter().enumerate() {
            let class = number[self.class_of_node(n) as usize];
            node_number[n as usize] = i as u32;
            if core.node_class.last().is_some_and(|&last| last != class) {
                core.node_start.push(i as u32);
            }
            core.node_class.push(class);
            core.node_of.push(self.node_of[n as usize]);
            core.weight.push(self.weight[n as usize]);
            core.child.extend(self.children(n).iter().map(|&d| number[d as usize]));
            core.child_start.push(core.child.len() as u32);
        }
        core.node_start.push(kept.len() as u32);
        core.free = (0..core.class_of.len() as u32).filter(|&c| core.nodes(c).len() > 1).collect();
        for node in core.core_node.iter_mut().filter(|n| **n != NONE) {
            *node = node_number[*node as usize];
        }
        core.roots = self.roots.iter().map(|&r| number[r as usize]).collect();
        core
    }

    pub(crate) fn num_classes(&self) -> usize {
        self.class_of.len()
    }

    pub(crate) fn num_nodes(&self) -> usize {
        self.node_of.len()
    }

    #[inline]
    pub(crate) fn nodes(&self, class: u32) -> std::ops::Range<u32> {
        self.node_start[class as usize]..self.node_start[class as usize + 1]
    }

    #[inline]
    pub(crate) fn children(&self, node: u32) -> &[u32] {
        let n = node as usize;
        &self.child[self.child_start[n] as usize..self.child_start[n + 1] as usize]
    }

    #[inline]
    pub(crate) fn class_of_node(&self, node: u32) -> u32 {
        self.node_class[node as usize]
    }

    /// A choice for the core as a choice for the problem.
    pub(crate) fn lift(&self, problem: &Problem, choice: &[u32]) -> Choice {
        let mut out = Choice::new(problem.num_classes());
        for (&class, &node) in self.class_of.iter().zip(choice) {
            out.set(class, self.node_of[node as usize]);
        }
        out
    }

    /// Overwrites `choice` with what a valid choice of the problem has chosen for the classes it needs. False,
    /// and `choice` as it was, if that uses an infinite node that can be avoided.
    ///
    /// The result has no cycle if `choice` had none: what is overwritten needs nothing that is not.
    pub(crate) fn lower(&self, order: &[u32], from: &Choice, choice: &mut [u32]) -> bool {
        let mapped = |&c: &u32| from.node(c).map_or(NONE, |n| self.core_node[n as usize]);
        if order.iter().any(|c| mapped(c) == NONE) {
            return false;
        }
        for c in order {
            let node = mapped(c);
            choice[self.class_of_node(node) as usize] = node;
        }
        true
    }
}

/// The nodes whose operands all have a term, except those that are their own operand.
fn computable(problem: &Problem, finite: bool) -> Vec<bool> {
    let (classes, nodes) = (problem.num_classes(), problem.num_nodes());
    let allowed = |n: u32| {
        let class = problem.class_of(n);
        let avoided = finite && problem.cost(n).is_infinite();
        !avoided && !problem.children(n).contains(&class)
    };
    // The users of each class, with repetitions, by counting.
    let mut start = vec![0_u32; classes + 1];
    let mut lacking = vec![u32::MAX; nodes];
    let mut done = vec![false; classes];
    let mut work = Vec::new();
    for n in 0..nodes as u32 {
        if allowed(n) {
            let children = problem.children(n);
            lacking[n as usize] = children.len() as u32;
            children.iter().for_each(|&c| start[c as usize + 1] += 1);
            if children.is_empty() {
                work.push(n);
            }
        }
    }
    for c in 0..classes {
        start[c + 1] += start[c];
    }
    let mut at = start.clone();
    let mut user = vec![0_u32; start[classes] as usize];
    for n in (0..nodes as u32).filter(|&n| lacking[n as usize] != u32::MAX) {
        for &c in problem.children(n) {
            user[at[c as usize] as usize] = n;
            at[c as usize] += 1;
        }
    }
    while let Some(n) = work.pop() {
        let c = problem.class_of(n) as usize;
        if std::mem::replace(&mut done[c], true) {
            continue;
        }
        for &u in &user[start[c] as usize..start[c + 1] as usize] {
            lacking[u as usize] -= 1;
            if lacking[u as usize] == 0 {
                work.push(u);
            }
        }
    }
    lacking.iter().map(|&l| l == 0).collect()
}

/// The classes that the roots can come to need, in the order of their numbers.
fn reachable(problem: &Problem, keep: &[bool]) -> Vec<u32> {
    let mut seen = vec![false; problem.num_classes()];
    let mut stack: Vec<u32> = Vec::new();
    let mut reach = |c: u32, stack: &mut Vec<u32>| {
        if !std::mem::replace(&mut seen[c as usize], true) {
            stack.push(c);
        }
    };
    problem.roots().iter().for_each(|&r| reach(r, &mut stack));
    while let Some(c) = stack.pop() {
        for &n in problem.nodes_of(c).iter().filter(|&&n| keep[n as usize]) {
            problem.children(n).iter().for_each(|&d| reach(d, &mut stack));
        }
    }
    (0..problem.num_classes() as u32).filter(|&c| seen[c as usize]).collect()
}
