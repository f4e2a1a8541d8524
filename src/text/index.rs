//! What follows an operand: indexes `[0, 1:, ::2, None, ..., i]`, `.T`, `.shape[k]`, `.sum()`.

use super::code::{Code, Part, Place, Started, count};
use super::infix::{Bracket, Parser};
use super::token::{Kind, Sym, Token};
use crate::op::IndexItem;
use crate::sexp::{ReadError, Span};

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
                let value = self.integer()?;
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
            if self.entry(at, open, Started::NEW)? {
                return Ok(true);
            }
        }
    }

    /// The rest of an index behind a colon that follows an expression.
    pub(super) fn behind_colon(&mut self, at: u32, open: Span, before: Started) -> Result<bool, ReadError> {
        let mut started = before.with_expr();
        if started.colons == 2 {
            return Err(self.unexpected(self.peek(), "a slice has at most three parts"));
        }
        started.colons += 1;
        if self.entry(at, open, started)? { Ok(true) } else { self.places(at, open) }
    }

    /// The rest of one entry and what separates it from the next; must an operand follow?
    fn entry(&mut self, at: u32, open: Span, started: Started) -> Result<bool, ReadError> {
        match self.place(started)? {
            Ok(place) => self.out.indexes[at as usize].push(place),
            Err(started) => return Ok(self.open(Bracket::Index { at, started }, open)),
        }
        if !self.eat(Sym::Comma) && !self.is(0, Sym::CloseSquare) {
            if matches!(self.peek().kind, Kind::End | Kind::Break) {
                return Err(ReadError::parse(self.source, open, "this `[` is never closed"));
            }
            return Err(self.unexpected(self.peek(), "`,` or `]` is missing"));
        }
        Ok(false)
    }

    /// Does a part of a slice end `ahead`?
    fn ends(&self, ahead: usize) -> bool {
        [Sym::Colon, Sym::Comma, Sym::CloseSquare].iter().any(|s| self.is(ahead, *s))
            || matches!(self.peek_at(ahead).kind, Kind::End | Kind::Break)
    }

    /// One entry, or what of it was read where an expression begins.
    fn place(&mut self, mut started: Started) -> Result<Result<Place, Started>, ReadError> {
        let first = started.colons == 0;
        if first && self.eat(Sym::Ellipsis) {
            return Ok(Ok(Place::Ellipsis));
        }
        // `None`, `newaxis`, `np.newaxis`.
        let word = if self.is(1, Sym::Point) { 2 } else { 0 };
        let named = self.peek_at(word);
        let none = self.peek().kind == Kind::Name
            && named.kind == Kind::Name
            && matches!(self.text(named.span), "None" | "newaxis");
        if first && none && !self.is(word + 1, Sym::Colon) {
            self.at += word + 1;
            return Ok(Ok(Place::Item(IndexItem::NewAxis)));
        }
        loop {
            let begin = self.at;
            let negative = usize::from(self.is(0, Sym::Minus));
            if self.peek_at(negative).kind == Kind::Num && self.ends(negative + 1) {
                started.parts[started.colons] = Part::At(self.integer()?);
            } else if self.text(self.peek().span) == "None" && self.ends(1) {
                self.next();
            }
            if !self.ends(0) {
                self.at = begin;
                return Ok(Err(started));
            }
            if !self.is(0, Sym::Colon) {
                break;
            }
            if started.colons == 2 {
                return Err(self.unexpected(self.peek(), "a slice has at most three parts"));
            }
            self.next();
            started.colons += 1;
        }
        if started.colons == 0 && started.parts[0] == Part::None {
            return Err(self.unexpected(self.peek(), "an index is missing"));
        }
        Ok(Ok(started.place()))
    }
}
