//! The infix reader: operator precedence with an explicit stack, so that nesting has no limit.
//!
//! From loose to tight: comparisons (they do not chain), `+ -`, `* / // % @ \dot`, unary minus, `**`
//! (from the right; its right operand may begin with a minus), and what follows an operand: `[...]`,
//! `.T`, `.shape[k]`. Binary operators of one level associate to the left, so `x * y * z` is two
//! products, in parentheses or not. `-2` is a literal unless `**`, `[` or `.` follows.

use super::code::{Code, Postfix};
use super::token::{Kind, Sym, Token};
use crate::op::{Op, Pp};
use crate::sexp::{ReadError, Source, Span, quoted};

/// What a binary operator makes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Binary {
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
const LEVELS: [(Sym, &str, u8); 12] = [
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
    (Sym::Percent, "%", 3),
    (Sym::StarStar, "**", POWER),
];

/// An operator that waits for its right operand, or a bracket that waits to be closed.
#[derive(Debug)]
pub(super) enum Frame {
    /// A sign; a plus is `None`.
    Sign(Option<Op>, Span),
    Binary(Binary, u8, Span),
    Open(Open),
}

#[derive(Debug)]
pub(super) struct Open {
    pub(super) kind: Bracket,
    pub(super) span: Span,
    /// Elements that are complete.
    count: u32,
    /// A comma was seen: parentheses make a tuple.
    comma: bool,
    pub(super) keyword: Option<Span>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Bracket {
    Group,
    List,
    Bars,
    Call {
        name: Span,
        braces: Option<u32>,
    },
    /// `x[:, i]` with an expression for the places.
    Take {
        axis: u32,
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
        self.reduce(0, t)?;
        Ok(self.stack.is_empty())
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
            Kind::Word => {
                Err(self.unexpected(t, "a word in quotes is the value of a keyword; there are no strings"))
            }
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

    pub(super) fn open(&mut self, kind: Bracket, span: Span) -> bool {
        self.stack.push(Frame::Open(Open { kind, span, count: 0, comma: false, keyword: None }));
        true
    }

    fn may_close_here(&self) -> bool {
        matches!(self.stack.last(), Some(Frame::Open(o)) if o.keyword.is_none()
            && !matches!(o.kind, Bracket::Bars))
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
            Sym::OpenSquare if self.gathers().is_some() => {
                let (axis, skip) = self.gathers().unwrap_or_default();
                self.at += skip;
                Ok(self.open(Bracket::Take { axis }, t.span))
            }
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

    /// Does an index by an expression begin here? Its axis, and the words before the expression.
    fn gathers(&self) -> Option<(u32, usize)> {
        let (mut axis, mut at) = (0, 0);
        while self.is(at, Sym::Colon) && self.is(at + 1, Sym::Comma) {
            axis += 1;
            at += 2;
        }
        let t = self.peek_at(at);
        let expression = match t.kind {
            Kind::Name => !matches!(self.text(t.span), "None" | "newaxis"),
            Kind::Sym(Sym::Open) => true,
            _ => false,
        };
        expression.then_some((axis, at))
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
            Bracket::List | Bracket::Take { .. } => Sym::CloseSquare,
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
            Bracket::Take { axis } => {
                if open.count != 1 || open.comma {
                    let message = "one array of integers stands here";
                    return Err(ReadError::parse(self.source, open.span.to(t.span), message));
                }
                self.out.push(Code::Take(axis), open.span.to(t.span));
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
