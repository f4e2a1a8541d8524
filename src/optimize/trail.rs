//! What the optimizer did, step by step, for whoever wants to prove it.
//!
//! Written down only when asked for. Forms that were tried and not kept are in it too; the way from
//! the first form to the last is found afterwards.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::cache::Numbers;
use super::lengths::Lengths;
use crate::egraph::Log;
use crate::graph::{Graph, Id};
use crate::rules::Profile;

/// A graph and its roots.
pub type Form = (Graph, Vec<Id>);

/// A window and what its inputs and outputs are in the whole.
#[derive(Debug, Clone)]
pub struct Patch {
    /// As it was cut.
    pub before: Arc<Form>,
    /// As it was put back.
    pub after: Arc<Form>,
    /// For each input the node of the whole.
    pub inputs: Vec<Id>,
    /// For each root the node of the whole.
    pub outputs: Vec<Id>,
    /// What the window's lengths are in the whole.
    pub lengths: Lengths,
}

/// How one form became another.
#[derive(Debug, Clone)]
pub enum How {
    /// In an e-graph.
    Saturation(Profile, Box<Log>),
    /// Windows were put in the place of what they stand for.
    Splice(Vec<Patch>),
    /// Long sums were collected: nodes before and what they are after.
    NormalForm(Vec<(Id, Id)>),
    /// Constants were folded as doubles compute them.
    Fold,
}

/// One form became another of the same value.
#[derive(Debug, Clone)]
pub struct Edge {
    /// From.
    pub before: Form,
    /// To.
    pub after: Form,
    /// By what.
    pub how: How,
}

/// Everything that was done, in order.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    /// The steps.
    pub edges: Vec<Edge>,
}

/// Finds the way from one form to another.
#[derive(Debug)]
pub struct Way {
    /// From what form to what form each edge leads.
    arcs: Vec<(usize, usize)>,
    /// The edges that leave a form.
    leaving: Vec<Vec<usize>>,
    forms: Forms,
}

#[derive(Debug, Default)]
struct Forms {
    cache: RefCell<Numbers>,
    numbers: FxHashMap<Vec<u64>, usize>,
}

impl Way {
    /// Numbers all forms of a trail.
    pub fn new(trail: &Trail) -> Way {
        let mut forms = Forms::default();
        let mut number = |form: &Form| {
            let key = forms.cache.borrow_mut().key(form);
            let next = forms.numbers.len();
            *forms.numbers.entry(key).or_insert(next)
        };
        let arcs: Vec<(usize, usize)> =
            trail.edges.iter().map(|e| (number(&e.before), number(&e.after))).collect();
        let mut leaving = vec![Vec::new(); forms.numbers.len()];
        for (e, (from, _)) in arcs.iter().enumerate() {
            leaving[*from].push(e);
        }
        Way { arcs, leaving, forms }
    }

    /// The edges of a shortest way, in order; `None` if there is none.
    pub fn between(&self, from: &Form, to: &Form) -> Option<Vec<usize>> {
        let key = |form: &Form| self.forms.cache.borrow_mut().key(form);
        let (from, to) = (key(from), key(to));
        if from == to {
            return Some(Vec::new());
        }
        let (start, end) = (*self.forms.numbers.get(&from)?, *self.forms.numbers.get(&to)?);
        let mut come: Vec<Option<usize>> = vec![None; self.forms.numbers.len()];
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for &e in self.leaving.get(at).into_iter().flatten() {
                let next = self.arcs[e].1;
                if next != start && come[next].is_none() {
                    come[next] = Some(e);
                    queue.push_back(next);
                }
            }
        }
        let mut way = Vec::new();
        let mut at = end;
        while at != start {
            let e = come[at]?;
            way.push(e);
            at = self.arcs[e].0;
        }
        way.reverse();
        Some(way)
    }
}
