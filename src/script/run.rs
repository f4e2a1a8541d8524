//! Running a script.

use std::fmt::Write as _;

use super::command::{COMMANDS, Command, Statement, command, meant_for_command, statements};
use super::error::ScriptError;
use super::plot::{Curve, draw};
use super::session::{Session, shown, text};
use crate::expr::Expr;
use crate::op::nearest;
use crate::sexp::{ReadErrorKind, Source};
use crate::text::{Dialect, sexp_program};

/// Digits of printed values.
const DIGITS: usize = 8;

/// Runs a script; the text that it prints.
///
/// # Errors
/// The first statement that fails, with what was printed before it. Its place is in the message.
pub fn run(session: &mut Session, name: &str, text: &str) -> Result<String, (String, ScriptError)> {
    let mut out = String::new();
    for s in statements(text) {
        if let Err(e) = step(session, name, &s, &mut out) {
            return Err((out, e));
        }
    }
    Ok(out)
}

fn step(session: &mut Session, name: &str, s: &Statement<'_>, out: &mut String) -> Result<(), ScriptError> {
    let place = |message: String| ScriptError::other("parse", format!("{name}:{}: {message}", s.line));
    let found = command(s.text).map_err(place)?;
    let mut read =
        |what: &str| -> Result<Vec<Expr>, ScriptError> { Ok(session.read(&placed(name, s, what))?.results) };
    match found {
        Command::Define => {
            let roots = define(session, name, s)?;
            if !roots.is_empty() {
                return Err(place("an expression alone does nothing; write `pp` or `eval` before it".into()));
            }
        }
        Command::Print(what) => {
            let roots = read(what)?;
            lines(out, s, &shown(&roots));
        }
        Command::Let(what) => {
            let roots = read(what)?;
            lines(out, s, &crate::pp::let_form(&roots, crate::op::Spelling::Classic));
        }
        Command::Sexp(what) => {
            let roots = read(what)?;
            lines(out, s, &[sexp_program(&roots, Dialect::Exact)]);
        }
        Command::Optimize(what) => {
            let roots = read(what)?;
            let (best, _) = session.optimize(&roots).map_err(|e| at(name, s, e))?;
            lines(out, s, &crate::pp::brief(&best, crate::op::Spelling::Classic));
        }
        Command::Cost(what) => {
            let roots = read(what)?;
            let (_, report) = session.optimize(&roots).map_err(|e| at(name, s, e))?;
            lines(out, s, &[report.cost()]);
        }
        Command::Evaluate(what, values) => {
            let roots = read(what)?;
            let found = session.evaluate(&roots, &values).map_err(|e| at(name, s, e))?;
            let mut texts: Vec<String> = found.values.iter().map(|v| text(v, DIGITS)).collect();
            texts.extend(found.notes.iter().map(|n| format!("({n})")));
            lines(out, s, &texts);
        }
        Command::Verify(what, by, values) => {
            let roots = read(what)?;
            let text = session.verify(&roots, &by, &values).map_err(|e| at(name, s, e))?;
            lines(out, s, &[text]);
        }
        Command::Plot { what, var, from, to, file } => {
            let number = |t: &str| t.parse::<f64>().map_err(|_| place(format!("`{t}` is not a number")));
            let (from, to) = (number(from)?, number(to)?);
            let roots = read(what)?;
            let labels =
                what.split(',').map(|l| l.trim().to_string()).chain(std::iter::repeat(String::new()));
            let labelled: Vec<(String, Expr)> = if roots.len() == 1 {
                vec![(what.trim().to_string(), roots[0].clone())]
            } else {
                labels.zip(roots).map(|(l, e)| (l.trim_matches(['[', ']']).trim().to_string(), e)).collect()
            };
            let curve = Curve {
                what: labelled,
                var,
                from,
                to,
                fixed: Vec::new(),
                file: file.map(|f| session.dir.join(f)),
                columns: 72,
                rows: 20,
            };
            let text = draw(session, &curve).map_err(|e| at(name, s, e))?;
            lines(out, s, &text.lines().map(str::to_string).collect::<Vec<_>>());
        }
    }
    Ok(())
}

/// Takes up what a statement without a command declares and defines; expressions that stand alone.
pub(super) fn define(session: &mut Session, name: &str, s: &Statement<'_>) -> Result<Vec<Expr>, ScriptError> {
    match session.read(&placed(name, s, s.text)) {
        Ok(program) => Ok(program.results),
        Err(e) => Err(unknown(session, name, s, e)),
    }
}

/// A command that there is none of, where the text that follows it was not expected.
fn unknown(session: &Session, name: &str, s: &Statement<'_>, e: ScriptError) -> ScriptError {
    let ScriptError::Read(read) = &e else { return e };
    let here = read.kind() == ReadErrorKind::Parse && read.position().line == s.line;
    let word = meant_for_command(s.text, read.position().column);
    let Some(word) = word.filter(|w| here && session.scope.get(w).is_none()) else { return e };
    let meant = match nearest(word, COMMANDS) {
        Some(c) => format!("did you mean `{c}`?"),
        None => format!("a script's commands are `{}`", COMMANDS.join(" ")),
    };
    ScriptError::other("parse", format!("{name}:{}: unknown command `{word}`; {meant}", s.line))
}

/// The part of a statement that is an expression, at its own place in the file.
pub(super) fn placed(name: &str, s: &Statement<'_>, what: &str) -> Source {
    let start = what.as_ptr().addr().saturating_sub(s.text.as_ptr().addr());
    Source::part(name, s.line, s.text, start..start + what.len())
}

/// Names the place of an error that does not know it.
fn at(name: &str, s: &Statement<'_>, e: ScriptError) -> ScriptError {
    match e {
        ScriptError::Read(_) => e,
        other => {
            let class = other.class();
            ScriptError::Other { class, message: format!("{name}:{}: {other}", s.line) }
        }
    }
}

fn lines(out: &mut String, s: &Statement<'_>, texts: &[String]) {
    let head = s.text.trim().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let head = head.split('#').next().unwrap_or("").trim();
    let _ = writeln!(out, "{head}");
    for t in texts {
        for line in t.lines() {
            let _ = writeln!(out, "  {line}");
        }
    }
}
