//! What a proof is: terms, steps that equate two of them, and the steps that equate the roots.

use std::fmt;
use std::sync::Arc;

use super::term::{TermId, Terms};
use crate::expr::TypeError;
use crate::rules::Profile;

/// A step, by position.
pub type StepId = u32;

/// Why two terms are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A rule.
    Rule {
        /// Its name.
        rule: Arc<str>,
        /// The left term is an instance of its right side.
        reversed: bool,
        /// Earlier steps that equate what a variable stands for with terms that prove a condition.
        facts: Vec<StepId>,
    },
    /// One polynomial, written in two ways; relations tagged `normal` included.
    NormalForm,
    /// Constants folded: exactly, or in the end as doubles compute them.
    Fold,
    /// A broadcast to the lengths that a value has.
    Unmoved,
    /// The same operator on operands that are equal; for each the earlier step, unless it is the same.
    Congruence(Vec<Option<StepId>>),
    /// Earlier steps, one after the other.
    Chain(Vec<StepId>),
}

impl Reason {
    /// What it is called: a rule by its name.
    pub fn name(&self) -> &str {
        match self {
            Reason::Rule { rule, .. } => rule,
            Reason::NormalForm => "normal-form",
            Reason::Fold => "fold",
            Reason::Unmoved => "unmoved",
            Reason::Congruence(_) => "congruence",
            Reason::Chain(_) => "chain",
        }
    }

    /// Is it a rewrite of its own, not put together from others?
    pub fn is_rewrite(&self) -> bool {
        !matches!(self, Reason::Congruence(_) | Reason::Chain(_))
    }
}

/// Two equal terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// One.
    pub left: TermId,
    /// The other.
    pub right: TermId,
    /// Why.
    pub why: Reason,
}

/// A proof that the terms before and after have the same values.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// What rules may assume.
    pub profile: Profile,
    /// The terms.
    pub terms: Terms,
    /// The steps; each uses earlier ones only.
    pub steps: Vec<Step>,
    /// The roots as they were given.
    pub before: Vec<TermId>,
    /// The roots as they were extracted.
    pub after: Vec<TermId>,
    /// For each root the step that equates the two, unless they are the same.
    pub goals: Vec<Option<StepId>>,
}

/// Why there is no proof.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError {
    /// A term does not type-check.
    Type(TypeError),
    /// What was written down does not lead from the first form to the last.
    NoWay,
    /// What was written down does not equate two terms.
    Gap {
        /// One.
        left: String,
        /// The other.
        right: String,
    },
    /// A rule that was used is not in the set.
    NoRule {
        /// Its name.
        rule: String,
    },
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProofError::Type(e) => write!(f, "a term of the proof: {e}"),
            ProofError::NoWay => write!(f, "the record does not lead from the first form to the last"),
            ProofError::Gap { left, right } => write!(f, "the record does not equate {left} and {right}"),
            ProofError::NoRule { rule } => write!(f, "rule `{rule}` was used and is not in the set"),
        }
    }
}

impl std::error::Error for ProofError {}

impl From<TypeError> for ProofError {
    fn from(e: TypeError) -> ProofError {
        ProofError::Type(e)
    }
}
