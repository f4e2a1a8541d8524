//! From postfix code to typed expressions, on a stack of values.

use rustc_hash::FxHashMap;

use super::apply;
use super::args::Args;
use super::callee::{Callee, callee, cast, in_words};
use super::code::{Code, Postfix};
use super::program::{Program, Scope};
use super::sugar;
use super::value::{Item, MAX_DIM_DEPTH, Value};
use crate::expr::Expr;
use crate::op::{Attr, AttrKind, Op, nearest};
use crate::sexp::{ReadError, ReadErrorKind, Source, Span, quoted};
use crate::ty::{DType, Dim};

/// How deep lists of lists are.
const MAX_ROWS: usize = 16;

/// Runs the code of a text in a scope.
pub(super) fn elaborate(source: &Source, postfix: &Postfix, scope: &mut Scope) -> Result<Program, ReadError> {
    let mut run = Elaborator {
        source,
        postfix,
        scope,
        stack: Vec::new(),
        callees: FxHashMap::default(),
        lets: Vec::new(),
    };
    let mut results = None;
    for (code, span) in &postfix.code {
        if let Code::Result = code {
            let item = run.pop(*span)?;
            results = Some(run.results(item)?);
        } else {
            run.step(code, *span)?;
        }
    }
    let lets = run.lets;
    let results = results.unwrap_or_default();
    Ok(Program { inputs: scope.inputs(), lets, results })
}

pub(super) struct Elaborator<'a> {
    pub(super) source: &'a Source,
    postfix: &'a Postfix,
    pub(super) scope: &'a mut Scope,
    pub(super) stack: Vec<Item>,
    callees: FxHashMap<&'a str, Option<Callee>>,
    lets: Vec<(String, Expr)>,
}

impl<'a> Elaborator<'a> {
    pub(super) fn error(&self, kind: ReadErrorKind, span: Span, message: impl Into<String>) -> ReadError {
        ReadError::new(kind, self.source, span, message)
    }

    pub(super) fn pop(&mut self, span: Span) -> Result<Item, ReadError> {
        // The readers never emit code that pops too much.
        self.stack.pop().ok_or_else(|| self.error(ReadErrorKind::Parse, span, "an operand is missing"))
    }

    pub(super) fn pop_many(&mut self, n: u32) -> Vec<Item> {
        let at = self.stack.len().saturating_sub(n as usize);
        self.stack.split_off(at)
    }

    pub(super) fn pop_expr(&mut self, span: Span) -> Result<Expr, ReadError> {
        let item = self.pop(span)?;
        apply::expr(self.source, item)
    }

    pub(super) fn push(&mut self, value: Value, span: Span) {
        self.stack.push(Item { value, span });
    }

    fn results(&self, item: Item) -> Result<Vec<Expr>, ReadError> {
        match item.value {
            // Parts among others are results as these are.
            Value::List(items) | Value::Parts(items) => items
                .into_iter()
                .flat_map(|i| match i.value {
                    Value::Parts(parts) => parts,
                    _ => vec![i],
                })
                .map(|i| apply::expr(self.source, i))
                .collect(),
            _ => Ok(vec![apply::expr(self.source, item)?]),
        }
    }

