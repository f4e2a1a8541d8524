//! The proof of one saturation, from what was written down.

use std::collections::BTreeMap;

use super::certificate::{ProofError, StepId};
use super::closure::Closure;
use super::instance::{Bound, instance, unproved};
use super::prove::{Cause, Equation, Steps, prove};
use super::term::{Head, TermId, Terms};
use crate::egraph::{Log, LogHead};
use crate::facts::Facts;
use crate::op::{Attr, AttrKind, Op};
use crate::optimize::Edge;
use crate::rules::{Rule, RuleSet};

/// A proof over the inputs of one graph.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) terms: Terms,
    pub(super) steps: Steps,
    pub(super) before: Vec<TermId>,
    pub(super) after: Vec<TermId>,
    pub(super) goals: Vec<Option<StepId>>,
}

/// Proves that the roots of an edge have the values that they had.
pub(super) fn local(edge: &Edge, log: &Log, rules: &RuleSet) -> Result<Local, ProofError> {
    let (graph, roots) = &edge.before;
    let mut terms = Terms::new(Terms::inputs_of(graph));
    let vars = terms.all_vars();
    let nodes = terms.import(graph, &vars)?;
    let found = terms.import(&edge.after.0, &vars)?;
    let before: Vec<TermId> = roots.iter().map(|&r| nodes[r as usize]).collect();
    let after: Vec<TermId> = edge.after.1.iter().map(|&r| found[r as usize]).collect();
    let goals: Vec<(TermId, TermId)> = before.iter().copied().zip(after.iter().copied()).collect();
    let equations = equations(&mut terms, &vars, log, rules)?;
    let mut steps = Steps::default();
    let goals = prove(&mut terms, &equations, &goals, true, &mut steps)?;
    Ok(Local { terms, steps, before, after, goals })
}

/// What the e-graph was told, in order.
fn equations(
    terms: &mut Terms,
    vars: &[TermId],
    log: &Log,
    rules: &RuleSet,
) -> Result<Vec<Equation>, ProofError> {
    let mut out = Vec::new();
    let mut closure = Closure::default();
    let mut state = |closure: &mut Closure, terms: &mut Terms, e: Equation| {
        closure.sync(terms);
        let n = u32::try_from(out.len()).unwrap_or(u32::MAX);
        closure.assert(terms, e.left, e.right, n);
        out.push(e);
    };
    if let Some((wider, pairs)) = &log.proposed {
        let at = terms.import(wider, vars)?;
        for &(a, b) in pairs {
            let (left, right) = (at[a as usize], at[b as usize]);
            if terms.ty(left) == terms.ty(right) {
                state(&mut closure, terms, Equation { left, right, cause: Cause::NormalForm });
            }
        }
    }
    let known = log_terms(terms, vars, log);
    for firing in &log.firings {
        let Some(rule) = rules.get(&firing.rule) else {
            return Err(ProofError::NoRule { rule: firing.rule.to_string() });
        };
        closure.sync(terms);
        let raw: Option<Vec<Bound>> =
            firing.binding.iter().map(|&i| known.get(i as usize).cloned().flatten()).collect();
        let Some(raw) = raw else { continue };
        // A plain term says more than another that equals it, and makes a shorter chain.
        let plain: Vec<Bound> = raw
            .iter()
            .map(|b| match b {
                Bound::Term(t) => Bound::Term(plain(terms, &closure, *t)),
                other => other.clone(),
            })
            .collect();
        let made = sides(terms, rule, &plain).map(|s| (s, plain)).or_else(|| {
            let sides = sides(terms, rule, &raw)?;
            Some((sides, raw))
        });
        let Some(((left, right), binding)) = made else { continue };
        closure.sync(terms);
        let pairs = witnesses(terms, &closure, rule, &binding);
        let cause = Cause::Rule(rule.name.clone(), pairs);
        state(&mut closure, terms, Equation { left, right, cause });
    }
    Ok(out)
}

