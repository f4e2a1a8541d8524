//! Greedy DAG costs: the cheapest trees, then the choice that sets of needed classes make from them.

use crate::extract::choice::Choice;
use crate::extract::needed::MAX_CLASSES;
use crate::extract::presolve::Core;
use crate::extract::problem::{ExtractError, Problem};
use crate::extract::search::Search;
use crate::extract::{Budget, Outcome, Proof, finish};

pub(crate) fn run(
    problem: &Problem,
    incumbent: Option<&Choice>,
    _budget: &Budget,
) -> Result<Outcome, ExtractError> {
    let core = Core::new(problem)?;
    let mut search = Search::new(&core, 0);
    search.start_tree();
    if core.num_classes() <= MAX_CLASSES {
        search.start_greedy();
    }
    finish(problem, incumbent, core.lift(problem, search.best()), Proof::NotProved { lower_bound: None })
}
