//! From a raw graph to its cheapest equivalent.
//!
//! A large graph is cut into windows; each becomes a small e-graph, is saturated with the rules,
//! offered whole-term candidates, and extracted; the result goes in again until nothing improves.
//! Isomorphic windows are optimized once.

mod cache;
mod cut;
mod fold;
mod joined;
mod lengths;
mod long;
mod order;
mod quotients;
mod report;
mod rewritten;
mod saturated;
mod singles;
mod sketch;
mod spelling;
mod splice;
mod total;
mod trail;
mod whole;
mod window;
mod windows;

use std::sync::{Arc, OnceLock};

pub(crate) use joined::joined;
pub use lengths::Lengths;
pub use report::{Report, WindowStop};
pub use saturated::{Saturated, saturated};
pub(crate) use singles::doubled;
pub use total::graph_cost;
pub use trail::{Edge, Form, How, Patch, Trail, Way};

use crate::egraph::{CostModel, Limits, OnDemand};
use crate::extract::{Extractor, by_name};
use crate::graph::{Graph, Id};
use crate::norm::Relations;
use crate::op::Attr;
use crate::rules::{Assumes, Profile, RuleSet};
use crate::threads::Threads;

/// What the optimizer may do, and how hard it tries.
#[derive(Debug, Clone)]
pub struct Options {
    /// The assumptions that rules may make.
    pub profile: Profile,
    /// The rules.
    pub rules: Arc<RuleSet>,
    /// Name of the extractor.
    pub extractor: &'static str,
    /// Limits of each saturation.
    pub limits: Limits,
    /// Factor on the work of extraction.
    pub effort: u32,
    /// Assumed lengths.
    pub model: CostModel,
    /// Operators per window.
    pub window: usize,
    /// Passes over all windows, with other boundaries each time.
    pub passes: usize,
    /// How many threads may optimize windows; no result depends on it.
    pub threads: Threads,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            profile: Profile::Real,
            rules: standard_rules(),
            extractor: "default",
            limits: Limits::default(),
            effort: 1,
            model: CostModel::default(),
            window: 60,
            passes: 3,
            threads: Threads::default(),
        }
    }
}

impl Options {
    /// The extractor that is named; the default one for an unknown name.
    pub(crate) fn extractor(&self) -> &'static Extractor {
        let fallback = &crate::extract::EXTRACTORS[0];
        by_name(self.extractor).unwrap_or(fallback)
    }
}

/// The extractor of a name, under the name that [`Options`] hold.
pub fn extractor_name(name: &str) -> Option<&'static str> {
    by_name(name).map(|e| e.name)
}

/// The standard rules, shared.
pub fn standard_rules() -> Arc<RuleSet> {
    RuleSet::shared().clone()
}

/// An optimized graph and what was done.
#[derive(Debug, Clone)]
pub struct Optimized {
    /// The arena.
    pub graph: Graph,
    /// One node per root that was given.
    pub roots: Vec<Id>,
    /// What was done.
    pub report: Report,
}

/// The rules of a set, compiled, with the attribute literals of their left sides.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) rules: Vec<OnDemand>,
    pub(crate) interned: Arc<[Attr]>,
    /// What the normal form knows of functions.
    pub(crate) relations: Relations,
}

impl Program {
    /// Rules tagged `search` rearrange without an end in sight; the normal form does their work.
    pub(crate) fn new(set: &Arc<RuleSet>) -> Program {
        // By name: in which file and where a rule stands is no part of the input.
        let mut positions = set.by_name();
        let relations = Relations::of(positions.iter().map(|&i| &set.rules()[i]));
        positions.retain(|&i| !set.rules()[i].has_tag("search"));
        let (rules, interned) = OnDemand::of(set, &positions);
        Program { rules, interned, relations }
    }

    /// The compiled form of a set; that of the standard set is made once.
    pub(crate) fn of(set: &Arc<RuleSet>) -> Arc<Program> {
        static STANDARD: OnceLock<Arc<Program>> = OnceLock::new();
        if Arc::ptr_eq(set, &standard_rules()) {
            return STANDARD.get_or_init(|| Arc::new(Program::new(set))).clone();
        }
        Arc::new(Program::new(set))
    }
}

/// The cheapest equivalent of a graph that was found; all roots together.
pub fn optimize(graph: &Graph, roots: &[Id], options: &Options) -> Optimized {
    run(graph, roots, options, Report::new(options, graph_cost(&options.model, graph, roots)))
}

/// [`optimize`], and everything that was done. The result is the same.
pub fn optimize_recorded(graph: &Graph, roots: &[Id], options: &Options) -> (Optimized, Trail) {
    let mut report = Report::new(options, graph_cost(&options.model, graph, roots));
    report.trail = Some(Trail::default());
    let mut done = run(graph, roots, options, report);
    let trail = done.report.trail.take().unwrap_or_default();
    (done, trail)
}

