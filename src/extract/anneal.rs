//! Simulated annealing over the moves of the local search, by a budget of moves and a seed, never by a clock.

use crate::extract::choice::Choice;
use crate::extract::flow::scalar_weights;
use crate::extract::problem::{ExtractError, Problem};
use crate::extract::score::Score;
use crate::extract::search::Search;
use crate::extract::{Budget, Outcome, local};

/// Moves between two temperatures.
const STEP: u64 = 32;
/// The first and the last temperature, in mean node costs.
const HOT: f64 = 1.0;
const COLD: f64 = 0.05;

/// Anneals from the present choice of the search, and keeps the best that is met.
pub(crate) fn anneal(search: &mut Search<'_>, moves: u64) {
    let core = search.core;
    if core.free.is_empty() || moves == 0 {
        return;
    }
    let weights = scalar_weights(core);
    let infinite = 2.0 * core.weight.iter().map(|w| w.cost).sum::<f64>() + 1.0;
    let scalar =
        |a: Score, b: Score| (a.cost - b.cost) + infinite * (f64::from(a.infinite) - f64::from(b.infinite));
    let mean = weights.iter().sum::<f64>() / weights.len() as f64;
    let (hot, cold) = (HOT * mean, COLD * mean);
    let steps = moves.div_ceil(STEP);
    let cool = libm::pow(cold / hot, 1.0 / steps as f64);
    let mut temperature = hot;
    // The change since the last best; a copy is made when it is negative.
    let mut above = 0.0;
    for _ in 0..steps {
        for _ in 0..STEP {
            let class = core.free[search.rng.below(core.free.len())];
            let nodes = core.nodes(class);
            if search.state.refs[class as usize] == 0 {
                search.state.improve(class, |_, _, _| false);
                continue;
            }
            let now = search.state.choice[class as usize];
            // Any node but the present one.
            let mut node = nodes.start + search.rng.below(nodes.len() - 1) as u32;
            node += u32::from(node >= now);
            if search.state.closes_cycle(class, node) {
                continue;
            }
            let Some(freed) = search.state.release(now) else { continue };
            let Some(added) = search.state.acquire(node) else {
                search.state.acquire(now);
                continue;
            };
            let before = core.weight[now as usize].plus(freed);
            let after = core.weight[node as usize].plus(added);
            let change = scalar(after, before);
            if change <= 0.0 || search.rng.unit() < libm::exp(-change / temperature) {
                search.state.choose(class, node);
                above += change;
                if above < -1e-9 * mean && search.keep() {
                    above = 0.0;
                }
            } else {
                search.state.release(node);
                search.state.acquire(now);
            }
        }
        temperature *= cool;
    }
}
/// Anneals, then descends from the end and from the best; ends in a local optimum of the canonical order.
pub(crate) fn polish(search: &mut Search<'_>, moves: u64) {
    search.back_to_best();
    anneal(search, moves);
    search.descend(false);
    search.keep();
    search.back_to_best();
    search.descend(false);
    search.keep();
}

pub(crate) fn run(
    problem: &Problem,
    incumbent: Option<&Choice>,
    budget: &Budget,
) -> Result<Outcome, ExtractError> {
    local::frame(problem, incumbent, budget, |search| {
        polish(search, budget.moves);
        None
    })
}
