//! Sets of needed classes: each class keeps the set of classes its term needs, and a node costs the union of its
//! operands' sets. Better than trees where much is shared; quadratic in memory, so for small problems only.

use crate::extract::presolve::Core;
use crate::extract::score::Score;
use std::cmp::Ordering;

/// Above this many classes the sets take too much memory, and the tree choice stands in.
pub(crate) const MAX_CLASSES: usize = 4000;

/// A bit set per class, and what its members weigh.
struct Sets {
    words: usize,
    bits: Vec<u64>,
    score: Vec<Score>,
}

/// Improves `choice` (without a cycle) class by class until nothing changes, in sweeps over `order`. The
/// result can have a cycle: a set may be older than the choices below it.
pub(crate) fn refine(core: &Core, choice: &mut [u32], order: &[u32]) {
    let classes = core.num_classes();
    let words = classes.div_ceil(64);
    let mut sets = Sets { words, bits: vec![0; words * classes], score: vec![Score::default(); classes] };
    let mut union = vec![0_u64; words];
    for &c in order {
        let sum = sets.union(core, choice, c, choice[c as usize], &mut union);
        sets.store(c, &union, sum);
    }
    // Each sweep that changes something makes a set lighter; the bound is for rounding.
    for _ in 0..64 {
        let mut changed = false;
        for &c in order {
            for node in core.nodes(c) {
                let own = core.weight[node as usize];
                if own.costs_more(sets.score[c as usize])
                    || core.children(node).iter().any(|&d| sets.holds(d, c))
                {
                    continue;
                }
                let sum = sets.union(core, choice, c, node, &mut union);
                if sum.order(sets.score[c as usize]) == Ordering::Less {
                    choice[c as usize] = node;
                    sets.store(c, &union, sum);
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
}

impl Sets {
    fn row(&self, class: u32) -> &[u64] {
        &self.bits[class as usize * self.words..][..self.words]
    }

    fn holds(&self, of: u32, class: u32) -> bool {
        self.row(of)[class as usize / 64] >> (class % 64) & 1 == 1
    }

    fn store(&mut self, class: u32, union: &[u64], score: Score) {
        self.bits[class as usize * self.words..][..self.words].copy_from_slice(union);
        self.score[class as usize] = score;
    }

    /// The classes that `node` needs, its own included, and what they weigh under the present choice.
    fn union(&self, core: &Core, choice: &[u32], class: u32, node: u32, union: &mut [u64]) -> Score {
        union.fill(0);
        let mut sum = core.weight[node as usize];
        for &d in core.children(node) {
            for (w, (into, &from)) in union.iter_mut().zip(self.row(d)).enumerate() {
                let mut new = from & !*into;
                *into |= from;
                while new != 0 {
                    let member = w * 64 + new.trailing_zeros() as usize;
                    sum.add(core.weight[choice[member] as usize]);
                    new &= new - 1;
                }
            }
        }
        union[class as usize / 64] |= 1 << (class % 64);
        sum
    }
}
