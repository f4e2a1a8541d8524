//! Spelling: how one application is laid out around its operands.
//!
//! A row gives pieces, never a finished string, so that printing is linear and needs no recursion.

use std::borrow::Cow;

use super::leading::{is_stack, scalars};
pub(super) use super::told::dim_text;
use super::told::exact_dim_text;
use super::{Attr, IndexItem};
use crate::expr::Expr;
use crate::ty::{Dim, DimExpr};

/// A piece of text, or the place of an operand.
#[derive(Debug, Clone)]
pub enum Piece {
    /// Text.
    Text(Cow<'static, str>),
    /// Operand at this position.
    Arg(usize),
    /// An operand of an operand, which is printed in its stead.
    Inner(Expr),
}

impl Piece {
    /// Text that is made while printing.
    pub fn owned(s: String) -> Piece {
        Piece::Text(Cow::Owned(s))
    }
}

/// Which language is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// Theano 0.3.1's `pp`, byte for byte.
    Classic,
    /// The input language, as NumPy would write it: `sum(x, axis=0)`.
    Plain,
}

/// How an operator is spelled.
#[derive(Debug, Clone, Copy)]
pub enum Pp {
    /// `(a + b)`; more operands are joined by the same text.
    Infix(&'static str),
    /// `(-a)`.
    Prefix(&'static str),
    /// `|a|`.
    Bars,
    /// `name(a, b)`; the row's own name when `None`.
    Call(Option<&'static str>),
    /// Anything else, from the application.
    Special(fn(&Expr) -> Vec<Piece>),
}

impl Pp {
    /// The layout of `e`, an application of an operator called `name`.
    pub fn pieces(&self, name: &'static str, e: &Expr) -> Vec<Piece> {
        let n = e.args().len();
        match self {
            // `(-2 ** x)` would read back as the opposite of a power.
            Pp::Infix(" ** ") if n == 2 && is_negative(e.arg(0)) => {
                let text = |t: &'static str| Piece::Text(t.into());
                vec![text("(("), Piece::Arg(0), text(") ** "), Piece::Arg(1), text(")")]
            }
            Pp::Infix(op) => joined("(", op, ")", n),
            // `-2` would read back as a literal.
            Pp::Prefix(op) if e.arg(0).literal().is_some() => {
                vec![Piece::owned(format!("({op}(")), Piece::Arg(0), Piece::Text("))".into())]
            }
            Pp::Prefix(op) => vec![Piece::owned(format!("({op}")), Piece::Arg(0), Piece::Text(")".into())],
            Pp::Bars => vec![Piece::Text("|".into()), Piece::Arg(0), Piece::Text("|".into())],
            Pp::Call(other) => call(other.unwrap_or(name), n),
            Pp::Special(f) => f(e),
        }
    }
}

/// Is it a literal that is printed with a minus?
fn is_negative(e: &Expr) -> bool {
    e.literal().is_some_and(|l| l.value().is_sign_negative() && !l.value().is_nan())
}

pub(super) fn joined(
    open: impl Into<Cow<'static, str>>,
    sep: &'static str,
    close: &'static str,
    n: usize,
) -> Vec<Piece> {
    let mut out = vec![Piece::Text(open.into())];
    for i in 0..n {
        if i > 0 {
            out.push(Piece::Text(sep.into()));
        }
        out.push(Piece::Arg(i));
    }
    out.push(Piece::Text(close.into()));
    out
}

pub(super) fn call(name: &str, n: usize) -> Vec<Piece> {
    joined(format!("{name}("), ", ", ")", n)
}

pub(super) fn list<T: ToString>(items: &[T], sep: &str) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(sep)
}

/// Classic: `sum(x)` over everything, `Sum{0}(x)` over axes.
pub(super) fn reduce_classic(e: &Expr) -> Vec<Piece> {
    match e.attr() {
        Attr::Axes(_) => reduce_class(e),
        _ => call(e.op_name(), e.args().len()),
    }
}

/// The name of Theano's class whatever the axes: `Prod(x)`, `Prod{0}(x)`.
pub(super) fn reduce_class(e: &Expr) -> Vec<Piece> {
    let (class, n) = (capital(e.op_name()), e.args().len());
    let Attr::Axes(axes) = e.attr() else { return call(&class, n) };
    call(&format!("{class}{{{}}}", list(axes, ", ")), n)
}

/// A class is called `ProdWithoutZeros` where the function is `prod_without_zeros`.
pub(super) fn capital(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split('_') {
        let mut letters = word.chars();
        out.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        out.extend(letters);
    }
    out
}

/// `Softmax(x)` along the last axis, `Softmax{0}(x)` along others.
pub(super) fn softmax_classic(e: &Expr) -> Vec<Piece> {
    match e.attr() {
        Attr::Axes(axes) if axes[..] == [e.rank().wrapping_sub(1)] => {
            call(&capital(e.op_name()), e.args().len())
        }
        _ => reduce_classic(e),
    }
}

/// Plain: `sum(x, axis=0)`, `sum(x, axis=(0, 2))`.
pub(super) fn reduce_plain(e: &Expr) -> Vec<Piece> {
    let mut out = call(e.op_name(), e.args().len());
    if let Attr::Axes(axes) = e.attr() {
        out.pop();
        out.push(Piece::owned(match axes.as_slice() {
            [a] => format!(", axis={a})"),
            many => format!(", axis=({}))", list(many, ", ")),
        }));
    }
    out
}

/// `x.T` for the reversal of all axes, `DimShuffle{0, x}(v)` otherwise.
pub(super) fn dimshuffle_classic(e: &Expr) -> Vec<Piece> {
    let Attr::Perm(perm) = e.attr() else { return call("DimShuffle", 1) };
    // Theano prints what stays as it is, such as a vector's transpose, bare.
    if keeps_all(perm, e) { vec![Piece::Arg(0)] } else { shuffled(perm, e) }
}

/// Does every axis stay in its place, so that reading the operand gives the same? A bare literal would
/// adapt its type to its neighbours.
fn keeps_all(perm: &[Option<usize>], e: &Expr) -> bool {
    // Of a number that was summed Theano says that it has no axes.
    let identity = !perm.is_empty()
        && perm.len() == e.arg(0).rank()
        && perm.iter().enumerate().all(|(i, p)| *p == Some(i));
    identity && e.arg(0).literal().is_none()
}

pub(super) fn shuffled(perm: &[Option<usize>], e: &Expr) -> Vec<Piece> {
    if is_reversal(perm, e.arg(0).rank()) {
        return vec![Piece::Arg(0), Piece::Text(".T".into())];
    }
    let items: Vec<String> = perm.iter().map(|p| p.map_or("x".into(), |a| a.to_string())).collect();
    call(&format!("DimShuffle{{{}}}", items.join(", ")), 1)
}

/// Does it reverse all axes?
pub(crate) fn is_reversal(perm: &[Option<usize>], rank: usize) -> bool {
    rank > 1 && perm.len() == rank && perm.iter().enumerate().all(|(i, p)| *p == Some(rank - 1 - i))
}

/// `transpose(x, axes=(1, 0, 2))` for a permutation; otherwise an index on top of it.
pub(super) fn dimshuffle_plain(e: &Expr) -> Vec<Piece> {
    let Attr::Perm(perm) = e.attr() else { return call("dimshuffle", 1) };
    let rank = e.arg(0).rank();
    if is_reversal(perm, rank) {
        return vec![Piece::Text("transpose(".into()), Piece::Arg(0), Piece::Text(")".into())];
    }
    // Leading axes that broadcasting would add count as part of the operand.
    let full = perm.iter().flatten().map(|a| a + 1).max().unwrap_or(0).max(rank);
    let lead = full - rank;
    let mut order: Vec<usize> =
        perm.iter().flatten().copied().filter(|&a| a >= lead).map(|a| a - lead).collect();
    let dropped: Vec<usize> = (0..rank).filter(|a| !order.contains(a)).collect();
    let kept = order.len();
    order.extend(&dropped);
    let mut open = String::new();
    let mut close = String::new();
    if order.iter().enumerate().any(|(i, a)| i != *a) {
        open.push_str("transpose(");
        close = format!(", axes=({}))", list(&order, ", "));
    }
    let mut index: Vec<&str> =
        perm.iter().map(|p| if p.is_some_and(|a| a >= lead) { ":" } else { "None" }).collect();
    index.extend(std::iter::repeat_n("0", rank - kept));
    let tail =
        if index.iter().all(|i| *i == ":") { String::new() } else { format!("[{}]", index.join(", ")) };
    if !tail.is_empty() && open.is_empty() {
        let around = brackets(e.arg(0));
        open.push_str(around.0);
        close.push_str(around.1);
    }
    vec![Piece::owned(open), Piece::Arg(0), Piece::owned(close + &tail)]
}

pub(super) fn dims(e: &Expr) -> Vec<String> {
    match e.attr() {
        Attr::Dims(ds) => ds.iter().map(dim_text).collect(),
        _ => Vec::new(),
    }
}

/// Lengths as they are read back.
pub(super) fn exact_dims(e: &Expr) -> Vec<String> {
    match e.attr() {
        Attr::Dims(ds) => ds.iter().map(exact_dim_text).collect(),
        _ => Vec::new(),
    }
}

/// `alloc(v, 2, 3)`.
pub(super) fn alloc(e: &Expr) -> Vec<Piece> {
    alloc_of(&dims(e))
}

/// `alloc(v, 2, 3)`.
pub(super) fn alloc_plain(e: &Expr) -> Vec<Piece> {
    alloc_of(&exact_dims(e))
}

fn alloc_of(dims: &[String]) -> Vec<Piece> {
    let tail: String = dims.iter().map(|d| format!(", {d}")).collect();
    vec![Piece::Text("alloc(".into()), Piece::Arg(0), Piece::owned(tail + ")")]
}

/// `Reshape{2}(x, [2 3])`, `Reshape{1}(x, [-1])`.
pub(super) fn reshape_classic(e: &Expr) -> Vec<Piece> {
    let mut d = dims(e);
    if let Attr::Dims(lengths) = e.attr() {
        let from = &e.arg(0).ty().shape;
        let unknown = from.dims().iter().all(|d| d.known().is_none());
        for (text, length) in d.iter_mut().zip(lengths) {
            // What was left open: all of an array of unknown lengths, or a quotient.
            let rest = matches!(length, Dim::Expr(e) if matches!(**e, DimExpr::Div(..)));
            if rest || unknown && from.rank() > 0 && lengths.len() == 1 && *length == from.size() {
                *text = "-1".into();
            }
        }
        // The last of several axes that are left.
        let last = lengths.len().wrapping_sub(1);
        if unknown && lengths.len() > 1 && lengths.len() < from.rank() {
            let left = Dim::product(from.dims()[last..].iter().cloned());
            if lengths[..last] == from.dims()[..last] && lengths[last] == left {
                d[last] = "-1".into();
            }
        }
    }
    let number = |t: &String| t.strip_prefix('-').unwrap_or(t).bytes().all(|b| b.is_ascii_digit());
    let sep = if d.iter().all(number) { " " } else { ", " };
    vec![
        Piece::owned(format!("Reshape{{{}}}(", d.len())),
        Piece::Arg(0),
        Piece::owned(format!(", [{}])", d.join(sep))),
    ]
}

/// `reshape(x, (2, 3))`.
pub(super) fn reshape_plain(e: &Expr) -> Vec<Piece> {
    let d = exact_dims(e);
    let tuple = if d.len() == 1 { format!("({},)", d[0]) } else { format!("({})", d.join(", ")) };
    vec![Piece::Text("reshape(".into()), Piece::Arg(0), Piece::owned(format!(", {tuple})"))]
}

/// `x.shape[0]`.
pub(super) fn length(e: &Expr) -> Vec<Piece> {
    let axis = if let Attr::Axis(a) = e.attr() { *a } else { 0 };
    vec![Piece::Arg(0), Piece::owned(format!(".shape[{axis}]"))]
}

/// The items of an index: `0, 1:, ::2`.
pub(crate) fn index_text(items: &[IndexItem]) -> String {
    let opt = |v: &Option<i64>| v.map_or(String::new(), |v| v.to_string());
    let texts: Vec<String> = items
        .iter()
        .map(|i| match i {
            IndexItem::At(k) => k.to_string(),
            IndexItem::NewAxis => "None".into(),
            IndexItem::Slice { start, stop, step: 1 } => format!("{}:{}", opt(start), opt(stop)),
            IndexItem::Slice { start, stop, step } => format!("{}:{}:{step}", opt(start), opt(stop)),
        })
        .collect();
    texts.join(", ")
}

fn items(e: &Expr) -> &[IndexItem] {
    if let Attr::Index(i) = e.attr() { i } else { &[] }
}

/// `x[1:]`.
pub(super) fn index(e: &Expr) -> Vec<Piece> {
    let (open, close) = brackets(e.arg(0));
    let tail = format!("{close}[{}]", index_text(items(e)));
    vec![Piece::Text(open.into()), Piece::Arg(0), Piece::owned(tail)]
}

/// What stands around an operand that an index follows: `-2[None]` would read back as the opposite
/// of an index.
pub(super) fn brackets(e: &Expr) -> (&'static str, &'static str) {
    if is_negative(e) { ("(", ")") } else { ("", "") }
}

/// `inc_subtensor(x[1:], y)`, `set_subtensor(x[1:], y)`.
pub(super) fn write_at(e: &Expr) -> Vec<Piece> {
    let (open, close) = brackets(e.arg(0));
    vec![
        Piece::owned(format!("{}({open}", e.op_name())),
        Piece::Arg(0),
        Piece::owned(format!("{close}[{}], ", index_text(items(e)))),
        Piece::Arg(1),
        Piece::Text(")".into()),
    ]
}

/// `join(0, x, y)`; scalars side by side are `[x, y]`, numbers `[1. 2.]`.
pub(super) fn join_classic(e: &Expr) -> Vec<Piece> {
    if let Some((values, lengths)) = crate::expr::constant_of(e) {
        return vec![Piece::owned(super::layout::array(&values, &lengths))];
    }
    if is_stack(e) {
        return scalars(e, joined("[", ", ", "]", e.args().len()));
    }
    let axis = if let Attr::Axis(a) = e.attr() { *a } else { 0 };
    joined(format!("join({axis}, "), ", ", ")", e.args().len())
}

/// `concatenate([x, y], axis=0)`; numbers are `array([1.0, 2.0])`.
pub(super) fn join_plain(e: &Expr) -> Vec<Piece> {
    if let Some((values, lengths)) = crate::expr::constant_of(e) {
        return vec![Piece::owned(format!("array({})", super::layout::nested(&values, &lengths)))];
    }
    let axis = if let Attr::Axis(a) = e.attr() { *a } else { 0 };
    let mut out = joined("concatenate([", ", ", "]", e.args().len());
    out.push(Piece::owned(format!(", axis={axis})")));
    out
}

/// `float64(x)`.
pub(super) fn cast(e: &Expr) -> Vec<Piece> {
    let name = if let Attr::DType(d) = e.attr() { d.long_name() } else { "cast" };
    call(name, 1)
}
