//! Spelling of functions of whole operands.

use crate::expr::{Expr, Lit};
use crate::op::Attr;
use crate::op::pieces::{Piece, brackets, call, capital, dims};

/// `Cumsum{0}(x)`.
pub(in crate::op) fn scan_classic(e: &Expr) -> Vec<Piece> {
    let axis = if let Attr::Axis(a) = e.attr() { *a } else { 0 };
    call(&format!("{}{{{axis}}}", capital(e.op_name())), e.args().len())
}

/// `cumsum(x, axis=0)`.
pub(in crate::op) fn scan_plain(e: &Expr) -> Vec<Piece> {
    let axis = if let Attr::Axis(a) = e.attr() { *a } else { 0 };
    let mut out = call(e.op_name(), e.args().len());
    out.pop();
    out.push(Piece::owned(format!(", axis={axis})")));
    out
}

/// `v[i]`, `M[:, i]`.
pub(in crate::op) fn take(e: &Expr) -> Vec<Piece> {
    // Anything else may begin as another index does.
    if e.arg(1).name().is_none() {
        return scan_plain(e);
    }
    let axis = if let Attr::Axis(a) = e.attr() { *a } else { 0 };
    let (open, close) = brackets(e.arg(0));
    vec![
        Piece::Text(open.into()),
        Piece::Arg(0),
        Piece::owned(format!("{close}[{}", ":, ".repeat(axis))),
        Piece::Arg(1),
        Piece::Text("]".into()),
    ]
}

/// `take(v, i, axis=0)`.
pub(in crate::op) fn take_plain(e: &Expr) -> Vec<Piece> {
    scan_plain(e)
}

/// `ARange(0, 5, 1)`: start, end, step, where they are integers.
pub(in crate::op) fn arange_classic(e: &Expr) -> Vec<Piece> {
    let n = dims(e).join(", ");
    let int = |i: usize| match e.arg(i).literal() {
        Some(Lit::Int(k)) => Some(i128::from(k)),
        _ => None,
    };
    let stop = match (int(0), int(1), n.parse::<u32>()) {
        (Some(start), Some(step), Ok(n)) if step != 0 => (start + step * i128::from(n)).to_string(),
        (Some(0), Some(1), Err(_)) => n,
        _ => return arange_plain(e),
    };
    let mut out = vec![Piece::Text("ARange(".into()), Piece::Arg(0)];
    out.extend([Piece::owned(format!(", {stop}, ")), Piece::Arg(1), Piece::Text(")".into())]);
    out
}

/// `arange(0, 1, shape=(5,))`: start, step, length.
pub(in crate::op) fn arange_plain(e: &Expr) -> Vec<Piece> {
    let mut out = call(e.op_name(), 2);
    out.pop();
    out.push(Piece::owned(format!(", shape=({},))", dims(e).join(", "))));
    out
}
