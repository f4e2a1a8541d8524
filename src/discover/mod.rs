//! Rules that are not there yet: equations between small terms that agree wherever they are sampled and that the
//! known rules do not prove, in the manner of Ruler and Enumo.
//!
//! Terms are enumerated by size and told apart by what they are at points of 75 digits (`value`). A larger term is
//! made of the first term of each class only. Two terms of one class, or of two that agree above zero, are an
//! equation; what saturation by the known rules proves is no news. The rest goes, smallest first, through the same
//! refuter as any rule, which also says how little it assumes (`weakest`); what is accepted counts as known for
//! what follows, and at last each must not follow from the others.
//!
//! Sampling proves nothing: what is printed is a proposal with its evidence, for a person to judge.
//!
//! Chandrakana Nandi et al., *Rewrite Rule Inference Using Equality Saturation* (Ruler), OOPSLA 2021; Anjali Pal et
//! al., *Equality Saturation Theory Exploration à la Carte* (Enumo), OOPSLA 2023.

mod enumerate;
mod equation;
mod known;
mod show;
mod value;
mod weakest;

use std::fmt;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::op::{AttrKind, Kernel, Op, Role};
use crate::rules::check::Refutation;
use crate::rules::{Profile, Rule, RuleSet};
use enumerate::Terms;
use equation::Equation;
use known::Theory;

/// The most variables that terms may have.
pub const MOST_VARIABLES: usize = 4;
/// The largest terms, in operators, variables and numbers.
pub const LARGEST: usize = 9;

/// Over what to search, and how far. All limits are counts: the result is a function of these.
#[derive(Debug, Clone)]
pub struct Search {
    /// The operators of the terms.
    pub ops: Vec<Op>,
    /// How many variables they have, at most.
    pub variables: usize,
    /// The numbers in them.
    pub numbers: Vec<f64>,
    /// Operators, variables and numbers of one term, at most.
    pub size: usize,
    /// Terms, at most.
    pub terms: usize,
    /// Where the points begin.
    pub seed: u64,
    /// What is known.
    pub rules: Arc<RuleSet>,
    /// What known rules and new ones may assume.
    pub profile: Profile,
}

impl Search {
    /// Terms of up to five nodes over two variables, 0, 1 and 2, beside the standard rules.
    pub fn over(ops: Vec<Op>) -> Search {
        Search {
            ops,
            variables: 2,
            numbers: vec![0.0, 1.0, 2.0],
            size: 5,
            terms: 20_000,
            seed: 1,
            rules: crate::optimize::standard_rules(),
            profile: Profile::Real,
        }
    }
}

/// Why a search is not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiscoverError {
    /// No operator is given.
    NoOperator,
    /// Terms of an operator cannot be enumerated.
    Operator {
        /// Its name.
        name: &'static str,
        /// What it is or lacks.
        why: &'static str,
    },
    /// Too many variables, or none.
    Variables {
        /// How many.
        given: usize,
    },
    /// Terms of a size that is 0 or beyond [`LARGEST`].
    Size {
        /// The size.
        given: usize,
    },
    /// A number that is infinite or NaN.
    Number {
        /// As text.
        given: String,
    },
}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOperator => f.write_str("no operator to make terms of"),
            Self::Operator { name, why } => write!(f, "terms of `{name}` are not enumerated: it {why}"),
            Self::Variables { given } => {
                write!(f, "terms have 1 to {MOST_VARIABLES} variables, not {given}")
            }
            Self::Size { given } => write!(f, "terms have 1 to {LARGEST} nodes, not {given}"),
            Self::Number { given } => write!(f, "{given} is no number for a rule"),
        }
    }
}

impl std::error::Error for DiscoverError {}

/// What an assumption is needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The word, or the condition that was weakened.
    pub word: String,
    /// What happens without it.
    pub without: Refutation,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The rule; two if it is written `<=>`.
    pub rules: Vec<Rule>,
    /// As it would stand in a rule file.
    pub text: String,
    /// Points at which it was not refuted.
    pub points: usize,
    /// Why it does not assume less.
    pub needs: Vec<Need>,
}

/// What a search found, and what it went through.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// The proposals, smallest first.
    pub proposals: Vec<Proposal>,
    /// Terms that were made.
    pub terms: usize,
    /// Values that they have.
    pub classes: usize,
    /// Equations between them, up to the names of variables.
    pub equations: usize,
    /// Equations that the known rules prove, or those and the proposals.
    pub follow: usize,
    /// Equations that are refuted under all that the profile grants.
    pub refuted: usize,
    /// Was the limit on terms met?
    pub cut: bool,
}

