//! The `local` extractor: tree, greedy and area-flow starts, each followed down to a local optimum.

use crate::extract::choice::Choice;
use crate::extract::greedy_dag::MAX_CLASSES;
use crate::extract::presolve::Core;
use crate::extract::problem::{ExtractError, Problem};
use crate::extract::search::Search;
use crate::extract::{Budget, Outcome, Proof, finish};

/// All starts and descents of the budget.
pub(crate) fn search<'a>(
    problem: &Problem,
    core: &'a Core,
    incumbent: Option<&Choice>,
    budget: &Budget,
) -> Result<Search<'a>, ExtractError> {
    let mut search = Search::new(core, budget.seed);
    search.start_tree();
    if core.free.is_empty() {
        return Ok(search);
    }
    search.descend(false);
    search.keep();
    if let Some(from) = incumbent {
        let order = from.order(problem)?;
        search.start_from(&order, from);
        search.descend(false);
        search.keep();
    }
    if core.num_classes() <= MAX_CLASSES {
        search.start_greedy();
        search.descend(false);
        search.keep();
    }
    for round in 0..budget.restarts {
        search.start_flow(if round % 4 < 2 { 0.0 } else { 0.5 });
        search.descend(round % 2 == 1);
        search.keep();
    }
    Ok(search)
}

/// What there is to prove without a search: with one node per class, nothing was decided.
pub(crate) fn proof(core: &Core) -> Proof {
    if core.free.is_empty() { Proof::Proved } else { Proof::NotProved { lower_bound: None } }
}

pub(crate) fn run(
    problem: &Problem,
    incumbent: Option<&Choice>,
    budget: &Budget,
) -> Result<Outcome, ExtractError> {
    let core = Core::new(problem)?;
    let mut search = search(problem, &core, incumbent, budget)?;
    search.back_to_best();
    search.descend(false);
    search.keep();
    finish(problem, incumbent, core.lift(problem, &search.state.choice), proof(&core))
}
