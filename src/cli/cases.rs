//! Cases for comparisons: JSON lines as `egrad batch` reads them, and `.eg` scripts.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::batch::{Problem, problem};
use super::commands::read_file;
use crate::expr::{Expr, variables};
use crate::grad::{Disconnected, grads_or};
use crate::optimize::Options;
use crate::script::{ScriptError, Session, expressions};

/// What is to be optimized.
pub(super) struct Case {
    /// Its name.
    pub(super) id: String,
    /// Inputs, in order.
    pub(super) inputs: Vec<Expr>,
    /// The expressions, optimized together: the gradient where the case asks for one.
    pub(super) roots: Vec<Expr>,
}

/// What cannot be read: its name, and why.
pub(super) type Bad = (String, String);

/// The cases of files in order, and for each that cannot be read its name and why.
///
/// # Errors
/// A file that cannot be read, or a script that is not in the language.
pub(super) fn read(files: &[PathBuf]) -> Result<(Vec<Case>, Vec<Bad>), ScriptError> {
    let (mut cases, mut bad) = (Vec::new(), Vec::new());
    for file in files {
        let (name, text) = read_file(file)?;
        if file.extension().is_some_and(|e| e == "eg") {
            script(&name, &text, &mut cases)?;
        } else {
            lines(&name, &text, &mut cases, &mut bad);
        }
    }
    Ok((cases, bad))
}

fn script(name: &str, text: &str, cases: &mut Vec<Case>) -> Result<(), ScriptError> {
    let mut session = Session::new(Options::default(), Path::new(""));
    for s in expressions(&mut session, name, text)? {
        let inputs = session.inputs_of(&s.roots);
        cases.push(Case { id: format!("{name}:{}", s.line), inputs, roots: s.roots });
    }
    Ok(())
}

fn lines(name: &str, text: &str, cases: &mut Vec<Case>, bad: &mut Vec<Bad>) {
    for (n, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let place = format!("{name}:{}", n + 1);
        let case: Value = match serde_json::from_str(line) {
            Ok(c) => c,
            Err(e) => {
                bad.push((place, e.to_string()));
                continue;
            }
        };
        let id = case.get("id").and_then(Value::as_str).map_or(place, str::to_string);
        match expression(&case) {
            Ok((inputs, roots)) => cases.push(Case { id, inputs, roots }),
            Err(e) => bad.push((id, e.to_string())),
        }
    }
}

fn expression(case: &Value) -> Result<(Vec<Expr>, Vec<Expr>), ScriptError> {
    let Problem { inputs, cost, by } = problem(case)?;
    let roots = if by.is_empty() { vec![cost] } else { grads_or(&cost, &by, Disconnected::Zero)? };
    let used = variables(&roots);
    let inputs = inputs.into_iter().filter(|i| used.iter().any(|u| u.name() == i.name())).collect();
    Ok((inputs, roots))
}
