//! From equations to steps: why roots are equal, and with as few equations as a greedy search leaves.

use rustc_hash::FxHashMap;

use super::certificate::{ProofError, Reason, Step, StepId};
use super::closure::{Closure, Link, Why};
use super::term::{TermId, Terms};
use std::sync::Arc;

/// Beyond this many equations none is tried to do without.
const GREEDY: usize = 48;

/// Where an equation comes from.
#[derive(Debug, Clone)]
pub(super) enum Cause {
    /// A rule, and for conditions pairs of a term and another whose form proves them.
    Rule(Arc<str>, Vec<(TermId, TermId)>),
    /// The normal form.
    NormalForm,
    /// Doubles.
    Fold,
    /// A step that is there.
    Known(StepId),
}

/// Two terms that are equal.
#[derive(Debug, Clone)]
pub(super) struct Equation {
    pub(super) left: TermId,
    pub(super) right: TermId,
    pub(super) cause: Cause,
}

/// Steps that are written, each pair of terms once.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) list: Vec<Step>,
    memo: FxHashMap<(TermId, TermId), StepId>,
}

impl Steps {
    pub(super) fn known(&self, left: TermId, right: TermId) -> Option<StepId> {
        self.memo.get(&(left, right)).copied()
    }

    pub(super) fn push(&mut self, left: TermId, right: TermId, why: Reason) -> StepId {
        if let Some(s) = self.known(left, right) {
            return s;
        }
        let s = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(Step { left, right, why });
        self.memo.insert((left, right), s);
        s
    }
}

/// What follows from some equations.
struct Attempt {
    closure: Closure,
}

impl Attempt {
    /// The closure of those equations that are `chosen` and whose conditions were proved by then;
    /// only terms that these or the goals reach take part.
    fn new(
        terms: &mut Terms,
        equations: &[Equation],
        chosen: &[usize],
        goals: &[(TermId, TermId)],
    ) -> Attempt {
        let mut roots: Vec<TermId> = goals.iter().flat_map(|g| [g.0, g.1]).collect();
        for &e in chosen {
            roots.extend([equations[e].left, equations[e].right]);
            if let Cause::Rule(_, pairs) = &equations[e].cause {
                roots.extend(pairs.iter().flat_map(|p| [p.0, p.1]));
            }
        }
        let mut closure = Closure::among(terms.reached(&roots));
        closure.sync(terms);
        for &e in chosen {
            let equation = &equations[e];
            let ready = match &equation.cause {
                Cause::Rule(_, pairs) => pairs.iter().all(|&(a, b)| closure.equal(a, b)),
                _ => true,
            };
            if ready {
                closure.assert(terms, equation.left, equation.right, u32::try_from(e).unwrap_or(u32::MAX));
            }
        }
        Attempt { closure }
    }

    fn reaches(&self, goals: &[(TermId, TermId)]) -> bool {
        goals.iter().all(|&(a, b)| self.closure.equal(a, b))
    }

    /// The equations that the explanations of the goals use, ascending.
    fn used(&self, terms: &Terms, equations: &[Equation], goals: &[(TermId, TermId)]) -> Vec<usize> {
        let mut used = std::collections::BTreeSet::new();
        let mut seen = rustc_hash::FxHashSet::default();
        let mut stack: Vec<(TermId, TermId)> = goals.to_vec();
        while let Some((a, b)) = stack.pop() {
            if a == b || !seen.insert((a, b)) {
                continue;
            }
            for link in self.closure.path(a, b) {
                match link.why {
                    Why::Given(e) => {
                        used.insert(e as usize);
                        if let Cause::Rule(_, pairs) = &equations[e as usize].cause {
                            stack.extend(pairs);
                        }
                    }
                    Why::Congruence => stack.extend(operands(terms, link)),
                    Why::Fold | Why::Unmoved => {}
                }
            }
        }
        used.into_iter().collect()
    }

    /// Writes the steps that equate two terms.
    fn write(
        &self,
        terms: &Terms,
        equations: &[Equation],
        goal: (TermId, TermId),
        out: &mut Steps,
    ) -> Option<StepId> {
        let mut stack = vec![(goal, false)];
        while let Some(((a, b), ready)) = stack.pop() {
            if a == b || out.known(a, b).is_some() {
                continue;
            }
            let path = self.closure.path(a, b);
            if !ready {
                stack.push(((a, b), true));
                let mut wanted: Vec<(TermId, TermId)> = Vec::new();
                for &link in &path {
                    match link.why {
                        Why::Congruence => wanted.extend(operands(terms, link)),
                        Why::Given(e) => {
                            if let Cause::Rule(_, pairs) = &equations[e as usize].cause {
                                wanted.extend(pairs);
                            }
                        }
                        _ => {}
                    }
                }
                stack.extend(wanted.into_iter().rev().map(|w| (w, false)));
                continue;
            }
            let chain: Vec<StepId> = path.iter().map(|&l| link_step(terms, equations, l, out)).collect();
            if chain.len() > 1 {
                out.push(a, b, Reason::Chain(chain));
            }
        }
        out.known(goal.0, goal.1)
    }
}

