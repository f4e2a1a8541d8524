//! The cheapest tree of every class, bottom-up with a worklist (Knuth's generalization of Dijkstra).
//! Near-linear. It does not know sharing: what is used twice is paid for twice.

use crate::extract::choice::Choice;
use crate::extract::problem::{ExtractError, Problem};
use crate::extract::{Budget, Outcome, Proof, finish};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A number of 2^256 or more is kept as mantissa and exponent: the tree of a deep shared graph outgrows `f64`,
/// and two such trees should still compare.
const LARGE: f64 = 1.157_920_892_373_162e77;

/// The weight of a tree, in comparison order. The two parts of the number are ordered by `scale` first, and
/// the bits of a non-negative `f64` are ordered as the number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Tree {
    infinite: u64,
    scale: u32,
    bits: u64,
    nodes: u64,
}

impl Tree {
    fn add(&mut self, other: Tree) {
        self.infinite = self.infinite.saturating_add(other.infinite);
        self.nodes = self.nodes.saturating_add(other.nodes);
        let (high, low) = if self.scale >= other.scale { (*self, other) } else { (other, *self) };
        let low = match high.scale - low.scale {
            0 => f64::from_bits(low.bits),
            1 => f64::from_bits(low.bits) / LARGE,
            _ => 0.0,
        };
        let sum = f64::from_bits(high.bits) + low;
        let (scale, sum) = if sum >= LARGE { (high.scale + 1, sum / LARGE) } else { (high.scale, sum) };
        (self.scale, self.bits) = (scale, sum.to_bits());
    }
}

/// The optimal tree for every class that has a term.
pub(crate) fn choose(problem: &Problem) -> Choice {
    let (classes, nodes) = (problem.num_classes(), problem.num_nodes());
    let mut start = vec![0_u32; classes + 1];
    for n in 0..nodes as u32 {
        problem.children(n).iter().for_each(|&c| start[c as usize + 1] += 1);
    }
    for c in 0..classes {
        start[c + 1] += start[c];
    }
    let mut at = start.clone();
    let mut user = vec![0_u32; start[classes] as usize];
    let mut lacking = vec![0_u32; nodes];
    let mut best: Vec<Tree> = vec![Tree::default(); classes];
    let mut heap = BinaryHeap::new();
    let weight = |n: u32| {
        let w = problem.weight(n);
        // Costs beyond the scale start at its top.
        let mut tree = Tree { infinite: u64::from(w.infinite), scale: 0, bits: 0, nodes: 1 };
        let mut cost = w.cost;
        while cost >= LARGE {
            cost /= LARGE;
            tree.scale += 1;
        }
        tree.bits = cost.to_bits();
        tree
    };
    for n in 0..nodes as u32 {
        let children = problem.children(n);
        for &c in children {
            user[at[c as usize] as usize] = n;
            at[c as usize] += 1;
        }
        lacking[n as usize] = children.len() as u32;
        if children.is_empty() {
            heap.push(Reverse((weight(n), problem.class_of(n), n)));
        }
    }
    let mut choice = Choice::new(classes);
    while let Some(Reverse((tree, class, node))) = heap.pop() {
        // The first to arrive is the cheapest: whatever is not settled yet costs at least as much.
        if choice.node(class).is_some() {
            continue;
        }
        choice.set(class, node);
        best[class as usize] = tree;
        for &u in &user[start[class as usize] as usize..start[class as usize + 1] as usize] {
            lacking[u as usize] -= 1;
            if lacking[u as usize] == 0 {
                let mut sum = weight(u);
                problem.children(u).iter().for_each(|&c| sum.add(best[c as usize]));
                heap.push(Reverse((sum, problem.class_of(u), u)));
            }
        }
    }
    choice
}

pub(crate) fn run(
    problem: &Problem,
    incumbent: Option<&Choice>,
    _budget: &Budget,
) -> Result<Outcome, ExtractError> {
    let choice = choose(problem);
    if let Some(&class) = problem.roots().iter().find(|&&r| choice.node(r).is_none()) {
        return Err(ExtractError::NoTerm { class });
    }
    finish(problem, incumbent, choice, Proof::NotProved { lower_bound: None })
}
