//! Area flow: bottom-up costs where a class is paid for once by all who are guessed to use it. With the guess
//! "one" it is the tree cost over distinct operands. It yields starting points, never with a cycle.

use crate::extract::presolve::Core;
use crate::extract::score::Score;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Buffers of the sweep, and the choice and order it leaves.
#[derive(Debug, Clone)]
pub(crate) struct Flow {
    pub(crate) choice: Vec<u32>,
    /// The classes, each after its children.
    pub(crate) order: Vec<u32>,
    cost: Vec<f64>,
    lacking: Vec<u32>,
    heap: BinaryHeap<Reverse<(u64, u32, u32)>>,
    user_start: Vec<u32>,
    user: Vec<u32>,
    done: Vec<bool>,
    base: Vec<f64>,
}

impl Flow {
    pub(crate) fn new(core: &Core) -> Self {
        let (classes, nodes) = (core.num_classes(), core.num_nodes());
        let mut start = vec![0_u32; classes + 1];
        for n in 0..nodes as u32 {
            core.children(n).iter().for_each(|&c| start[c as usize + 1] += 1);
        }
        for c in 0..classes {
            start[c + 1] += start[c];
        }
        let mut at = start.clone();
        let mut user = vec![0; start[classes] as usize];
        for n in 0..nodes as u32 {
            for &c in core.children(n) {
                user[at[c as usize] as usize] = n;
                at[c as usize] += 1;
            }
        }
        Flow {
            choice: vec![0; classes],
            order: Vec::with_capacity(classes),
            cost: vec![0.0; classes],
            lacking: vec![0; nodes],
            heap: BinaryHeap::new(),
            user_start: start,
            user,
            done: vec![false; classes],
            base: scalar_weights(core),
        }
    }

    /// Settles the classes in the order of their flow (Dijkstra's order, or Knuth's). `noise` scales the cost
    /// of a node; `share` is one over the guessed number of users of a class.
    pub(crate) fn sweep(&mut self, core: &Core, mut noise: impl FnMut() -> f64, share: &[f64]) {
        self.order.clear();
        self.done.fill(false);
        self.heap.clear();
        for n in 0..core.num_nodes() as u32 {
            let lacking = core.children(n).len() as u32;
            self.lacking[n as usize] = lacking;
            if lacking == 0 {
                let cost = self.base[n as usize] * noise();
                self.heap.push(Reverse((cost.to_bits(), core.class_of_node(n), n)));
            }
        }
        while let Some(Reverse((bits, class, node))) = self.heap.pop() {
            let c = class as usize;
            if std::mem::replace(&mut self.done[c], true) {
                continue;
            }
            self.choice[c] = node;
            // Deep shared graphs would overflow; at the ceiling all is equal, and still in a valid order.
            self.cost[c] = (f64::from_bits(bits) * share[c]).min(1e280);
            self.order.push(class);
            for i in self.user_start[c]..self.user_start[c + 1] {
                let user = self.user[i as usize];
                self.lacking[user as usize] -= 1;
                if self.lacking[user as usize] == 0 {
                    let of = core.class_of_node(user);
                    if !self.done[of as usize] {
                        let below: f64 = core.children(user).iter().map(|&d| self.cost[d as usize]).sum();
                        let cost = self.base[user as usize] * noise() + below;
                        self.heap.push(Reverse((cost.to_bits(), of, user)));
                    }
                }
            }
        }
    }
}

/// Node weights as one number each: an infinite node costs more than all others together, and a node a little
/// more than nothing.
pub(crate) fn scalar_weights(core: &Core) -> Vec<f64> {
    let sum: f64 = core.weight.iter().map(|w| w.cost).sum::<f64>().min(1e200);
    let n = core.num_nodes().max(1) as f64;
    let (infinite, node) = (2.0 * sum + 1.0, 1e-6 * sum / n);
    let scalar = |w: &Score| w.cost.min(1e200) + node + infinite * f64::from(w.infinite);
    core.weight.iter().map(scalar).collect()
}
