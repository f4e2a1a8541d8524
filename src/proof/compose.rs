//! The proofs of all steps of an optimization as one.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::certificate::{Certificate, ProofError, Reason, StepId};
use super::prove::{Cause, Equation, Steps, prove};
use super::saturation::{Local, local};
use super::term::{Head, TermId, Terms};
use crate::facts::value_of;
use crate::graph::{self, Graph, Id};
use crate::optimize::{Form, How, Lengths, Options, Patch, Trail, Way, doubled};

/// Proves that an optimization kept the values, from what it wrote down. Singles that were optimized as doubles are
/// doubles in the proof, too: its steps are equal in both formats.
///
/// # Errors
/// What was written down does not equate the first form and the last: a fault of the optimizer.
pub fn certify(
    before: &Form,
    after: &Form,
    trail: &Trail,
    options: &Options,
) -> Result<Certificate, ProofError> {
    let way = Way::new(trail);
    let mut edges = way.between(before, after);
    let doubles = match edges {
        Some(_) => None,
        None => doubled(&before.0, &before.1).zip(doubled(&after.0, &after.1)),
    };
    let (before, after) = doubles.as_ref().map_or((before, after), |(b, a)| (b, a));
    if doubles.is_some() {
        edges = way.between(before, after);
    }
    let mut terms = Terms::new(Terms::inputs_of(&before.0));
    let vars = terms.all_vars();
    let of = |terms: &mut Terms, form: &Form| -> Result<Vec<TermId>, ProofError> {
        let at = terms.import(&form.0, &vars)?;
        Ok(form.1.iter().map(|&r| at[r as usize]).collect())
    };
    let (first, last) = (of(&mut terms, before)?, of(&mut terms, after)?);
    let mut whole =
        Whole { terms, vars, steps: Steps::default(), trail, way, options, locals: BTreeMap::new() };
    let mut chains: Vec<Vec<StepId>> = vec![Vec::new(); first.len()];
    for e in edges.ok_or(ProofError::NoWay)? {
        for (chain, goal) in chains.iter_mut().zip(whole.edge(e)?) {
            chain.extend(goal);
        }
    }
    let mut goals = Vec::with_capacity(first.len());
    for ((&a, &b), chain) in first.iter().zip(&last).zip(chains) {
        goals.push(whole.join(a, b, chain)?);
    }
    let Whole { terms, steps, .. } = whole;
    Ok(Certificate { profile: options.profile, terms, steps: steps.list, before: first, after: last, goals })
}

struct Whole<'a> {
    terms: Terms,
    vars: Vec<TermId>,
    steps: Steps,
    trail: &'a Trail,
    way: Way,
    options: &'a Options,
    /// Proofs of saturations that were needed already.
    locals: BTreeMap<usize, Local>,
}

