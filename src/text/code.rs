//! What both readers produce: a program in postfix order.
//!
//! Operands come before what they are applied to, so nesting needs neither a tree nor recursion:
//! [`elaborate`](super::elab) runs the code on a stack of values. It also means that the whole text
//! is parsed before the first name is looked up.

use crate::expr::Lit;
use crate::op::{IndexItem, Op};
use crate::sexp::Span;
use crate::ty::DType;

#[derive(Debug, Clone)]
pub(super) enum Code {
    /// Pushes a constant.
    Lit(Lit),
    /// Pushes what the name at the span stands for.
    Name,
    /// Pushes what the name at the span stands for, or the module of that name: a point follows.
    Module,
    /// Pushes `None`: no axis, or a new one.
    Nothing,
    /// Pushes an element type.
    DType(DType),
    /// Pushes the word at the span: one of [`WORDS`](super::args::WORDS).
    Word,
    /// Gathers so many values in a list.
    List(u32),
    /// Makes the list on top an array.
    Array,
    /// Applies an operator without attribute to so many values.
    Op(Op, u32),
    /// As [`Code::Op`], without parentheses around it: of numbers alone it is a number, as in Python.
    Infix(Op, u32),
    /// `a \dot b`.
    Product,
    /// `a // b`, of lengths.
    Quotient,
    /// `x[...]`: the index in [`Postfix::indexes`].
    At(u32),
    /// `x.shape[axis]`.
    Length(i64),
    /// `x.NAME`, with the name at the span.
    Member,
    /// `x.NAME(...)`, with the name at the span and so many arguments, `x` included.
    Method { args: u32, braces: Option<u32> },
    /// `a if c else b`: the three on the stack in this order.
    Choice,
    /// An operator on truth values.
    Truth(Op, u32),
    /// `x.T`
    Transpose,
    /// Makes the value on top an argument with the keyword at the span.
    Keyword,
    /// Calls the name at the span with so many arguments, and braces from [`Postfix::braces`].
    Call { args: u32, braces: Option<u32> },
    /// Binds the value on top to the name at the span.
    Bind,
    /// The name at the span is a module from here on: NumPy's, or one of functions of expressions.
    Import { numpy: bool },
    /// Takes a list of so many values apart, the first one on top.
    Unpack(u32),
    /// Forgets the last so many names.
    Unbind(u32),
    /// Declares the input in [`Postfix::declared`].
    Declare(u32),
    /// Makes the value on top the result.
    Result,
}

/// An entry of an index.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// A position, a slice or a new axis.
    Item(IndexItem),
    /// `...`: all axes that the others leave.
    Ellipsis,
    /// An expression, whose value is on the stack.
    Expr,
    /// A slice, one of whose parts is an expression.
    Slice([Part; 3]),
}

/// A part of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// None is given.
    None,
    At(i64),
    /// Its value is on the stack.
    Expr,
}

/// An entry of an index of which so many colons have been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Started {
    pub(super) parts: [Part; 3],
    pub(super) colons: usize,
}

impl Started {
    pub(super) const NEW: Started = Started { parts: [Part::None; 3], colons: 0 };

    /// With an expression as the part that is read.
    pub(super) fn with_expr(mut self) -> Started {
        self.parts[self.colons] = Part::Expr;
        self
    }

    /// The entry that it is.
    pub(super) fn place(self) -> Place {
        let number = |p: Part| match p {
            Part::None => Some(None),
            Part::At(k) => Some(Some(k)),
            Part::Expr => None,
        };
        match (self.colons, self.parts.map(number)) {
            (0, [Some(Some(k)), ..]) => Place::Item(IndexItem::At(k)),
            (0, _) => Place::Expr,
            (_, [Some(start), Some(stop), Some(step)]) => {
                Place::Item(IndexItem::Slice { start, stop, step: step.unwrap_or(1) })
            }
            _ => Place::Slice(self.parts),
        }
    }
}

impl Place {
    /// How many values on the stack belong to it.
    pub(super) fn values(&self) -> usize {
        match self {
            Place::Item(_) | Place::Ellipsis => 0,
            Place::Expr => 1,
            Place::Slice(parts) => parts.iter().filter(|p| **p == Part::Expr).count(),
        }
    }
}

/// What stands in braces after a classic name: `Sum{0, 1}`, `DimShuffle{1, x, 0}`.
pub(super) type Braces = Vec<Option<i64>>;

/// A declaration: its dimensions are numbers or names.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) dtype: DType,
    pub(super) dims: Vec<DeclaredDim>,
}

#[derive(Debug, Clone)]
pub(super) enum DeclaredDim {
    Known(usize),
    Named(Box<str>),
    Unknown,
}

#[derive(Debug, Default)]
pub(super) struct Postfix {
    pub(super) code: Vec<(Code, Span)>,
    pub(super) indexes: Vec<Vec<Place>>,
    pub(super) braces: Vec<Braces>,
    pub(super) declared: Vec<Declared>,
}

impl Postfix {
    pub(super) fn push(&mut self, code: Code, span: Span) {
        self.code.push((code, span));
    }

    /// Does the code end in a list of numbers, or of such lists?
    pub(super) fn ends_in_numbers(&self) -> bool {
        let mut wanted = 1usize;
        for (n, (code, _)) in self.code.iter().rev().enumerate() {
            match code {
                Code::Lit(_) if n > 0 => wanted -= 1,
                Code::List(k) => wanted = wanted + *k as usize - 1,
                _ => return false,
            }
            if wanted == 0 {
                return true;
            }
        }
        false
    }

    pub(super) fn push_index(&mut self, places: Vec<Place>, span: Span) {
        let at = count(self.indexes.len());
        self.indexes.push(places);
        self.push(Code::At(at), span);
    }
}

/// A number of things in a text, which has at most [`MAX_BYTES`](crate::sexp::MAX_BYTES).
pub(super) fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// The number that a text is; integers beyond 64 bits become floats.
pub(super) fn number(text: &str) -> Option<Lit> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(i) = text.parse::<i64>()
    {
        return Some(Lit::Int(i));
    }
    text.parse::<f64>().ok().map(Lit::Float)
}

/// The constants that have names.
pub(super) fn named_constant(name: &str) -> Option<Code> {
    Some(match name {
        "True" => Code::Lit(Lit::Bool(true)),
        "False" => Code::Lit(Lit::Bool(false)),
        "nan" => Code::Lit(Lit::Float(f64::NAN)),
        "inf" => Code::Lit(Lit::Float(f64::INFINITY)),
        "None" | "newaxis" => Code::Nothing,
        _ => return None,
    })
}