/// Searches for rules.
///
/// # Errors
/// An operator whose terms cannot be enumerated, or a bound out of range.
///
/// ```
/// use egrad::discover::{Search, discover};
/// use egrad::op::Op;
///
/// // What is there to know of the sign of a number, if nothing is known?
/// let ops = ["sgn", "neg"].iter().filter_map(|name| Op::by_name(name)).collect();
/// let search = Search { variables: 1, size: 4, rules: Default::default(), numbers: vec![], ..Search::over(ops) };
/// let found = discover(&search)?;
/// assert!(found.proposals.iter().any(|p| p.rules[0].equation() == "(sgn (sgn ?x)) => (sgn ?x)"));
/// # Ok::<(), egrad::discover::DiscoverError>(())
/// ```
pub fn discover(search: &Search) -> Result<Discovery, DiscoverError> {
    check(search)?;
    let terms = Terms::enumerate(search);
    let equations = equation::all(&terms);
    let mut theory = Theory::new(&terms, search);
    let mut found = Discovery {
        proposals: Vec::new(),
        terms: terms.len(),
        classes: terms.classes(),
        equations: equations.len(),
        follow: 0,
        refuted: 0,
        cut: terms.cut,
    };
    let mut accepted: Vec<(Equation, Proposal)> = Vec::new();
    // What only the optimizer proves: rules too, so that what follows from it follows.
    let mut lemmas: Vec<Rule> = Vec::new();
    for e in &equations {
        match judge(e, &theory, search.profile) {
            Verdict::Follows => found.follow += 1,
            Verdict::Refuted => found.refuted += 1,
            Verdict::Lemma(rules) => {
                found.follow += 1;
                theory.learn(&rules);
                lemmas.extend(rules);
            }
            Verdict::New(e, p) => {
                theory.learn(&p.rules);
                accepted.push((e, p));
            }
        }
    }
    // A later one may prove an earlier one, whose turn came when less was known.
    for i in (0..accepted.len()).rev() {
        let others = accepted.iter().enumerate().filter(|(j, _)| *j != i).flat_map(|(_, (_, p))| &p.rules);
        if theory.without(others.chain(&lemmas).cloned().collect()).proves(&accepted[i].0) == Some(true) {
            accepted.remove(i);
            found.follow += 1;
        }
    }
    found.proposals = accepted.into_iter().map(|(_, p)| p).collect();
    for (i, p) in found.proposals.iter_mut().enumerate() {
        show::name(p, i + 1);
    }
    Ok(found)
}

/// What becomes of an equation.
enum Verdict {
    /// It follows from what is known.
    Follows,
    /// So it does, but only the optimizer sees it.
    Lemma(Vec<Rule>),
    /// There is a counterexample, or facts contradict each other: a side is nowhere defined, or a known rule is wrong.
    Refuted,
    /// It is proposed, as general as it holds.
    New(Equation, Proposal),
}

fn judge(e: &Equation, theory: &Theory<'_>, profile: Profile) -> Verdict {
    match theory.proves(e) {
        None => return Verdict::Refuted,
        Some(true) => return Verdict::Follows,
        Some(false) => {}
    }
    let Some(general) = weakest::generalized(e, profile) else { return Verdict::Refuted };
    if general.is_other_than(e) && theory.proves(&general) == Some(true) {
        return Verdict::Follows;
    }
    if theory.optimized(&general) {
        return Verdict::Lemma(weakest::rules(&general, profile));
    }
    match weakest::proposal(&general, profile) {
        Some(p) => Verdict::New(general, p),
        None => Verdict::Refuted,
    }
}

fn check(search: &Search) -> Result<(), DiscoverError> {
    if search.ops.is_empty() {
        return Err(DiscoverError::NoOperator);
    }
    for op in &search.ops {
        if let Some(why) = not_enumerable(*op) {
            return Err(DiscoverError::Operator { name: op.def().name, why });
        }
    }
    if !(1..=MOST_VARIABLES).contains(&search.variables) {
        return Err(DiscoverError::Variables { given: search.variables });
    }
    if !(1..=LARGEST).contains(&search.size) {
        return Err(DiscoverError::Size { given: search.size });
    }
    match search.numbers.iter().find(|x| !x.is_finite()) {
        Some(x) => Err(DiscoverError::Number { given: x.to_string() }),
        None => Ok(()),
    }
}

/// Why the terms of an operator cannot be enumerated, as the end of a sentence; nothing if they can.
pub fn not_enumerable(op: Op) -> Option<&'static str> {
    let d = op.def();
    if d.lower.is_some() {
        Some("is written with other operators before rules see it")
    } else if d.role != Role::Elementwise
        || !matches!(d.kernel, Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_))
    {
        Some("does not work element by element")
    } else if d.attr != AttrKind::None {
        Some("takes an attribute")
    } else if d.real.is_none() {
        Some("has no meaning over the reals")
    } else {
        None
    }
}

/// Keeps the first of each.
fn distinct<T: Clone + Eq + std::hash::Hash>(all: &[T]) -> Vec<T> {
    let mut seen = FxHashSet::default();
    all.iter().filter(|x| seen.insert((*x).clone())).cloned().collect()
}
