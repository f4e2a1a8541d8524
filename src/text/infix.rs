//! The infix reader: operator precedence with an explicit stack, so that nesting has no limit.
//!
//! From loose to tight: comparisons (they do not chain), `+ -`, `* / // @ \dot`, unary minus, `**`
//! (from the right; its right operand may begin with a minus), and what follows an operand: `[...]`,
//! `.T`, `.shape[k]`. Binary operators of one level associate to the left, so `x * y * z` is two
//! products, in parentheses or not. `-2` is a literal unless `**`, `[` or `.` follows.

use super::code::{Braces, Code, Postfix, count, named_constant, number};
use super::token::{Kind, Sym, Token};
use crate::expr::Lit;
use crate::op::{Op, Pp};
use crate::sexp::{ReadError, Source, Span, quoted};

/// What a binary operator makes.
#[derive(Debug, Clone, Copy)]
enum Binary {
    Op(Op),
    Product,
    Quotient,
    /// A call of this symbol, which the table of sugar explains.
    Call,
}

const COMPARISON: u8 = 1;
const UNARY: u8 = 4;
const POWER: u8 = 5;

/// How tight binary symbols bind. What they mean, the row of that name says.
const LEVELS: [(Sym, &str, u8); 11] = [
    (Sym::Lt, "<", COMPARISON),
    (Sym::Le, "<=", COMPARISON),
    (Sym::Gt, ">", COMPARISON),
    (Sym::Ge, ">=", COMPARISON),
    (Sym::EqEq, "==", COMPARISON),
    (Sym::Ne, "!=", COMPARISON),
    (Sym::Plus, "+", 2),
    (Sym::Minus, "-", 2),
    (Sym::Star, "*", 3),
    (Sym::Slash, "/", 3),
    (Sym::StarStar, "**", POWER),
];

/// An operator that waits for its right operand, or a bracket that waits to be closed.
#[derive(Debug)]
enum Frame {
    /// A sign; a plus is `None`.
    Sign(Option<Op>, Span),
    Binary(Binary, u8, Span),
    Open(Open),
}

#[derive(Debug)]
struct Open {
    kind: Bracket,
    span: Span,
    /// Elements that are complete.
    count: u32,
    /// A comma was seen: parentheses make a tuple.
    comma: bool,
    keyword: Option<Span>,
}

#[derive(Debug, Clone, Copy)]
enum Bracket {
    Group,
    List,
    Bars,
    Call { name: Span, braces: Option<u32> },
}

pub(super) struct Parser<'s> {
    pub(super) source: &'s Source,
    tokens: Vec<Token>,
    at: usize,
    pub(super) out: Postfix,
    stack: Vec<Frame>,
    binary: Vec<(Sym, Binary, u8)>,
    minus: Option<Op>,
    bars: Option<Op>,
}

