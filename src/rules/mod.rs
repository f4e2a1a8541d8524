//! Rewrite rules: text files, their meaning, and how they are tested.
//!
//! A rule is one named line in a rule file. It knows operators only through the table.

mod assume;
mod ast;
mod attr_fn;
pub mod check;
mod cond;
mod family;
mod index;
mod instance;
mod keys;
mod literal;
mod parse;
mod pattern;
mod set;
mod show;
mod words;

pub use assume::{Assumes, Profile};
pub use ast::{AttrPattern, Cond, PNode, Pattern, Positions, Rule, VarKind};
pub use attr_fn::{AttrFn, attr_fn, attr_fns};
pub use cond::{Condition, Known, condition, conditions};
pub use family::{Family, families, family};
pub use set::{RuleErrors, RuleSet, STANDARD_FILES, SetError};
