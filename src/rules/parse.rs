//! Rule files: `(rule NAME "why" LHS => RHS :when (...) :assumes (...) :tags (...) :ref "...")`.
//!
//! Every error of a file is reported, each at its place; a rule with an error is left out.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::assume::Assumes;
use super::ast::{Cond, Pattern, Rule, VarKind};
use super::cond::{condition, conditions};
use super::family::{families, family, members};
use super::pattern::{Reader, Scope, Side, by_name, is_kebab, variables_text};
use crate::op::{Op, nearest};
use crate::sexp::{Form, ReadError, ReadErrorKind, Source, quoted, read};

/// Keys that may follow the right side.
const KEYS: [&str; 5] = [":when", ":assumes", ":tags", ":ref", ":each"];

/// The tag of a rule whose left side is never taken when the right is there.
pub(super) const STABILIZE: &str = "stabilize";
/// The tag of a rule whose right side is larger.
pub(super) const EXPAND: &str = "expand";

/// Reads the rules of a text. `names` are those in use.
pub(super) fn parse_into(
    source: &Source,
    names: &mut FxHashSet<Arc<str>>,
    rules: &mut Vec<Rule>,
    errors: &mut Vec<ReadError>,
) {
    let tree = match read(source) {
        Ok(tree) => tree,
        Err(e) => return errors.push(e),
    };
    let file: Arc<str> = source.name().into();
    // Lines are counted along the way: asking for each would read the text once per rule.
    let (mut at, mut line) = (0, 1);
    for form in tree.forms() {
        let start = form.span().range().start;
        line += source.text().get(at..start).map_or(0, |t| t.bytes().filter(|b| *b == b'\n').count());
        at = start;
        let mut one = One { form, file: &file, line, errors };
        one.rule(names, rules);
    }
}

/// What follows the right side.
#[derive(Default)]
struct Keys<'t> {
    when: Option<Form<'t>>,
    assumes: Assumes,
    tags: Vec<Arc<str>>,
    reference: Option<Arc<str>>,
    each: Option<(&'t str, Each<'t>)>,
}

/// The operators that a rule speaks of.
enum Each<'t> {
    Family(&'static super::family::Family, Form<'t>),
    Listed(Vec<Op>),
}

/// The rule that is being read.
struct One<'a, 't> {
    form: Form<'t>,
    file: &'a Arc<str>,
    line: usize,
    errors: &'a mut Vec<ReadError>,
}

