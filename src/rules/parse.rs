//! Rule files: `(rule NAME "why" LHS => RHS :when (...) :assumes (...) :tags (...) :ref "...")`.
//!
//! Every error of a file is reported, each at its place, but for lines that are no rules: of these the first word is. A
//! rule with an error is left out.

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::ast::{PNode, Pattern, Rule};
use super::family::members;
use super::instance::{Model, Parts};
use super::keys::{EACH, EXPAND, Each, Keys, REPLACE};
use super::literal::is_kebab;
use super::pattern::{Reader, Scope, Side};
use super::words::Vocabulary;
use crate::op::Op;
use crate::sexp::{Form, ReadError, ReadErrorKind, Source, quoted, read};

/// Reads the rules of a text. `words` are those of the texts before.
pub(super) fn parse_into(
    source: &Source,
    words: &mut Vocabulary,
    rules: &mut Vec<Rule>,
    errors: &mut Vec<ReadError>,
) {
    let tree = match read(source) {
        Ok(tree) => tree,
        Err(e) => return errors.push(e),
    };
    let file: Arc<str> = source.name().into();
    let known = errors.len();
    // Lines are counted along the way: asking for each would read the text once per rule.
    let (mut at, mut line) = (0, 1);
    let mut prose = 0;
    let mut room = Vec::new();
    for form in tree.forms() {
        let start = form.span().range().start;
        line += source.text().as_bytes().get(at..start).map_or(0, newlines);
        at = start;
        // Of a line that is no rule, a remark after `#` perhaps, one word is reported.
        if form.tagged("rule").is_none() && std::mem::replace(&mut prose, line) == line {
            continue;
        }
        let mut one = One { form, file: &file, line, errors, words, room: &mut room };
        one.rule(rules);
    }
    if let Some(new) = errors.get_mut(known..) {
        new.sort_by_key(|e| e.span().start);
    }
}

/// In pieces that a byte can count: several at once.
fn newlines(text: &[u8]) -> usize {
    text.chunks(255).map(|piece| usize::from(piece.iter().map(|b| u8::from(*b == b'\n')).sum::<u8>())).sum()
}

/// The rule that is being read.
pub(super) struct One<'a, 't> {
    form: Form<'t>,
    file: &'a Arc<str>,
    line: usize,
    errors: &'a mut Vec<ReadError>,
    pub(super) words: &'a mut Vocabulary,
    /// Where a side is built.
    room: &'a mut Vec<PNode>,
}

