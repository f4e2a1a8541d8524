//! Extraction: the cheapest DAG that computes given roots, from a graph of classes with alternatives.
//!
//! It knows numbers only, neither egg nor expressions: a class is a number, a node has a class, a cost and the
//! classes of its operands. Every algorithm is registered in [`EXTRACTORS`] with what it claims, and the tests
//! hold each claim against all others. All of them are deterministic, use no clock, do not recurse, and never
//! return a choice that is worse than the incumbent they are given.

mod anneal;
mod choice;
mod dominance;
mod exact;
mod flow;
mod greedy_dag;
mod local;
mod loops;
mod needed;
mod order;
mod presolve;
mod problem;
mod prune;
mod rng;
mod score;
mod search;
mod state;
mod tree;

pub mod dot;
pub mod serial;

pub use choice::{Choice, validate};
pub use problem::{ExtractError, Node, Problem};

use std::cmp::Ordering;

/// How much work a search may do, in counts. Results do not depend on the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Moves tried by annealing.
    pub moves: u64,
    /// Starts of the local search beyond the first ones.
    pub restarts: u32,
    /// Seed of every random decision.
    pub seed: u64,
}

impl Budget {
    /// The default: moves grow with the number of alternatives, up to where a search takes long.
    pub fn scaled(problem: &Problem) -> Self {
        let alternatives = problem.num_nodes().saturating_sub(problem.num_classes()) as u64;
        Budget { moves: (20 * alternatives).min(200_000), restarts: 20, seed: 1 }
    }

    /// A first look: a few starts and moves.
    #[must_use]
    pub fn light(self) -> Self {
        Budget { moves: self.moves / 8, restarts: self.restarts.min(3), seed: self.seed }
    }

    /// The same seed with `factor` times the work.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Budget {
            moves: self.moves.saturating_mul(u64::from(factor)),
            restarts: self.restarts.saturating_mul(factor),
            seed: self.seed,
        }
    }
}

/// What is known about the optimum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Proof {
    /// No choice costs less, up to rounding; for `exact`, up to the solver's tolerance, a relative 1e-7.
    Proved,
    /// The search ended without a proof.
    NotProved {
        /// No choice costs less than this, where a bound is known.
        lower_bound: Option<f64>,
    },
}

/// A choice and what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The choice: valid, and not worse than the incumbent.
    pub choice: Choice,
    /// Its DAG cost.
    pub cost: f64,
    /// Whether it is optimal.
    pub optimal: Proof,
}

/// What an algorithm promises beyond a valid choice that is not worse than the incumbent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nothing.
    Valid,
    /// Without an incumbent, no choice has a lower tree cost.
    OptimalTree,
    /// No choice has a lower DAG cost, wherever the outcome says [`Proof::Proved`].
    OptimalDag,
}

/// An algorithm, with its name and its claim.
#[derive(Debug)]
pub struct Extractor {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it promises.
    pub claim: Claim,
    /// One sentence about it.
    pub doc: &'static str,
    /// Runs it. The incumbent is a valid choice, as a rule that of the input.
    pub run: fn(&Problem, Option<&Choice>, &Budget) -> Result<Outcome, ExtractError>,
}

/// Every algorithm; a new one is a file and a row here.
pub static EXTRACTORS: &[Extractor] = &[
    Extractor {
        name: "default",
        claim: Claim::OptimalDag,
        doc: "the best of all but `exact`: starts, local search, restarts, annealing",
        run: best,
    },
    Extractor {
        name: "tree",
        claim: Claim::OptimalTree,
        doc: "cheapest trees, near-linear; pays for a shared term at each use",
        run: tree::run,
    },
    Extractor {
        name: "greedy-dag",
        claim: Claim::Valid,
        doc: "bottom-up with the set of needed classes; small problems, else `tree`",
        run: greedy_dag::run,
    },
    Extractor {
        name: "local",
        claim: Claim::OptimalDag,
        doc: "local search by reference counts, restarted from area flow",
        run: local::run,
    },
    Extractor {
        name: "anneal",
        claim: Claim::OptimalDag,
        doc: "local search once, then simulated annealing",
        run: anneal::run,
    },
    Extractor {
        name: "exact",
        claim: Claim::OptimalDag,
        doc: "integer programming from the best known choice; small problems, else `default`",
        run: exact::run,
    },
];

/// The algorithm of that name.
pub fn by_name(name: &str) -> Option<&'static Extractor> {
    EXTRACTORS.iter().find(|e| e.name == name)
}

fn best(problem: &Problem, incumbent: Option<&Choice>, budget: &Budget) -> Result<Outcome, ExtractError> {
    local::frame(problem, incumbent, budget, |search| {
        local::restart(search, budget.restarts);
        anneal::polish(search, budget.moves);
        None
    })
}

/// The better of the result and the incumbent, as an outcome.
fn finish(
    problem: &Problem,
    incumbent: Option<&Choice>,
    choice: Choice,
    optimal: Proof,
) -> Result<Outcome, ExtractError> {
    validate(problem, &choice)?;
    let choice = match incumbent {
        Some(old) => {
            validate(problem, old)?;
            // Rounding must not let a worse one pass as equal.
            let worse = choice.cost(problem) > old.cost(problem);
            if worse || old.compare(&choice, problem) == Ordering::Less { old.clone() } else { choice }
        }
        None => choice,
    };
    Ok(Outcome { cost: choice.cost(problem), choice, optimal })
}
