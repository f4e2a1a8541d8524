//! Proposals as text that is read as a rule file.

use std::fmt::Write as _;

use super::{Discovery, Proposal};
use crate::rules::Assumes;

/// A rule before it has a number.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) left: String,
    pub(super) arrow: &'static str,
    pub(super) right: String,
    pub(super) when: Vec<String>,
    pub(super) assumes: Assumes,
}

/// What every proposal is called until it has a number.
const NAME: &str = "found";

impl Draft {
    pub(super) fn text(&self, points: usize) -> String {
        let Draft { left, arrow, right, when, assumes } = self;
        let mut out = format!("(rule {NAME}\n  \"Agrees at {points} points and is not proved.\"\n");
        let _ = write!(out, "  {left} {arrow} {right}");
        if !when.is_empty() {
            let _ = write!(out, "\n  :when ({})", when.join(" "));
        }
        if *assumes != Assumes::NONE {
            let _ = write!(out, "\n  :assumes ({assumes})");
        }
        out.push(')');
        out
    }
}

/// Gives a proposal its number.
pub(super) fn name(p: &mut Proposal, number: usize) {
    let own = format!("{NAME}-{number}");
    p.text = p.text.replacen(&format!("(rule {NAME}"), &format!("(rule {own}"), 1);
    for r in &mut p.rules {
        r.name = r.name.replacen(NAME, &own, 1).into();
    }
}

impl Discovery {
    /// A rule file: the proposals, each below what happens where it assumes less.
    pub fn text(&self) -> String {
        let Discovery { terms, classes, equations, follow, refuted, .. } = self;
        let mut out =
            format!(";; {terms} terms{} of {classes} values", if self.cut { " (the limit)" } else { "" });
        let _ = writeln!(
            out,
            ", {equations} equations: {follow} follow, {refuted} are refuted, {} are proposed.",
            self.proposals.len()
        );
        for p in &self.proposals {
            out.push('\n');
            for n in &p.needs {
                let _ = writeln!(out, ";; without {}: {}", n.word, n.without);
            }
            out.push_str(&p.text);
            out.push('\n');
        }
        out
    }
}
