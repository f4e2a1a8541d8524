//! The forms of an expression that nothing beats in both cost and error.

use std::sync::Arc;

use super::sample::{Error, Samples};
use crate::graph::{Graph, Id};
use crate::optimize::{Options, graph_cost, optimize};
use crate::rules::Profile;

/// Rules that are left out one at a time, at most.
const RULES: usize = 12;

/// One form.
#[derive(Debug, Clone)]
pub struct Form {
    /// How it was found.
    pub how: String,
    /// The arena.
    pub graph: Graph,
    /// One node per root.
    pub roots: Vec<Id>,
    /// Estimated work, in additions.
    pub cost: f64,
    /// Its error.
    pub error: Error,
    /// Is it on the frontier, or beaten by another form?
    pub best: bool,
}

/// The forms that were tried, the cheapest first; of several with one cost and error only the first.
#[derive(Debug, Clone)]
pub struct Frontier {
    /// All forms.
    pub forms: Vec<Form>,
}

/// Optimizes in several ways: as the options say, under each profile, without the rules that keep digits, without each
/// of them that was used. `None` where the expression has no meaning over the reals that could be sampled.
pub fn frontier(graph: &Graph, roots: &[Id], options: &Options) -> Option<Frontier> {
    let found = optimize(graph, roots, options);
    let samples = Samples::of(graph, roots)?.with_far((graph, roots), (&found.graph, &found.roots));
    let mut forms: Vec<Form> = Vec::new();
    let mut add = |how: &str, graph: &Graph, roots: &[Id]| {
        let cost = graph_cost(&options.model, graph, roots);
        if let Some(error) = samples.error(graph, roots)
            && !forms.iter().any(|f| f.cost.total_cmp(&cost).is_eq() && f.error == error)
        {
            let how = how.to_string();
            forms.push(Form { how, graph: graph.clone(), roots: roots.to_vec(), cost, error, best: false });
        }
    };
    add("as written", graph, roots);
    add("optimized", &found.graph, &found.roots);
    let used: Vec<String> = found.report.rules.keys().cloned().collect();
    for profile in [Profile::Real, Profile::Strict, Profile::Ieee] {
        let own = Options { profile, ..options.clone() };
        let found = optimize(graph, roots, &own);
        add(&format!("profile {}", profile.name()), &found.graph, &found.roots);
    }
    let without = |names: &[String]| {
        let rules = options.rules.without(names).ok()?;
        Some(Options { rules: Arc::new(rules), ..options.clone() })
    };
    let keeps = |name: &&String| options.rules.get(name).is_some_and(|r| r.has_tag("stabilize"));
    let keeping: Vec<String> = used.iter().filter(keeps).take(RULES).cloned().collect();
    let all =
        (!keeping.is_empty()).then(|| (vec!["stabilize".to_string()], "without `stabilize`".to_string()));
    let each = keeping.iter().map(|r| (vec![r.clone()], format!("without `{r}`")));
    for (names, how) in all.into_iter().chain(each) {
        if let Some(own) = without(&names) {
            let found = optimize(graph, roots, &own);
            add(&how, &found.graph, &found.roots);
        }
    }
    forms.sort_by(|a, b| a.cost.total_cmp(&b.cost).then(a.error.bits.total_cmp(&b.error.bits)));
    let mut least = f64::INFINITY;
    for f in &mut forms {
        f.best = f.error.bits < least;
        least = least.min(f.error.bits);
    }
    Some(Frontier { forms })
}