    fn step(&mut self, code: &Code, span: Span) -> Result<(), ReadError> {
        match code {
            Code::Lit(l) => self.push(Value::Expr(Expr::lit(*l)), span),
            Code::Name => {
                let value = self.name(span)?;
                self.push(value, span);
            }
            Code::Nothing => self.push(Value::Nothing, span),
            Code::DType(d) => self.push(Value::DType(*d), span),
            Code::Word => self.push(Value::Word, span),
            Code::List(n) => {
                let mut items = self.pop_many(*n);
                // A list in a list is a row of an array. So values have no depth, and are dropped without
                // recursion.
                for i in items.iter_mut().filter(|i| matches!(i.value, Value::List(_))) {
                    let row = std::mem::replace(&mut i.value, Value::Nothing);
                    let row = apply::expr(self.source, Item { value: row, span: i.span })?;
                    if row.rank() > MAX_ROWS {
                        let message = format!("lists are nested at most {MAX_ROWS} deep");
                        return Err(ReadError::new(ReadErrorKind::Limit, self.source, i.span, message));
                    }
                    i.value = Value::Expr(row);
                }
                self.push(Value::List(items), span);
            }
            Code::Op(op, n) => {
                let items = self.pop_many(*n);
                self.operator(*op, items, span)?;
            }
            Code::Infix(op, n) => {
                let items = self.pop_many(*n);
                match super::numbers::folded(*op, &items) {
                    Some(e) => self.push(Value::Expr(e), span),
                    None => self.operator(*op, items, span)?,
                }
            }
            Code::Product => self.call(2, None, "\\dot", span)?,
            Code::Quotient => {
                let (b, a) = (self.pop(span)?, self.pop(span)?);
                // Python computes it.
                if let (Some(_), Some(_)) = (a.value.int(), b.value.int())
                    && let Some(e) = super::numbers::folded(Op::IntDiv, &[a.clone(), b.clone()])
                {
                    self.push(Value::Expr(e), span);
                    return Ok(());
                }
                // What may be a length is one only where a length is expected.
                let lengths = [&a, &b].iter().any(|i| matches!(i.value, Value::Dim(_)));
                let (Some(x), Some(y), true) = (a.value.dim(), b.value.dim(), lengths) else {
                    return self.operator(Op::IntDiv, vec![a, b], span);
                };
                let Some(d) = Dim::quotient(&x, &y) else {
                    let message = format!("cannot divide the length {x} by {y}");
                    return Err(self.error(ReadErrorKind::Shape, span, message));
                };
                self.push_dim(d, span)?;
            }
            Code::At(at) => self.index(&self.postfix.indexes[*at as usize], span)?,
            Code::Array => {
                let e = self.pop_expr(span)?;
                self.push(Value::Expr(e), span);
            }
            Code::Module => self.module(span)?,
            Code::Import { numpy } => self.scope.import(self.source, span, *numpy)?,
            Code::Member => self.member(span)?,
            Code::Method { args, braces } => self.method(*args, *braces, span)?,
            Code::Choice => {
                let (b, c, a) = (self.pop(span)?, self.pop(span)?, self.pop(span)?);
                self.operator(Op::Switch, vec![c, a, b], span)?;
            }
            Code::Truth(op, n) => {
                let items = self.pop_many(*n);
                let wrong = items.iter().find_map(|i| i.value.as_expr().filter(|e| e.ty().dtype.is_float()));
                if let Some(e) = wrong {
                    let message = format!(
                        "{} takes truth values and integers, not {}; powers are written `**`",
                        quoted(self.source.slice(span)),
                        e.ty().dtype
                    );
                    return Err(self.error(ReadErrorKind::Type, span, message));
                }
                self.operator(*op, items, span)?;
            }
            Code::Length(axis) => {
                let x = self.pop_expr(span)?;
                let axis = crate::ty::normalize_axis(*axis, x.rank())
                    .map_err(|e| self.error(ReadErrorKind::Shape, span, e.to_string()))?;
                let e = self.apply(Op::Length, Attr::Axis(axis), vec![x], span)?;
                self.push(Value::Expr(e), span);
            }
            Code::Transpose => {
                let x = self.pop_expr(span)?;
                let perm = (0..x.rank()).rev().map(Some).collect();
                let e = self.apply(Op::Dimshuffle, Attr::Perm(perm), vec![x], span)?;
                self.push(Value::Expr(e), span);
            }
            Code::Keyword => {
                let item = self.pop(span)?;
                self.push(Value::Keyword(span, Box::new(item)), span);
            }
            Code::Call { args, braces } => {
                let name = self.source.slice(span);
                self.call(*args, *braces, name, span)?;
            }
            Code::Bind => {
                let item = self.pop(span)?;
                if let Value::List(items) | Value::Parts(items) = item.value {
                    let list =
                        items.into_iter().map(|i| apply::expr(self.source, i)).collect::<Result<_, _>>()?;
                    return self.scope.bind_list(self.source, span, list);
                }
                let e = apply::expr(self.source, item)?;
                let name = self.source.slice(span);
                self.scope.bind(self.source, span, e.clone())?;
                self.lets.push((name.into(), e));
            }
            Code::Unpack(n) => self.unpack(*n as usize, span)?,
            Code::Unbind(n) => self.scope.unbind(*n as usize),
            Code::Declare(at) => {
                self.scope.declare(self.source, span, &self.postfix.declared[*at as usize])?;
            }
            Code::Result => {}
        }
        Ok(())
    }

