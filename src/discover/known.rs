//! What follows from rules that are known: saturation decides, and where one is not enough, the optimizer.

use std::sync::Arc;

use super::Search;
use super::enumerate::{NAMES, Terms};
use super::equation::Equation;
use crate::egraph::Limits;
use crate::facts::Facts;
use crate::graph::{Graph, Id};
use crate::op::{Attr, Interval, Op, Ring};
use crate::optimize::{Options, Program, joined, optimize};
use crate::rules::{Rule, RuleSet};
use crate::ty::{DType, Ty};

const LIMITS: Limits = Limits { nodes: 1_000, iterations: 12, matches: 400 };

/// Rules, and what they prove.
pub(super) struct Theory<'a> {
    terms: &'a Terms,
    given: &'a Arc<RuleSet>,
    new: Vec<Rule>,
    program: Arc<Program>,
    options: Options,
}

impl<'a> Theory<'a> {
    pub(super) fn new(terms: &'a Terms, search: &'a Search) -> Theory<'a> {
        Theory {
            terms,
            given: &search.rules,
            new: Vec::new(),
            program: Program::of(&search.rules),
            options: Options { rules: search.rules.clone(), profile: search.profile, ..Options::default() },
        }
    }

    /// From now on these are known too.
    pub(super) fn learn(&mut self, rules: &[Rule]) {
        self.new.extend_from_slice(rules);
        self.compile();
    }

    /// The given rules and these, without what was learned.
    pub(super) fn without(&self, new: Vec<Rule>) -> Theory<'a> {
        let (program, options) = (self.program.clone(), self.options.clone());
        let mut other = Theory { terms: self.terms, given: self.given, new, program, options };
        other.compile();
        other
    }

    fn compile(&mut self) {
        let numbered = self.new.iter().enumerate().map(|(i, r)| {
            // No name of a rule file has a dot.
            Rule { name: format!("new.{i}").into(), ..r.clone() }
        });
        let new = RuleSet::of(numbered.collect());
        // Names are distinct by that.
        self.options.rules = Arc::new(self.given.merge(&new).unwrap_or_default());
        self.program = Program::of(&self.options.rules);
    }

    /// Does saturation prove it? Nothing is said where the rules find its sides contradictory.
    ///
    /// Each equation has an e-graph of its own: what others happen to hold must not decide what follows.
    pub(super) fn proves(&self, equation: &Equation) -> Option<bool> {
        let (mut graph, variables) = start(equation.above_zero);
        let pair = equation.insert(self.terms, &mut graph, &variables)?;
        joined(&graph, pair, &self.program, self.options.profile, LIMITS)
    }

    /// Does the optimizer, which goes in rounds, make one term of both sides, or zero of what is between them?
    pub(super) fn optimized(&self, equation: &Equation) -> bool {
        let (mut graph, variables) = start(equation.above_zero);
        let Some((left, right)) = equation.insert(self.terms, &mut graph, &variables) else { return false };
        let found = optimize(&graph, &[left, right], &self.options);
        if found.roots[0] == found.roots[1] {
            return true;
        }
        let difference =
            Op::of_ring(Ring::Difference).and_then(|op| graph.add(op, &Attr::None, &[left, right]).ok());
        difference.is_some_and(|d| {
            let found = optimize(&graph, &[d], &self.options);
            found.graph.constant(found.roots[0]) == Some(0.0)
        })
    }
}

/// A graph with all variables.
fn start(above_zero: bool) -> (Graph, Vec<Id>) {
    let mut graph = Graph::new();
    let mut facts = Facts::var(Ty::scalar(DType::F64));
    if above_zero {
        (facts.range, facts.nonzero) = (Interval::NONNEG, true);
    }
    let variables = NAMES.iter().map(|n| graph.var_with(&n.to_string(), &facts)).collect();
    (graph, variables)
}
