//! What stands on the elaborator's stack.

use crate::expr::{Expr, Lit, int_ahead, topological};
use crate::op::{IndexItem, Op};
use crate::sexp::Span;
use crate::ty::{DType, Dim, Int};
use rustc_hash::FxHashMap;

/// The deepest nesting of one length, such as that of `x[1:][1:]`: lengths are walked recursively.
pub(super) const MAX_DIM_DEPTH: usize = 100;

/// A value, and the part of the text that it comes from.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) value: Value,
    pub(super) span: Span,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Expr(Expr),
    /// An expression that is an index by slices and new axes only, which is read as a dimshuffle
    /// except where something is written at it.
    View(Box<View>),
    /// A length that no expression computes.
    Dim(Dim),
    Nothing,
    DType(DType),
    /// The fixed word at its place in the text.
    Word,
    List(Vec<Item>),
    /// The parts that an array was split into: one may be taken, all may be results or have names.
    Parts(Vec<Item>),
    Keyword(Span, Box<Item>),
    /// A module of functions: NumPy's makes constants of numbers.
    Module {
        /// Is it NumPy?
        numpy: bool,
        /// Does the text import it? Else it is NumPy for numbers alone.
        imported: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) shuffled: Expr,
    pub(super) of: Expr,
    pub(super) items: Vec<IndexItem>,
}

impl Value {
    pub(super) fn as_expr(&self) -> Option<&Expr> {
        match self {
            Value::Expr(e) => Some(e),
            Value::View(v) => Some(&v.shuffled),
            _ => None,
        }
    }

    /// What it is called in a message.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Value::Expr(_) | Value::View(_) => "an expression",
            Value::Dim(_) => "a length",
            Value::Nothing => "`None`",
            Value::DType(_) => "a type",
            Value::Word => "a word",
            Value::List(_) => "a list",
            Value::Parts(_) => "a list of parts, of which `[0]` is the first,",
            Value::Keyword(..) => "a keyword argument",
            Value::Module { .. } => "a module",
        }
    }

    /// The integer that it is.
    pub(super) fn int(&self) -> Option<i64> {
        match self.as_expr()?.literal()? {
            Lit::Int(i) => Some(i),
            _ => None,
        }
    }

    /// The integers that it is: one, or a list.
    pub(super) fn ints(&self) -> Option<Vec<i64>> {
        match self {
            Value::List(items) => items.iter().map(|i| i.value.int()).collect(),
            v => v.int().map(|i| vec![i]).or_else(|| super::numbers::whole_numbers(v.as_expr()?)),
        }
    }

    /// The length that it is.
    pub(super) fn dim(&self) -> Option<Dim> {
        match self {
            Value::Dim(d) => Some(d.clone()),
            v => {
                let e = v.as_expr()?;
                dim_of(e).or_else(|| int_ahead(e).ok().filter(Int::has_value).map(Dim::count))
            }
        }
    }
}

/// The length that an integer expression computes from lengths and numbers.
fn dim_of(e: &Expr) -> Option<Dim> {
    if e.rank() != 0 {
        return None;
    }
    let mut dims: FxHashMap<usize, Dim> = FxHashMap::default();
    for n in topological(std::slice::from_ref(e)) {
        let args = || n.args().iter().map(|a| dims.get(&a.id()).cloned()).collect::<Option<Vec<_>>>();
        let dim = match (n.op(), n.literal()) {
            (Some(Op::Length), _) => match n.attr() {
                crate::op::Attr::Axis(a) => n.arg(0).ty().shape.dims().get(*a).cloned(),
                _ => None,
            },
            (Some(Op::Add), _) => args().map(Dim::sum),
            (Some(Op::Mul), _) => args().map(Dim::product),
            (Some(Op::IntDiv), _) => args().and_then(|d| Dim::quotient(d.first()?, d.get(1)?)),
            (_, Some(Lit::Int(i))) => usize::try_from(i).ok().map(Dim::Known),
            _ => None,
        };
        if let Some(d) = dim {
            dims.insert(n.id(), d);
        }
    }
    dims.remove(&e.id())
}
