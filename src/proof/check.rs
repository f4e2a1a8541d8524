//! The checker: replays each step of a certificate from the text of the rules, and samples it.
//!
//! A step holds if it is what its reason says: a rule's left side matches the one term, its
//! conditions are proved by the terms' own form or by terms that earlier steps equate with them, and
//! its right side, written out, is the other term; congruence and chains use earlier steps only. What
//! the normal form and folding claim is compared with 75 digits. Every rewrite is compared at
//! points in doubles besides.

use std::fmt;

use super::certificate::{Certificate, Reason, Step, StepId};
use super::instance::{instance, matched, unproved};
use super::sample::{identical, points};
use super::term::{Head, TermId, Terms};
use crate::facts::{Facts, value_of};
use crate::num::{Real, ulps};
use crate::op::{Attr, Role};
use crate::rules::{Profile, RuleSet};

/// Units in the last place by which a folded constant may differ from the number that it stands for.
const FOLD_ULPS: f64 = 4.0;

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checked {
    /// All steps.
    pub steps: usize,
    /// Those that are rewrites of their own.
    pub rewrites: usize,
    /// Rewrites whose two sides were also compared at sampled points.
    pub sampled: usize,
}

/// In what a step fails.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It names a term or a step that there is not, or not yet.
    Order,
    /// The rules have no such rule.
    NoRule,
    /// The profile does not grant what the rule assumes.
    NotGranted {
        /// What it assumes.
        assumes: String,
    },
    /// The side of the rule does not match the term.
    NoMatch,
    /// A condition is not proved.
    Condition {
        /// The condition's name.
        name: &'static str,
    },
    /// The other side of the rule is another term.
    OtherResult,
    /// The two terms have different types.
    Type,
    /// The operands are not equal by the steps named, or the operators differ.
    Congruence,
    /// The steps named do not follow each other.
    Chain,
    /// The value of the constants is another, or they are none.
    Fold,
    /// The broadcast or reshape changes something.
    Unmoved,
    /// The two are not one polynomial.
    NormalForm,
    /// The two terms have different values at sampled points.
    Value,
}

/// A step that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckError {
    /// Its position; `None` for what the proof claims as a whole.
    pub step: Option<StepId>,
    /// What it is called.
    pub name: String,
    /// In what it fails.
    pub fault: Fault,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Order => write!(f, "it names what is not there yet"),
            Fault::NoRule => write!(f, "there is no such rule"),
            Fault::NotGranted { assumes } => write!(f, "it assumes `{assumes}`, which is not granted"),
            Fault::NoMatch => write!(f, "the rule does not match the term"),
            Fault::Condition { name } => write!(f, "the condition `{name}` is not proved"),
            Fault::OtherResult => write!(f, "the rule gives another term"),
            Fault::Type => write!(f, "the terms have different types"),
            Fault::Congruence => write!(f, "the operands are not equal by earlier steps"),
            Fault::Chain => write!(f, "its parts do not follow each other"),
            Fault::Fold => write!(f, "the constants have another value"),
            Fault::Unmoved => write!(f, "the new lengths change something"),
            Fault::NormalForm => write!(f, "the two are not one polynomial"),
            Fault::Value => write!(f, "the terms have different values"),
        }
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(n) => write!(f, "step {n}, `{}`: {}", self.name, self.fault),
            None => write!(f, "the claim: {}", self.fault),
        }
    }
}

impl std::error::Error for CheckError {}

/// Checks every step and that the steps equate the roots.
///
/// # Errors
/// The first step that does not hold.
pub fn check(proof: &Certificate, rules: &RuleSet) -> Result<Checked, CheckError> {
    // Writing out a right side may need terms that the proof does not have.
    let mut terms = proof.terms.clone();
    let mut done = Checked::default();
    let mut rewrites = Vec::new();
    for (n, step) in proof.steps.iter().enumerate() {
        let id = u32::try_from(n).unwrap_or(u32::MAX);
        let failed = |fault| CheckError { step: Some(id), name: step.why.name().to_string(), fault };
        replay(&mut terms, &proof.steps[..n], step, proof.profile, rules).map_err(failed)?;
        done.steps += 1;
        if step.why.is_rewrite() {
            done.rewrites += 1;
            rewrites.push((id, step));
        }
    }
    claims(proof)?;
    let ends: Vec<TermId> = rewrites.iter().flat_map(|(_, s)| [s.left, s.right]).collect();
    let found = points(&proof.terms, &proof.terms.reached(&ends));
    for (id, step) in rewrites {
        let verdicts: Vec<bool> = found.iter().filter_map(|p| p.agree(step.left, step.right)).collect();
        let wrong = verdicts.iter().filter(|v| !**v).count();
        // One point may lose its digits; not most of them.
        if wrong * 2 > verdicts.len() {
            return Err(CheckError {
                step: Some(id),
                name: step.why.name().to_string(),
                fault: Fault::Value,
            });
        }
        done.sampled += usize::from(!verdicts.is_empty());
    }
    Ok(done)
}

/// Do the goals equate the roots?
fn claims(proof: &Certificate) -> Result<(), CheckError> {
    let n = proof.before.len();
    let mut good = n == proof.after.len() && n == proof.goals.len();
    for ((&a, &b), goal) in proof.before.iter().zip(&proof.after).zip(&proof.goals) {
        good = good
            && match goal {
                None => a == b,
                Some(s) => proof.steps.get(*s as usize).is_some_and(|s| s.left == a && s.right == b),
            };
    }
    if good { Ok(()) } else { Err(CheckError { step: None, name: String::new(), fault: Fault::Chain }) }
}