/// The pairs of operands that a congruence equates.
fn operands(terms: &Terms, link: Link) -> Vec<(TermId, TermId)> {
    let (x, y) = (&terms.term(link.from).args, &terms.term(link.to).args);
    x.iter().copied().zip(y.iter().copied()).filter(|(a, b)| a != b).collect()
}

/// The step of one reason, whose parts are written.
fn link_step(terms: &Terms, equations: &[Equation], link: Link, out: &mut Steps) -> StepId {
    let Link { from, to, why, reversed } = link;
    let reason = match why {
        Why::Fold => Reason::Fold,
        Why::Unmoved => Reason::Unmoved,
        Why::Congruence => {
            let (x, y) = (&terms.term(from).args, &terms.term(to).args);
            Reason::Congruence(x.iter().zip(y).map(|(&a, &b)| out.known(a, b)).collect())
        }
        Why::Given(e) => match &equations[e as usize].cause {
            Cause::Rule(rule, pairs) => {
                let mut facts: Vec<StepId> = pairs.iter().filter_map(|&(a, b)| out.known(a, b)).collect();
                facts.dedup();
                // The equation as it was given has the left side of the rule on the left.
                let reversed = from != equations[e as usize].left;
                Reason::Rule { rule: rule.clone(), reversed, facts }
            }
            Cause::NormalForm => Reason::NormalForm,
            Cause::Fold => Reason::Fold,
            Cause::Known(s) if !reversed && from == equations[e as usize].left => return *s,
            Cause::Known(s) => return turn(*s, out),
        },
    };
    out.push(from, to, reason)
}

/// A step from right to left, and before it those that it is made of.
pub(super) fn turn(step: StepId, out: &mut Steps) -> StepId {
    let mut stack = vec![(step, false)];
    while let Some((s, ready)) = stack.pop() {
        let Step { left, right, why } = out.list[s as usize].clone();
        if out.known(right, left).is_some() {
            continue;
        }
        let parts: Vec<StepId> = match &why {
            Reason::Chain(all) => all.clone(),
            Reason::Congruence(all) => all.iter().flatten().copied().collect(),
            _ => Vec::new(),
        };
        if !ready && !parts.is_empty() {
            stack.push((s, true));
            stack.extend(parts.into_iter().map(|p| (p, false)));
            continue;
        }
        let back = |p: StepId| {
            let step = &out.list[p as usize];
            out.known(step.right, step.left).unwrap_or(p)
        };
        let why = match why {
            Reason::Chain(all) => Reason::Chain(all.into_iter().rev().map(back).collect()),
            Reason::Congruence(all) => Reason::Congruence(all.into_iter().map(|p| p.map(back)).collect()),
            Reason::Rule { rule, reversed, facts } => Reason::Rule { rule, reversed: !reversed, facts },
            other => other,
        };
        out.push(right, left, why);
    }
    let Step { left, right, .. } = out.list[step as usize];
    out.known(right, left).unwrap_or(step)
}

/// Writes steps that equate the two sides of each goal; `None` where both are the same term.
/// `short`: equations that turn out not to be needed are left out.
pub(super) fn prove(
    terms: &mut Terms,
    equations: &[Equation],
    goals: &[(TermId, TermId)],
    short: bool,
    out: &mut Steps,
) -> Result<Vec<Option<StepId>>, ProofError> {
    let all: Vec<usize> = (0..equations.len()).collect();
    let mut best = Attempt::new(terms, equations, &all, goals);
    if let Some(&(a, b)) = goals.iter().find(|&&(a, b)| !best.closure.equal(a, b)) {
        let text = |t: TermId| terms.exprs(&[t]).map_or(String::new(), |e| crate::pp::brief_line(&e));
        return Err(ProofError::Gap { left: text(a), right: text(b) });
    }
    if short {
        let mut used = best.used(terms, equations, goals);
        let found = Attempt::new(terms, equations, &used, goals);
        if found.reaches(goals) {
            best = found;
        }
        let mut at = used.len();
        while at > 0 && used.len() <= GREEDY {
            at -= 1;
            let without: Vec<usize> = used.iter().copied().filter(|e| *e != used[at]).collect();
            let found = Attempt::new(terms, equations, &without, goals);
            if found.reaches(goals) {
                used = found.used(terms, equations, goals);
                at = at.min(used.len());
                best = found;
            }
        }
    }
    Ok(goals.iter().map(|&g| best.write(terms, equations, g, out)).collect())
}
