//! The optimum with a proof, for small problems: a 0-1 program for `microlp`, cut down by the best choice that
//! the local search finds, with cycles forbidden only as they turn up.
//!
//! All limits are counts. Where one stops it, the outcome says that nothing is proved.

use crate::extract::choice::Choice;
use crate::extract::loops::{Row, loop_rows};
use crate::extract::presolve::Core;
use crate::extract::problem::{ExtractError, Problem};
use crate::extract::prune::Pruned;
use crate::extract::search::Search;
use crate::extract::{Budget, Outcome, Proof, anneal, local};
use microlp::{ComparisonOp, OptimizationDirection, SolutionStatus, SolveOptions, SolveOutcome, Variable};

/// Nodes left to decide about, above which only the local search runs.
const MAX_NODES: usize = 3000;
/// Rounds of cycle cuts on the relaxation, and on the program itself.
const RELAXED_ROUNDS: usize = 12;
const ROUNDS: usize = 40;
/// Branch-and-bound nodes of one round.
const BRANCHES: u64 = 4000;
/// What the solver's tolerances can hide, relative to the cost.
const SLACK: f64 = 1e-7;

pub(crate) fn run(
    problem: &Problem,
    incumbent: Option<&Choice>,
    budget: &Budget,
) -> Result<Outcome, ExtractError> {
    local::frame(problem, incumbent, budget, |search| {
        local::restart(search, budget.restarts);
        anneal::polish(search, budget.moves);
        // With an infinite node in the best there is no scale for the costs.
        (search.best_score.infinite == 0 && search.best_score.cost > 0.0).then(|| solve(search)).flatten()
    })
}

/// Solves the program, leaves the best choice in the search, and says what is proved.
fn solve(search: &mut Search<'_>) -> Option<Proof> {
    let core = search.core;
    let pruned = Pruned::new(core, search.best_score.cost);
    if pruned.kept.len() > MAX_NODES {
        return None;
    }
    let mut lower_bound = Some(pruned.bound);
    let mut program = Program::new(core, &pruned, search.best_score.cost);
    for _ in 0..RELAXED_ROUNDS {
        let Some((x, bound)) = program.relaxed() else { break };
        if bound >= search.best_score.cost * (1.0 - SLACK * 1e-2) {
            return Some(Proof::Proved);
        }
        lower_bound = lower_bound.map(|l| bound.max(l));
        let before = program.rows.len();
        for threshold in [0.5, 0.2, 1e-4] {
            loop_rows(core, &pruned, &x, threshold, &mut program.rows);
        }
        if program.rows.len() == before {
            break;
        }
    }
    for _ in 0..ROUNDS {
        let Some(round) = program.solve(search.best()) else { break };
        if let Some(bound) = round.bound {
            lower_bound = lower_bound.map(|l| bound.max(l));
        }
        let met = round.bound.is_some_and(|b| b >= search.best_score.cost * (1.0 - SLACK * 1e-2));
        if met && round.optimal {
            return Some(Proof::Proved);
        }
        let before = program.rows.len();
        loop_rows(core, &pruned, &round.x, 0.5, &mut program.rows);
        if program.rows.len() > before {
            continue;
        }
        let mut choice = search.best().to_vec();
        for &n in pruned.kept.iter().filter(|&&n| round.x[n as usize] > 0.5) {
            choice[core.class_of_node(n) as usize] = n;
        }
        if !search.adopt(&choice) {
            break;
        }
        // With every needed class chosen and no cycle, the program's optimum is that of the problem.
        let close = search.best_score.cost * (1.0 - SLACK) <= round.bound.unwrap_or(f64::NEG_INFINITY);
        if round.optimal && close {
            return Some(Proof::Proved);
        }
        break;
    }
    lower_bound.map(|bound| Proof::NotProved { lower_bound: Some(bound) })
}

/// The program: a variable per kept node, costs scaled so that the known choice costs 1.
struct Program<'a> {
    core: &'a Core,
    pruned: &'a Pruned,
    rows: Vec<Row>,
    scale: f64,
    variable: Vec<usize>,
}

