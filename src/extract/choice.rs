//! What an extractor returns: a node per class, what it costs, and whether it is one at all.

use crate::extract::problem::{ExtractError, Problem};
use crate::extract::score::Score;
use std::cmp::Ordering;

pub(crate) const NONE: u32 = u32::MAX;

/// A node for each class that is needed; classes that are not needed may or may not have one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    node: Vec<u32>,
}

impl Choice {
    /// A choice of nothing, to be filled with [`Choice::set`].
    pub fn new(num_classes: usize) -> Self {
        Choice { node: vec![NONE; num_classes] }
    }

    /// The node chosen for a class.
    pub fn node(&self, class: u32) -> Option<u32> {
        self.node.get(class as usize).copied().filter(|&n| n != NONE)
    }

    /// Chooses a node; a class that does not exist is ignored.
    pub fn set(&mut self, class: u32, node: u32) {
        if let Some(slot) = self.node.get_mut(class as usize) {
            *slot = node;
        }
    }

    /// The DAG cost: each class needed by the roots counts once. Infinite where a needed class has no node.
    pub fn cost(&self, problem: &Problem) -> f64 {
        self.score(problem).map_or(f64::INFINITY, Score::total)
    }

    /// The number of classes needed by the roots, each counted once.
    pub fn node_count(&self, problem: &Problem) -> usize {
        self.score(problem).map_or(0, |s| s.nodes as usize)
    }

    /// The tree cost: each use of a class counts again. Infinite where it exceeds `f64`, where the choice is
    /// cyclic, or where a needed class has no node.
    pub fn tree_cost(&self, problem: &Problem) -> f64 {
        let Ok(order) = self.order(problem) else { return f64::INFINITY };
        let mut cost = vec![0.0_f64; problem.num_classes()];
        for class in order {
            let Some(n) = self.node(class) else { return f64::INFINITY };
            let below: f64 = problem.children(n).iter().map(|&c| cost[c as usize]).sum();
            cost[class as usize] = problem.cost(n) + below;
        }
        problem.roots().iter().map(|&r| cost[r as usize]).sum()
    }

    /// The needed classes, each after its children.
    ///
    /// # Errors
    ///
    /// A needed class without a node, a node of another class, a cycle, or a choice of another size.
    pub fn order(&self, problem: &Problem) -> Result<Vec<u32>, ExtractError> {
        let (choice, classes) = (self.node.len(), problem.num_classes());
        if choice != classes {
            return Err(ExtractError::WrongSize { choice, problem: classes });
        }
        let mut order = Vec::new();
        let mut stack: Vec<(u32, bool)> = problem.roots().iter().rev().map(|&r| (r, false)).collect();
        // 0 unseen, 1 open, 2 done.
        let mut state = vec![0_u8; classes];
        while let Some((class, done)) = stack.pop() {
            let c = class as usize;
            if done {
                state[c] = 2;
                order.push(class);
                continue;
            }
            match state[c] {
                0 => {}
                1 => return Err(ExtractError::Cyclic { class }),
                _ => continue,
            }
            let node = self.node(class).ok_or(ExtractError::NotChosen { class })?;
            if node as usize >= problem.num_nodes() || problem.class_of(node) != class {
                return Err(ExtractError::ForeignNode { class, node });
            }
            state[c] = 1;
            stack.push((class, true));
            // An open child is on the path from a root: the cycle is found when it is popped.
            stack.extend(
                problem.children(node).iter().rev().filter(|&&d| state[d as usize] != 2).map(|&d| (d, false)),
            );
        }
        Ok(order)
    }

    /// The nodes needed by the roots, summed in the order of the classes, so that equal choices have equal
    /// sums to the last bit.
    pub(crate) fn score(&self, problem: &Problem) -> Option<Score> {
        let mut needed = vec![false; problem.num_classes()];
        let mut stack: Vec<u32> = Vec::new();
        let mut reach = |class: u32, stack: &mut Vec<u32>| {
            let seen = &mut needed[class as usize];
            if !*seen {
                *seen = true;
                stack.push(class);
            }
        };
        problem.roots().iter().for_each(|&r| reach(r, &mut stack));
        while let Some(class) = stack.pop() {
            let node = self.node(class)?;
            problem.children(node).iter().for_each(|&c| reach(c, &mut stack));
        }
        let mut sum = Score::default();
        for (&node, &needed) in self.node.iter().zip(&needed) {
            if needed {
                sum.add(problem.weight(node));
            }
        }
        Some(sum)
    }

    /// Compares two valid choices by cost, then number of nodes, then canonical order: of the first class,
    /// in the order of a walk from the roots, where they differ.
    pub(crate) fn compare(&self, other: &Choice, problem: &Problem) -> Ordering {
        let by_score = match (self.score(problem), other.score(problem)) {
            (Some(a), Some(b)) => a.order(b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        by_score.then_with(|| {
            let mut seen = vec![false; problem.num_classes()];
            let mut stack: Vec<u32> = problem.roots().iter().rev().copied().collect();
            while let Some(class) = stack.pop() {
                if std::mem::replace(&mut seen[class as usize], true) {
                    continue;
                }
                let (a, b) = (self.node[class as usize], other.node[class as usize]);
                if a != b {
                    // Inside a class the nodes' numbers ascend in canonical order.
                    return a.cmp(&b);
                }
                stack.extend(problem.children(a).iter().rev());
            }
            Ordering::Equal
        })
    }
}

/// Checks that every needed class has a node of its own, and that no class needs itself.
///
/// # Errors
///
/// The first fault found.
pub fn validate(problem: &Problem, choice: &Choice) -> Result<(), ExtractError> {
    choice.order(problem).map(|_| ())
}
