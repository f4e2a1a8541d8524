//! The refuter: samples a rule against exactly what it promises. It finds counterexamples and
//! proves nothing.
//!
//! Both sides are typed for many typings of the variables and evaluated on special and random
//! values; what equal means follows from the rule's assumptions, word by word (`rules/README.md`).
//! Scalar rules about the reals are judged with 75 digits, everything else in doubles.

mod array;
mod judge;
mod point;
mod sample;
mod tensors;
mod typing;
mod unknown;

use std::fmt;
use std::sync::Arc;

use super::ast::Rule;
use super::set::RuleSet;

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checked {
    /// Typings under which both sides have one type.
    pub typings: usize,
    /// Points at which both sides were compared.
    pub points: usize,
}

/// In what a rule fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The sides have different types.
    Type,
    /// The sides have different values.
    Value,
    /// The right side has fewer correct digits than the left, in a rule tagged `stabilize`.
    Accuracy,
    /// No typing, or no point, was there to compare the sides.
    Unchecked,
}

/// A counterexample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refutation {
    /// The rule.
    pub rule: Arc<str>,
    /// In what it fails.
    pub failure: Failure,
    /// Names and types, or attributes, of the variables.
    pub typing: Vec<(Arc<str>, String)>,
    /// Names and values of the variables; empty when types differ.
    pub values: Vec<(Arc<str>, String)>,
    /// What the left side is.
    pub left: String,
    /// What the right side is.
    pub right: String,
}

impl fmt::Display for Refutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refutation { left, right, .. } = self;
        match self.failure {
            Failure::Type => write!(f, "type {left} became {right}")?,
            Failure::Value => write!(f, "{left} became {right}")?,
            Failure::Accuracy => write!(f, "{left} became {right}")?,
            Failure::Unchecked => return write!(f, "checked nothing: {left}"),
        }
        let shown = if self.values.is_empty() { &self.typing } else { &self.values };
        for (i, (name, what)) in shown.iter().enumerate() {
            write!(f, "{} {name} = {what}", if i == 0 { " where" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for Refutation {}

/// Tries to refute a rule.
///
/// # Errors
/// A counterexample, or that nothing could be compared.
pub fn check(rule: &Rule) -> Result<Checked, Refutation> {
    judge::check(rule)
}

/// Tries to refute every rule of a set.
///
/// # Errors
/// One refutation for each rule that has one, in the order of the set.
pub fn check_all(set: &RuleSet) -> Result<Checked, Vec<Refutation>> {
    let mut all = Checked::default();
    let mut bad = Vec::new();
    for rule in set.rules() {
        match check(rule) {
            Ok(c) => {
                all.typings += c.typings;
                all.points += c.points;
            }
            Err(r) => bad.push(r),
        }
    }
    if bad.is_empty() { Ok(all) } else { Err(bad) }
}
