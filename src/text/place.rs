//! Indexes of expressions: basic ones, and numbers and arrays of places that are computed.

use super::apply;
use super::code::{Part, Place};
use super::elab::Elaborator;
use super::sugar::shuffle;
use super::value::{Item, Value, View};
use crate::expr::{At, Expr, Lit, length_of};
use crate::op::{Attr, IndexItem, Op};
use crate::sexp::{ReadError, ReadErrorKind, Span};
use crate::ty::{DType, normalize_axis};

const WHOLE: IndexItem = IndexItem::Slice { start: None, stop: None, step: 1 };

impl Elaborator<'_> {
    /// `x[...]`, with `x` and the expressions of the index on the stack.
    pub(super) fn index(&mut self, places: &[Place], span: Span) -> Result<(), ReadError> {
        let n = places.iter().map(Place::values).sum::<usize>();
        let mut items = self.pop_many(u32::try_from(n).unwrap_or(u32::MAX));
        let mut places = std::borrow::Cow::Borrowed(places);
        // `x[nonzero(x)]`: places for each axis.
        if let ([Place::Expr], [Item { value: Value::Parts(parts), .. }]) = (&*places, &items[..]) {
            places = vec![Place::Expr; parts.len()].into();
            items = parts.clone();
        }
        let places = &*places;
        let exprs = items.into_iter().map(|i| self.bound(i)).collect::<Result<Vec<_>, _>>()?;
        let x = self.pop(span)?;
        if let (Value::Parts(parts), [Place::Item(IndexItem::At(k))]) = (&x.value, places) {
            let at = normalize_axis(*k, parts.len()).map_err(|_| {
                let message = format!("there are {} parts, and none is {k}", parts.len());
                self.error(ReadErrorKind::Index, span, message)
            })?;
            self.stack.push(parts[at].clone());
            return Ok(());
        }
        let x = apply::expr(self.source, x)?;
        let places = self.written_out(places, x.rank(), span)?;
        let value = match exprs.len() {
            0 => {
                let item = |p: &Place| if let Place::Item(i) = p { Some(i.clone()) } else { None };
                let items: Vec<IndexItem> = places.iter().filter_map(item).collect();
                self.without_exprs(x, &items, span)?
            }
            _ => Value::Expr(self.with_exprs(&x, &places, exprs, span)?),
        };
        self.push(value, span);
        Ok(())
    }

    /// An expression of an index; a length is an integer there.
    fn bound(&self, i: Item) -> Result<Expr, ReadError> {
        let Value::Dim(d) = &i.value else { return apply::expr(self.source, i) };
        let input = |name: &str| self.scope.get(name).cloned();
        length_of(d, &input).map_err(|e| apply::type_error(self.source, i.span, &e))
    }

    fn without_exprs(&self, x: Expr, items: &[IndexItem], span: Span) -> Result<Value, ReadError> {
        match items {
            [] => Ok(Value::Expr(x)),
            // `shape(x)[0]`.
            [IndexItem::At(k)] if x.op() == Some(Op::ShapeOf) => {
                let of = x.arg(0);
                let axis = normalize_axis(*k, of.rank())
                    .map_err(|e| self.error(ReadErrorKind::Index, span, e.to_string()))?;
                self.apply(Op::Length, Attr::Axis(axis), vec![of.clone()], span).map(Value::Expr)
            }
            _ => self.basic(&x, items, span),
        }
    }

    /// The index without `...`.
    fn written_out(&self, places: &[Place], rank: usize, span: Span) -> Result<Vec<Place>, ReadError> {
        let axes = |p: &&Place| !matches!(p, Place::Ellipsis | Place::Item(IndexItem::NewAxis));
        let used = places.iter().filter(axes).count();
        if places.iter().filter(|p| matches!(p, Place::Ellipsis)).count() > 1 {
            return Err(self.error(ReadErrorKind::Index, span, "an index has at most one `...`"));
        }
        let mut out = Vec::with_capacity(places.len());
        for p in places {
            match p {
                Place::Ellipsis => {
                    out.extend(std::iter::repeat_n(Place::Item(WHOLE), rank.saturating_sub(used)));
                }
                other => out.push(other.clone()),
            }
        }
        Ok(out)
    }

    fn basic(&self, x: &Expr, items: &[IndexItem], span: Span) -> Result<Value, ReadError> {
        Ok(match shuffle(items, x.rank()) {
            Some(perm) => {
                let shuffled = self.apply(Op::Dimshuffle, Attr::Perm(perm), vec![x.clone()], span)?;
                Value::View(Box::new(View { shuffled, of: x.clone(), items: items.to_vec() }))
            }
            None => Value::Expr(self.apply(Op::Index, Attr::Index(items.to_vec()), vec![x.clone()], span)?),
        })
    }

    /// An index with expressions.
    fn with_exprs(
        &self,
        x: &Expr,
        places: &[Place],
        exprs: Vec<Expr>,
        span: Span,
    ) -> Result<Expr, ReadError> {
        // One operand alone gathers along an axis.
        if let ([e], Some((Place::Expr, before))) = (&exprs[..], places.split_last())
            && before.iter().all(|p| matches!(p, Place::Item(WHOLE)))
            && e.ty().dtype != DType::Bool
        {
            return self.apply(Op::Take, Attr::Axis(before.len()), vec![x.clone(), e.clone()], span);
        }
        let mut exprs = exprs.into_iter();
        let mut next = || exprs.next();
        let mut entries = Vec::with_capacity(places.len());
        for p in places {
            entries.push(match p {
                Place::Item(i) => At::Item(i.clone()),
                Place::Slice(parts) => {
                    let mut part = |p: Part| match p {
                        Part::None => None,
                        Part::At(k) => Some(Expr::lit(Lit::Int(k))),
                        Part::Expr => next(),
                    };
                    let (start, stop, step) = (part(parts[0]), part(parts[1]), part(parts[2]));
                    match step.as_ref().map(Expr::literal) {
                        None => At::Slice(start, stop, 1),
                        Some(Some(Lit::Int(k))) => At::Slice(start, stop, k),
                        Some(_) => match step {
                            Some(step) => At::Strided(start, stop, step),
                            None => continue,
                        },
                    }
                }
                _ => match next() {
                    Some(e) => At::Expr(e),
                    None => continue,
                },
            });
        }
        let e = x.try_read(&entries).map_err(|e| apply::type_error(self.source, span, &e))?;
        self.shallow(e.ty().shape.dims(), span)?;
        Ok(e)
    }
}