    /// Takes a list apart for so many names.
    fn unpack(&mut self, names: usize, span: Span) -> Result<(), ReadError> {
        let item = self.pop(span)?;
        let (Value::List(items) | Value::Parts(items)) = item.value else {
            let message = format!("{names} names, but the right side is {}, not a list", item.value.noun());
            return Err(self.error(ReadErrorKind::Arity, span, message));
        };
        if items.len() != names {
            let message = format!("{names} names for {} expressions", items.len());
            return Err(self.error(ReadErrorKind::Arity, span, message));
        }
        self.stack.extend(items.into_iter().rev());
        Ok(())
    }

    pub(super) fn name(&self, span: Span) -> Result<Value, ReadError> {
        let name = self.source.slice(span);
        if let Some(list) = self.scope.list(name) {
            return Ok(Value::List(
                list.iter().map(|e| Item { value: Value::Expr(e.clone()), span }).collect(),
            ));
        }
        if let Some(e) = self.scope.get(name) {
            return Ok(Value::Expr(e.clone()));
        }
        if let Some(d) = self.scope.length(name) {
            return Ok(Value::Dim(d.clone()));
        }
        if let Some(d) = DType::by_name(name) {
            return Ok(Value::DType(d));
        }
        if callee(name).is_some() {
            let message = format!("`{name}` is a function: write `{name}(...)`");
            return Err(self.error(ReadErrorKind::Parse, span, message));
        }
        Err(self
            .error(ReadErrorKind::Name, span, format!("unknown name {}", quoted(name)))
            .suggest(nearest(name, self.scope.names())))
    }

    pub(super) fn apply(
        &self,
        op: Op,
        attr: Attr,
        operands: Vec<Expr>,
        span: Span,
    ) -> Result<Expr, ReadError> {
        let e = apply::apply(self.source, span, op, attr, operands)?;
        self.shallow(e.ty().shape.dims(), span)?;
        Ok(e)
    }

    /// Lengths are walked recursively, so their nesting is bounded.
    pub(super) fn shallow(&self, dims: &[Dim], span: Span) -> Result<(), ReadError> {
        if dims.iter().any(|d| d.deeper(MAX_DIM_DEPTH)) {
            let message = format!("a length is computed in more than {MAX_DIM_DEPTH} steps");
            return Err(self.error(ReadErrorKind::Limit, span, message));
        }
        Ok(())
    }

    fn push_dim(&mut self, d: Dim, span: Span) -> Result<(), ReadError> {
        self.shallow(std::slice::from_ref(&d), span)?;
        self.push(Value::Dim(d), span);
        Ok(())
    }