impl<'s> Parser<'s> {
    pub(super) fn new(source: &'s Source) -> Result<Parser<'s>, ReadError> {
        let spelled = |f: fn(&Pp) -> bool| Op::ALL.iter().copied().find(|op| f(&op.def().pp));
        let rows = LEVELS.iter().filter_map(|(s, name, p)| Some((*s, Binary::Op(Op::by_name(name)?), *p)));
        let others = [
            (Sym::At, Binary::Call, 3),
            (Sym::Dot, Binary::Product, 3),
            (Sym::SlashSlash, Binary::Quotient, 3),
        ];
        Ok(Parser {
            source,
            tokens: super::token::tokens(source)?,
            at: 0,
            out: Postfix::default(),
            stack: Vec::new(),
            binary: rows.chain(others).collect(),
            minus: spelled(|pp| matches!(pp, Pp::Prefix("-"))),
            bars: spelled(|pp| matches!(pp, Pp::Bars)),
        })
    }

    pub(super) fn peek(&self) -> Token {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Token {
        let last = self.tokens.len() - 1;
        self.tokens[(self.at + ahead).min(last)]
    }

    pub(super) fn next(&mut self) -> Token {
        let t = self.peek();
        self.at += 1;
        t
    }

    pub(super) fn is(&self, ahead: usize, sym: Sym) -> bool {
        self.peek_at(ahead).kind == Kind::Sym(sym)
    }

    pub(super) fn eat(&mut self, sym: Sym) -> bool {
        let found = self.is(0, sym);
        self.at += usize::from(found);
        found
    }

    pub(super) fn text(&self, span: Span) -> &'s str {
        self.source.slice(span)
    }

    /// An error that says what is at `t` and what is wrong with it.
    pub(super) fn unexpected(&self, t: Token, why: &str) -> ReadError {
        let what = match t.kind {
            Kind::End => "unexpected end".into(),
            Kind::Break if self.text(t.span) == ";" => "unexpected `;`".into(),
            Kind::Break => "unexpected end of the line".into(),
            _ => format!("unexpected {}", quoted(self.text(t.span))),
        };
        let sep = if why.is_empty() { "" } else { ": " };
        ReadError::parse(self.source, t.span, format!("{what}{sep}{why}"))
    }

    /// Reads one expression, up to the end of the statement.
    pub(super) fn expression(&mut self) -> Result<(), ReadError> {
        let mut want_operand = true;
        loop {
            let t = self.next();
            if want_operand {
                want_operand = self.operand(t)?;
            } else if matches!(t.kind, Kind::Break | Kind::End) {
                self.at -= 1;
                return self.finish(t);
            } else {
                want_operand = self.operator(t)?;
            }
        }
    }

    fn finish(&mut self, end: Token) -> Result<(), ReadError> {
        self.reduce(0, end)?;
        match self.stack.pop() {
            Some(Frame::Open(open)) => {
                let message = match open.kind {
                    Bracket::List => "this `[` is never closed",
                    Bracket::Bars => "this `|` is never closed",
                    _ => "this `(` is never closed",
                };
                Err(ReadError::parse(self.source, open.span, message))
            }
            _ => Ok(()),
        }
    }

    /// Reads at a place where an operand must begin; does one still have to?
    fn operand(&mut self, t: Token) -> Result<bool, ReadError> {
        match t.kind {
            Kind::Num => {
                self.literal(t.span, t.span)?;
                Ok(false)
            }
            Kind::Name => self.name(t),
            Kind::Sym(Sym::Minus) => Ok(self.minus(t)),
            Kind::Sym(Sym::Plus) => {
                self.stack.push(Frame::Sign(None, t.span));
                Ok(true)
            }
            Kind::Sym(Sym::Open) => Ok(self.open(Bracket::Group, t.span)),
            Kind::Sym(Sym::OpenSquare) => Ok(self.open(Bracket::List, t.span)),
            Kind::Sym(Sym::Bar) => Ok(self.open(Bracket::Bars, t.span)),
            // Nothing, or a comma, before a closing bracket.
            Kind::Sym(Sym::Close | Sym::CloseSquare) if self.may_close_here() => self.close(t),
            _ => Err(self.unexpected(t, "an operand is missing")),
        }
    }

    fn open(&mut self, kind: Bracket, span: Span) -> bool {
        self.stack.push(Frame::Open(Open { kind, span, count: 0, comma: false, keyword: None }));
        true
    }

    fn may_close_here(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Open(o)) if o.keyword.is_none()
            && !matches!(o.kind, Bracket::Bars))
    }

    /// Pushes the number at `digits`, written at `span` with its sign.
    fn literal(&mut self, digits: Span, span: Span) -> Result<(), ReadError> {
        let text = self.text(digits);
        let lit = if digits == span { number(text) } else { number(&format!("-{text}")) };
        let Some(lit) = lit else {
            return Err(ReadError::parse(self.source, span, format!("{} is not a number", quoted(text))));
        };
        self.out.push(Code::Lit(lit), span);
        Ok(())
    }

    /// A minus where an operand must begin.
    fn minus(&mut self, t: Token) -> bool {
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

    fn name(&mut self, t: Token) -> Result<bool, ReadError> {
        if self.eat(Sym::Open) {
            return Ok(self.open(Bracket::Call { name: t.span, braces: None }, t.span));
        }
        if self.eat(Sym::OpenBrace) {
            let braces = self.braces()?;
            if !self.eat(Sym::Open) {
                return Err(self.unexpected(self.peek(), "`(` is missing after the braces"));
            }
            self.out.braces.push(braces);
            let braces = Some(count(self.out.braces.len() - 1));
            return Ok(self.open(Bracket::Call { name: t.span, braces }, t.span));
        }
        if self.is(0, Sym::Assign)
            && let Some(Frame::Open(Open { kind: Bracket::Call { .. }, keyword, .. })) = self.stack.last_mut()
            && keyword.is_none()
        {
            *keyword = Some(t.span);
            self.at += 1;
            return self.keyword_value(t.span);
        }
        match named_constant(self.text(t.span)) {
            Some(code) => self.out.push(code, t.span),
            None => self.out.push(Code::Name, t.span),
        }
        Ok(false)
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
        if !fixed || t.kind != Kind::Name || matches!(value, "None" | "True" | "False") {
            return Ok(true);
        }
        let code = match (value, crate::ty::DType::by_name(value)) {
            ("true" | "false", _) => Code::Lit(Lit::Bool(value == "true")),
            (_, Some(d)) => Code::DType(d),
            _ => {
                let message = format!("`{word}` does not take {}", quoted(value));
                return Err(ReadError::parse(self.source, t.span, message));
            }
        };
        self.at += 1;
        self.out.push(code, t.span);
        Ok(false)
    }

    fn braces(&mut self) -> Result<Braces, ReadError> {
        let mut items = Vec::new();
        while !self.eat(Sym::CloseBrace) {
            let t = self.peek();
            if t.kind == Kind::Name && self.text(t.span) == "x" {
                self.at += 1;
                items.push(None);
            } else {
                items.push(Some(self.integer()?));
            }
            if !self.eat(Sym::Comma) && !self.is(0, Sym::CloseBrace) {
                return Err(self.unexpected(self.peek(), "`,` or `}` is missing"));
            }
        }
        Ok(items)
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
            ReadError::new(crate::sexp::ReadErrorKind::Value, self.source, span, message)
        })
    }

    /// Reads at a place where an operand is complete; must another begin?
    fn operator(&mut self, t: Token) -> Result<bool, ReadError> {
        let Kind::Sym(sym) = t.kind else { return self.juxtaposed(t) };
        if let Some(&(_, binary, level)) = self.binary.iter().find(|(s, ..)| *s == sym) {
            self.reduce(level, t)?;
            self.stack.push(Frame::Binary(binary, level, t.span));
            return Ok(true);
        }
        match sym {
            Sym::OpenSquare => {
                let items = self.index_items(t.span)?;
                let end = self.tokens[self.at - 1].span;
                self.out.push_index(items, t.span.to(end));
                Ok(false)
            }
            Sym::Point => self.attribute(t),
            Sym::Comma => {
                self.reduce(0, t)?;
                let source = self.source;
                match self.stack.last_mut() {
                    Some(Frame::Open(open)) if !matches!(open.kind, Bracket::Bars) => {
                        open.comma = true;
                        complete(open, &mut self.out);
                        Ok(true)
                    }
                    _ => Err(ReadError::parse(source, t.span, "unexpected `,`: it separates arguments")),
                }
            }
            Sym::Close | Sym::CloseSquare | Sym::Bar => {
                self.reduce(0, t)?;
                if let Some(Frame::Open(open)) = self.stack.last_mut() {
                    complete(open, &mut self.out);
                }
                self.close(t)
            }
            _ => Err(self.unexpected(t, "")),
        }
    }

    /// Two operands without an operator: only numbers in a list, `[2 3]`, as `Reshape` prints them.
    fn juxtaposed(&mut self, t: Token) -> Result<bool, ReadError> {
        let in_list = matches!(self.stack.last(), Some(Frame::Open(o)) if matches!(o.kind, Bracket::List));
        if t.kind == Kind::Num && in_list {
            if let Some(Frame::Open(open)) = self.stack.last_mut() {
                complete(open, &mut self.out);
            }
            self.literal(t.span, t.span)?;
            return Ok(false);
        }
        let why = match self.text(t.span) {
            "if" | "else" => "a choice is written `where(condition, a, b)`",
            "and" | "or" => "it is written as a call, `and(a, b)`",
            _ => "an operator is missing",
        };
        Err(self.unexpected(t, why))
    }

    /// Closes the innermost bracket; its elements are complete.
    fn close(&mut self, t: Token) -> Result<bool, ReadError> {
        let closes = |b: Bracket| match b {
            Bracket::Group | Bracket::Call { .. } => Sym::Close,
            Bracket::List => Sym::CloseSquare,
            Bracket::Bars => Sym::Bar,
        };
        let open = match self.stack.pop() {
            Some(Frame::Open(open)) => open,
            _ => return Err(self.unexpected(t, "")),
        };
        if t.kind != Kind::Sym(closes(open.kind)) {
            let opened = self.source.position(open.span.start);
            return Err(self.unexpected(t, &format!("it does not close the bracket opened at {opened}")));
        }
        match open.kind {
            Bracket::Group if open.count == 1 && !open.comma => {}
            Bracket::Group | Bracket::List => {
                self.out.push(Code::List(open.count), open.span.to(t.span));
            }
            Bracket::Bars => {
                if let Some(op) = self.bars {
                    self.out.push(Code::Op(op, 1), open.span);
                }
            }
            Bracket::Call { name, braces } => {
                self.out.push(Code::Call { args: open.count, braces }, name);
            }
        }
        Ok(false)
    }

    /// `.T` and `.shape[k]`.
    fn attribute(&mut self, point: Token) -> Result<bool, ReadError> {
        let t = self.next();
        let span = point.span.to(t.span);
        match (t.kind, self.text(t.span)) {
            (Kind::Name, "T") => self.out.push(Code::Transpose, span),
            (Kind::Name, "shape") => {
                if !self.eat(Sym::OpenSquare) {
                    return Err(self.unexpected(self.peek(), "`.shape` needs the number of an axis"));
                }
                let axis = self.peek();
                let value = self.integer()?;
                let Ok(value) = u32::try_from(value) else {
                    return Err(self.unexpected(axis, "the number of an axis is missing"));
                };
                if !self.eat(Sym::CloseSquare) {
                    return Err(self.unexpected(self.peek(), "`]` is missing"));
                }
                self.out.push(Code::Length(value), span);
            }
            _ => return Err(self.unexpected(t, "after a point stands `T` or `shape`")),
        }
        Ok(false)
    }

    /// Emits the operators on top of the stack that bind at least as tight as `level`.
    fn reduce(&mut self, level: u8, t: Token) -> Result<(), ReadError> {
        while let Some(top) = self.stack.last() {
            match *top {
                Frame::Sign(op, span) if level <= UNARY => {
                    if let Some(op) = op {
                        self.out.push(Code::Op(op, 1), span);
                    }
                }
                Frame::Binary(_, COMPARISON, _) if level == COMPARISON => {
                    return Err(self.unexpected(t, "comparisons do not chain; use parentheses"));
                }
                Frame::Binary(binary, own, span) if own > level || own == level && level != POWER => {
                    let code = match binary {
                        Binary::Op(op) => Code::Op(op, 2),
                        Binary::Product => Code::Product,
                        Binary::Quotient => Code::Quotient,
                        Binary::Call => Code::Call { args: 2, braces: None },
                    };
                    self.out.push(code, span);
                }
                _ => break,
            }
            self.stack.pop();
        }
        Ok(())
    }
}

/// The element that ends here belongs to `open`.
fn complete(open: &mut Open, out: &mut Postfix) {
    open.count += 1;
    if let Some(name) = open.keyword.take() {
        out.push(Code::Keyword, name);
    }
}
