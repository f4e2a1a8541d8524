//! What follows the sides of a rule: conditions, assumptions, tags, families.

use std::sync::Arc;

use smallvec::SmallVec;

use super::assume::Assumes;
use super::ast::{Cond, Positions, VarKind};
use super::cond::{condition, conditions};
use super::family::{families, family};
use super::literal::{by_name, is_kebab, variables_text};
use super::parse::One;
use super::pattern::{Reader, Scope, Side};
use crate::op::{Op, nearest};
use crate::sexp::{Form, ReadError, ReadErrorKind, quoted};

/// Keys that may follow the right side.
const KEYS: [&str; 5] = [":when", ":assumes", ":tags", ":ref", EACH];
/// The key that names operators.
pub(super) const EACH: &str = ":each";

/// The tag of a rule whose left side is never taken when the right is there.
pub(super) const STABILIZE: &str = "stabilize";
/// The tag of a rule whose right side is larger.
pub(super) const EXPAND: &str = "expand";

/// The tag of rules whose left side is of no use beside the right side.
pub(super) const REPLACE: &str = "replace";

/// What follows the right side.
#[derive(Default)]
pub(super) struct Keys<'t> {
    pub(super) when: Option<Form<'t>>,
    pub(super) assumes: Assumes,
    pub(super) tags: Arc<[Arc<str>]>,
    pub(super) reference: Option<Arc<str>>,
    pub(super) each: Option<(&'t str, Each<'t>)>,
}

/// The operators that a rule speaks of.
pub(super) enum Each<'t> {
    Family(&'static super::family::Family, Form<'t>),
    Listed(Vec<Op>),
}

