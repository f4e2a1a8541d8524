//! Basic indexes: `[0, 1:, ::2, None]`.

use super::infix::Parser;
use super::token::{Kind, Sym};
use crate::op::IndexItem;
use crate::sexp::{ReadError, Span};

impl Parser<'_> {
    /// What stands between the brackets, the closing one included.
    pub(super) fn index_items(&mut self, open: Span) -> Result<Vec<IndexItem>, ReadError> {
        let mut items = Vec::new();
        loop {
            if self.eat(Sym::CloseSquare) {
                break;
            }
            if matches!(self.peek().kind, Kind::End | Kind::Break) {
                return Err(ReadError::parse(self.source, open, "this `[` is never closed"));
            }
            items.push(self.index_item()?);
            if !self.eat(Sym::Comma) && !self.is(0, Sym::CloseSquare) {
                if matches!(self.peek().kind, Kind::End | Kind::Break) {
                    return Err(ReadError::parse(self.source, open, "this `[` is never closed"));
                }
                return Err(self.unexpected(self.peek(), "`,` or `]` is missing"));
            }
        }
        if items.is_empty() {
            let t = self.peek();
            return Err(ReadError::parse(self.source, open.to(t.span), "the index is empty"));
        }
        Ok(items)
    }

    fn index_item(&mut self) -> Result<IndexItem, ReadError> {
        let t = self.peek();
        if t.kind == Kind::Name {
            return match self.text(t.span) {
                "None" | "newaxis" => {
                    self.next();
                    Ok(IndexItem::NewAxis)
                }
                _ => Err(self.unexpected(t, "an index is made of integers, slices and `None`")),
            };
        }
        let mut parts = [None; 3];
        let mut colons = 0;
        loop {
            if self.is(0, Sym::Minus) || self.peek().kind == Kind::Num {
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
        match (colons, parts[0]) {
            (0, Some(i)) => Ok(IndexItem::At(i)),
            (0, None) => Err(self.unexpected(self.peek(), "an index is missing")),
            _ => Ok(IndexItem::Slice { start: parts[0], stop: parts[1], step: parts[2].unwrap_or(1) }),
        }
    }
}
