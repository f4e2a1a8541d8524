//! Patterns: the two sides of a rule, read in the scope of its variables.

use smallvec::{SmallVec, smallvec};

use super::ast::{AttrPattern, PNode, Positions, VarKind};
use super::attr_fn::{attr_fn, attr_fns};
use super::family::{broadcast, visible};
use super::literal::{
    by_name, is_kebab, kind_name, literal, literal_head, number, operands_text, variables_text,
};
use crate::op::{Arity, AttrKind, Op, nearest};
use crate::sexp::{Form, Forms, ReadError, ReadErrorKind, quoted};

/// Patterns nested deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// The number of elements along axes; a value on right sides only.
const COUNT: &str = "count";

/// A value broadcast to the shape of a variable; on right sides only.
const FILL: &str = "fill";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A variable of a rule.
#[derive(Debug)]
pub(super) struct Var<'t> {
    pub(super) name: &'t str,
    pub(super) kind: VarKind,
    /// What kind of attribute it stands for, once known.
    attr: Option<AttrKind>,
}

/// The variables of a rule.
#[derive(Debug, Default)]
pub(super) struct Scope<'t> {
    pub(super) vars: SmallVec<[Var<'t>; 8]>,
    /// The variable that stands for an operator, and the operator.
    pub(super) each: Option<(&'t str, Op)>,
    /// Does the rule also name that operator?
    pub(super) named: bool,
}

type Read<T> = Result<T, ReadError>;

/// A pattern under construction.
pub(super) struct Reader<'s, 't> {
    pub(super) scope: &'s mut Scope<'t>,
    pub(super) side: Side,
    pub(super) out: Vec<PNode>,
}

impl<'t> Reader<'_, 't> {
    /// Reads a value.
    pub(super) fn value(&mut self, form: Form<'t>, depth: usize) -> Read<u32> {
        if depth > MAX_DEPTH {
            return Err(form.error_of(ReadErrorKind::Limit, format!("nested deeper than {MAX_DEPTH}")));
        }
        if let Some(atom) = form.atom() {
            return self.leaf(form, atom);
        }
        let Some(mut members) = form.list() else {
            return Err(form.error("expected a pattern, found a string"));
        };
        let Some(first) = members.next() else {
            return Err(form.error("expected `(operator operand ...)`, found `()`"));
        };
        let Some(name) = first.atom() else {
            return Err(first.error("expected the name of an operator"));
        };
        if name == COUNT {
            return self.count(form, members);
        }
        if name == FILL && self.side == Side::Right {
            return self.fill(form, members, depth);
        }
        let (op, each) = match self.scope.each {
            Some((var, op)) if var == name => (op, true),
            _ => (self.operator(first, name)?, false),
        };
        self.scope.named |= !each && self.scope.each.is_some_and(|(_, e)| e == op);
        if !visible(op.def()) {
            let message = format!("`{name}` is lowered before rules see it; write what it is made of");
            return Err(first.error_of(ReadErrorKind::Name, message));
        }
        let (attr, rest) = self.attribute(form, op, each, members)?;
        let mut args = Positions::new();
        for f in rest {
            args.push(self.value(f, depth + 1)?);
        }
        if op.def().nests() && args.len() > 2 {
            let mut all = args.into_iter();
            let first = all.next().unwrap_or_default();
            let mut pair = |a, b| self.push(PNode::App { op, attr: attr.clone(), args: smallvec![a, b] });
            return Ok(all.fold(first, &mut pair));
        }
        Ok(self.push(PNode::App { op, attr, args }))
    }

    fn leaf(&mut self, form: Form<'t>, atom: &'t str) -> Read<u32> {
        if atom.starts_with('?') {
            if self.scope.each.is_some_and(|(v, _)| v == atom) {
                return Err(form.error(format!("`{atom}` stands for an operator, not for a value")));
            }
            let v = self.bind(form, atom, VarKind::Value, None)?;
            return Ok(self.push(PNode::Var(v)));
        }
        if let Some(x) = number(atom) {
            return if x.is_finite() {
                Ok(self.push(PNode::Num(x)))
            } else {
                Err(form.error_of(ReadErrorKind::Value, format!("{} is not a finite number", quoted(atom))))
            };
        }
        let message = format!("expected `?variable`, a number or `(operator ...)`, found {}", quoted(atom));
        let meant = self.scope.vars.iter().map(|v| v.name).find(|n| n.strip_prefix('?') == Some(atom));
        Err(form.error(message).suggest(meant))
    }

    fn operator(&self, form: Form<'t>, name: &str) -> Read<Op> {
        if let Some(op) = by_name(name) {
            return Ok(op);
        }
        if number(name).is_some() {
            return Err(form.error(format!("expected an operator, found the number {}", quoted(name))));
        }
        if attr_fn(name).is_some() {
            let message =
                format!("`{name}` computes an attribute; it stands first in an operator's operands");
            return Err(form.error_of(ReadErrorKind::Name, message));
        }
        let error = form.error_of(ReadErrorKind::Name, format!("unknown operator {}", quoted(name)));
        Err(error.suggest(Op::suggest(name)))
    }

    /// `(fill ?x V)`: `V` broadcast to the shape of `?x`.
    fn fill(&mut self, form: Form<'t>, operands: Forms<'t>, depth: usize) -> Read<u32> {
        let found = operands.len();
        let Some([like, value]) = two(operands) else {
            let message = format!("`{FILL}` takes a variable and a value, found {found}");
            return Err(form.error_of(ReadErrorKind::Arity, message));
        };
        let (Some(shape_of), Some(op)) = (attr_fn("shape-of"), broadcast()) else {
            return Err(form.error("no operator broadcasts"));
        };
        self.scope.named |= self.scope.each.is_some_and(|(_, e)| e == op);
        let v = self.bind(like, self.name_of(like)?, VarKind::Value, None)?;
        let value = self.value(value, depth + 1)?;
        let attr = AttrPattern::Call(shape_of, smallvec![v]);
        Ok(self.push(PNode::App { op, attr, args: smallvec![value] }))
    }

    fn count(&mut self, form: Form<'t>, operands: Forms<'t>) -> Read<u32> {
        if self.side == Side::Left {
            return Err(form.error(format!("`{COUNT}` is computed; it stands on a right side only")));
        }
        let found = operands.len();
        let Some([axes, of]) = two(operands) else {
            let message = format!("`{COUNT}` takes 2 variables, found {found}");
            return Err(form.error_of(ReadErrorKind::Arity, message));
        };
        let axes = self.attr_variable(axes, AttrKind::Axes)?;
        let name = self.name_of(of)?;
        // The lengths of a broadcast serve as well as those of a value.
        let dims = self.scope.vars.iter().any(|v| v.name == name && v.kind == VarKind::Attr);
        let of = if dims {
            self.attr_variable(of, AttrKind::Dims)?
        } else {
            self.bind(of, name, VarKind::Value, None)?
        };
        Ok(self.push(PNode::Count { axes, of }))
    }

    /// The attribute of `op`, and the operands that are values.
    fn attribute(
        &mut self,
        form: Form<'t>,
        op: Op,
        each: bool,
        mut operands: Forms<'t>,
    ) -> Read<(AttrPattern, Forms<'t>)> {
        let def = op.def();
        let arity = |found: usize| -> Read<()> {
            if def.arity.admits(found) {
                return Ok(());
            }
            let with = if def.attr == AttrKind::None {
                String::new()
            } else {
                format!("{} and ", kind_name(def.attr))
            };
            let message = match def.arity {
                Arity::Exact(n) => format!("`{}` takes {with}{}, found {found}", def.name, operands_text(n)),
                Arity::AtLeast(n) => {
                    format!("`{}` takes {with}at least {}, found {found}", def.name, operands_text(n))
                }
            };
            Err(form.error_of(ReadErrorKind::Arity, message))
        };
        if def.attr == AttrKind::None {
            arity(operands.len())?;
            return Ok((AttrPattern::None, operands));
        }
        // An operator that a variable stands for may leave its attribute to be the same everywhere.
        if each && def.arity.admits(operands.len()) {
            let name = self.scope.each.map_or("?f", |(v, _)| v);
            let v = self.bind(form, name, VarKind::Attr, Some(def.attr))?;
            return Ok((AttrPattern::Var(v), operands));
        }
        let Some(first) = operands.next() else {
            let message = format!("`{}` takes {} first", def.name, kind_name(def.attr));
            return Err(form.error_of(ReadErrorKind::Arity, message));
        };
        arity(operands.len())?;
        Ok((self.attr_pattern(first, def.attr)?, operands))
    }

    fn attr_pattern(&mut self, form: Form<'t>, kind: AttrKind) -> Read<AttrPattern> {
        if form.atom().is_some_and(|a| a.starts_with('?')) {
            return self.attr_variable(form, kind).map(AttrPattern::Var);
        }
        let wanted =
            || format!("expected {}: `?variable` or `({} ...)`", kind_name(kind), literal_head(kind));
        let Some(mut members) = form.list() else { return Err(form.error(wanted())) };
        let Some((first, name)) = members.next().and_then(|f| Some((f, f.atom()?))) else {
            return Err(form.error(wanted()));
        };
        if name == literal_head(kind) {
            return literal(form, members.collect::<Vec<_>>().as_slice(), kind).map(AttrPattern::Lit);
        }
        let Some(f) = attr_fn(name) else {
            let message = format!("unknown attribute function {}; {}", quoted(name), wanted());
            let known = attr_fns().iter().map(|f| f.name).chain([literal_head(kind)]);
            return Err(first.error_of(ReadErrorKind::Name, message).suggest(nearest(name, known)));
        };
        if self.side == Side::Left {
            return Err(form.error(format!("`{name}` is computed; it stands on a right side only")));
        }
        if f.gives != kind {
            let message = format!("`{name}` gives {}, not {}", kind_name(f.gives), kind_name(kind));
            return Err(form.error_of(ReadErrorKind::Type, message));
        }
        if members.len() != f.arity {
            let message = format!("`{name}` takes {}, found {}", variables_text(f.arity), members.len());
            return Err(form.error_of(ReadErrorKind::Arity, message));
        }
        let vars = members.enumerate().map(|(i, a)| match f.attrs.get(i) {
            Some(kind) => self.attr_variable(a, *kind),
            None => self.variable(a, VarKind::Value, None),
        });
        Ok(AttrPattern::Call(f, vars.collect::<Read<Positions>>()?))
    }

    fn name_of(&self, form: Form<'t>) -> Read<&'t str> {
        form.atom().filter(|a| a.starts_with('?')).ok_or_else(|| form.error("expected `?variable`"))
    }

    /// A variable that the left side knows.
    pub(super) fn variable(&mut self, form: Form<'t>, kind: VarKind, attr: Option<AttrKind>) -> Read<u32> {
        let name = self.name_of(form)?;
        self.bind(form, name, kind, attr)
    }

    fn attr_variable(&mut self, form: Form<'t>, kind: AttrKind) -> Read<u32> {
        self.variable(form, VarKind::Attr, Some(kind))
    }

    /// The position of a variable: a left side introduces it, a right side must know it.
    fn bind(&mut self, form: Form<'t>, name: &'t str, kind: VarKind, attr: Option<AttrKind>) -> Read<u32> {
        let vars = &mut self.scope.vars;
        let Some(i) = vars.iter().position(|v| v.name == name) else {
            if self.side == Side::Right {
                let message = format!("{} is not on the left side", quoted(name));
                let all = vars.iter().map(|v| v.name);
                return Err(form.error_of(ReadErrorKind::Name, message).suggest(nearest(name, all)));
            }
            if !is_kebab(name.trim_start_matches('?')) {
                return Err(form.error(format!("{} is not a name: small letters, digits, `-`", quoted(name))));
            }
            vars.push(Var { name, kind, attr });
            return Ok(index(vars.len() - 1));
        };
        let known = &mut vars[i];
        if known.kind != kind {
            let message = format!("`{name}` stands for a value in one place and for an attribute in another");
            return Err(form.error_of(ReadErrorKind::Type, message));
        }
        match (known.attr, attr) {
            (Some(a), Some(b)) if a != b => {
                let message = format!("`{name}` stands for {} and for {}", kind_name(a), kind_name(b));
                return Err(form.error_of(ReadErrorKind::Type, message));
            }
            (None, Some(b)) => known.attr = Some(b),
            _ => {}
        }
        Ok(index(i))
    }

    /// Equal nodes are one.
    fn push(&mut self, node: PNode) -> u32 {
        let same = |n: &PNode| match (n, &node) {
            (PNode::Num(a), PNode::Num(b)) => a.to_bits() == b.to_bits(),
            (a, b) => a == b,
        };
        let at = self.out.iter().position(same).unwrap_or_else(|| {
            self.out.push(node);
            self.out.len() - 1
        });
        index(at)
    }
}

fn two<'t>(mut forms: Forms<'t>) -> Option<[Form<'t>; 2]> {
    let both = [forms.next()?, forms.next()?];
    forms.next().is_none().then_some(both)
}

fn index(i: usize) -> u32 {
    u32::try_from(i).unwrap_or(u32::MAX)
}
