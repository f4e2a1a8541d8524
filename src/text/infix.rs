//! The infix reader: operator precedence with an explicit stack, so that nesting has no limit.
//!
//! From loose to tight: `a if c else b`, comparisons (they do not chain), `|`, `^`, `&`, `+ -`,
//! `* / // % @ \dot`, unary `- ~`, `**` (from the right; its right operand may begin with a minus), and
//! what follows an operand: `[...]`, `.T`, `.shape[k]`, `.sum()`. Binary operators of one level associate to the left, so `x * y * z` is two
//! products, in parentheses or not. `-2` is a literal unless `**`, `[` or `.` follows.

use super::code::{Code, Postfix, Started};
use super::token::{Kind, Sym, Token};
use crate::op::{Op, Pp};
use crate::sexp::{ReadError, Source, Span, quoted};
use crate::ty::DType;

/// What a binary operator makes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Binary {
    Op(Op),
    Product,
    Quotient,
    /// A function of truth values.
    Truth(Op),
    /// A call of this symbol, which the table of sugar explains.
    Call,
}

/// What a bracket, a comma or an end closes.
const CLOSED: u8 = 0;
/// What `if` and `else` end.
pub(super) const CHOICE: u8 = 1;
const COMPARISON: u8 = 2;
const UNARY: u8 = 8;
const POWER: u8 = 9;

/// How tight binary symbols bind. What they mean, the row of that name says.
const LEVELS: [(Sym, &str, u8); 12] = [
    (Sym::Lt, "<", COMPARISON),
    (Sym::Le, "<=", COMPARISON),
    (Sym::Gt, ">", COMPARISON),
    (Sym::Ge, ">=", COMPARISON),
    (Sym::EqEq, "==", COMPARISON),
    (Sym::Ne, "!=", COMPARISON),
    (Sym::Plus, "+", 6),
    (Sym::Minus, "-", 6),
    (Sym::Star, "*", 7),
    (Sym::Slash, "/", 7),
    (Sym::Percent, "%", 7),
    (Sym::StarStar, "**", POWER),
];

/// The same for operators on truth values.
const TRUTH: [(Sym, &str, u8); 3] = [(Sym::Bar, "or_", 3), (Sym::Caret, "xor", 4), (Sym::Amp, "and_", 5)];

/// An operator that waits for its right operand, or a bracket that waits to be closed.
#[derive(Debug)]
pub(super) enum Frame {
    /// A sign; a plus is `None`.
    Sign(Option<Op>, Span),
    Binary(Binary, u8, Span),
    /// `a if`, before the condition is complete.
    If(Span),
    /// `a if c else`.
    Else(Span),
    Open(Open),
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) kind: Bracket,
    pub(super) span: Span,
    /// Elements that are complete.
    count: u32,
    /// A comma was seen: parentheses make a tuple.
    pub(super) comma: bool,
    pub(super) keyword: Option<Span>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Bracket {
    Group,
    List,
    /// `{z: g}`: what it maps and to what, one after the other.
    Map,
    Bars,
    Call {
        name: Span,
        braces: Option<u32>,
    },
    /// `x.NAME(...)`.
    Method {
        name: Span,
        braces: Option<u32>,
    },
    /// An expression in the index with this number.
    Index {
        at: u32,
        started: Started,
    },
}

pub(super) struct Parser<'s> {
    pub(super) source: &'s Source,
    tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) out: Postfix,
    pub(super) stack: Vec<Frame>,
    binary: Vec<(Sym, Binary, u8)>,
    pub(super) minus: Option<Op>,
    bars: Option<Op>,
}

