//! The arguments of a call, and the calls that the table of operators explains.
//!
//! Which arguments are operands and which say the attribute follows from the row: its arity and
//! [`AttrKind`]. A new row can be called without a change here.

use super::code::Braces;
use super::value::{Item, Value};
use crate::expr::{Expr, TypeError};
use crate::op::{Arity, Attr, AttrKind, Op, Role};
use crate::sexp::{ReadError, ReadErrorKind, Source, Span, quoted};
use crate::ty::{Dim, normalize_axes, normalize_axis};

/// Every keyword, and whether its value is fixed: not an expression.
pub(super) const KEYWORDS: [(&str, bool); 6] =
    [("axis", true), ("axes", true), ("keepdims", true), ("shape", false), ("order", true), ("dtype", true)];

/// A call under way.
pub(super) struct Args<'a> {
    pub(super) source: &'a Source,
    /// The name that is called.
    pub(super) name: &'a str,
    pub(super) span: Span,
    pub(super) items: Vec<Item>,
    pub(super) keywords: Vec<(Span, Item)>,
    pub(super) braces: Option<&'a Braces>,
}

impl<'a> Args<'a> {
    pub(super) fn error(&self, kind: ReadErrorKind, message: impl Into<String>) -> ReadError {
        ReadError::new(kind, self.source, self.span, message)
    }

    pub(super) fn error_at(&self, kind: ReadErrorKind, item: &Item, message: impl Into<String>) -> ReadError {
        ReadError::new(kind, self.source, item.span, message)
    }

    /// `op` applied, with the place of this call in its errors.
    pub(super) fn apply(&self, op: Op, attr: Attr, args: Vec<Expr>) -> Result<Expr, ReadError> {
        apply(self.source, self.span, op, attr, args)
    }