/// The plainest term that is known to equal one, its operands written plainly too.
fn plain(terms: &mut Terms, closure: &Closure, t: TermId) -> TermId {
    let mut made: BTreeMap<TermId, TermId> = BTreeMap::new();
    let mut stack = vec![(t, false)];
    while let Some((t, ready)) = stack.pop() {
        if made.contains_key(&t) {
            continue;
        }
        let least = closure.plainest(t);
        let term = terms.term(least).clone();
        if !ready && !term.args.is_empty() {
            stack.push((t, true));
            // The operands of the smallest term are smaller: this comes to an end.
            stack.extend(term.args.iter().map(|&a| (a, false)));
            continue;
        }
        let new = match &term.head {
            Head::Op(op, attr) => {
                let args: Option<Vec<TermId>> = term.args.iter().map(|a| made.get(a).copied()).collect();
                args.and_then(|args| terms.apply(*op, attr, &args).ok()).unwrap_or(least)
            }
            _ => least,
        };
        made.insert(t, new);
    }
    made.get(&t).copied().unwrap_or(t)
}

/// Both sides of a rule, of one type.
fn sides(terms: &mut Terms, rule: &Rule, binding: &[Bound]) -> Option<(TermId, TermId)> {
    let left = instance(terms, &rule.lhs, binding)?;
    let right = instance(terms, &rule.rhs, binding)?;
    (terms.ty(left) == terms.ty(right)).then_some((left, right))
}

/// The terms of an e-graph, or attributes.
fn log_terms(terms: &mut Terms, vars: &[TermId], log: &Log) -> Vec<Option<Bound>> {
    let mut known: Vec<Option<Bound>> = Vec::with_capacity(log.terms.len());
    for (head, args) in &log.terms {
        let bound = match head {
            LogHead::Const(b) => Some(Bound::Term(terms.lit(f64::from_bits(*b)))),
            LogHead::Int(d, x) => Some(Bound::Term(terms.int(*d, *x))),
            LogHead::Var(v) => vars.get(*v as usize).copied().map(Bound::Term),
            LogHead::Size(d) => Some(Bound::Term(terms.length(d))),
            LogHead::Attr(a) => Some(Bound::Attr(a.clone())),
            LogHead::Op(op) => application(terms, *op, args, &known).map(Bound::Term),
        };
        known.push(bound);
    }
    known
}

fn application(terms: &mut Terms, op: Op, args: &[u32], known: &[Option<Bound>]) -> Option<TermId> {
    let operand = |i: &u32| match known.get(*i as usize)? {
        Some(Bound::Term(t)) => Some(*t),
        _ => None,
    };
    let (attr, rest) = match (op.def().attr, args) {
        (AttrKind::None, rest) => (Attr::None, rest),
        (_, [first, rest @ ..]) => match known.get(*first as usize)? {
            Some(Bound::Attr(a)) => (a.clone(), rest),
            _ => return None,
        },
        (_, []) => return None,
    };
    let args: Vec<TermId> = rest.iter().map(operand).collect::<Option<_>>()?;
    terms.apply(op, &attr, &args).ok()
}

/// For every condition that the form of a value does not prove, an equal term whose form does.
fn witnesses(terms: &Terms, closure: &Closure, rule: &Rule, binding: &[Bound]) -> Vec<(TermId, TermId)> {
    let mut pairs: Vec<(TermId, TermId)> = Vec::new();
    let facts = |pairs: &[(TermId, TermId)], t: TermId| joint(terms, pairs, t);
    for _ in 0..binding.len() {
        let open = unproved(rule, binding, &|t| facts(&pairs, t));
        let Some(&first) = open.first() else { break };
        let found = rule.when[first].args.iter().find_map(|&v| {
            let Some(Bound::Term(t)) = binding.get(v as usize) else { return None };
            closure.class(*t).iter().find_map(|&w| {
                let mut more = pairs.clone();
                more.push((*t, w));
                let better = unproved(rule, binding, &|t| facts(&more, t)).len() < open.len();
                better.then_some((*t, w))
            })
        });
        match found {
            Some(pair) => pairs.push(pair),
            None => break,
        }
    }
    pairs
}

/// What is known of a term: by its own form, and by those of terms that it was found to equal.
pub(super) fn joint(terms: &Terms, pairs: &[(TermId, TermId)], t: TermId) -> Facts {
    let others = pairs.iter().filter(|p| p.0 == t).map(|p| terms.facts(p.1));
    others.fold(terms.facts(t).clone(), |known, f| known.meet(f).unwrap_or(known))
}