impl<'t> One<'_, 't> {
    /// The same mistake is made in every instance of a rule; once is enough.
    pub(super) fn fail(&mut self, e: ReadError) {
        if !self.errors.iter().any(|o| o.span() == e.span() && o.message() == e.message()) {
            self.errors.push(e);
        }
    }

    fn rule(&mut self, rules: &mut Vec<Rule>) {
        let shape = "expected `(rule NAME \"why it holds.\" LEFT => RIGHT ...)`";
        let Some(members) = self.form.tagged("rule") else {
            let comment = self.form.atom().is_some_and(|a| a.starts_with('#'));
            let hint = if comment { "; a comment begins with `;`" } else { "" };
            return self.fail(self.form.error(format!("{shape}{hint}")));
        };
        let m: SmallVec<[Form<'t>; 16]> = members.collect();
        let known = self.errors.len();
        let name = self.name(&m);
        let doc = self.doc(&m);
        let [_, _, lhs, arrow, rhs, rest @ ..] = m.as_slice() else {
            // Perhaps only the sentence is missing, and that is said.
            if self.errors.len() == known {
                self.fail(self.form.error(shape));
            }
            return;
        };
        let both = match arrow.atom() {
            Some("=>") => false,
            Some("<=>") => true,
            _ => {
                self.fail(arrow.error(format!("expected `=>` or `<=>`, found {}", quoted(arrow.text()))));
                false
            }
        };
        let keys = self.keys(rest);
        let (Some(name), Some(doc)) = (name, doc) else { return };
        if keys.each.is_none() && rest.iter().any(|f| f.atom() == Some(EACH)) {
            return;
        }
        let ops: SmallVec<[Option<Op>; 4]> = match &keys.each {
            None => smallvec![None],
            Some((var, each)) => match self.instances(*lhs, var, each) {
                Ok(ops) => ops.into_iter().map(Some).collect(),
                Err(e) => return self.fail(e),
            },
        };
        let mut models: SmallVec<[Model; 2]> = SmallVec::new();
        for op in ops {
            let each = keys.each.as_ref().and_then(|(v, _)| Some((*v, op?)));
            let parts = match op.and_then(|op| models.iter().find_map(|m| m.with(op))) {
                Some(parts) => parts,
                None => {
                    let Some((parts, named)) = self.read(each, &keys, [*lhs, *rhs]) else { break };
                    models.extend(op.filter(|_| !named).map(|op| Model { op, parts: parts.clone() }));
                    parts
                }
            };
            self.check(&parts, &keys, *rhs, each.is_some(), both);
            if self.errors.len() > known {
                break;
            }
            if parts.lhs == parts.rhs {
                continue;
            }
            let named = |reverse: &str| match op {
                Some(op) => [&*name, reverse, "[", op.def().name, "]"].concat().into(),
                None if reverse.is_empty() => name.clone(),
                None => [&*name, reverse].concat().into(),
            };
            let rule = Rule {
                name: named(""),
                doc: doc.clone(),
                vars: parts.vars,
                lhs: parts.lhs,
                rhs: parts.rhs,
                when: parts.when,
                assumes: keys.assumes,
                tags: keys.tags.clone(),
                reference: keys.reference.clone(),
                file: self.file.clone(),
                line: self.line,
            };
            // Of a rule that goes both ways the reverse follows.
            let (left, right) = (rule.lhs.clone(), rule.rhs.clone());
            let reverse = both.then(|| Rule { name: named("-rev"), lhs: right, rhs: left, ..rule.clone() });
            rules.push(rule);
            rules.extend(reverse);
        }
    }

    fn name(&mut self, m: &[Form<'t>]) -> Option<Arc<str>> {
        let form = *m.first()?;
        let name = match form.atom() {
            Some(n) if is_kebab(n) => n,
            _ => {
                let message =
                    format!("expected a name in small letters, as `add-zero`, found {}", quoted(form.text()));
                self.fail(form.error(message));
                return None;
            }
        };
        let known = self.words.names.known(name);
        if let Some(name) = &known {
            self.fail(form.error_of(ReadErrorKind::Name, format!("a second rule is called `{name}`")));
        }
        Some(known.unwrap_or_else(|| self.words.names.word(name)))
    }

    fn doc(&mut self, m: &[Form<'t>]) -> Option<Arc<str>> {
        let form = *m.get(1)?;
        let Some(doc) = form.string() else {
            self.fail(form.error("expected a sentence in quotes that says why the rule holds"));
            return None;
        };
        if !doc.ends_with('.') || doc.len() < 2 {
            self.fail(form.error("the sentence must end with a full stop"));
        }
        Some(doc.into())
    }

    /// The members of a family that take as many operands as the left side gives them.
    fn instances(&self, lhs: Form<'t>, var: &str, each: &Each<'t>) -> Result<Vec<Op>, ReadError> {
        let mut stack = vec![lhs];
        let mut arity = None;
        while let Some(f) = stack.pop() {
            if let Some(operands) = f.tagged(var) {
                arity = Some(operands.len());
            }
            stack.extend(f.list().into_iter().flatten());
        }
        let Some(arity) = arity else {
            return Err(lhs.error(format!("`{var}` is not applied on the left side")));
        };
        match each {
            Each::Listed(ops) => Ok(ops.clone()),
            Each::Family(family, form) => {
                let ops = members(family, arity);
                if ops.is_empty() {
                    let message = format!("no member of `{}` takes {arity} operands", family.name);
                    return Err(form.error_of(ReadErrorKind::Arity, message));
                }
                Ok(ops)
            }
        }
    }

    /// The parts of one instance, and whether it names the operator that its variable stands for.
    fn read(
        &mut self,
        each: Option<(&'t str, Op)>,
        keys: &Keys<'t>,
        [left, right]: [Form<'t>; 2],
    ) -> Option<(Parts, bool)> {
        let mut scope = Scope { each, ..Scope::default() };
        let lhs = self.side(left, &mut scope, Side::Left);
        let when = keys.when.map(|f| self.conditions(f, &mut scope)).unwrap_or_default();
        let rhs = lhs.as_ref().and_then(|_| self.side(right, &mut scope, Side::Right));
        let (lhs, rhs) = (lhs?, rhs?);
        if lhs.work().0 == 0 && lhs.nodes.len() == 1 {
            self.fail(left.error("a left side that is a variable or a number matches everything"));
        }
        let vars = scope.vars.iter().map(|v| (self.words.variables.word(v.name), v.kind)).collect();
        Some((Parts { vars, lhs, rhs, when }, scope.named))
    }

    /// Is what was read a rule?
    fn check(&mut self, parts: &Parts, keys: &Keys<'t>, right: Form<'t>, instance: bool, both: bool) {
        let (lhs, rhs, known) = (&parts.lhs, &parts.rhs, self.errors.len());
        if lhs == rhs {
            if !instance {
                self.fail(right.error("both sides are the same"));
            }
            return;
        }
        if both {
            self.reversible(right, parts);
        }
        let larger = rhs.larger_than(lhs) || both && lhs.larger_than(rhs);
        if larger && self.errors.len() == known && !keys.tags.iter().any(|t| **t == *EXPAND) {
            let message = format!("the result is larger than what is matched; tag the rule `{EXPAND}`");
            self.fail(right.error(message));
        }
        if keys.tags.iter().any(|t| **t == *REPLACE) && (both || larger) {
            let message = format!("tagged `{REPLACE}`, but neither side is of no use beside the other");
            self.fail(right.error(message));
        }
    }

    /// A right side that is to be matched binds every variable and computes nothing.
    fn reversible(&mut self, form: Form<'t>, parts: &Parts) {
        if !parts.rhs.matches() {
            self.fail(form.error("`<=>`, but this side computes something and cannot be matched"));
        } else if let Some((_, (name, _))) = (0u32..).zip(&*parts.vars).find(|(v, _)| !parts.rhs.uses(*v)) {
            let message = format!("`<=>`, but {} is not on this side", quoted(name));
            self.fail(form.error_of(ReadErrorKind::Name, message));
        }
    }

    fn side(&mut self, form: Form<'t>, scope: &mut Scope<'t>, side: Side) -> Option<Pattern> {
        let mut reader = Reader { scope, side, out: std::mem::take(self.room) };
        let read = reader.value(form, 0);
        *self.room = reader.out;
        let nodes = self.room.drain(..).collect();
        match read {
            Ok(_) => Some(Pattern { nodes }),
            Err(e) => {
                self.fail(e);
                None
            }
        }
    }
}
