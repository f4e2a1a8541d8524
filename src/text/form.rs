//! S-expressions to postfix code.

use super::code::{Code, Part, Place, Postfix, Started, count, named_constant, number};
use super::token::is_name;
use crate::expr::Lit;
use crate::op::IndexItem;
use crate::sexp::{Form, Forms, ReadError, ReadErrorKind, Span, quoted};
use crate::ty::DType;

enum Step<'t> {
    Enter(Form<'t>),
    Emit(Code, Span),
    Index(Vec<Place>, Span),
}

/// The code of one expression, with its result.
pub(super) fn postfix(form: Form<'_>) -> Result<Postfix, ReadError> {
    let mut out = Postfix::default();
    let mut steps = vec![Step::Enter(form)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Emit(code, span) => out.push(code, span),
            Step::Index(items, span) => out.push_index(items, span),
            Step::Enter(f) => {
                let Some(members) = f.list() else {
                    out.push(atom(f)?, f.span());
                    continue;
                };
                let from = steps.len();
                list(f, members, &mut steps)?;
                steps[from..].reverse();
            }
        }
    }
    out.push(Code::Result, form.span());
    Ok(out)
}

fn atom(f: Form<'_>) -> Result<Code, ReadError> {
    let Some(text) = f.atom() else { return Err(f.error("strings are not expressions")) };
    if let Some(l) = number(text) {
        return Ok(Code::Lit(l));
    }
    let code = match text {
        "true" => Code::Lit(Lit::Bool(true)),
        "false" => Code::Lit(Lit::Bool(false)),
        "-inf" => Code::Lit(Lit::Float(f64::NEG_INFINITY)),
        "none" => Code::Nothing,
        _ if text.starts_with(|c: char| c.is_ascii_digit()) => {
            return Err(f.error(format!("{} is not a number", quoted(text))));
        }
        _ if text.starts_with(':') => {
            return Err(f.error(format!("unexpected keyword {}", quoted(text))));
        }
        _ if !is_name(text) => return Err(f.error(format!("{} is not a name", quoted(text)))),
        _ => named_constant(text).unwrap_or(Code::Name),
    };
    Ok(code)
}

/// The steps for a list, in order.
fn list<'t>(f: Form<'t>, mut members: Forms<'t>, steps: &mut Vec<Step<'t>>) -> Result<(), ReadError> {
    let Some(head) = members.next() else { return Err(f.error("an empty list is not an expression")) };
    let Some(name) = head.atom() else {
        return Err(head.error("a list begins with the name of an operator"));
    };
    match name {
        "let" => binding(f, members, steps),
        "list" | "shape" => {
            let n = count(members.len());
            steps.extend(members.map(Step::Enter));
            steps.push(Step::Emit(Code::List(n), f.span()));
            Ok(())
        }
        "index" => {
            let Some(x) = members.next() else {
                return Err(f.error_of(ReadErrorKind::Arity, "`index` takes an operand and positions"));
            };
            steps.push(Step::Enter(x));
            let places = members.map(|m| index_place(m, steps)).collect::<Result<Vec<_>, _>>()?;
            steps.push(Step::Index(places, head.span()));
            Ok(())
        }
        "//" => {
            if members.len() != 2 {
                return Err(f.error_of(ReadErrorKind::Arity, "`//` takes 2 lengths"));
            }
            steps.extend(members.map(Step::Enter));
            steps.push(Step::Emit(Code::Quotient, head.span()));
            Ok(())
        }
        _ if number(name).is_some() => Err(head.error("a list begins with the name of an operator")),
        _ => call(head, members, steps),
    }
}

/// `(let ((a e) (b e)) body)`: each name is known in what follows it.
fn binding<'t>(f: Form<'t>, mut members: Forms<'t>, steps: &mut Vec<Step<'t>>) -> Result<(), ReadError> {
    let (Some(bindings), Some(body), None) = (members.next(), members.next(), members.next()) else {
        return Err(f.error("`let` takes a list of bindings and one expression"));
    };
    let Some(bindings) = bindings.list() else {
        return Err(bindings.error("the bindings of `let` are a list: `((a e) ...)`"));
    };
    let n = count(bindings.len());
    for b in bindings {
        let pair = b.list().and_then(|mut l| match (l.next(), l.next(), l.next()) {
            (Some(name), Some(e), None) => Some((name, e)),
            _ => None,
        });
        let Some((name, e)) = pair else { return Err(b.error("a binding is a name and an expression")) };
        match name.atom() {
            Some(t) if is_name(t) && named_constant(t).is_none() => {}
            _ => return Err(name.error("a name is missing here")),
        }
        steps.push(Step::Enter(e));
        steps.push(Step::Emit(Code::Bind, name.span()));
    }
    steps.push(Step::Enter(body));
    steps.push(Step::Emit(Code::Unbind(n), f.span()));
    Ok(())
}