    /// An operator without attribute. Sums and products with a length are lengths.
    fn operator(&mut self, op: Op, items: Vec<Item>, span: Span) -> Result<(), ReadError> {
        if items.iter().any(|i| matches!(i.value, Value::Dim(_))) {
            let dims: Option<Vec<Dim>> = items.iter().map(|i| i.value.dim()).collect();
            let d = match (op, dims) {
                (Op::Add, Some(d)) => Dim::sum(d),
                (Op::Mul, Some(d)) => Dim::product(d),
                _ => {
                    let message = "lengths can be added, multiplied and divided by `//`, nothing else";
                    return Err(self.error(ReadErrorKind::Parse, span, message));
                }
            };
            return self.push_dim(d, span);
        }
        let operands =
            items.into_iter().map(|i| apply::expr(self.source, i)).collect::<Result<Vec<_>, _>>()?;
        let e = apply::apply(self.source, span, op, Attr::None, operands)?;
        self.push(Value::Expr(e), span);
        Ok(())
    }

    fn call(&mut self, n: u32, braces: Option<u32>, name: &'a str, span: Span) -> Result<(), ReadError> {
        let items = self.pop_many(n);
        self.call_items(items, braces, name, span)
    }

    /// Operands and keywords of a call.
    pub(super) fn args(&self, all: Vec<Item>, name: &'a str, span: Span) -> Result<Args<'_>, ReadError> {
        let mut items = Vec::new();
        let mut keywords: Vec<(Span, Item)> = Vec::new();
        for item in all {
            match item.value {
                Value::Keyword(k, value) => {
                    if keywords.iter().any(|(o, _)| self.source.slice(*o) == self.source.slice(k)) {
                        let message = format!("{} is given twice", quoted(self.source.slice(k)));
                        return Err(self.error(ReadErrorKind::Parse, k, message));
                    }
                    keywords.push((k, *value));
                }
                _ if keywords.is_empty() => items.push(item),
                _ => {
                    let message = "operands stand before keywords";
                    return Err(self.error(ReadErrorKind::Parse, item.span, message));
                }
            }
        }
        Ok(Args { source: self.source, name, span, items, keywords, braces: None })
    }

    pub(super) fn call_items(
        &mut self,
        all: Vec<Item>,
        braces: Option<u32>,
        name: &'a str,
        span: Span,
    ) -> Result<(), ReadError> {
        let postfix = self.postfix;
        let braces = braces.map(|b| &postfix.braces[b as usize]);
        let found = *self.callees.entry(name).or_insert_with(|| callee(name));
        // Some classic names are those of classes: `Sum{0}`, `DimShuffle{1, 0}`, `MatrixInverse`.
        let found = match found {
            None if name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                callee(&name.to_ascii_lowercase()).or_else(|| callee(&in_words(name)))
            }
            found => found,
        };
        let Some(callee) = found else { return Err(self.unknown(name, span)) };
        let args = Args { braces, ..self.args(all, name, span)? };
        if let Callee::Op(op) = callee
            && args.items.iter().any(|i| matches!(i.value, Value::Dim(_)))
            && args.keywords.is_empty()
            && op.def().attr == AttrKind::None
        {
            let items = args.items;
            return self.operator(op, items, span);
        }
        let value = match callee {
            Callee::Sugar(f) => f(args)?,
            Callee::Op(op) => Value::Expr(args.call(op)?),
            Callee::Cast(op, d) => Value::Expr(cast(args, op, d)?),
        };
        match &value {
            Value::Expr(e) => self.shallow(e.ty().shape.dims(), span)?,
            Value::Dim(d) => self.shallow(std::slice::from_ref(d), span)?,
            _ => {}
        }
        self.push(value, span);
        Ok(())
    }

    fn unknown(&self, name: &str, span: Span) -> ReadError {
        if self.scope.get(name).is_some() {
            let message = format!("{} is not a function: an operator is missing", quoted(name));
            return self.error(ReadErrorKind::Parse, span, message);
        }
        let rows = Op::ALL
            .iter()
            .flat_map(|op| std::iter::once(op.def().name).chain(op.def().aliases.iter().copied()));
        let known = rows.chain(sugar::all().map(|(n, _)| *n));
        let known = known.filter(|n| super::token::is_name(n));
        self.error(ReadErrorKind::Name, span, format!("unknown function {}", quoted(name)))
            .suggest(nearest(name, known))
    }
}
