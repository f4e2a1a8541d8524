//! A certificate as a chain of rewrites that people can follow.

use super::certificate::{Certificate, Reason, StepId};
use super::term::{Head, TermId, Terms};

/// Work on places (rewrites times terms) beyond which none is given.
const PLACES: usize = 50_000_000;

/// One rewrite of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The step of the certificate.
    pub step: StepId,
    /// The term that it touches.
    pub before: TermId,
    /// What that becomes.
    pub after: TermId,
    /// Where it stands in the expression at this point of the chain: which root, then which operand of
    /// it, and so on, from 0. `None` for an auxiliary rewrite, inside of a term that only the proof has.
    pub place: Option<Vec<usize>>,
}

/// The rewrites in the order in which they lead from the roots before to the roots after.
pub fn lines(proof: &Certificate) -> Vec<Line> {
    let mut terms = proof.terms.clone();
    let mut state = proof.before.clone();
    let order = order(proof);
    let places = order.len().saturating_mul(terms.len()) <= PLACES;
    let mut out = Vec::with_capacity(order.len());
    for step in order {
        let s = &proof.steps[step as usize];
        let place = if places { place(&terms, &state, s.left) } else { None };
        if place.is_some() {
            state = replaced(&mut terms, &state, s.left, s.right);
        }
        out.push(Line { step, before: s.left, after: s.right, place });
    }
    out
}

/// Rewrites that the goals use, each once, in the order of use.
fn order(proof: &Certificate) -> Vec<StepId> {
    let mut out = Vec::new();
    let mut seen = vec![false; proof.steps.len()];
    let mut stack: Vec<(StepId, bool)> = proof.goals.iter().rev().flatten().map(|&g| (g, false)).collect();
    while let Some((s, ready)) = stack.pop() {
        if ready {
            out.push(s);
            continue;
        }
        if std::mem::replace(&mut seen[s as usize], true) {
            continue;
        }
        match &proof.steps[s as usize].why {
            Reason::Chain(all) => stack.extend(all.iter().rev().map(|&p| (p, false))),
            Reason::Congruence(all) => stack.extend(all.iter().rev().flatten().map(|&p| (p, false))),
            Reason::Rule { facts, .. } => {
                stack.push((s, true));
                stack.extend(facts.iter().rev().map(|&p| (p, false)));
            }
            _ => out.push(s),
        }
    }
    out
}

/// The first place of a term, by way of the first roots and operands.
fn place(terms: &Terms, roots: &[TermId], what: TermId) -> Option<Vec<usize>> {
    let mut holds = vec![false; terms.len()];
    holds[what as usize] = true;
    // Operands are smaller than their users.
    for i in what as usize + 1..terms.len() {
        let t = u32::try_from(i).unwrap_or(u32::MAX);
        holds[i] = terms.term(t).args.iter().any(|&a| holds[a as usize]);
    }
    let root = roots.iter().position(|&r| holds[r as usize])?;
    let mut path = vec![root];
    let mut at = roots[root];
    while at != what {
        let next = terms.term(at).args.iter().position(|&a| holds[a as usize])?;
        path.push(next);
        at = terms.term(at).args[next];
    }
    Some(path)
}

/// The roots with a term replaced wherever it stands.
fn replaced(terms: &mut Terms, roots: &[TermId], from: TermId, to: TermId) -> Vec<TermId> {
    let reached = terms.reached(roots);
    let mut at: Vec<TermId> = (0..u32::try_from(reached.len()).unwrap_or(u32::MAX)).collect();
    for (i, _) in reached.iter().enumerate().filter(|(_, r)| **r) {
        let t = u32::try_from(i).unwrap_or(u32::MAX);
        if t == from {
            at[i] = to;
            continue;
        }
        let term = terms.term(t).clone();
        let args: Vec<TermId> = term.args.iter().map(|&a| at[a as usize]).collect();
        if args[..] != term.args[..]
            && let Head::Op(op, attr) = &term.head
            && let Ok(new) = terms.apply(*op, attr, &args)
        {
            at[i] = new;
        }
    }
    roots.iter().map(|&r| at[r as usize]).collect()
}