impl<'s> Parser<'s> {
    pub(super) fn new(source: &'s Source) -> Result<Parser<'s>, ReadError> {
        let spelled = |f: fn(&Pp) -> bool| Op::ALL.iter().copied().find(|op| f(&op.def().pp));
        let rows = LEVELS.iter().filter_map(|(s, name, p)| Some((*s, Binary::Op(Op::by_name(name)?), *p)));
        let truth = TRUTH.iter().filter_map(|(s, name, p)| Some((*s, Binary::Truth(Op::by_name(name)?), *p)));
        let others = [
            (Sym::At, Binary::Call, 7),
            (Sym::Dot, Binary::Product, 7),
            (Sym::SlashSlash, Binary::Quotient, 7),
        ];
        Ok(Parser {
            source,
            tokens: super::token::tokens(source)?,
            at: 0,
            out: Postfix::default(),
            stack: Vec::new(),
            binary: rows.chain(truth).chain(others).collect(),
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

    /// Reads one expression, up to the end of the statement or a comma outside of brackets.
    pub(super) fn expression(&mut self) -> Result<(), ReadError> {
        let mut want_operand = true;
        loop {
            let t = self.next();
            if want_operand {
                want_operand = self.operand(t)?;
            } else if matches!(t.kind, Kind::Break | Kind::End) || self.ends_element(t)? {
                self.at -= 1;
                return self.finish(t);
            } else {
                want_operand = self.operator(t)?;
            }
        }
    }

    /// Is this a comma outside of brackets?
    fn ends_element(&mut self, t: Token) -> Result<bool, ReadError> {
        if t.kind != Kind::Sym(Sym::Comma) {
            return Ok(false);
        }
        self.reduce(CLOSED, t)?;
        Ok(self.stack.is_empty())
    }

    fn finish(&mut self, end: Token) -> Result<(), ReadError> {
        self.reduce(CLOSED, end)?;
        match self.stack.pop() {
            Some(Frame::Open(open)) => {
                let message = format!("this `{}` is never closed", open.kind.opened_by());
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
            Kind::Word => {
                let code = DType::by_name(self.text(t.span)).map_or(Code::Word, Code::DType);
                self.out.push(code, t.span);
                Ok(false)
            }
            Kind::Sym(Sym::Tilde) => {
                self.stack.push(Frame::Sign(Op::by_name("invert"), t.span));
                Ok(true)
            }
            Kind::Sym(Sym::Minus) => Ok(self.minus(t)),
            Kind::Sym(Sym::Plus) => {
                self.stack.push(Frame::Sign(None, t.span));
                Ok(true)
            }
            Kind::Sym(Sym::Open) => Ok(self.open(Bracket::Group, t.span)),
            Kind::Sym(Sym::OpenSquare) => Ok(self.open(Bracket::List, t.span)),
            Kind::Sym(Sym::OpenBrace) if self.in_keyword() => Ok(self.open(Bracket::Map, t.span)),
            Kind::Sym(Sym::Bar) => Ok(self.open(Bracket::Bars, t.span)),
            // Nothing, or a comma, before a closing bracket.
            Kind::Sym(Sym::Close | Sym::CloseSquare | Sym::CloseBrace) if self.may_close_here() => {
                self.close(t)
            }
            _ => Err(self.unexpected(t, "an operand is missing")),
        }
    }

    pub(super) fn open(&mut self, kind: Bracket, span: Span) -> bool {
        // What a method is called on is its first argument.
        let count = u32::from(matches!(kind, Bracket::Method { .. }));
        self.stack.push(Frame::Open(Open { kind, span, count, comma: false, keyword: None }));
        true
    }

    fn may_close_here(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Open(o)) if o.keyword.is_none()
            && !matches!(o.kind, Bracket::Bars | Bracket::Index { .. }))
    }

    /// Reads at a place where an operand is complete; must another begin?
    fn operator(&mut self, t: Token) -> Result<bool, ReadError> {
        let Kind::Sym(sym) = t.kind else { return self.juxtaposed(t) };
        if self.next_number(t) {
            return self.juxtaposed(t);
        }
        if let Some(&(_, binary, level)) = self.binary.iter().find(|(s, ..)| *s == sym)
            && !(sym == Sym::Bar && self.in_bars())
        {
            self.reduce(level, t)?;
            self.stack.push(Frame::Binary(binary, level, t.span));
            return Ok(true);
        }
        match sym {
            // Rows of numbers in a list, `[[1. 0.] [0. 1.]]`.
            Sym::OpenSquare if self.in_list() && self.out.ends_in_numbers() => {
                if let Some(Frame::Open(open)) = self.stack.last_mut() {
                    complete(open, &mut self.out);
                }
                Ok(self.open(Bracket::List, t.span))
            }
            Sym::OpenSquare => self.index(t.span),
            Sym::Point => self.attribute(t),
            Sym::Comma => {
                self.reduce(CLOSED, t)?;
                if let Some((at, started, span)) = self.in_index() {
                    self.stack.pop();
                    self.out.indexes[at as usize].push(started.with_expr().place());
                    return self.places(at, span);
                }
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
            Sym::Close | Sym::CloseSquare | Sym::CloseBrace | Sym::Bar => {
                self.reduce(CLOSED, t)?;
                if let Some(Frame::Open(open)) = self.stack.last_mut() {
                    complete(open, &mut self.out);
                }
                self.close(t)
            }
            Sym::Colon => {
                self.reduce(CLOSED, t)?;
                if self.mapped() {
                    return Ok(true);
                }
                let Some((at, started, span)) = self.in_index() else { return Err(self.unexpected(t, "")) };
                self.stack.pop();
                self.behind_colon(at, span, started)
            }
            _ => Err(self.unexpected(t, "")),
        }
    }

    /// The entry of an index whose expression ends here.
    fn in_index(&self) -> Option<(u32, Started, Span)> {
        match self.stack.last() {
            Some(Frame::Open(Open { kind: Bracket::Index { at, started }, span, .. })) => {
                Some((*at, *started, *span))
            }
            _ => None,
        }
    }

    /// Closes the innermost bracket; its elements are complete.
    fn close(&mut self, t: Token) -> Result<bool, ReadError> {
        let closes = |b: Bracket| match b {
            Bracket::Group | Bracket::Call { .. } | Bracket::Method { .. } => Sym::Close,
            Bracket::List | Bracket::Index { .. } => Sym::CloseSquare,
            Bracket::Map => Sym::CloseBrace,
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
            // `(2 - 1)` stays what it is: so gradients are printed.
            Bracket::Group if open.count == 1 && !open.comma => {
                if let Some((code, _)) = self.out.code.last_mut()
                    && let Code::Infix(op, n) = *code
                {
                    *code = Code::Op(op, n);
                }
            }
            Bracket::Group | Bracket::List | Bracket::Map => {
                self.out.push(Code::List(open.count), open.span.to(t.span));
                // Numbers side by side without commas are an array, as it is printed.
                if matches!(open.kind, Bracket::List) && open.count > 1 && !open.comma && !self.in_list() {
                    self.out.push(Code::Array, open.span.to(t.span));
                }
            }
            Bracket::Index { at, started } => {
                self.out.indexes[at as usize].push(started.with_expr().place());
                self.out.push(Code::At(at), open.span.to(t.span));
            }
            Bracket::Bars => {
                if let Some(op) = self.bars {
                    self.out.push(Code::Op(op, 1), open.span);
                }
            }
            Bracket::Call { name, braces } => {
                self.out.push(Code::Call { args: open.count, braces }, name);
            }
            Bracket::Method { name, braces } => {
                self.out.push(Code::Method { args: open.count, braces }, name);
            }
        }
        Ok(false)
    }

    /// Emits the operators on top of the stack that bind at least as tight as `level`.
    pub(super) fn reduce(&mut self, level: u8, t: Token) -> Result<(), ReadError> {
        while let Some(top) = self.stack.last() {
            match *top {
                Frame::Sign(op, span) if level <= UNARY => {
                    if let Some(op) = op {
                        self.out.push(Code::Infix(op, 1), span);
                    }
                }
                Frame::Binary(_, COMPARISON, _) if level == COMPARISON => {
                    return Err(self.unexpected(t, "comparisons do not chain; use parentheses"));
                }
                Frame::Binary(binary, own, span) if own > level || own == level && level != POWER => {
                    let code = match binary {
                        Binary::Op(op) => Code::Infix(op, 2),
                        Binary::Product => Code::Product,
                        Binary::Quotient => Code::Quotient,
                        Binary::Truth(op) => Code::Truth(op, 2),
                        Binary::Call => Code::Call { args: 2, braces: None },
                    };
                    self.out.push(code, span);
                }
                Frame::Else(span) if level == CLOSED => self.out.push(Code::Choice, span),
                Frame::If(_) if level == CLOSED => {
                    return Err(self.unexpected(t, "`else` is missing"));
                }
                _ => break,
            }
            self.stack.pop();
        }
        Ok(())
    }
}

/// The element that ends here belongs to `open`.
pub(super) fn complete(open: &mut Open, out: &mut Postfix) {
    open.count += 1;
    if let Some(name) = open.keyword.take() {
        out.push(Code::Keyword, name);
    }
}
