//! Spelling of extrema and of lengths, by the names of Theano's classes.

use super::Attr;
use super::pieces::{Piece, Pp, call, list};
use crate::expr::Expr;

/// `MaxAndArgmax{axis=(0,)}`: the class that finds the largest element and its place.
fn extremum(e: &Expr) -> String {
    let axes = e.attr().axes(e.arg(0).rank());
    let comma = if axes.len() == 1 { "," } else { "" };
    format!("MaxAndArgmax{{axis=({}{comma})}}", list(&axes, ", "))
}

/// `MaxAndArgmax{axis=(0,)}(x)`, whichever of its two results is meant.
pub(super) fn max_classic(e: &Expr) -> Vec<Piece> {
    call(&extremum(e), 1)
}

/// `MaxAndArgmax{axis=(0,)}((-x))`: where the smallest is.
pub(super) fn argmin_classic(e: &Expr) -> Vec<Piece> {
    let mut out = vec![Piece::owned(extremum(e) + "(")];
    out.extend(Pp::Prefix("-").pieces("", e));
    out.push(Piece::Text(")".into()));
    out
}

/// `(-MaxAndArgmax{axis=(0,)}((-x)))`, as Theano builds it.
pub(super) fn min_classic(e: &Expr) -> Vec<Piece> {
    let mut out = vec![Piece::Text("(-".into())];
    out.extend(argmin_classic(e));
    out.push(Piece::Text(")".into()));
    out
}

/// `Split{2}(g, 0, [x.shape[0], y.shape[0]])`, whichever part is meant.
pub(super) fn split_classic(e: &Expr) -> Vec<Piece> {
    let axis = if let Attr::Part(axis, _) = e.attr() { *axis } else { 0 };
    let n = e.args().len() - 1;
    let mut out =
        vec![Piece::owned(format!("Split{{{n}}}(")), Piece::Arg(0), Piece::owned(format!(", {axis}, ["))];
    for i in 1..=n {
        out.extend([
            Piece::Arg(i),
            Piece::owned(format!(".shape[{axis}]{}", if i < n { ", " } else { "])" })),
        ]);
    }
    out
}

/// `split_part(g, x, y, axis=0, part=1)`.
pub(super) fn split_plain(e: &Expr) -> Vec<Piece> {
    let (axis, part) = if let Attr::Part(axis, part) = e.attr() { (*axis, *part) } else { (0, 0) };
    let mut out = call(e.op_name(), e.args().len());
    out.pop();
    out.push(Piece::owned(format!(", axis={axis}, part={part})")));
    out
}

/// `x.shape`; a number stands in parentheses, which a point would be part of.
fn shape_piece(e: &Expr, i: usize) -> [Piece; 3] {
    let (open, close) = if e.arg(i).literal().is_some() { ("(", ").shape") } else { ("", ".shape") };
    [Piece::Text(open.into()), Piece::Arg(i), Piece::Text(close.into())]
}

/// `x.shape`.
pub(super) fn shape_of(e: &Expr) -> Vec<Piece> {
    shape_piece(e, 0).into()
}

/// `Reshape{2}(x, y.shape)`.
pub(super) fn reshape_like_classic(e: &Expr) -> Vec<Piece> {
    reshaped(format!("Reshape{{{}}}(", e.rank()), e)
}

/// `reshape(x, y.shape)`.
pub(super) fn reshape_like_plain(e: &Expr) -> Vec<Piece> {
    reshaped("reshape(".into(), e)
}

fn reshaped(open: String, e: &Expr) -> Vec<Piece> {
    let mut out = vec![Piece::owned(open), Piece::Arg(0), Piece::Text(", ".into())];
    out.extend(shape_piece(e, 1));
    out.push(Piece::Text(")".into()));
    out
}