struct Round {
    x: Vec<f64>,
    bound: Option<f64>,
    optimal: bool,
}

impl<'a> Program<'a> {
    fn new(core: &'a Core, pruned: &'a Pruned, scale: f64) -> Self {
        let mut variable = vec![usize::MAX; core.num_nodes()];
        for (i, &n) in pruned.kept.iter().enumerate() {
            variable[n as usize] = i;
        }
        let mut rows = Vec::new();
        let members = |c: u32| core.nodes(c).filter(|&n| pruned.keeps(n)).map(|n| (n, 1.0));
        for c in 0..core.num_classes() as u32 {
            if pruned.required(c) {
                rows.push(Row { terms: members(c).collect(), at_least: 1.0 });
            }
            let mut operands: Vec<u32> = core
                .nodes(c)
                .filter(|&n| pruned.keeps(n))
                .flat_map(|n| core.children(n).iter().copied())
                .filter(|&d| !pruned.required(d))
                .collect();
            operands.sort_unstable();
            operands.dedup();
            // At most one node of a class is chosen, so the users of an operand within a class share a row.
            for d in operands {
                let users = core.nodes(c).filter(|&n| pruned.keeps(n) && core.children(n).contains(&d));
                let terms = members(d).chain(users.map(|n| (n, -1.0))).collect();
                rows.push(Row { terms, at_least: 0.0 });
            }
        }
        Program { core, pruned, rows, scale, variable }
    }

    fn build(&self, integer: bool) -> (microlp::Problem, Vec<Variable>) {
        let mut lp = microlp::Problem::new(OptimizationDirection::Minimize);
        let cost = |&n: &u32| self.core.weight[n as usize].cost / self.scale;
        let var = |c: f64, lp: &mut microlp::Problem| match integer {
            true => lp.add_binary_var(c),
            false => lp.add_var(c, (0.0, 1.0)),
        };
        let vars: Vec<Variable> = self.pruned.kept.iter().map(|n| var(cost(n), &mut lp)).collect();
        for row in &self.rows {
            let terms = row.terms.iter().map(|&(n, k)| (vars[self.variable[n as usize]], k));
            lp.add_constraint(terms, ComparisonOp::Ge, row.at_least);
        }
        (lp, vars)
    }

    fn values(&self, solution: &microlp::Solution, vars: &[Variable]) -> Vec<f64> {
        let mut x = vec![0.0; self.core.num_nodes()];
        for (&n, &v) in self.pruned.kept.iter().zip(vars) {
            x[n as usize] = solution.var_value(v);
        }
        x
    }

    /// The relaxation's values and bound; nothing if the solver gives up.
    fn relaxed(&self) -> Option<(Vec<f64>, f64)> {
        let (lp, vars) = self.build(false);
        let Ok(SolveOutcome::Solution(solution)) = lp.solve() else { return None };
        (solution.status() == SolutionStatus::Optimal)
            .then(|| (self.values(&solution, &vars), solution.objective() * self.scale))
    }

    fn solve(&self, known: &[u32]) -> Option<Round> {
        let (lp, vars) = self.build(true);
        let mut options = SolveOptions::default();
        options.node_limit = Some(BRANCHES);
        let mut needed = vec![false; self.core.num_nodes()];
        let mut stack: Vec<u32> = self.core.roots.iter().map(|&r| known[r as usize]).collect();
        while let Some(n) = stack.pop() {
            if !std::mem::replace(&mut needed[n as usize], true) {
                stack.extend(self.core.children(n).iter().map(|&c| known[c as usize]));
            }
        }
        let value = |n: u32| f64::from(u8::from(needed[n as usize]));
        options.warm_start = Some(self.pruned.kept.iter().zip(&vars).map(|(&n, &v)| (v, value(n))).collect());
        let Ok(SolveOutcome::Solution(solution)) = lp.solve_with(options) else { return None };
        let optimal = solution.status() == SolutionStatus::Optimal;
        let bound = if optimal { Some(solution.objective()) } else { solution.stats().best_bound };
        Some(Round { x: self.values(&solution, &vars), bound: bound.map(|b| b * self.scale), optimal })
    }
}
