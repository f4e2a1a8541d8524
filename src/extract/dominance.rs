//! Nodes that another node of their class makes superfluous. It compares two nodes at a time and nothing else.

use crate::extract::problem::Problem;

/// Beyond this many nodes in a class, only its first nodes are tried as dominators: the test is quadratic.
const DOMINATORS: usize = 48;

/// The operands of every kept node as a sorted set.
pub(crate) struct Sets {
    start: Vec<u32>,
    child: Vec<u32>,
}

impl Sets {
    pub(crate) fn new(problem: &Problem, keep: &[bool]) -> Self {
        let mut sets = Sets { start: vec![0], child: Vec::new() };
        for (n, &keep) in keep.iter().enumerate() {
            let first = sets.child.len();
            if keep {
                for &c in problem.children(n as u32) {
                    if !sets.child[first..].contains(&c) {
                        sets.child.push(c);
                    }
                }
                sets.child[first..].sort_unstable();
            }
            sets.start.push(sets.child.len() as u32);
        }
        sets
    }

    pub(crate) fn of(&self, node: u32) -> &[u32] {
        &self.child[self.start[node as usize] as usize..self.start[node as usize + 1] as usize]
    }
}

/// A node that costs no less than another of its class and needs all that the other needs is never better.
pub(crate) fn drop_dominated(problem: &Problem, sets: &Sets, keep: &mut [bool], instead: &mut [u32]) {
    let mut left: Vec<u32> = Vec::new();
    for class in 0..problem.num_classes() as u32 {
        left.clear();
        left.extend(problem.nodes_of(class).iter().copied().filter(|&n| keep[n as usize]));
        if left.len() < 2 {
            continue;
        }
        for (i, &a) in left.iter().enumerate().take(DOMINATORS) {
            for (j, &b) in left.iter().enumerate() {
                if i != j && keep[a as usize] && keep[b as usize] && dominates(problem, sets, a, b, i < j) {
                    keep[b as usize] = false;
                    instead[b as usize] = a;
                }
            }
        }
    }
}

fn dominates(problem: &Problem, sets: &Sets, a: u32, b: u32, first: bool) -> bool {
    let (wa, wb) = (problem.weight(a), problem.weight(b));
    let (ca, cb) = (sets.of(a), sets.of(b));
    let no_dearer = wa.infinite < wb.infinite || (wa.infinite == wb.infinite && wa.cost <= wb.cost);
    let less = wa.infinite < wb.infinite || wa.cost < wb.cost || ca.len() < cb.len();
    no_dearer && (less || first) && ca.iter().all(|c| cb.binary_search(c).is_ok())
}