fn run(graph: &Graph, roots: &[Id], options: &Options, report: Report) -> Optimized {
    if options.profile != Profile::Ieee
        && let Some(doubles) = singles::alone(graph, roots)
    {
        let done = placed(&doubles.0, &doubles.1, options, report.clone());
        if let Some((single, at)) = singles::singled((&done.graph, &done.roots), (graph, roots)) {
            return Optimized { graph: single, roots: at, report: done.report };
        }
    }
    placed(graph, roots, options, report)
}

/// In an order that the graph alone tells, where it is small.
fn placed(graph: &Graph, roots: &[Id], options: &Options, mut report: Report) -> Optimized {
    if !windows::is_single(graph, roots, options) {
        return ordered(graph, roots, options, report);
    }
    // In what order outputs are asked for, and nodes were made, is no part of the question.
    let order = order::canonical(graph, roots);
    report.record(|| Edge {
        before: (graph.clone(), roots.to_vec()),
        after: (order.graph.clone(), order.roots.clone()),
        how: How::NormalForm(Vec::new()),
    });
    let mut done = ordered(&order.graph, &order.roots, options, report);
    done.roots = order.restored(&done.roots);
    for (i, edge) in done.report.trail.iter_mut().flat_map(|t| &mut t.edges).enumerate() {
        if i == 0 {
            edge.after.1 = order.restored(&edge.after.1);
            continue;
        }
        edge.before.1 = order.restored(&edge.before.1);
        edge.after.1 = order.restored(&edge.after.1);
    }
    done
}

fn ordered(graph: &Graph, roots: &[Id], options: &Options, mut report: Report) -> Optimized {
    let program = Program::of(&options.rules);
    let mut cache = cache::Cache::default();
    let single = windows::is_single(graph, roots, options);
    // Sums and polynomials that reach over several windows: before windows hide their terms from
    // each other, and where windows have made new ones.
    let first = if single { None } else { long::collect(graph, roots, options, &mut report) };
    let (g, r) = first.as_ref().map_or((graph, roots), |(g, r)| (g, r.as_slice()));
    let mut best = passes(g, r, options, &program, &mut cache, &mut report);
    if !single && let Some((g, r)) = long::collect(&best.0, &best.1, options, &mut report) {
        let found = passes(&g, &r, options, &program, &mut cache, &mut report);
        if found.2 < best.2 * (1.0 - 1e-9) {
            best = found;
        }
    }
    if !single && let Some((g, r)) = whole::collect(graph, roots, options, &program, &mut report) {
        let found = passes(&g, &r, options, &program, &mut cache, &mut report);
        if found.2 < best.2 * (1.0 - 1e-9) {
            best = found;
        }
    }
    // No window is dearer than what it stands for but for digits; neither is the whole.
    if report.for_digits == 0 && total::dearer(&options.model, (&best.0, &best.1), (graph, roots)) {
        best = (graph.clone(), roots.to_vec(), report.cost_before);
    }
    if Assumes::REASSOC.within(options.profile.grants()) {
        if let Some((g, r)) = spelling::spell(&best.0, &best.1, &mut report) {
            (best.0, best.1) = (g, r);
        }
        if let Some((g, r)) = quotients::shared(&best.0, &best.1, &options.model, &mut report) {
            (best.0, best.1) = (g, r);
        }
    }
    let (graph, roots) = fold::fold(&best.0, &best.1);
    report.record(|| Edge {
        before: (best.0.clone(), best.1.clone()),
        after: (graph.clone(), roots.clone()),
        how: How::Fold,
    });
    report.cost_after = graph_cost(&options.model, &graph, &roots);
    Optimized { graph, roots, report }
}

/// Windows until nothing improves; the result and its cost.
fn passes(
    graph: &Graph,
    roots: &[Id],
    options: &Options,
    program: &Program,
    cache: &mut cache::Cache,
    report: &mut Report,
) -> (Graph, Vec<Id>, f64) {
    let (mut graph, mut roots) = (graph.clone(), roots.to_vec());
    let mut cost = graph_cost(&options.model, &graph, &roots);
    for pass in 0..options.passes {
        // What one window holds is done when that window is.
        let single = windows::is_single(&graph, &roots, options);
        let (g, r) = windows::pass(&graph, &roots, pass, options, program, cache, report);
        let now = graph_cost(&options.model, &g, &r);
        let better = now < cost * (1.0 - 1e-9);
        // The first pass may cost more: it trades forms that lose digits for ones that do not.
        if better || pass == 0 {
            (graph, roots, cost) = (g, r, now);
        }
        report.passes = pass + 1;
        if single || pass > 0 && !better {
            break;
        }
    }
    (graph, roots, cost)
}
