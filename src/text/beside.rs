//! Operands side by side without an operator: arrays as they are printed, and `a if c else b`.

use super::code::{Code, named_constant};
use super::infix::{Bracket, CHOICE, Frame, Parser, complete};
use super::token::{Kind, Sym, Token};
use crate::sexp::ReadError;

impl Bracket {
    /// What opens it.
    pub(super) fn opened_by(self) -> char {
        match self {
            Bracket::Map => '{',
            Bracket::List | Bracket::Index { .. } => '[',
            Bracket::Bars => '|',
            Bracket::Group | Bracket::Call { .. } | Bracket::Method { .. } => '(',
        }
    }
}

impl Parser<'_> {
    /// Does the value of a keyword begin here? It alone may be a dictionary.
    pub(super) fn in_keyword(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Open(o)) if o.keyword.is_some())
    }

    /// Completes what a map maps, or what it is mapped to; is this a map?
    pub(super) fn mapped(&mut self) -> bool {
        match self.stack.last_mut() {
            Some(Frame::Open(open)) if matches!(open.kind, Bracket::Map) => {
                open.comma = true;
                complete(open, &mut self.out);
                true
            }
            _ => false,
        }
    }

    pub(super) fn in_bars(&self) -> bool {
        let open = self.stack.iter().rev().find_map(|f| if let Frame::Open(o) = f { Some(o) } else { None });
        open.is_some_and(|o| matches!(o.kind, Bracket::Bars))
    }

    /// Is an element of a list complete here?
    pub(super) fn in_list(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Open(o)) if matches!(o.kind, Bracket::List))
    }

    /// In a list of numbers, is this the minus of the next one, as arrays are printed: `[ 1. -2.]`?
    pub(super) fn next_number(&self, t: Token) -> bool {
        let number = self.peek();
        let before = self.source.text()[..t.span.start as usize].chars().next_back();
        t.kind == Kind::Sym(Sym::Minus)
            && self.in_list()
            && matches!(self.out.code.last(), Some((Code::Lit(_), _)))
            && number.kind == Kind::Num
            && number.span.start == t.span.end
            && before.is_some_and(char::is_whitespace)
    }

    /// Two operands without an operator: only numbers in a list, `[2 3]`, as `Reshape` prints them.
    pub(super) fn juxtaposed(&mut self, t: Token) -> Result<bool, ReadError> {
        let negative = t.kind == Kind::Sym(Sym::Minus);
        if (t.kind == Kind::Num || negative) && self.in_list() {
            if let Some(Frame::Open(open)) = self.stack.last_mut() {
                complete(open, &mut self.out);
            }
            let digits = if negative { self.next().span } else { t.span };
            self.literal(digits, t.span.to(digits))?;
            return Ok(false);
        }
        // `[ True False]`, `[1. nan]`.
        if t.kind == Kind::Name
            && self.in_list()
            && matches!(self.out.code.last(), Some((Code::Lit(_), _)))
            && let Some(code @ Code::Lit(_)) = named_constant(self.text(t.span))
        {
            if let Some(Frame::Open(open)) = self.stack.last_mut() {
                complete(open, &mut self.out);
            }
            self.out.push(code, t.span);
            return Ok(false);
        }
        let why = match self.text(t.span) {
            "if" => {
                self.reduce(CHOICE, t)?;
                self.stack.push(Frame::If(t.span));
                return Ok(true);
            }
            "else" => {
                self.reduce(CHOICE, t)?;
                if let Some(Frame::If(span)) = self.stack.last() {
                    let span = *span;
                    self.stack.pop();
                    self.stack.push(Frame::Else(span));
                    return Ok(true);
                }
                "a choice is written `a if condition else b`"
            }
            "and" => "it is written as a call, `and(a, b)`, or as `a & b`",
            "or" => "it is written as a call, `or(a, b)`, or as `a | b`",
            _ => "an operator is missing",
        };
        Err(self.unexpected(t, why))
    }
}
