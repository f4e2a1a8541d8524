//! Rule files: `(rule NAME "why" LHS => RHS :when (...) :assumes (...) :tags (...) :ref "...")`.
//!
//! Every error of a file is reported, each at its place, but for lines that are no rules: of these the first word is. A
//! rule with an error is left out.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::ast::{Pattern, Rule};
use super::family::members;
use super::keys::{EACH, EXPAND, Each, Keys, REPLACE};
use super::literal::is_kebab;
use super::pattern::{Reader, Scope, Side};
use crate::op::Op;
use crate::sexp::{Form, ReadError, ReadErrorKind, Source, quoted, read};

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
    let known = errors.len();
    // Lines are counted along the way: asking for each would read the text once per rule.
    let (mut at, mut line) = (0, 1);
    let mut prose = 0;
    for form in tree.forms() {
        let start = form.span().range().start;
        line += source.text().get(at..start).map_or(0, |t| t.bytes().filter(|b| *b == b'\n').count());
        at = start;
        // Of a line that is no rule, a remark after `#` perhaps, one word is reported.
        if form.tagged("rule").is_none() && std::mem::replace(&mut prose, line) == line {
            continue;
        }
        let mut one = One { form, file: &file, line, errors };
        one.rule(names, rules);
    }
    if let Some(new) = errors.get_mut(known..) {
        new.sort_by_key(|e| e.span().start);
    }
}

/// The rule that is being read.
pub(super) struct One<'a, 't> {
    form: Form<'t>,
    file: &'a Arc<str>,
    line: usize,
    errors: &'a mut Vec<ReadError>,
}

impl<'t> One<'_, 't> {
    /// The same mistake is made in every instance of a rule; once is enough.
    pub(super) fn fail(&mut self, e: ReadError) {
        if !self.errors.iter().any(|o| o.span() == e.span() && o.message() == e.message()) {
            self.errors.push(e);
        }
    }

    fn rule(&mut self, names: &mut FxHashSet<Arc<str>>, rules: &mut Vec<Rule>) {
        let shape = "expected `(rule NAME \"why it holds.\" LEFT => RIGHT ...)`";
        let Some(members) = self.form.tagged("rule") else {
            let comment = self.form.atom().is_some_and(|a| a.starts_with('#'));
            let hint = if comment { "; a comment begins with `;`" } else { "" };
            return self.fail(self.form.error(format!("{shape}{hint}")));
        };
        let m: SmallVec<[Form<'t>; 16]> = members.collect();
        let known = self.errors.len();
        let name = self.name(&m, names);
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
        let known = self.errors.len();
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
        if both {
            self.reversible(right, &scope, &rhs);
        }
        let larger = rhs.larger_than(&lhs) || both && lhs.larger_than(&rhs);
        if larger && self.errors.len() == known && !keys.tags.iter().any(|t| **t == *EXPAND) {
            let message = format!("the result is larger than what is matched; tag the rule `{EXPAND}`");
            self.fail(right.error(message));
        }
        if keys.tags.iter().any(|t| **t == *REPLACE) && (both || larger) {
            let message = format!("tagged `{REPLACE}`, but neither side is of no use beside the other");
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

    /// A right side that is to be matched binds every variable and computes nothing.
    fn reversible(&mut self, form: Form<'t>, scope: &Scope<'t>, rhs: &Pattern) {
        if !rhs.matches() {
            self.fail(form.error("`<=>`, but this side computes something and cannot be matched"));
        } else if let Some((_, (name, _))) = (0u32..).zip(&scope.vars).find(|(v, _)| !rhs.uses(*v)) {
            let message = format!("`<=>`, but {} is not on this side", quoted(name));
            self.fail(form.error_of(ReadErrorKind::Name, message));
        }
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