impl<'t> One<'_, 't> {
    /// The same mistake is made in every instance of a rule; once is enough.
    fn fail(&mut self, e: ReadError) {
        if !self.errors.iter().any(|o| o.span() == e.span() && o.message() == e.message()) {
            self.errors.push(e);
        }
    }

    fn rule(&mut self, names: &mut FxHashSet<Arc<str>>, rules: &mut Vec<Rule>) {
        let shape = "expected `(rule NAME \"why it holds.\" LEFT => RIGHT ...)`";
        let Some(members) = self.form.tagged("rule") else {
            return self.fail(self.form.error(shape));
        };
        let m: Vec<Form<'t>> = members.collect();
        let known = self.errors.len();
        let name = self.name(&m, names);
        let doc = self.doc(&m);
        let [_, _, lhs, arrow, rhs, rest @ ..] = m.as_slice() else {
            return self.fail(self.form.error(shape));
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
        let ops: Vec<Option<Op>> = match &keys.each {
            None => vec![None],
            Some((var, each)) => match self.instances(*lhs, var, each) {
                Ok(ops) => ops.into_iter().map(Some).collect(),
                Err(e) => return self.fail(e),
            },
        };
        for op in ops {
            let each = keys.each.as_ref().and_then(|(v, _)| Some((*v, op?)));
            let built = self.build(each, &keys, &name, &doc, [*lhs, *rhs], both);
            match built {
                Some(r) if self.errors.len() == known => rules.extend(r),
                _ => break,
            }
        }
    }

    fn name(&mut self, m: &[Form<'t>], names: &mut FxHashSet<Arc<str>>) -> Option<Arc<str>> {
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
        let name: Arc<str> = name.into();
        if !names.insert(name.clone()) {
            self.fail(form.error_of(ReadErrorKind::Name, format!("a second rule is called `{name}`")));
        }
        Some(name)
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

    fn keys(&mut self, rest: &[Form<'t>]) -> Keys<'t> {
        let mut keys = Keys::default();
        let mut seen: Vec<&str> = Vec::new();
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

    fn words(&mut self, form: Form<'t>, what: &str) -> Vec<(Form<'t>, &'t str)> {
        let Some(members) = form.list() else {
            self.fail(form.error(format!("expected a list of {what} in parentheses")));
            return Vec::new();
        };
        let all: Vec<Form<'t>> = members.collect();
        let mut words = Vec::new();
        for f in all {
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

    fn tags(&mut self, form: Form<'t>) -> Vec<Arc<str>> {
        let mut tags: Vec<Arc<str>> = Vec::new();
        for (f, word) in self.words(form, "tags") {
            // Other tags are the author's own; a misspelled one of these would be without effect.
            let meant = nearest(word, [STABILIZE, EXPAND]).filter(|m| *m != word);
            if !is_kebab(word) || meant.is_some() {
                self.fail(f.error(format!("unknown tag {}", quoted(word))).suggest(meant));
            }
            tags.push(word.into());
        }
        tags
    }

    fn conditions(&mut self, form: Form<'t>, scope: &mut Scope<'t>) -> Vec<Cond> {
        let mut conds = Vec::new();
        let Some(members) = form.list() else {
            self.fail(form.error("expected a list of conditions: `((nonzero ?x) ...)`"));
            return conds;
        };
        for f in members {
            match one_condition(f, scope) {
                Ok(c) => conds.push(c),
                Err(e) => self.fail(e),
            }
        }
        conds
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

    /// One instance: a rule, and its reverse.
    fn build(
        &mut self,
        each: Option<(&'t str, Op)>,
        keys: &Keys<'t>,
        name: &Arc<str>,
        doc: &Arc<str>,
        [left, right]: [Form<'t>; 2],
        both: bool,
    ) -> Option<Vec<Rule>> {
        let mut scope = Scope { each, ..Scope::default() };
        let lhs = self.side(left, &mut scope, Side::Left);
        let when = keys.when.map(|f| self.conditions(f, &mut scope)).unwrap_or_default();
        let rhs = lhs.as_ref().and_then(|_| self.side(right, &mut scope, Side::Right));
        let (lhs, rhs) = (lhs?, rhs?);
        if lhs.work().0 == 0 && lhs.nodes.len() == 1 {
            self.fail(left.error("a left side that is a variable or a number matches everything"));
        }
        if lhs == rhs {
            if each.is_none() {
                self.fail(right.error("both sides are the same"));
            }
            return Some(Vec::new());
        }
        let larger = rhs.larger_than(&lhs) || both && lhs.larger_than(&rhs);
        if larger && !keys.tags.iter().any(|t| **t == *EXPAND) {
            let message = format!("the result is larger than what is matched; tag the rule `{EXPAND}`");
            self.fail(right.error(message));
        }
        let name: Arc<str> = match each {
            Some((_, op)) => format!("{name}[{}]", op.def().name).into(),
            None => name.clone(),
        };
        let rule = Rule {
            name,
            doc: doc.clone(),
            vars: scope.vars,
            lhs,
            rhs,
            when,
            assumes: keys.assumes,
            tags: keys.tags.clone(),
            reference: keys.reference.clone(),
            file: self.file.clone(),
            line: self.line,
        };
        if !both {
            return Some(vec![rule]);
        }
        let unbound = (0..rule.vars.len()).find(|v| u32::try_from(*v).is_ok_and(|v| !rule.rhs.uses(v)));
        if let Some(v) = unbound {
            let message = format!("`<=>`, but {} is not on this side", quoted(&rule.vars[v].0));
            self.fail(right.error_of(ReadErrorKind::Name, message));
        }
        if !rule.rhs.matches() {
            self.fail(right.error("`<=>`, but this side computes something and cannot be matched"));
        }
        let mut reverse = rule.clone();
        reverse.name = match each {
            Some((_, op)) => {
                let base = rule.name.split('[').next().unwrap_or_default();
                format!("{base}-rev[{}]", op.def().name).into()
            }
            None => format!("{}-rev", rule.name).into(),
        };
        std::mem::swap(&mut reverse.lhs, &mut reverse.rhs);
        Some(vec![rule, reverse])
    }

    fn side(&mut self, form: Form<'t>, scope: &mut Scope<'t>, side: Side) -> Option<Pattern> {
        let mut reader = Reader { scope, side, out: Pattern::default() };
        match reader.value(form, 0) {
            Ok(_) => Some(reader.out),
            Err(e) => {
                self.fail(e);
                None
            }
        }
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
    let operands: Vec<Form<'t>> = members.collect();
    if operands.len() != condition.arity {
        let message = format!("`{name}` takes {}, found {}", variables_text(condition.arity), operands.len());
        return Err(form.error_of(ReadErrorKind::Arity, message));
    }
    let mut reader = Reader { scope, side: Side::Right, out: Pattern::default() };
    let args = operands.iter().enumerate().map(|(i, f)| {
        let kind = condition.attrs.get(i).map_or(VarKind::Value, |_| VarKind::Attr);
        reader.variable(*f, kind, condition.attrs.get(i).copied())
    });
    Ok(Cond { condition, args: args.collect::<Result<Vec<u32>, _>>()? })
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
