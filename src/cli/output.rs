//! Printing: results on standard output, errors on standard error.

use std::io::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::args::{Form, Format};
use crate::expr::Expr;
use crate::op::Spelling;
use crate::pp::{TREE_LIMIT, brief, debugprint, latex, let_form, pp, print, program, tree_length};
use crate::script::ScriptError;
use crate::text::{Dialect, sexp_program};

/// Writes a line to standard output. A closed pipe ends the program quietly.
pub(super) fn line(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).is_ok()
}

/// Writes an error and gives the exit code.
pub(super) fn fail(e: &ScriptError, format: Format) -> ExitCode {
    match format {
        Format::Text => {
            let _ = writeln!(std::io::stderr().lock(), "egrad: {}", e.report());
        }
        Format::Json => {
            line(&json!({ "ok": false, "error": error(e) }).to_string());
        }
    }
    ExitCode::from(e.exit_code())
}

/// An error for programs.
pub(super) fn error(e: &ScriptError) -> Value {
    json!({ "kind": e.class(), "message": e.to_string() })
}

/// The lines of optimized expressions: where trees would repeat themselves, shared parts get names.
pub(super) fn best_forms(roots: &[Expr], form: Form) -> Vec<String> {
    if form == Form::Auto { brief(roots, Spelling::Classic) } else { forms(roots, form) }
}

/// The lines of expressions in a form.
pub(super) fn forms(roots: &[Expr], form: Form) -> Vec<String> {
    let length = roots.iter().fold(0usize, |n, r| n.saturating_add(tree_length(r)));
    match form {
        Form::Tree => roots.iter().map(pp).collect(),
        Form::Auto if length <= TREE_LIMIT => roots.iter().map(pp).collect(),
        Form::Auto | Form::Let => let_form(roots, Spelling::Classic),
        Form::Program => program(roots, &[], Spelling::Classic),
        Form::Plain if length <= TREE_LIMIT => roots.iter().map(|r| print(r, Spelling::Plain)).collect(),
        Form::Plain => let_form(roots, Spelling::Plain),
        Form::Debug => debugprint(roots).lines().map(str::to_string).collect(),
        Form::Latex => roots.iter().map(latex).collect(),
        Form::Sexp => vec![sexp_program(roots, Dialect::Exact)],
    }
}
