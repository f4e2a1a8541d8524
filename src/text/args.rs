//! The arguments of a call.

use super::code::Braces;
use super::value::{Item, Value};
use crate::expr::Expr;
use crate::op::{Attr, Op, Role};
use crate::sexp::{ReadError, ReadErrorKind, Source, Span, quoted};
use crate::ty::{DType, Dim, normalize_axes, normalize_axis};

/// Every keyword, and whether its value is fixed: not an expression.
pub(super) const KEYWORDS: [(&str, bool); 18] = [
    ("offset", true),
    ("n", false),
    ("reps", false),
    ("repeats", false),
    ("nb_class", false),
    ("axis", true),
    ("axes", true),
    ("part", true),
    ("keepdims", true),
    ("shape", false),
    ("order", true),
    ("dtype", true),
    ("mode", true),
    ("ndim", true),
    ("no_zeros_in_input", true),
    ("consider_constant", false),
    ("known_grads", false),
    ("disconnected_inputs", true),
];

/// Words that are fixed values of keywords.
pub(super) const WORDS: [&str; 5] = ["raise", "warn", "ignore", "half_to_even", "half_away_from_zero"];

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
        super::apply::apply(self.source, self.span, op, attr, args)
    }

    /// What a constructor made, with the place of this call in its error.
    pub(super) fn fitting<T>(&self, made: Result<T, crate::expr::TypeError>) -> Result<T, ReadError> {
        made.map_err(|e| super::apply::type_error(self.source, self.span, &e))
    }

    /// As [`Args::fitting`], for an expression.
    pub(super) fn made(&self, made: Result<Expr, crate::expr::TypeError>) -> Result<Value, ReadError> {
        self.fitting(made).map(Value::Expr)
    }

    /// An operator without attribute, applied.
    pub(super) fn elementwise(&self, op: Op, args: Vec<Expr>) -> Result<Expr, ReadError> {
        self.apply(op, Attr::None, args)
    }

    /// The value of a keyword, which is then used.
    pub(super) fn keyword(&mut self, name: &str) -> Option<Item> {
        let at =
            self.keywords.iter().position(|(k, _)| self.source.slice(*k).trim_start_matches(':') == name)?;
        Some(self.keywords.swap_remove(at).1)
    }

    /// The type that the keyword `dtype` says.
    pub(super) fn dtype(&mut self) -> Result<Option<DType>, ReadError> {
        match self.keyword("dtype") {
            None => Ok(None),
            Some(Item { value: Value::DType(d), .. }) => Ok(Some(d)),
            Some(i) => Err(self.error_at(ReadErrorKind::Parse, &i, "this is no element type")),
        }
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
        super::apply::expr(self.source, item)
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

    /// Several integers by themselves count as a list of them: `x.transpose(1, 0)`.
    pub(super) fn gather_ints(&mut self) {
        let axis = |i: &Item| i.value.int().is_some() || matches!(i.value, Value::Word | Value::Nothing);
        if self.items.len() > 1 && self.items.iter().all(axis)
            || matches!(self.items.as_slice(), [i] if axis(i) && !matches!(i.value, Value::Nothing))
        {
            let items = std::mem::take(&mut self.items);
            let span = items[0].span;
            self.items.push(Item { value: Value::List(items), span });
        }
    }

    /// Lengths, by themselves or as a list, or those of an array: `2, 3`, `(2, 3)`, `x.shape`.
    pub(super) fn shape(&mut self) -> Result<Vec<Dim>, ReadError> {
        let items = match self.keyword("shape") {
            Some(i) => vec![i],
            None => std::mem::take(&mut self.items),
        };
        self.done()?;
        let items = self.spread(items);
        self.dims(None, &items)
    }

    /// The elements of a list that stands alone.
    pub(super) fn spread(&self, mut items: Vec<Item>) -> Vec<Item> {
        use crate::expr::{Expr, Lit};
        let [Item { value, span }] = &mut items[..] else { return items };
        let item = |value| Item { value, span: *span };
        match value {
            Value::List(list) => std::mem::take(list),
            Value::Expr(e) if e.op() == Some(Op::ShapeOf) => {
                let x = e.arg(0);
                (0..x.rank()).map(|a| item(Value::Expr(x.length(a)))).collect()
            }
            v => match (v.int(), v.ints()) {
                (None, Some(ints)) => {
                    ints.into_iter().map(|i| item(Value::Expr(Expr::lit(Lit::Int(i))))).collect()
                }
                _ => items,
            },
        }
    }

    /// No keyword must be left.
    pub(super) fn done_keywords(&self) -> Result<(), ReadError> {
        if let Some((k, _)) = self.keywords.first() {
            let message = format!("{} does not take {}", quoted(self.name), quoted(self.source.slice(*k)));
            return Err(ReadError::new(ReadErrorKind::Arity, self.source, *k, message));
        }
        Ok(())
    }

    /// Nothing must be left.
    pub(super) fn done(&self) -> Result<(), ReadError> {
        self.done_keywords()?;
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
    pub(super) fn dims(&self, x: Option<&Expr>, items: &[Item]) -> Result<Vec<Dim>, ReadError> {
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
}
