//! To and from `symbolic_expressions::Sexp`, the type that other crates exchange.

use symbolic_expressions::Sexp;

use super::error::{ReadError, ReadErrorKind};
use super::tree::Form;

/// The deepest nesting that is handed out: dropping a `Sexp` recurses.
pub const MAX_DEPTH: usize = 1000;

enum Step<'t> {
    Enter(Form<'t>, usize),
    /// Gather the last so many values in a list.
    Close(usize),
}

/// A form as a `Sexp`.
///
/// # Errors
/// It is nested deeper than [`MAX_DEPTH`].
pub fn to_sexp(form: Form<'_>) -> Result<Sexp, ReadError> {
    let mut values: Vec<Sexp> = Vec::new();
    let mut steps = vec![Step::Enter(form, 0)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Enter(f, depth) => match f.list() {
                None => values.push(Sexp::String(f.string().or(f.atom()).unwrap_or_default().into())),
                Some(_) if depth == MAX_DEPTH => {
                    let message = format!("nested deeper than {MAX_DEPTH}: not handed to other crates");
                    return Err(f.error_of(ReadErrorKind::Limit, message));
                }
                Some(members) => {
                    steps.push(Step::Close(members.len()));
                    steps.extend(members.rev().map(|m| Step::Enter(m, depth + 1)));
                }
            },
            Step::Close(n) => {
                let list = values.split_off(values.len().saturating_sub(n));
                values.push(Sexp::List(list));
            }
        }
    }
    Ok(values.pop().unwrap_or(Sexp::Empty))
}

/// The text of a `Sexp`, for [`read`](super::read): what cannot be an atom becomes a string,
/// `Sexp::Empty` nothing.
pub fn sexp_text(sexp: &Sexp) -> String {
    enum Out<'s> {
        Value(&'s Sexp),
        Text(&'static str),
    }
    let mut out = String::new();
    let mut steps = vec![Out::Value(sexp)];
    while let Some(step) = steps.pop() {
        match step {
            Out::Text(t) => out.push_str(t),
            Out::Value(Sexp::Empty) => {}
            Out::Value(Sexp::String(s)) => push_word(s, &mut out),
            Out::Value(Sexp::List(members)) => {
                out.push('(');
                steps.push(Out::Text(")"));
                for (i, m) in members.iter().enumerate().rev() {
                    steps.push(Out::Value(m));
                    if i > 0 {
                        steps.push(Out::Text(" "));
                    }
                }
            }
        }
    }
    out
}

fn push_word(s: &str, out: &mut String) {
    let plain = |c: char| !(c.is_control() || c.is_whitespace() || "();\"".contains(c));
    if !s.is_empty() && s.chars().all(plain) && !s.starts_with(['\'', '`']) {
        out.push_str(s);
        return;
    }
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::{Source, read};
    use super::{MAX_DEPTH, sexp_text, to_sexp};

    #[test]
    fn goes_there_and_back() {
        let text = r#"(rule a "two words" (+ ?x (exp y)) () 1.5)"#;
        let tree = read(&Source::text_only(text)).unwrap();
        assert_eq!(sexp_text(&to_sexp(tree.single().unwrap()).unwrap()), text);
    }

    #[test]
    fn refuses_what_would_overflow_others() {
        let deep = |n: usize| "(".repeat(n) + &")".repeat(n);
        let convert = |n| {
            let tree = read(&Source::text_only(&deep(n))).unwrap();
            to_sexp(tree.single().unwrap()).map(|_| ()).map_err(|e| e.kind().word())
        };
        assert_eq!(convert(MAX_DEPTH), Ok(()));
        assert_eq!(convert(MAX_DEPTH + 1), Err("limit"));
    }
}