    /// The value of a keyword, which is then used.
    pub(super) fn keyword(&mut self, name: &str) -> Option<Item> {
        let at =
            self.keywords.iter().position(|(k, _)| self.source.slice(*k).trim_start_matches(':') == name)?;
        Some(self.keywords.swap_remove(at).1)
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool, ReadError> {
        use crate::expr::Lit;
        let Some(item) = self.keyword(name) else { return Ok(false) };
        match item.value.as_expr().and_then(Expr::literal) {
            Some(Lit::Bool(b)) => Ok(b),
            Some(Lit::Int(i @ (0 | 1))) => Ok(i == 1),
            _ => {
                Err(self.error_at(ReadErrorKind::Parse, &item, format!("`{name}` must be `True` or `False`")))
            }
        }
    }

    /// The operands when the row takes `n` of them; what follows says the attribute.
    pub(super) fn operands(&mut self, n: usize) -> Result<Vec<Expr>, ReadError> {
        let n = n.min(self.items.len());
        let rest = self.items.split_off(n);
        std::mem::replace(&mut self.items, rest).into_iter().map(|i| self.expr(i)).collect()
    }

    pub(super) fn expr(&self, item: Item) -> Result<Expr, ReadError> {
        expr(self.source, item)
    }

    /// The argument that says the attribute: the keyword, or the one after the operands.
    pub(super) fn static_arg(&mut self, keywords: &[&str]) -> Option<Item> {
        let named = keywords.iter().find_map(|k| self.keyword(k));
        named.or_else(|| if self.items.is_empty() { None } else { Some(self.items.remove(0)) })
    }

    pub(super) fn ints(&self, item: &Item) -> Result<Vec<i64>, ReadError> {
        item.value.ints().ok_or_else(|| {
            let message = format!("`{}` takes integers here, not {}", self.name, item.value.noun());
            self.error_at(ReadErrorKind::Parse, item, message)
        })
    }

    /// Nothing must be left.
    pub(super) fn done(&self) -> Result<(), ReadError> {
        if let Some((k, _)) = self.keywords.first() {
            let message = format!("{} does not take {}", quoted(self.name), quoted(self.source.slice(*k)));
            return Err(ReadError::new(ReadErrorKind::Arity, self.source, *k, message));
        }
        if self.braces.is_some() {
            return Err(self.error(ReadErrorKind::Arity, format!("{} takes no braces", quoted(self.name))));
        }
        match self.items.first() {
            Some(i) => {
                let message = format!("too many arguments for {}", quoted(self.name));
                Err(self.error_at(ReadErrorKind::Arity, i, message))
            }
            None => Ok(()),
        }
    }

    /// The axes that a reduction or softmax of `x` names.
    pub(super) fn axes(&mut self, x: Option<&Expr>, role: Role) -> Result<Attr, ReadError> {
        let rank = x.map_or(0, Expr::rank);
        let default = || match role {
            Role::Reduce => Ok(Attr::AllAxes),
            _ => normalize_axis(-1, rank).map(|a| Attr::Axes(vec![a])),
        };
        let (attr, span) = match (self.braces.take(), self.static_arg(&["axis", "axes"])) {
            (Some(braces), None) => {
                let ints: Option<Vec<i64>> = braces.iter().copied().collect();
                let Some(ints) = ints else {
                    return Err(self.error(ReadErrorKind::Parse, "these braces hold numbers of axes"));
                };
                (normalize_axes(&ints, rank).map(Attr::Axes), self.span)
            }
            (Some(_), Some(i)) => {
                return Err(self.error_at(ReadErrorKind::Arity, &i, "the braces say the axes already"));
            }
            (None, None) => (default(), self.span),
            (None, Some(i)) if matches!(i.value, Value::Nothing) => (default(), i.span),
            (None, Some(i)) => (normalize_axes(&self.ints(&i)?, rank).map(Attr::Axes), i.span),
        };
        attr.map_err(|e| ReadError::new(ReadErrorKind::Shape, self.source, span, e.to_string()))
    }

    /// Lengths, one of which may be -1: what the others leave of the elements of `x`.
    pub(super) fn dims(&self, x: Option<&Expr>, items: Vec<Item>) -> Result<Vec<Dim>, ReadError> {
        let mut dims = Vec::with_capacity(items.len());
        let mut open = None;
        for (at, i) in items.iter().enumerate() {
            match i.value.dim() {
                Some(d) => dims.push(d),
                None if i.value.int() == Some(-1) && open.is_none() => {
                    open = Some(at);
                    dims.push(Dim::ONE);
                }
                None if i.value.int().is_some() => {
                    let message = "lengths are not negative, except for one -1";
                    return Err(self.error_at(ReadErrorKind::Shape, i, message));
                }
                None => {
                    let message = "a length is a number, `x.shape[0]`, or sums and products of these";
                    return Err(self.error_at(ReadErrorKind::Parse, i, message));
                }
            }
        }
        if let Some(at) = open {
            let all = x.map_or(Dim::ONE, |x| x.ty().shape.size());
            let rest = Dim::product(dims.iter().cloned());
            let Some(d) = Dim::quotient(&all, &rest) else {
                let message = format!("cannot divide {all} elements by {rest} for the -1");
                return Err(self.error_at(ReadErrorKind::Shape, &items[at], message));
            };
            dims[at] = d;
        }
        Ok(dims)
    }

    /// A call of an operator of the table.
    pub(super) fn call(mut self, op: Op) -> Result<Expr, ReadError> {
        let def = op.def();
        let n = match def.arity {
            Arity::Exact(n) => n,
            Arity::AtLeast(_) => usize::MAX,
        };
        match def.attr {
            AttrKind::None => {
                let operands = self.operands(usize::MAX)?;
                self.done()?;
                super::elab::apply_broadcast(self.source, self.span, op, operands)
            }
            AttrKind::Axes => {
                let operands = self.operands(n)?;
                let attr = self.axes(operands.first(), def.role)?;
                let keep = def.role == Role::Reduce && self.flag("keepdims")?;
                self.done()?;
                let x = operands.first().cloned();
                let reduced = self.apply(op, attr.clone(), operands)?;
                Ok(match x {
                    Some(x) if keep => x.keepdims(&reduced, &attr.axes(x.rank())),
                    _ => reduced,
                })
            }
            AttrKind::Axis => self.axis_call(op, n),
            AttrKind::Perm => {
                let operands = self.operands(n)?;
                let order: Option<Vec<Option<i64>>> = match (self.braces.take(), self.static_arg(&["order"]))
                {
                    (Some(b), None) => Some(b.clone()),
                    (None, Some(i)) => self.order(i)?,
                    _ => None,
                };
                let Some(order) = order else {
                    return Err(self.error(ReadErrorKind::Arity, "the order of the axes is missing"));
                };
                self.done()?;
                let axis = |a: i64| usize::try_from(a).ok();
                let perm = order.into_iter().map(|a| a.map_or(Some(None), |a| axis(a).map(Some)));
                match perm.collect() {
                    Some(perm) => self.apply(op, Attr::Perm(perm), operands),
                    None => Err(self.error(ReadErrorKind::Shape, "axes are not negative here")),
                }
            }
            AttrKind::Dims => {
                let operands = self.operands(n)?;
                let mut items = match self.keyword("shape") {
                    Some(i) => vec![i],
                    None if self.items.is_empty() => {
                        let message = format!("the lengths for {} are missing", quoted(self.name));
                        return Err(self.error(ReadErrorKind::Arity, message));
                    }
                    None => std::mem::take(&mut self.items),
                };
                if let [Item { value: Value::List(list), .. }] = &mut items[..] {
                    items = std::mem::take(list);
                }
                if let Some(b) = self.braces.take()
                    && (b.len() != 1 || b[0] != i64::try_from(items.len()).ok())
                {
                    return Err(self.error(ReadErrorKind::Shape, "the braces say another number of axes"));
                }
                self.done()?;
                let dims = self.dims(operands.first(), items)?;
                self.apply(op, Attr::Dims(dims), operands)
            }
            AttrKind::DType => {
                let operands = self.operands(n)?;
                match self.static_arg(&["dtype"]) {
                    Some(Item { value: Value::DType(d), .. }) => {
                        self.done()?;
                        self.apply(op, Attr::DType(d), operands)
                    }
                    Some(i) => Err(self.error_at(ReadErrorKind::Parse, &i, "a type is missing here")),
                    None => Err(self.error(ReadErrorKind::Arity, "the type is missing")),
                }
            }
            AttrKind::Index => self.index_call(op, n),
        }
    }

    fn order(&self, i: Item) -> Result<Option<Vec<Option<i64>>>, ReadError> {
        let Value::List(list) = &i.value else { return self.ints(&i).map(|_| None) };
        let axis = |i: &Item| match i.value {
            Value::Nothing => Ok(None),
            _ => Ok(self.ints(i)?.first().copied()),
        };
        list.iter().map(axis).collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// `join(0, x, y)`, `concatenate([x, y], axis=0)`, `length(x, 0)`.
    fn axis_call(mut self, op: Op, n: usize) -> Result<Expr, ReadError> {
        let mut axis = self.keyword("axis");
        if let Some(Item { value: Value::List(_), .. }) = self.items.first() {
            let list = self.items.remove(0);
            if axis.is_none() && !self.items.is_empty() {
                axis = Some(self.items.remove(0));
            }
            self.done()?;
            if let Value::List(list) = list.value {
                self.items = list;
            }
        } else if axis.is_none() && n == usize::MAX {
            // Theano puts the axis first.
            if self.items.first().is_some_and(|i| i.value.int().is_some()) {
                axis = Some(self.items.remove(0));
            }
        } else if axis.is_none() && self.items.len() > n {
            axis = Some(self.items.remove(n));
        }
        let operands = self.operands(n)?;
        self.done()?;
        let rank = operands.first().map_or(0, Expr::rank);
        let (axis, span) = match axis {
            Some(i) => match i.value.int() {
                Some(a) => (a, i.span),
                None => return Err(self.error_at(ReadErrorKind::Parse, &i, "the axis is one integer")),
            },
            None => (0, self.span),
        };
        if operands.is_empty() {
            return Err(self.error(ReadErrorKind::Arity, format!("{} of nothing", quoted(self.name))));
        }
        let axis = normalize_axis(axis, rank)
            .map_err(|e| ReadError::new(ReadErrorKind::Shape, self.source, span, e.to_string()))?;
        self.apply(op, Attr::Axis(axis), operands)
    }

    /// `inc_subtensor(x[1:], y)`: the index is that of the first operand.
    fn index_call(mut self, op: Op, n: usize) -> Result<Expr, ReadError> {
        if self.items.is_empty() {
            return Err(self.error(ReadErrorKind::Arity, format!("{} of nothing", quoted(self.name))));
        }
        let first = self.items.remove(0);
        let place = match &first.value {
            Value::View(v) => Some((v.of.clone(), Attr::Index(v.items.clone()))),
            Value::Expr(e) if e.op() == Some(Op::Index) => Some((e.arg(0).clone(), e.attr().clone())),
            _ => None,
        };
        let Some((x, attr)) = place else {
            let message = format!("{} takes an index here, as in `x[1:]`", quoted(self.name));
            return Err(self.error_at(ReadErrorKind::Parse, &first, message));
        };
        let mut operands = vec![x];
        operands.extend(self.operands(n.saturating_sub(1))?);
        self.done()?;
        self.apply(op, attr, operands)
    }
}

pub(super) fn expr(source: &Source, item: Item) -> Result<Expr, ReadError> {
    match item.value {
        Value::Expr(e) => Ok(e),
        Value::View(v) => Ok(v.shuffled),
        other => {
            let message = format!("unexpected {}: an expression is missing here", other.noun());
            Err(ReadError::parse(source, item.span, message))
        }
    }
}

pub(super) fn apply(
    source: &Source,
    span: Span,
    op: Op,
    attr: Attr,
    args: Vec<Expr>,
) -> Result<Expr, ReadError> {
    Expr::try_apply(op, attr, args).map_err(|e| type_error(source, span, &e))
}

fn type_error(source: &Source, span: Span, e: &TypeError) -> ReadError {
    let kind = match e.class() {
        "arity" => ReadErrorKind::Arity,
        "index" => ReadErrorKind::Index,
        "type" => ReadErrorKind::Type,
        _ => ReadErrorKind::Shape,
    };
    ReadError::new(kind, source, span, e.to_string())
}
