//! The expressions of a script, without running it.

use super::command::{Command, command, statements};
use super::error::ScriptError;
use super::run::{define, placed};
use super::session::Session;
use crate::expr::Expr;

/// What one statement of a script is about.
#[derive(Debug, Clone)]
pub struct Stated {
    /// Line, from 1.
    pub line: usize,
    /// Its expressions.
    pub roots: Vec<Expr>,
}

/// The expressions that the commands of a script are about, in order. Nothing is evaluated, drawn or
/// optimized.
///
/// # Errors
/// The first statement that is not in the language.
pub fn expressions(session: &mut Session, name: &str, text: &str) -> Result<Vec<Stated>, ScriptError> {
    let mut out = Vec::new();
    for s in statements(text) {
        let place = |message: String| ScriptError::other("parse", format!("{name}:{}: {message}", s.line));
        let what = match command(s.text).map_err(place)? {
            Command::Define => {
                define(session, name, &s)?;
                continue;
            }
            Command::Print(e) | Command::Let(e) | Command::Sexp(e) | Command::Optimize(e) => e,
            Command::Cost(e)
            | Command::Evaluate(e, _)
            | Command::Verify(e, _, _)
            | Command::Plot { what: e, .. } => e,
        };
        let roots = session.read(&placed(name, &s, what))?.results;
        if !roots.is_empty() {
            out.push(Stated { line: s.line, roots });
        }
    }
    Ok(out)
}
