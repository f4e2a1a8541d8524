//! What follows an operand: indexes `[0, 1:, ::2, None, ..., i]`, `.T`, `.shape[k]`, `.sum()`.

use super::code::{Code, Place, count};
use super::infix::{Bracket, Parser};
use super::token::{Kind, Sym, Token};
use crate::op::IndexItem;
use crate::sexp::{ReadError, Span};

/// Why an expression is no bound of a slice.
pub(super) const BOUNDS: &str = "the bounds of a slice are integers, so that its length is known";

impl Parser<'_> {
    /// `.T`, `.shape[k]`, `.name` and `.name(`; must an operand follow?
    pub(super) fn attribute(&mut self, point: Token) -> Result<bool, ReadError> {
        let t = self.next();
        let span = point.span.to(t.span);
        if t.kind != Kind::Name {
            return Err(self.unexpected(t, "after a point stands `T`, `shape`, or the name of a function"));
        }
        match self.text(t.span) {
            "T" => self.out.push(Code::Transpose, span),
            "shape" if self.is(0, Sym::OpenSquare) && self.is_axis() => {
                self.next();
                let axis = self.peek();
                let value = self.integer()?;
                let Ok(value) = u32::try_from(value) else {
                    return Err(self.unexpected(axis, "the number of an axis is missing"));
                };
                self.next();
                self.out.push(Code::Length(value), span);
            }
            _ => return self.member(t),
        }
        Ok(false)
    }

    /// Does `[k]` stand here?
    fn is_axis(&self) -> bool {
        let negative = usize::from(self.is(1, Sym::Minus));
        self.peek_at(1 + negative).kind == Kind::Num && self.is(2 + negative, Sym::CloseSquare)
    }

    /// An index whose bracket is open; must an operand follow?
    pub(super) fn index(&mut self, open: Span) -> Result<bool, ReadError> {
        let at = count(self.out.indexes.len());
        self.out.indexes.push(Vec::new());
        self.places(at, open)
    }

    /// The entries up to the closing bracket, or up to an expression, whose operand then follows.
    pub(super) fn places(&mut self, at: u32, open: Span) -> Result<bool, ReadError> {
        loop {
            let t = self.peek();
            if self.eat(Sym::CloseSquare) {
                if self.out.indexes[at as usize].is_empty() {
                    return Err(ReadError::parse(self.source, open.to(t.span), "the index is empty"));
                }
                self.out.push(Code::At(at), open.to(t.span));
                return Ok(false);
            }
            if matches!(t.kind, Kind::End | Kind::Break) {
                return Err(ReadError::parse(self.source, open, "this `[` is never closed"));
            }
            match self.place()? {
                Some(place) => self.out.indexes[at as usize].push(place),
                None => return Ok(self.open(Bracket::Index { at }, open)),
            }
            if !self.eat(Sym::Comma) && !self.is(0, Sym::CloseSquare) {
                if matches!(self.peek().kind, Kind::End | Kind::Break) {
                    return Err(ReadError::parse(self.source, open, "this `[` is never closed"));
                }
                return Err(self.unexpected(self.peek(), "`,` or `]` is missing"));
            }
        }
    }

    /// One entry; nothing is read where an expression begins.
    fn place(&mut self) -> Result<Option<Place>, ReadError> {
        let t = self.peek();
        if self.eat(Sym::Ellipsis) {
            return Ok(Some(Place::Ellipsis));
        }
        if t.kind == Kind::Name {
            // `None`, `newaxis`, `np.newaxis`.
            let word = if self.is(1, Sym::Point) { 2 } else { 0 };
            let named = self.peek_at(word);
            if named.kind == Kind::Name && matches!(self.text(named.span), "None" | "newaxis") {
                self.at += word + 1;
                return Ok(Some(Place::Item(IndexItem::NewAxis)));
            }
            return Ok(None);
        }
        let begin = self.at;
        let signed = |p: &Self| p.is(0, Sym::Minus) && p.peek_at(1).kind == Kind::Num;
        let mut parts = [None; 3];
        let mut colons = 0;
        loop {
            if signed(self) || self.peek().kind == Kind::Num {
                parts[colons] = Some(self.integer()?);
            } else if colons > 0 && self.peek().kind == Kind::Name && self.text(self.peek().span) == "None" {
                self.next();
            }
            if !self.is(0, Sym::Colon) {
                break;
            }
            if colons == 2 {
                return Err(self.unexpected(self.peek(), "a slice has at most three parts"));
            }
            self.next();
            colons += 1;
        }
        let ends = self.is(0, Sym::Comma)
            || self.is(0, Sym::CloseSquare)
            || matches!(self.peek().kind, Kind::End | Kind::Break);
        match (colons, parts[0]) {
            (0, Some(i)) if ends => Ok(Some(Place::Item(IndexItem::At(i)))),
            (0, None) if ends => Err(self.unexpected(self.peek(), "an index is missing")),
            (0, _) => {
                self.at = begin;
                Ok(None)
            }
            _ if !ends => Err(self.unexpected(self.peek(), BOUNDS)),
            _ => {
                let item = IndexItem::Slice { start: parts[0], stop: parts[1], step: parts[2].unwrap_or(1) };
                Ok(Some(Place::Item(item)))
            }
        }
    }
}
