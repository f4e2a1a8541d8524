//! The local search: exact-area moves as in FPGA mapping, from many starting points. It owns the buffers, so
//! that a start allocates nothing.

use crate::extract::choice::Choice;
use crate::extract::flow::Flow;
use crate::extract::needed;
use crate::extract::order::shuffle;
use crate::extract::presolve::Core;
use crate::extract::rng::Rng;
use crate::extract::score::Score;
use crate::extract::state::State;
use std::cmp::Ordering;

/// Passes of one descent; it usually ends after three or four.
const PASSES: usize = 40;
/// Nodes walked in one descent, at most, and what each class adds: far more than shallow graphs need.
const WORK: u64 = 1_000_000;
const PER_CLASS: u64 = 40;

#[derive(Debug, Clone)]
pub(crate) struct Search<'a> {
    pub(crate) core: &'a Core,
    pub(crate) state: State<'a>,
    pub(crate) rng: Rng,
    pub(crate) best_score: Score,
    best: Vec<u32>,
    best_order: Vec<u32>,
    flow: Flow,
    share: Vec<f64>,
    guess: Vec<f64>,
    sequence: Vec<u32>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(core: &'a Core, seed: u64) -> Self {
        let n = core.num_classes();
        Search {
            core,
            state: State::new(core),
            rng: Rng::new(seed),
            best_score: Score { cost: f64::INFINITY, infinite: u32::MAX, nodes: u32::MAX },
            best: Vec::new(),
            best_order: Vec::new(),
            flow: Flow::new(core),
            share: vec![1.0; n],
            guess: vec![1.0; n],
            sequence: Vec::with_capacity(n),
        }
    }

    /// The best choice so far; empty before the first start.
    pub(crate) fn best(&self) -> &[u32] {
        &self.best
    }

    /// Remembers the present choice if it is better than the best.
    pub(crate) fn keep(&mut self) -> bool {
        let score = self.state.total();
        let better = score.order(self.best_score) == Ordering::Less;
        if better {
            self.best_score = score;
            self.best.clone_from(&self.state.choice);
            self.state.order.write_to(&mut self.best_order);
        }
        better
    }

    /// Makes the best choice the present one.
    pub(crate) fn back_to_best(&mut self) {
        self.state.load(&self.best, &self.best_order);
    }

    /// Starts from the cheapest trees over distinct operands.
    pub(crate) fn start_tree(&mut self) {
        self.flow.sweep(self.core, || 1.0, &self.share);
        self.state.load(&self.flow.choice, &self.flow.order);
        self.keep();
    }

    /// Starts from the greedy-dag choice, made from the present one; if that has a cycle, nothing changes.
    pub(crate) fn start_greedy(&mut self) {
        let mut choice = self.state.choice.clone();
        self.state.order.write_to(&mut self.sequence);
        needed::refine(self.core, &mut choice, &self.sequence);
        let mut order = std::mem::take(&mut self.sequence);
        if self.state.load_unordered(&choice, &mut order) {
            self.keep();
        }
        self.sequence = order;
    }

    /// Starts from a valid choice of the problem, completed by the present one.
    pub(crate) fn start_from(&mut self, order: &[u32], from: &Choice) {
        let mut choice = self.state.choice.clone();
        let mut sequence = std::mem::take(&mut self.sequence);
        if self.core.lower(order, from, &mut choice) && self.state.load_unordered(&choice, &mut sequence) {
            self.keep();
        }
        self.sequence = sequence;
    }

    /// Starts from a choice for every class and descends; false if it has a cycle.
    pub(crate) fn adopt(&mut self, choice: &[u32]) -> bool {
        let mut sequence = std::mem::take(&mut self.sequence);
        let valid = self.state.load_unordered(choice, &mut sequence);
        self.sequence = sequence;
        if valid {
            self.keep();
            self.descend(false);
            self.keep();
        }
        valid
    }

    /// Starts from area flow, with guesses and costs shaken.
    pub(crate) fn start_flow(&mut self, shake: f64) {
        for ((share, guess), &refs) in self.share.iter_mut().zip(&mut self.guess).zip(&self.state.refs) {
            *guess = (*guess + 2.0 * f64::from(refs.max(1))) / 3.0;
            *share = 1.0 / (1.0 + (*guess - 1.0) * 2.0 * self.rng.unit());
        }
        let rng = &mut self.rng;
        self.flow.sweep(self.core, || 1.0 + shake * rng.unit(), &self.share);
        self.state.load(&self.flow.choice, &self.flow.order);
    }

    /// Starts from area flow near the best choice: what that needs is free, except a random part of it.
    pub(crate) fn start_near(&mut self, shake: f64) {
        self.back_to_best();
        let open = 0.5 * self.rng.unit();
        for (share, &refs) in self.share.iter_mut().zip(&self.state.refs) {
            *share = if refs > 0 && self.rng.unit() >= open { 0.0 } else { 1.0 };
        }
        let rng = &mut self.rng;
        self.flow.sweep(self.core, || 1.0 + shake * rng.unit(), &self.share);
        self.state.load(&self.flow.choice, &self.flow.order);
    }

    /// Improves class after class until nothing changes. With `plateau`, classes come in random order and
    /// equals are taken at random, which crosses plateaus; without, the canonical order decides.
    pub(crate) fn descend(&mut self, plateau: bool) {
        let mut sequence = std::mem::take(&mut self.sequence);
        let mut last = self.state.total();
        let mut idle = 0;
        let limit = self.state.work + WORK + PER_CLASS * self.core.num_classes() as u64;
        for _ in 0..PASSES {
            self.state.order.write_to(&mut sequence);
            if plateau {
                sequence.clear();
                sequence.extend_from_slice(&self.core.free);
                shuffle(&mut sequence, &mut self.rng);
            }
            let mut changed = false;
            for &class in &sequence {
                if self.core.nodes(class).len() < 2 || self.state.refs[class as usize] == 0 {
                    continue;
                }
                if self.state.work > limit {
                    break;
                }
                let rng = &mut self.rng;
                changed |= if plateau {
                    self.state.improve(class, |equals, _, _| rng.below(equals as usize) == 0)
                } else {
                    self.state.improve(class, |_, node, best| node < best)
                };
            }
            let now = self.state.total();
            idle = if now.order(last) == Ordering::Less { 0 } else { idle + 1 };
            last = now;
            if !changed || idle > usize::from(plateau) || self.state.work > limit {
                break;
            }
        }
        self.sequence = sequence;
    }
}
