//! The `local` extractor: tree, greedy and area-flow starts, each followed down to a local optimum. Also the
//! frame that all searches share: presolve, first starts, prune, then whatever the extractor adds.

use crate::extract::choice::Choice;
use crate::extract::needed::MAX_CLASSES;
use crate::extract::presolve::Core;
use crate::extract::problem::{ExtractError, Problem};
use crate::extract::prune::Pruned;
use crate::extract::search::Search;
use crate::extract::{Budget, Outcome, Proof, finish};

/// Pruning is quadratic; above this many classes a search starts without it.
const PRUNE_CLASSES: usize = 1500;
/// How closely a bound must meet a cost, relatively, to prove it: the rounding of sums.
const SAME: f64 = 1e-12;

/// Runs the first starts, cuts the problem down with what they found, and hands a started search to `rest`,
/// unless there is nothing left to decide. `rest` may return a better proof.
pub(crate) fn frame(
    problem: &Problem,
    incumbent: Option<&Choice>,
    budget: &Budget,
    rest: impl FnOnce(&mut Search<'_>) -> Option<Proof>,
) -> Result<Outcome, ExtractError> {
    let core = Core::new(problem)?;
    let mut search = Search::new(&core, budget.seed);
    first_starts(&mut search, problem, incumbent)?;
    let done = |search: &Search<'_>, proof| {
        finish(problem, incumbent, search.core.lift(problem, search.best()), proof)
    };
    let best = search.best_score;
    // Costs are not negative, so nothing is the least of all.
    if core.free.is_empty() || (best.cost <= 0.0 && best.infinite == 0) {
        return done(&search, Proof::Proved);
    }
    // With an infinite node in the best there is no cost to prune by.
    if best.infinite > 0 || core.num_classes() > PRUNE_CLASSES {
        let proof = rest(&mut search).unwrap_or(Proof::NotProved { lower_bound: None });
        return done(&search, proof);
    }
    let pruned = Pruned::new(&core, best.cost);
    if pruned.bound >= best.cost * (1.0 - SAME) {
        return done(&search, Proof::Proved);
    }
    let unproved = Proof::NotProved { lower_bound: Some(pruned.bound) };
    if pruned.kept.len() == core.num_nodes() {
        let proof = rest(&mut search).unwrap_or(unproved);
        return done(&search, proof);
    }
    let small = core.restrict(&pruned.kept);
    let known = core.lift(problem, search.best());
    let mut search = Search::new(&small, budget.seed);
    first_starts(&mut search, problem, Some(&known))?;
    // What is left is one choice, and everything else costs more.
    if small.free.is_empty() {
        return done(&search, Proof::Proved);
    }
    let proof = rest(&mut search).unwrap_or(unproved);
    done(&search, proof)
}

fn first_starts(
    search: &mut Search<'_>,
    problem: &Problem,
    known: Option<&Choice>,
) -> Result<(), ExtractError> {
    search.start_tree();
    if search.core.free.is_empty() {
        return Ok(());
    }
    search.descend(false);
    search.keep();
    if let Some(from) = known {
        search.start_from(&from.order(problem)?, from);
        search.descend(false);
        search.keep();
    }
    if search.core.num_classes() <= MAX_CLASSES {
        search.start_greedy();
        search.descend(false);
        search.keep();
    }
    Ok(())
}

/// The restarts of the budget; ends in a local optimum of the canonical order.
pub(crate) fn restart(search: &mut Search<'_>, restarts: u32) {
    for round in 0..restarts {
        // Measured: half near the best and half anywhere is better than either alone.
        match round % 4 {
            0 | 1 => search.start_near(1.0),
            2 => search.start_flow(0.0),
            _ => search.start_flow(0.5),
        }
        search.descend(round % 2 == 1);
        search.keep();
    }
    search.back_to_best();
    search.descend(false);
    search.keep();
}

pub(crate) fn run(
    problem: &Problem,
    incumbent: Option<&Choice>,
    budget: &Budget,
) -> Result<Outcome, ExtractError> {
    frame(problem, incumbent, budget, |search| {
        restart(search, budget.restarts);
        None
    })
}
