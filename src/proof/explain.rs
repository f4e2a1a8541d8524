//! From expressions to their optimized form with its proof, in one call.

use std::fmt;

use rustc_hash::FxHashSet;

use super::certificate::{Certificate, ProofError};
use super::compose::certify;
use super::show::{Line, lines};
use crate::expr::{Expr, below, topological};
use crate::graph::{ImportError, export, import};
use crate::optimize::{Options, Report, Trail, optimize_recorded};

/// Expressions, optimized, with the way there.
#[derive(Debug, Clone)]
pub struct Explained {
    /// Operators that are made of others, each with what it stands for, before anything is rewritten.
    pub definitions: Vec<(Expr, Expr)>,
    /// The proof.
    pub certificate: Certificate,
    /// Its rewrites in order.
    pub lines: Vec<Line>,
    /// The optimized expressions: those that optimization gives without a proof.
    pub optimized: Vec<Expr>,
    /// What the optimizer did.
    pub report: Report,
    /// Everything that it wrote down.
    pub trail: Trail,
}

/// Why there is no explanation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ExplainError {
    /// The expressions contradict each other.
    Import(ImportError),
    /// A fault of the optimizer, or of its record.
    Proof(ProofError),
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExplainError::Import(e) => write!(f, "{e}"),
            ExplainError::Proof(e) => write!(f, "{e}"),
        }
    }
}

impl std::error::Error for ExplainError {}

impl From<ImportError> for ExplainError {
    fn from(e: ImportError) -> ExplainError {
        ExplainError::Import(e)
    }
}

impl From<ProofError> for ExplainError {
    fn from(e: ProofError) -> ExplainError {
        ExplainError::Proof(e)
    }
}

/// Optimizes expressions and proves the result; `inputs` come first and in order.
///
/// # Errors
/// Shapes that contradict each other; [`ProofError`], which is a fault of this library.
pub fn explain(inputs: &[Expr], roots: &[Expr], options: &Options) -> Result<Explained, ExplainError> {
    let imported = import(inputs, roots)?;
    let (best, trail) = optimize_recorded(&imported.graph, &imported.roots, options);
    let optimized = export(&best.graph, &best.roots).map_err(ImportError::from)?;
    let (before, after) = ((imported.graph, imported.roots), (best.graph, best.roots));
    let certificate = certify(&before, &after, &trail, options)?;
    let lines = lines(&certificate);
    Ok(Explained {
        definitions: definitions(roots),
        certificate,
        lines,
        optimized,
        report: best.report,
        trail,
    })
}

/// Each application of an operator that is made of others, and what it is made of.
fn definitions(roots: &[Expr]) -> Vec<(Expr, Expr)> {
    let mut out: Vec<(Expr, Expr)> = Vec::new();
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    let mut queue: std::collections::VecDeque<Expr> = topological(roots).into();
    while let Some(e) = queue.pop_front() {
        let Some(lower) = e.op().and_then(|op| op.def().lower) else { continue };
        if !seen.insert(e.id()) {
            continue;
        }
        let made = lower(e.args(), e.attr());
        let operand = |x: &Expr| e.args().iter().any(|a| a.same_node(x));
        queue.extend(below(std::slice::from_ref(&made), &operand));
        // What was made stays in the list, so that no address is used twice.
        out.push((e, made));
    }
    out
}