impl Whole<'_> {
    /// One step for several that follow each other; `None` when there is nothing to prove.
    fn join(&mut self, a: TermId, b: TermId, chain: Vec<StepId>) -> Result<Option<StepId>, ProofError> {
        let ends = |chain: &[StepId]| {
            let step = |s: &StepId| &self.steps.list[*s as usize];
            chain.first().zip(chain.last()).map(|(f, l)| (step(f).left, step(l).right))
        };
        match chain.as_slice() {
            [] if a == b => Ok(None),
            [one] if ends(&chain) == Some((a, b)) => Ok(Some(*one)),
            all if ends(all) == Some((a, b)) => Ok(Some(self.steps.push(a, b, Reason::Chain(chain)))),
            _ => Err(ProofError::NoWay),
        }
    }

    /// The steps that an edge between forms of the whole is made of, for each root.
    fn edge(&mut self, e: usize) -> Result<Vec<Option<StepId>>, ProofError> {
        let edge = &self.trail.edges[e];
        match &edge.how {
            How::Saturation(..) => {
                let inputs = self.vars.clone();
                self.saturation(e, &inputs, &Lengths::default())
            }
            How::Splice(parts) => self.splice(&edge.before, &edge.after, parts),
            How::NormalForm(pairs) => self.collected(&edge.before, &edge.after, pairs),
            How::Fold => self.fold(&edge.before, &edge.after),
        }
    }

    /// The steps of a saturation, its inputs being these terms and its lengths these.
    fn saturation(
        &mut self,
        e: usize,
        inputs: &[TermId],
        lengths: &Lengths,
    ) -> Result<Vec<Option<StepId>>, ProofError> {
        if !self.locals.contains_key(&e) {
            let edge = &self.trail.edges[e];
            let How::Saturation(_, log) = &edge.how else { return Err(ProofError::NoWay) };
            self.locals.insert(e, local(edge, log, &self.options.rules)?);
        }
        let part = &self.locals[&e];
        let mut roots: Vec<TermId> = part.steps.list.iter().flat_map(|s| [s.left, s.right]).collect();
        roots.extend(part.before.iter().chain(&part.after));
        let mut at: Vec<TermId> = vec![0; part.terms.len()];
        for (i, _) in part.terms.reached(&roots).iter().enumerate().filter(|(_, r)| **r) {
            let term = part.terms.term(u32::try_from(i).unwrap_or(u32::MAX));
            at[i] = match &term.head {
                Head::Var(v) => inputs.get(*v as usize).copied().ok_or(ProofError::NoWay)?,
                Head::Const(b) => self.terms.lit(f64::from_bits(*b)),
                Head::Int(d, x) => self.terms.int(*d, *x),
                Head::Size(d) => self.terms.length(&lengths.outward(d)),
                Head::Op(op, attr) => {
                    let args: Vec<TermId> = term.args.iter().map(|&a| at[a as usize]).collect();
                    self.terms.apply(*op, &lengths.attr_outward(attr), &args)?
                }
            };
        }
        let mut step_at: Vec<StepId> = Vec::with_capacity(part.steps.list.len());
        for s in &part.steps.list {
            let map = |all: &[StepId]| all.iter().map(|&p| step_at[p as usize]).collect::<Vec<StepId>>();
            let why = match &s.why {
                Reason::Rule { rule, reversed, facts } => {
                    Reason::Rule { rule: rule.clone(), reversed: *reversed, facts: map(facts) }
                }
                Reason::Chain(all) => Reason::Chain(map(all)),
                Reason::Congruence(all) => {
                    Reason::Congruence(all.iter().map(|p| p.map(|p| step_at[p as usize])).collect())
                }
                other => other.clone(),
            };
            let (left, right) = (at[s.left as usize], at[s.right as usize]);
            step_at.push(self.steps.push(left, right, why));
        }
        Ok(part.goals.iter().map(|g| g.map(|s| step_at[s as usize])).collect())
    }

    /// Windows put back: what each equates, and congruence.
    fn splice(
        &mut self,
        before: &Form,
        after: &Form,
        parts: &[Patch],
    ) -> Result<Vec<Option<StepId>>, ProofError> {
        let vars = self.vars.clone();
        let old = self.terms.import(&before.0, &vars)?;
        let new = self.terms.import(&after.0, &vars)?;
        let mut equations = Vec::new();
        for part in parts {
            let inputs: Vec<TermId> = part.inputs.iter().map(|&i| old[i as usize]).collect();
            let way = self.way.between(&part.before, &part.after).ok_or(ProofError::NoWay)?;
            let mut chains: Vec<Vec<StepId>> = vec![Vec::new(); part.outputs.len()];
            for e in way {
                for (chain, goal) in chains.iter_mut().zip(self.saturation(e, &inputs, &part.lengths)?) {
                    chain.extend(goal);
                }
            }
            for chain in chains.into_iter().filter(|c| !c.is_empty()) {
                let (first, last) = (chain[0], chain[chain.len() - 1]);
                let (a, b) = (self.steps.list[first as usize].left, self.steps.list[last as usize].right);
                if let Some(s) = self.join(a, b, chain)? {
                    equations.push(Equation { left: a, right: b, cause: Cause::Known(s) });
                }
            }
        }
        let goals = pairs(&old, &before.1, &new, &after.1);
        prove(&mut self.terms, &equations, &goals, false, &mut self.steps)
    }

    /// Sums that were written in another way.
    fn collected(
        &mut self,
        before: &Form,
        after: &Form,
        sums: &[(Id, Id)],
    ) -> Result<Vec<Option<StepId>>, ProofError> {
        let vars = self.vars.clone();
        let old = self.terms.import(&before.0, &vars)?;
        let new = self.terms.import(&after.0, &vars)?;
        // One step at a time: what is below a node is written anew already.
        let mut at = old.clone();
        let mut equations = Vec::new();
        let written: FxHashMap<Id, Id> = sums.iter().copied().collect();
        for id in before.0.reachable(&before.1) {
            let node = before.0.node(id);
            let graph::Head::Op(op, attr) = node.head else { continue };
            let args: Vec<TermId> = node.args.iter().map(|&a| at[a as usize]).collect();
            let left = self.terms.apply(op, before.0.attr(attr), &args)?;
            at[id as usize] = left;
            if let Some(&b) = written.get(&id) {
                let right = new[b as usize];
                equations.push(Equation { left, right, cause: Cause::NormalForm });
                at[id as usize] = right;
            }
        }
        let goals = pairs(&old, &before.1, &new, &after.1);
        prove(&mut self.terms, &equations, &goals, false, &mut self.steps)
    }

    /// Constants as doubles compute them.
    fn fold(&mut self, before: &Form, after: &Form) -> Result<Vec<Option<StepId>>, ProofError> {
        let vars = self.vars.clone();
        let old = self.terms.import(&before.0, &vars)?;
        let new = self.terms.import(&after.0, &vars)?;
        let equations = self.folded(&before.0, &before.1, &old)?;
        let goals = pairs(&old, &before.1, &new, &after.1);
        prove(&mut self.terms, &equations, &goals, false, &mut self.steps)
    }

    fn folded(&mut self, graph: &Graph, roots: &[Id], old: &[TermId]) -> Result<Vec<Equation>, ProofError> {
        let mut at = old.to_vec();
        let mut equations = Vec::new();
        for id in graph.reachable(roots) {
            let node = graph.node(id);
            let graph::Head::Op(op, attr) = node.head else { continue };
            let args: Vec<TermId> = node.args.iter().map(|&a| at[a as usize]).collect();
            let left = self.terms.apply(op, graph.attr(attr), &args)?;
            let values: Option<Vec<f64>> = args.iter().map(|&a| self.terms.constant(a)).collect();
            at[id as usize] = left;
            let float = self.terms.ty(left).dtype.is_float();
            if let Some(x) = values.filter(|_| float).and_then(|v| value_of(op, &v)) {
                let right = self.terms.lit(x);
                equations.push(Equation { left, right, cause: Cause::Fold });
                at[id as usize] = right;
            }
        }
        Ok(equations)
    }
}

fn pairs(old: &[TermId], before: &[Id], new: &[TermId], after: &[Id]) -> Vec<(TermId, TermId)> {
    before.iter().zip(after).map(|(&a, &b)| (old[a as usize], new[b as usize])).collect()
}
