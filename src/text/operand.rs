//! Operands of the infix language: numbers, names, calls with keywords and braces.

use super::code::{Braces, Code, count, named_constant, number};
use super::infix::{Bracket, Frame, Open, Parser};
use super::token::{Kind, Sym, Token};
use crate::expr::Lit;
use crate::sexp::{ReadError, ReadErrorKind, Span, quoted};

impl Parser<'_> {
    /// Pushes the number at `digits`, written at `span` with its sign.
    pub(super) fn literal(&mut self, digits: Span, span: Span) -> Result<(), ReadError> {
        let text = self.text(digits);
        let lit = if digits == span { number(text) } else { number(&format!("-{text}")) };
        let Some(lit) = lit else {
            return Err(ReadError::parse(self.source, span, format!("{} is not a number", quoted(text))));
        };
        self.out.push(Code::Lit(lit), span);
        Ok(())
    }

    /// A minus where an operand must begin.
    pub(super) fn minus(&mut self, t: Token) -> bool {
        let number = self.peek();
        let postfix = [Sym::StarStar, Sym::OpenSquare, Sym::Point].iter().any(|s| self.is(1, *s));
        let span = t.span.to(number.span);
        if !postfix {
            if number.kind == Kind::Num && self.literal(number.span, span).is_ok() {
                self.at += 1;
                return false;
            }
            if number.kind == Kind::Name && self.text(number.span) == "inf" {
                self.at += 1;
                self.out.push(Code::Lit(Lit::Float(f64::NEG_INFINITY)), span);
                return false;
            }
        }
        self.stack.push(Frame::Sign(self.minus, t.span));
        true
    }

    pub(super) fn name(&mut self, t: Token) -> Result<bool, ReadError> {
        if let Some(braces) = self.call_begins()? {
            return Ok(self.open(Bracket::Call { name: t.span, braces }, t.span));
        }
        if self.is(0, Sym::Assign)
            && let Some(Frame::Open(Open { kind, keyword, .. })) = self.stack.last_mut()
            && matches!(kind, Bracket::Call { .. } | Bracket::Method { .. })
            && keyword.is_none()
        {
            *keyword = Some(t.span);
            self.at += 1;
            return self.keyword_value(t.span);
        }
        let module = self.is(0, Sym::Point);
        match named_constant(self.text(t.span)) {
            Some(code) => self.out.push(code, t.span),
            None if module && self.text(self.peek_at(1).span) != "T" => self.out.push(Code::Module, t.span),
            None => self.out.push(Code::Name, t.span),
        }
        Ok(false)
    }

    /// `.name` and `.name(`, without the point; must an operand follow?
    pub(super) fn member(&mut self, t: Token) -> Result<bool, ReadError> {
        if let Some(braces) = self.call_begins()? {
            return Ok(self.open(Bracket::Method { name: t.span, braces }, t.span));
        }
        self.out.push(Code::Member, t.span);
        Ok(false)
    }

    /// Does a call begin after a name? Its braces, if it has some.
    #[allow(clippy::option_option, reason = "a call without braces is a call")]
    fn call_begins(&mut self) -> Result<Option<Option<u32>>, ReadError> {
        if self.eat(Sym::Open) {
            return Ok(Some(None));
        }
        if !self.eat(Sym::OpenBrace) {
            return Ok(None);
        }
        let braces = self.braces()?;
        if !self.eat(Sym::Open) {
            return Err(self.unexpected(self.peek(), "`(` is missing after the braces"));
        }
        Ok(Some(braces.map(|b| {
            self.out.braces.push(b);
            count(self.out.braces.len() - 1)
        })))
    }

    /// The value of a keyword. Most are fixed when the program is written; does an operand follow?
    fn keyword_value(&mut self, name: Span) -> Result<bool, ReadError> {
        let word = self.text(name);
        let Some((_, fixed)) = super::args::KEYWORDS.iter().find(|(k, _)| *k == word) else {
            let known = super::args::KEYWORDS.iter().map(|(k, _)| *k);
            return Err(ReadError::parse(self.source, name, format!("unknown keyword {}", quoted(word)))
                .suggest(crate::op::nearest(word, known)));
        };
        let t = self.peek();
        let value = self.text(t.span);
        if !fixed || !matches!(t.kind, Kind::Name | Kind::Word) || matches!(value, "None" | "True" | "False")
        {
            return Ok(true);
        }
        let code = match (value, crate::ty::DType::by_name(value)) {
            ("true" | "false", _) => Code::Lit(Lit::Bool(value == "true")),
            (_, Some(d)) => Code::DType(d),
            _ if super::args::WORDS.contains(&value) => Code::Word,
            _ => {
                let message = format!("`{word}` does not take {}", quoted(value));
                return Err(ReadError::parse(self.source, t.span, message));
            }
        };
        self.at += 1;
        self.out.push(code, t.span);
        Ok(false)
    }

    /// What stands in braces; nothing for `{axis=None}`.
    fn braces(&mut self) -> Result<Option<Braces>, ReadError> {
        let mut items = Vec::new();
        let mut words = false;
        let word = self.text(self.peek().span);
        if matches!(word, "axis" | "axes") && self.is(1, Sym::Assign) {
            self.at += 2;
            if self.text(self.peek().span) == "None" {
                self.next();
                return if self.eat(Sym::CloseBrace) {
                    Ok(None)
                } else {
                    Err(self.unexpected(self.peek(), "`}` is missing"))
                };
            }
            if self.eat(Sym::Open) {
                while !self.eat(Sym::Close) {
                    items.push(Some(self.integer()?));
                    if !self.eat(Sym::Comma) && !self.is(0, Sym::Close) {
                        return Err(self.unexpected(self.peek(), "`,` or `)` is missing"));
                    }
                }
            }
        }
        while !self.eat(Sym::CloseBrace) {
            let t = self.peek();
            let name = if t.kind == Kind::Name { self.text(t.span) } else { "" };
            match name {
                "x" => {
                    self.at += 1;
                    items.push(None);
                }
                // `SortOp{quicksort, None}`, `Eye{dtype='float64'}`: there is no other; `CumOp{0, add}` below.
                "quicksort" | "None" | "add" | "mul" => self.at += 1,
                "dtype" if self.is(1, Sym::Assign) => self.at += 3,
                _ => items.push(Some(self.integer()?)),
            }
            words |= !matches!(name, "" | "x");
            if !self.eat(Sym::Comma) && !self.is(0, Sym::CloseBrace) {
                return Err(self.unexpected(self.peek(), "`,` or `}` is missing"));
            }
        }
        Ok(if words && items.is_empty() { None } else { Some(items) })
    }

    /// An integer with an optional minus.
    pub(super) fn integer(&mut self) -> Result<i64, ReadError> {
        let first = self.peek();
        let negative = self.eat(Sym::Minus);
        let t = self.next();
        let text = self.text(t.span);
        let value = if t.kind == Kind::Num && text.bytes().all(|b| b.is_ascii_digit()) {
            if negative { format!("-{text}").parse().ok() } else { text.parse().ok() }
        } else {
            return Err(self.unexpected(t, "an integer is missing"));
        };
        value.ok_or_else(|| {
            let span = first.span.to(t.span);
            let message = format!("{} is too large here", quoted(text));
            ReadError::new(ReadErrorKind::Value, self.source, span, message)
        })
    }
}
