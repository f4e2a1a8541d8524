//! What names mean when they are called.

use super::args::Args;
use super::sugar::{self, Sugar};
use crate::expr::Expr;
use crate::op::{Attr, AttrKind, Op};
use crate::sexp::ReadError;
use crate::ty::DType;

/// What a called name stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callee {
    Sugar(Sugar),
    Op(Op),
    /// Conversion to this type.
    Cast(Op, DType),
}

/// Is it the name of something that is called?
pub(super) fn is_callee(name: &str) -> bool {
    callee(name).is_some()
}

/// What a name means when it is called.
pub(super) fn callee(name: &str) -> Option<Callee> {
    if let Some((_, f)) = sugar::all().find(|(n, _)| *n == name) {
        return Some(Callee::Sugar(*f));
    }
    if let Some(op) = Op::by_name(name) {
        return Some(Callee::Op(op));
    }
    let cast = Op::ALL.iter().copied().find(|op| op.def().attr == AttrKind::DType)?;
    DType::by_name(name).map(|d| Callee::Cast(cast, d))
}

/// `float64(x)`.
pub(super) fn cast(mut args: Args<'_>, op: Op, d: DType) -> Result<Expr, ReadError> {
    let operands = args.operands(usize::MAX)?;
    args.done()?;
    args.apply(op, Attr::DType(d), operands)
}

/// `matrix_inverse` of `MatrixInverse`.
pub(super) fn in_words(class: &str) -> String {
    let mut out = String::with_capacity(class.len() + 4);
    for (i, c) in class.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