fn call<'t>(head: Form<'t>, mut members: Forms<'t>, steps: &mut Vec<Step<'t>>) -> Result<(), ReadError> {
    let mut args = 0;
    while let Some(m) = members.next() {
        args += 1;
        match m.atom() {
            Some(k) if k.starts_with(':') => keyword(m, members.next(), steps)?,
            // `(reshape x ())`: the shape of a scalar.
            _ if m.list().is_some_and(|l| l.len() == 0) => {
                steps.push(Step::Emit(Code::List(0), m.span()));
            }
            _ => steps.push(Step::Enter(m)),
        }
    }
    steps.push(Step::Emit(Code::Call { args, braces: None }, head.span()));
    Ok(())
}

/// `:axis 0`, `:axis (0 1)`, `:keepdims true`, `:order (1 x 0)`, `:dtype float32`.
fn keyword<'t>(name: Form<'t>, value: Option<Form<'t>>, steps: &mut Vec<Step<'t>>) -> Result<(), ReadError> {
    let word = name.text().trim_start_matches(':');
    let Some((_, fixed)) = super::args::KEYWORDS.iter().find(|(k, _)| *k == word) else {
        let known = super::args::KEYWORDS.iter().map(|(k, _)| *k);
        return Err(name
            .error(format!("unknown keyword {}", quoted(name.text())))
            .suggest(crate::op::nearest(word, known)));
    };
    let Some(value) = value else { return Err(name.error("the value of this keyword is missing")) };
    match value.list() {
        Some(members) => {
            let n = count(members.len());
            for m in members {
                steps.push(if *fixed { Step::Emit(datum(m)?, m.span()) } else { Step::Enter(m) });
            }
            steps.push(Step::Emit(Code::List(n), value.span()));
        }
        None if !*fixed && number(value.text()).is_none() => steps.push(Step::Enter(value)),
        None => steps.push(Step::Emit(datum(value)?, value.span())),
    }
    steps.push(Step::Emit(Code::Keyword, name.span()));
    Ok(())
}

/// A fixed value: a number, `true`, `false`, `none`, `x` for a new axis, a type.
fn datum(f: Form<'_>) -> Result<Code, ReadError> {
    let text = f.atom().unwrap_or("");
    if let Some(l) = number(text) {
        return Ok(Code::Lit(l));
    }
    match (text, DType::by_name(text)) {
        ("true" | "True", _) => Ok(Code::Lit(Lit::Bool(true))),
        ("false" | "False", _) => Ok(Code::Lit(Lit::Bool(false))),
        ("none" | "None" | "x", _) => Ok(Code::Nothing),
        (_, Some(d)) => Ok(Code::DType(d)),
        _ if super::args::WORDS.contains(&text) => Ok(Code::Word),
        _ => Err(f.error(format!("{} is not a fixed value", quoted(f.text())))),
    }
}

/// An entry of an index; the expressions in it are entered.
fn index_place<'t>(f: Form<'t>, steps: &mut Vec<Step<'t>>) -> Result<Place, ReadError> {
    if f.atom().is_some_and(|t| matches!(t, "newaxis" | "none" | "None")) {
        return Ok(Place::Item(IndexItem::NewAxis));
    }
    let mut part = |f: Form<'t>| match (f.atom(), f.atom().and_then(number)) {
        (Some("none" | "None" | "_"), _) => Part::None,
        (_, Some(Lit::Int(i))) => Part::At(i),
        _ => {
            steps.push(Step::Enter(f));
            Part::Expr
        }
    };
    let Some(parts) = f.tagged("slice") else {
        return Ok(Started { parts: [part(f), Part::None, Part::None], colons: 0 }.place());
    };
    if parts.len() > 3 {
        return Err(f.error("a slice has at most three parts"));
    }
    let mut all = [Part::None; 3];
    for (to, f) in all.iter_mut().zip(parts) {
        *to = part(f);
    }
    Ok(Started { parts: all, colons: 2 }.place())
}
