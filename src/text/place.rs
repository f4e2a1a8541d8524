//! Indexes of expressions: basic ones, and numbers and arrays of places that are computed.

use super::apply;
use super::code::Place;
use super::elab::Elaborator;
use super::sugar::shuffle;
use super::value::{Value, View};
use crate::expr::Expr;
use crate::op::{Attr, IndexItem, Op};
use crate::sexp::{ReadError, ReadErrorKind, Span};

const WHOLE: IndexItem = IndexItem::Slice { start: None, stop: None, step: 1 };

impl Elaborator<'_> {
    /// `x[...]`, with `x` and the expressions of the index on the stack.
    pub(super) fn index(&mut self, places: &[Place], span: Span) -> Result<(), ReadError> {
        let n = places.iter().filter(|p| matches!(p, Place::Expr)).count();
        let items = self.pop_many(u32::try_from(n).unwrap_or(u32::MAX));
        let exprs = items.into_iter().map(|i| apply::expr(self.source, i)).collect::<Result<Vec<_>, _>>()?;
        let x = self.pop_expr(span)?;
        let items = self.written_out(places, x.rank(), span)?;
        let value = match exprs.len() {
            0 if items.is_empty() => Value::Expr(x),
            0 => self.basic(&x, &items, span)?,
            _ => Value::Expr(self.taken(&x, places, &items, exprs, span)?),
        };
        self.push(value, span);
        Ok(())
    }

    /// The index without `...`; whole slices stand for expressions.
    fn written_out(&self, places: &[Place], rank: usize, span: Span) -> Result<Vec<IndexItem>, ReadError> {
        let axes = |p: &&Place| !matches!(p, Place::Ellipsis | Place::Item(IndexItem::NewAxis));
        let used = places.iter().filter(axes).count();
        if places.iter().filter(|p| matches!(p, Place::Ellipsis)).count() > 1 {
            return Err(self.error(ReadErrorKind::Index, span, "an index has at most one `...`"));
        }
        let mut items = Vec::with_capacity(places.len());
        for (at, p) in places.iter().enumerate() {
            match p {
                Place::Item(i) => items.push(i.clone()),
                Place::Expr => items.push(WHOLE),
                // At the end they are meant anyway.
                Place::Ellipsis if at + 1 == places.len() => {}
                Place::Ellipsis => {
                    items.extend(std::iter::repeat_n(WHOLE, rank.saturating_sub(used)));
                }
            }
        }
        Ok(items)
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

    /// An index with expressions: first what is no expression, then each in turn.
    fn taken(
        &self,
        x: &Expr,
        places: &[Place],
        items: &[IndexItem],
        exprs: Vec<Expr>,
        span: Span,
    ) -> Result<Expr, ReadError> {
        let arrays = exprs.iter().filter(|e| e.rank() > 0).count();
        if arrays > 1 {
            let message = "an index has at most one array of places; take the others one after the other";
            return Err(self.error(ReadErrorKind::Index, span, message));
        }
        // NumPy puts the axes of an array first when a slice separates it from a number.
        let single = |p: &Place| matches!(p, Place::Expr | Place::Item(IndexItem::At(_)));
        let first = places.iter().position(single).unwrap_or(0);
        let last = places.iter().rposition(single).unwrap_or(0);
        if arrays == 1 && !places[first..=last].iter().all(single) {
            let message = "an array and a number with a slice between them: write two indexes";
            return Err(self.error(ReadErrorKind::Index, span, message));
        }
        // Where the expressions stand among the axes that the basic index leaves.
        let lead = items.len() - places.iter().filter(|p| !matches!(p, Place::Ellipsis)).count();
        let mut axes = Vec::new();
        let mut axis = 0;
        for (at, p) in places.iter().enumerate() {
            match p {
                Place::Expr => {
                    axes.push(axis);
                    axis += 1;
                }
                Place::Item(IndexItem::At(_)) => {}
                Place::Item(_) => axis += 1,
                Place::Ellipsis if at + 1 < places.len() => axis += lead,
                Place::Ellipsis => {}
            }
        }
        let mut e = if items.iter().all(|i| *i == WHOLE) {
            x.clone()
        } else {
            match self.basic(x, items, span)? {
                Value::View(v) => v.shuffled,
                Value::Expr(e) => e,
                _ => x.clone(),
            }
        };
        // An index takes its axis away and puts its own there.
        let (mut before, mut put) = (0, 0);
        for (axis, i) in axes.into_iter().zip(exprs) {
            let (own, at) = (i.rank(), axis + put - before);
            e = match super::numbers::whole_numbers(&i) {
                Some(numbers) => self.numbered(&e, at, &numbers, span)?,
                None => self.apply(Op::Take, Attr::Axis(at), vec![e, i], span)?,
            };
            before += 1;
            put += own;
        }
        Ok(e)
    }

    /// The slices at numbers, one after the other.
    fn numbered(&self, x: &Expr, axis: usize, numbers: &[i64], span: Span) -> Result<Expr, ReadError> {
        let slice = |k: &i64| {
            let mut items = vec![WHOLE; axis];
            items.push(IndexItem::At(*k));
            let at = self.apply(Op::Index, Attr::Index(items), vec![x.clone()], span)?;
            let order = (0..axis).map(Some).chain([None]).chain((axis..at.rank()).map(Some));
            self.apply(Op::Dimshuffle, Attr::Perm(order.collect()), vec![at], span)
        };
        let parts = numbers.iter().map(slice).collect::<Result<Vec<_>, _>>()?;
        self.apply(Op::Join, Attr::Axis(axis), parts, span)
    }
}
