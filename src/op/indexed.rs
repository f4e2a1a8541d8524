//! Spelling of indexes with operands: `v[ScalarFromTensor(i):]`, `M[iv, 0]`.

use super::pieces::{Piece, Spelling, brackets, index_text};
use super::{Attr, Bound, Place};
use crate::expr::Expr;

/// The entries of the index of an application, whose operands stand from `from` on.
pub(crate) fn entries(e: &Expr, from: usize, spelling: Spelling) -> Vec<Piece> {
    let Attr::Places(places) = e.attr() else { return Vec::new() };
    let mut out = Vec::new();
    let mut at = from;
    // Theano wraps a number among indices; an array stands as it is, and a number beside one.
    let beside = e.args()[from..].iter().any(|a| a.rank() > 0);
    let mut operand = |out: &mut Vec<Piece>, bound: bool| {
        let wrapped = spelling == Spelling::Classic && e.arg(at).rank() == 0 && (bound || !beside);
        if wrapped {
            out.push(Piece::Text("ScalarFromTensor(".into()));
        }
        out.push(Piece::Arg(at));
        if wrapped {
            out.push(Piece::Text(")".into()));
        }
        at += 1;
    };
    for (k, p) in places.iter().enumerate() {
        if k > 0 {
            out.push(Piece::Text(", ".into()));
        }
        match p {
            Place::Item(i) => out.push(Piece::owned(index_text(std::slice::from_ref(i)))),
            Place::Operand | Place::Mask { .. } => operand(&mut out, false),
            Place::Strided { start, stop, .. } => {
                for bound in [*start, *stop, Bound::Operand] {
                    match bound {
                        Bound::End => {}
                        Bound::At(k) => out.push(Piece::owned(k.to_string())),
                        Bound::Operand => operand(&mut out, true),
                    }
                    out.push(Piece::Text(":".into()));
                }
                out.pop();
            }
            Place::Between { start, stop, step, .. } => {
                for (bound, sep) in [(start, ":"), (stop, "")] {
                    match bound {
                        Bound::End => {}
                        Bound::At(k) => out.push(Piece::owned(k.to_string())),
                        Bound::Operand => operand(&mut out, true),
                    }
                    out.push(Piece::Text(sep.into()));
                }
                if *step != 1 {
                    out.push(Piece::owned(format!(":{step}")));
                }
            }
        }
    }
    out
}

fn read(e: &Expr, spelling: Spelling) -> Vec<Piece> {
    let (open, close) = brackets(e.arg(0));
    let mut out = vec![Piece::Text(open.into()), Piece::Arg(0), Piece::owned(format!("{close}["))];
    out.extend(entries(e, 1, spelling));
    out.push(Piece::Text("]".into()));
    out
}

fn write(e: &Expr, spelling: Spelling) -> Vec<Piece> {
    let (open, close) = brackets(e.arg(0));
    let name = if e.op_name() == "set_places" { "set_subtensor" } else { "inc_subtensor" };
    let mut out =
        vec![Piece::owned(format!("{name}({open}")), Piece::Arg(0), Piece::owned(format!("{close}["))];
    out.extend(entries(e, 2, spelling));
    out.extend([Piece::Text("], ".into()), Piece::Arg(1), Piece::Text(")".into())]);
    out
}

/// `v[ScalarFromTensor(i):]`.
pub(super) fn read_classic(e: &Expr) -> Vec<Piece> {
    read(e, Spelling::Classic)
}

/// `v[i:]`.
pub(super) fn read_plain(e: &Expr) -> Vec<Piece> {
    read(e, Spelling::Plain)
}

/// `inc_subtensor(v[ScalarFromTensor(i):], y)`.
pub(super) fn write_classic(e: &Expr) -> Vec<Piece> {
    write(e, Spelling::Classic)
}

/// `inc_subtensor(v[i:], y)`.
pub(super) fn write_plain(e: &Expr) -> Vec<Piece> {
    write(e, Spelling::Plain)
}