/// Is the step what its reason says?
fn replay(
    terms: &mut Terms,
    earlier: &[Step],
    step: &Step,
    profile: Profile,
    rules: &RuleSet,
) -> Result<(), Fault> {
    let Step { left, right, why } = step;
    let (left, right) = (*left, *right);
    if left as usize >= terms.len() || right as usize >= terms.len() {
        return Err(Fault::Order);
    }
    let at = |s: &StepId| earlier.get(*s as usize).ok_or(Fault::Order);
    match why {
        Reason::Rule { rule, reversed, facts } => {
            let rule = rules.get(rule).ok_or(Fault::NoRule)?;
            if !rule.assumes.within(profile.grants()) {
                return Err(Fault::NotGranted { assumes: rule.assumes.to_string() });
            }
            let (from, to) = if *reversed { (right, left) } else { (left, right) };
            let binding = matched(terms, rule, from).ok_or(Fault::NoMatch)?;
            let also: Vec<&Step> = facts.iter().map(at).collect::<Result<_, _>>()?;
            let known = |t: TermId| -> Facts {
                let others = also.iter().filter(|s| s.left == t).map(|s| terms.facts(s.right));
                others.fold(terms.facts(t).clone(), |f, g| f.meet(g).unwrap_or(f))
            };
            if let Some(&open) = unproved(rule, &binding, &known).first() {
                return Err(Fault::Condition { name: rule.when[open].condition.name });
            }
            if instance(terms, &rule.rhs, &binding) != Some(to) {
                return Err(Fault::OtherResult);
            }
            same_type(terms, left, right)
        }
        Reason::NormalForm => {
            same_type(terms, left, right)?;
            if identical(terms, left, right) == Some(false) { Err(Fault::NormalForm) } else { Ok(()) }
        }
        Reason::Fold => {
            if !adapts(terms, left, right) && !adapts(terms, right, left) {
                same_type(terms, left, right)?;
            }
            let same = match (terms.facts(left).constant, terms.facts(right).constant) {
                (Some(a), Some(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
                _ => false,
            };
            if same || rounded(terms, left, right) || rounded(terms, right, left) {
                Ok(())
            } else {
                Err(Fault::Fold)
            }
        }
        Reason::Unmoved => {
            let plain = |a: TermId, b: TermId| {
                let term = terms.term(a);
                // Whatever only gives elements new lengths: a broadcast, a reshape.
                let lays_out =
                    matches!(&term.head, Head::Op(op, Attr::Dims(_)) if op.def().role == Role::Move);
                lays_out && term.args[..] == [b] && terms.ty(a) == terms.ty(b)
            };
            if plain(left, right) || plain(right, left) { Ok(()) } else { Err(Fault::Unmoved) }
        }
        Reason::Congruence(parts) => {
            let (a, b) = (terms.term(left), terms.term(right));
            if a.head != b.head || a.args.len() != b.args.len() || parts.len() != a.args.len() {
                return Err(Fault::Congruence);
            }
            for ((&x, &y), part) in a.args.iter().zip(&b.args).zip(parts) {
                let equal = match part {
                    None => x == y,
                    Some(s) => at(s).map(|s| s.left == x && s.right == y)?,
                };
                if !equal {
                    return Err(Fault::Congruence);
                }
            }
            Ok(())
        }
        Reason::Chain(parts) => {
            let mut end = left;
            for part in parts {
                let part = at(part)?;
                if part.left != end {
                    return Err(Fault::Chain);
                }
                end = part.right;
            }
            if end == right { Ok(()) } else { Err(Fault::Chain) }
        }
    }
}

fn same_type(terms: &Terms, left: TermId, right: TermId) -> Result<(), Fault> {
    if terms.ty(left) == terms.ty(right) { Ok(()) } else { Err(Fault::Type) }
}

/// Is the second a double as a literal is, which adapts to what it meets, and the first a float of its shape?
fn adapts(terms: &Terms, of: TermId, number: TermId) -> bool {
    let (from, to) = (terms.ty(of), terms.ty(number));
    matches!(terms.term(number).head, Head::Const(_)) && from.dtype.is_float() && from.shape == to.shape
}

/// Is `number` the value of an operator on numbers, up to rounding?
fn rounded(terms: &Terms, application: TermId, number: TermId) -> bool {
    let (Head::Op(op, _), Some(x)) = (&terms.term(application).head, terms.constant(number)) else {
        return false;
    };
    let args: Option<Vec<f64>> = terms.term(application).args.iter().map(|&a| terms.constant(a)).collect();
    let Some(args) = args else { return false };
    match op.def().real {
        Some(real) if x.is_finite() && args.iter().all(|a| a.is_finite()) => {
            let exact = real(&args.iter().map(|&a| Real::from(a)).collect::<Vec<_>>());
            ulps(x, exact.to_f64()) <= FOLD_ULPS
        }
        // Beyond the reals, and for operators that have no meaning there: as doubles compute it.
        _ => value_of(*op, &args).is_some_and(|y| y.to_bits() == x.to_bits() || x.is_nan() && y.is_nan()),
    }
}
