//! The order in which choices are compared: infinite nodes, cost, number of nodes. It knows no graphs.

use std::cmp::Ordering;

/// Costs closer than this, relatively, are the same cost summed in another order.
const SAME: f64 = 1e-12;

/// The weight of a node, or of a set of nodes. Infinite costs are counted apart, so that the rest can still
/// be compared where an infinite node cannot be avoided.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Score {
    pub(crate) cost: f64,
    pub(crate) infinite: u32,
    pub(crate) nodes: u32,
}

impl Score {
    pub(crate) fn of_node(cost: f64) -> Self {
        if cost.is_infinite() {
            Score { cost: 0.0, infinite: 1, nodes: 1 }
        } else {
            Score { cost, infinite: 0, nodes: 1 }
        }
    }

    pub(crate) fn total(self) -> f64 {
        if self.infinite > 0 { f64::INFINITY } else { self.cost }
    }

    pub(crate) fn add(&mut self, other: Score) {
        self.cost += other.cost;
        self.infinite += other.infinite;
        self.nodes += other.nodes;
    }

    pub(crate) fn plus(mut self, other: Score) -> Self {
        self.add(other);
        self
    }

    /// Whether the cost alone is larger, beyond rounding.
    pub(crate) fn costs_more(self, other: Score) -> bool {
        match self.infinite.cmp(&other.infinite) {
            Ordering::Equal => self.cost - other.cost > SAME * self.cost,
            o => o == Ordering::Greater,
        }
    }

    /// Compares with a tolerance for rounding, then by the number of nodes.
    pub(crate) fn order(self, other: Score) -> Ordering {
        if self.costs_more(other) {
            Ordering::Greater
        } else if other.costs_more(self) {
            Ordering::Less
        } else {
            self.nodes.cmp(&other.nodes)
        }
    }
}
