//! The scheduler: rules in order, matches capped, everything counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use egg::Language as _;
use rustc_hash::FxHashSet;

use super::analysis::{Graph, rebuild};
use super::compile::{Applied, Compiled};
use super::demand::{News, OnDemand};
use super::lang::ENode;
use super::log::{Firing, Log};
use super::matching::{Classes, OpSet};
use super::verdicts::Verdicts;
use crate::rules::Assumes;

/// Limits of one saturation. They count; no clock is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// E-nodes.
    pub nodes: usize,
    /// Passes over all rules.
    pub iterations: usize,
    /// Matches of one rule in one pass.
    pub matches: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { nodes: 2_000, iterations: 24, matches: 400 }
    }
}

/// Why a saturation stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// No rule says anything new.
    Saturated,
    /// The limit on passes.
    Iterations,
    /// The limit on e-nodes.
    Nodes,
    /// Two facts contradict each other.
    Contradiction,
}

impl Stop {
    /// One word or two.
    pub fn name(self) -> &'static str {
        match self {
            Stop::Saturated => "saturated",
            Stop::Iterations => "iteration limit",
            Stop::Nodes => "node limit",
            Stop::Contradiction => "contradiction",
        }
    }
}

/// Which rules may run.
#[derive(Debug, Clone, Copy)]
pub struct Granted {
    /// What they may assume.
    pub assumes: Assumes,
    /// May they split sums, as `sum(a - b)` into `sum(a) - sum(b)`?
    pub splits: bool,
}

/// What a saturation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Why it stopped.
    pub stop: Stop,
    /// Passes made.
    pub iterations: usize,
    /// Unions per rule.
    pub fired: BTreeMap<Arc<str>, usize>,
}

/// Runs the rules whose assumptions are granted until nothing changes or a limit is reached.
pub(super) fn saturate(
    g: &mut Graph,
    rules: &[OnDemand],
    granted: Granted,
    limits: Limits,
    verdicts: &mut Verdicts,
    mut log: Option<&mut Log>,
) -> Trace {
    let may = |r: &OnDemand| r.assumes.within(granted.assumes) && (granted.splits || !r.splits);
    let rules: Vec<(usize, &OnDemand)> = rules.iter().enumerate().filter(|(_, r)| may(r)).collect();
    let deepest = rules.iter().map(|(_, r)| r.depth()).max().unwrap_or(0);
    // Most rules speak of operators that are not there, and few operators are new in an iteration.
    let mut near: Vec<(usize, &OnDemand)> = Vec::new();
    let mut met = OpSet::default();
    // Rules that met the limit on matches look everywhere again.
    let mut cut: FxHashSet<usize> = FxHashSet::default();
    // Matches that said what they have to say; a clash of two keys loses one, the same in every run.
    let mut done: FxHashSet<(usize, u64)> = FxHashSet::default();
    let mut trace = Trace { stop: Stop::Iterations, iterations: 0, fired: BTreeMap::new() };
    for _ in 0..limits.iterations {
        trace.iterations += 1;
        let news = News::take(g, deepest);
        let again = std::mem::take(&mut cut);
        let mut found = Vec::new();
        let classes = Classes::of(g, &news.near);
        if !news.present.within(met) {
            met = met.or(news.present);
            near = rules.iter().copied().filter(|(_, r)| r.ops.within(met)).collect();
        }
        for &(i, rule) in &near {
            if let Some((compiled, matches)) =
                rule.search(&classes, &news, again.contains(&i), limits.matches)
            {
                if matches.len() >= limits.matches {
                    cut.insert(i);
                }
                found.push((i, compiled, matches));
            }
        }
        let mut changed = false;
        for (i, rule, matches) in found {
            for (class, subst) in matches {
                let key = (i, Compiled::key(g, class, &subst));
                if done.contains(&key) {
                    continue;
                }
                let applied = rule.apply(g, class, &subst, verdicts);
                if !matches!(applied, Applied::Unproved | Applied::United { whole: false }) {
                    done.insert(key);
                }
                if let Applied::United { .. } = applied {
                    changed = true;
                    *trace.fired.entry(rule.name.clone()).or_default() += 1;
                    if let Some(log) = &mut log {
                        log.firings
                            .push(Firing { rule: rule.name.clone(), binding: Compiled::binding(&subst) });
                    }
                }
            }
            if g.total_number_of_nodes() > limits.nodes {
                trace.stop = Stop::Nodes;
                break;
            }
        }
        rebuild(g);
        verdicts.replace(g);
        without_loops(g);
        verdicts.tidy();
        if let Some(log) = &mut log {
            log.growth.push(g.total_number_of_nodes());
        }
        if g.analysis.conflict.is_some() {
            trace.stop = Stop::Contradiction;
            return trace;
        }
        if trace.stop == Stop::Nodes {
            return trace;
        }
        if !changed {
            trace.stop = Stop::Saturated;
            return trace;
        }
    }
    trace
}

/// Takes out what computes a class from itself (`x * 1`): no term contains itself, and rules that see `x` as
/// `x * 1` make more such without end.
fn without_loops(g: &mut Graph) {
    for class in g.classes_mut() {
        let id = class.id;
        let own = |n: &ENode| n.children().contains(&id);
        if class.nodes.iter().any(own) && !class.nodes.iter().all(own) {
            class.nodes.retain(|n| !own(n));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egraph::Space;
    use crate::expr::{Expr, dmatrix, dot, dscalar, dvector};
    use crate::graph::import;
    use crate::rules::{Profile, RuleSet};

    /// Once more, everywhere: does any rule unite what was not one?
    fn misses(e: &Expr, inputs: &[Expr]) -> Option<Vec<String>> {
        let set = RuleSet::shared();
        let mut directed = set.by_name();
        directed.retain(|&i| !set.rules()[i].has_tag("search"));
        let (rules, interned) = OnDemand::of(set, &directed);
        let read = import(inputs, std::slice::from_ref(e)).ok()?;
        let mut space = Space::new(&read.graph, &read.roots, &interned);
        let granted = Granted { assumes: Profile::Real.grants(), splits: true };
        let limits = Limits { matches: usize::MAX, iterations: 60, ..Limits::default() };
        if space.saturate(&rules, granted, limits).stop != Stop::Saturated {
            return None;
        }
        space.forget();
        let again = space.saturate(&rules, granted, limits);
        Some(again.fired.keys().map(ToString::to_string).collect())
    }

    #[test]
    fn what_is_saturated_has_nothing_new_anywhere() {
        let (x, y, v) = (dscalar("x"), dscalar("y"), dvector("v"));
        let (a, w) = (dmatrix("A"), dvector("w"));
        let all = [x.clone(), y.clone(), v.clone(), a.clone(), w.clone()];
        let forms = [
            (&x * &y + &x) / (&x + 1.0).sqr(),
            (&x.exp() / (1.0 + x.exp())).sqr() - y.tanh(),
            ((dot(&a, &w) - &v) * 2.0).sqr().sum() * &x,
            (&v - v.sum() / 3.0).exp().sum().log() * (&x * &x * &x),
        ];
        for form in &forms {
            assert_eq!(misses(form, &all), Some(Vec::new()), "{form:?}");
        }
    }
}
