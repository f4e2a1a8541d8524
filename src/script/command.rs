//! The commands of a script, before anything is done.

/// The words that begin commands.
pub(super) const COMMANDS: [&str; 8] = ["pp", "let", "sexp", "opt", "cost", "eval", "verify", "plot"];

/// A statement of a script with the place where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// Line, from 1.
    pub(super) line: usize,
    /// The text, several lines if brackets are open.
    pub(super) text: &'a str,
}

/// A command and the text that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// Declarations and definitions.
    Define,
    /// `pp EXPR`.
    Print(&'a str),
    /// `let EXPR`: the let-form.
    Let(&'a str),
    /// `sexp EXPR`.
    Sexp(&'a str),
    /// `opt EXPR`.
    Optimize(&'a str),
    /// `cost EXPR`: the estimated work before and after optimization.
    Cost(&'a str),
    /// `eval EXPR with x = VALUE, ...`.
    Evaluate(&'a str, Vec<(&'a str, &'a str)>),
    /// `verify EXPR by x, ... with x = VALUE, ...`: the gradient against finite differences.
    Verify(&'a str, Vec<&'a str>, Vec<(&'a str, &'a str)>),
    /// `plot EXPR, ... for x = A .. B to FILE`.
    Plot {
        /// What is drawn.
        what: &'a str,
        /// The input that varies.
        var: &'a str,
        /// From.
        from: &'a str,
        /// To.
        to: &'a str,
        /// The file; the terminal if there is none.
        file: Option<&'a str>,
    },
}

/// Splits a script into statements: lines, joined while a bracket is open. Comments go.
pub(super) fn statements(text: &str) -> Vec<Statement<'_>> {
    let mut out = Vec::new();
    let (mut depth, mut start, mut first) = (0i64, 0usize, 1usize);
    let mut at = 0usize;
    for (n, line) in text.split_inclusive('\n').enumerate() {
        if depth <= 0 {
            (start, first) = (at, n + 1);
        }
        for c in without_comment(line).chars() {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                _ => {}
            }
        }
        at += line.len();
        if depth <= 0 {
            depth = 0;
            let whole = &text[start..at];
            if !without_comment(whole).trim().is_empty() || whole.contains('\n') && has_code(whole) {
                out.push(Statement { line: first, text: whole });
            }
        }
    }
    if depth > 0 {
        out.push(Statement { line: first, text: &text[start..] });
    }
    out
}

fn has_code(text: &str) -> bool {
    text.lines().any(|l| !without_comment(l).trim().is_empty())
}

fn without_comment(line: &str) -> &str {
    line.split('#').next().unwrap_or("")
}

/// What a statement asks for.
///
/// # Errors
/// The command is known but not complete: what is expected.
pub(super) fn command(text: &str) -> Result<Command<'_>, String> {
    let text = if text.trim_end().contains('\n') { text.trim() } else { without_comment(text).trim() };
    let (word, rest) = match text.find(|c: char| c.is_whitespace()) {
        Some(i) => (&text[..i], text[i..].trim()),
        None => (text, ""),
    };
    let takes = COMMANDS.contains(&word);
    // `pp = 3` and `pp: f64` define a name.
    if !takes || rest.starts_with(['=', ':']) && !rest.starts_with("==") {
        return Ok(Command::Define);
    }
    if rest.is_empty() {
        return Err(format!("`{word}` needs an expression"));
    }
    Ok(match word {
        "pp" => Command::Print(rest),
        "let" => Command::Let(rest),
        "sexp" => Command::Sexp(rest),
        "opt" => Command::Optimize(rest),
        "cost" => Command::Cost(rest),
        "eval" => {
            let (what, values) = cut(rest, " with ").map_or((rest, ""), |(a, b)| (a, b));
            Command::Evaluate(what, assignments(values)?)
        }
        "verify" => {
            let usage = "expected `verify EXPR by x with x = VALUE`";
            let (what, rest) = cut(rest, " by ").ok_or(usage)?;
            let (by, values) = cut(rest, " with ").ok_or(usage)?;
            Command::Verify(what, pieces(by), assignments(values)?)
        }
        _ => {
            let usage = "expected `plot EXPR for x = A .. B` or `... to FILE`";
            let (what, range) = cut(rest, " for ").ok_or(usage)?;
            let (range, file) = match cut(range, " to ") {
                Some((r, f)) => (r, Some(f.trim())),
                None => (range, None),
            };
            let (var, bounds) = range.split_once('=').ok_or(usage)?;
            let (from, to) = bounds.split_once("..").ok_or(usage)?;
            Command::Plot { what, var: var.trim(), from: from.trim(), to: to.trim(), file }
        }
    })
}

/// The word before a place where an operator is missing, if the statement begins with it: it was meant
/// for a command.
pub(super) fn meant_for_command(text: &str, column: usize) -> Option<&str> {
    let text = text.trim_start_matches('\n').lines().next()?;
    let (word, rest) = text.trim_start().split_once(char::is_whitespace)?;
    let next = text.len() - rest.trim_start().len();
    let is_name = word.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && text.get(..next)?.chars().count() + 1 == column).then_some(word)
}

/// Cuts at a word that is outside of brackets.
fn cut<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let mut depth = 0i64;
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 && text[i..].starts_with(word) {
            return Some((&text[..i], &text[i + word.len()..]));
        }
    }
    None
}

/// `x = 4, y = [1, 2]`.
///
/// # Errors
/// A piece is not `name = value`.
pub(super) fn assignments(text: &str) -> Result<Vec<(&str, &str)>, String> {
    pieces(text)
        .into_iter()
        .map(|p| {
            let (name, value) = p.split_once('=').ok_or_else(|| {
                format!("expected `name = value`, found `{}`", p.chars().take(40).collect::<String>())
            })?;
            Ok((name.trim(), value.trim()))
        })
        .collect()
}

/// What stands between commas that are outside of brackets; empty pieces are left out.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut depth, mut start) = (0i64, 0usize);
    for (i, c) in text.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            ',' if depth == 0 => {
                out.push(text[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    out.push(text[start..].trim());
    out.retain(|p| !p.is_empty());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_definitions() {
        assert_eq!(command("pp x"), Ok(Command::Print("x")));
        assert_eq!(command("pp = 3"), Ok(Command::Define));
        assert_eq!(command("eval: f64"), Ok(Command::Define));
        assert_eq!(
            command("eval f(x) with x = [1, 2], y = 3 # comment"),
            Ok(Command::Evaluate("f(x)", vec![("x", "[1, 2]"), ("y", "3")]))
        );
        assert!(command("plot x").is_err());
        assert!(command("eval x with 3").is_err());
    }

    #[test]
    fn statements_span_lines_while_brackets_are_open() {
        let s = statements("# head\nx: f64\n\ny = (x +\n  1)\npp y\n");
        let lines: Vec<usize> = s.iter().map(|s| s.line).collect();
        assert_eq!(lines, [2, 4, 6]);
    }
}