impl<'t> One<'_, 't> {
    pub(super) fn keys(&mut self, rest: &[Form<'t>]) -> Keys<'t> {
        let mut keys = Keys::default();
        let mut seen: SmallVec<[&str; 4]> = SmallVec::new();
        for pair in rest.chunks(2) {
            let key = pair[0];
            let word = key.atom().unwrap_or_default();
            if !KEYS.contains(&word) {
                let message = format!("expected one of {}, found {}", KEYS.join(" "), quoted(key.text()));
                self.fail(key.error(message).suggest(nearest(word, KEYS)));
                continue;
            }
            if seen.contains(&word) {
                self.fail(key.error(format!("`{word}` is given twice")));
            }
            seen.push(word);
            let Some(&value) = pair.get(1) else {
                self.fail(key.error(format!("`{word}` has no value")));
                continue;
            };
            match word {
                ":when" => keys.when = Some(value),
                ":assumes" => keys.assumes = self.assumes(value),
                ":tags" => keys.tags = self.tags(value),
                ":ref" => match value.string() {
                    Some(s) => keys.reference = Some(s.into()),
                    None => self.fail(value.error("expected a source in quotes")),
                },
                _ => match each(value) {
                    Ok(e) => keys.each = Some(e),
                    Err(e) => self.fail(e),
                },
            }
        }
        keys
    }

    fn words(&mut self, form: Form<'t>, what: &str) -> SmallVec<[(Form<'t>, &'t str); 4]> {
        let mut words = SmallVec::new();
        let Some(members) = form.list() else {
            self.fail(form.error(format!("expected a list of {what} in parentheses")));
            return words;
        };
        for f in members {
            match f.atom() {
                Some(w) => words.push((f, w)),
                None => self.fail(f.error(format!("expected a word, found {}", quoted(f.text())))),
            }
        }
        words
    }

    fn assumes(&mut self, form: Form<'t>) -> Assumes {
        let mut all = Assumes::NONE;
        for (f, word) in self.words(form, "assumptions") {
            match Assumes::by_name(word) {
                Some(a) => all = all.with(a),
                None => {
                    let known = Assumes::WORDS.map(|(w, _)| w);
                    let message = format!("unknown assumption `{word}`; known: {}", known.join(" "));
                    self.fail(f.error_of(ReadErrorKind::Name, message).suggest(nearest(word, known)));
                }
            }
        }
        all
    }

    fn tags(&mut self, form: Form<'t>) -> Arc<[Arc<str>]> {
        let mut tags: SmallVec<[Arc<str>; 4]> = SmallVec::new();
        for (f, word) in self.words(form, "tags") {
            if let Some(tag) = self.words.tags.known(word) {
                tags.push(tag);
                continue;
            }
            // Other tags are the author's own; a misspelled one of these would be without effect.
            let known = [STABILIZE, EXPAND, REPLACE];
            let meant = if known.contains(&word) { None } else { nearest(word, known) };
            if !is_kebab(word) || meant.is_some() {
                self.fail(f.error(format!("unknown tag {}", quoted(word))).suggest(meant));
                continue;
            }
            tags.push(self.words.tags.word(word));
        }
        tags.as_slice().into()
    }

    pub(super) fn conditions(&mut self, form: Form<'t>, scope: &mut Scope<'t>) -> Arc<[Cond]> {
        let mut conds: SmallVec<[Cond; 4]> = SmallVec::new();
        let Some(members) = form.list() else {
            self.fail(form.error("expected a list of conditions: `((nonzero ?x) ...)`"));
            return Arc::default();
        };
        for f in members {
            match one_condition(f, scope) {
                Ok(c) => conds.push(c),
                Err(e) => self.fail(e),
            }
        }
        conds.into_iter().collect()
    }
}

fn one_condition<'t>(form: Form<'t>, scope: &mut Scope<'t>) -> Result<Cond, ReadError> {
    let mut members = form.list().ok_or_else(|| form.error("expected `(condition ?x)`"))?;
    let head = members.next().ok_or_else(|| form.error("expected `(condition ?x)`"))?;
    let name = head.atom().ok_or_else(|| head.error("expected the name of a condition"))?;
    let Some(condition) = condition(name) else {
        let known: Vec<&str> = conditions().iter().map(|c| c.name).collect();
        let message = format!("unknown condition {}; known: {}", quoted(name), known.join(" "));
        return Err(head.error_of(ReadErrorKind::Name, message).suggest(nearest(name, known)));
    };
    if members.len() != condition.arity {
        let message = format!("`{name}` takes {}, found {}", variables_text(condition.arity), members.len());
        return Err(form.error_of(ReadErrorKind::Arity, message));
    }
    let mut reader = Reader { scope, side: Side::Right, out: Vec::new() };
    let args = members.enumerate().map(|(i, f)| {
        let kind = condition.attrs.get(i).map_or(VarKind::Value, |_| VarKind::Attr);
        reader.variable(f, kind, condition.attrs.get(i).copied())
    });
    Ok(Cond { condition, args: args.collect::<Result<Positions, _>>()? })
}

fn each(form: Form<'_>) -> Result<(&str, Each<'_>), ReadError> {
    let wanted = || form.error("expected `(?f FAMILY)` or `(?f (operator ...))`");
    let mut members = form.list().ok_or_else(wanted)?;
    let (Some(var), Some(what), None) = (members.next(), members.next(), members.next()) else {
        return Err(wanted());
    };
    let var = var.atom().filter(|v| v.starts_with('?')).ok_or_else(wanted)?;
    if let Some(name) = what.atom() {
        let Some(f) = family(name) else {
            let known: Vec<&str> = families().iter().map(|f| f.name).collect();
            let message = format!("unknown family {}; known: {}", quoted(name), known.join(" "));
            return Err(what.error_of(ReadErrorKind::Name, message).suggest(nearest(name, known)));
        };
        return Ok((var, Each::Family(f, what)));
    }
    let listed = what.list().ok_or_else(wanted)?.map(|f| {
        let name = f.atom().ok_or_else(|| f.error("expected the name of an operator"))?;
        by_name(name).ok_or_else(|| {
            let error = f.error_of(ReadErrorKind::Name, format!("unknown operator {}", quoted(name)));
            error.suggest(Op::suggest(name))
        })
    });
    Ok((var, Each::Listed(listed.collect::<Result<Vec<Op>, _>>()?)))
}
