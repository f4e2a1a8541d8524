//! Lengths as expressions: `x.shape[0]`, and what is computed from such.

use super::error::TypeError;
use super::lit::Lit;
use super::node::Expr;
use crate::op::{Attr, IndexItem, Op};
use crate::ty::{DType, Dim, DimExpr, Int, IntOp};

/// A length as an integer scalar. `input` finds the input of a name.
///
/// # Errors
/// The parts of the length do not combine, which those of a shape always do.
pub(crate) fn length_of(d: &Dim, input: &dyn Fn(&str) -> Option<Expr>) -> Result<Expr, TypeError> {
    let fold = |ds: &[Dim], op: Op| {
        let args = ds.iter().map(|d| length_of(d, input)).collect::<Result<Vec<_>, _>>()?;
        Expr::try_apply(op, Attr::None, args)
    };
    match d {
        #[allow(clippy::cast_possible_wrap, reason = "no array has 2^63 elements")]
        Dim::Known(n) => Ok(Expr::lit(Lit::Int(*n as i64))),
        Dim::Sym(_) => measured(d, input),
        Dim::Expr(e) => match &**e {
            DimExpr::Add(ds) => fold(ds, Op::Add),
            DimExpr::Mul(ds) => fold(ds, Op::Mul),
            DimExpr::Div(a, b) => fold(&[a.clone(), b.clone()], Op::IntDiv),
            DimExpr::Slice { .. } | DimExpr::Between { .. } => measured(d, input),
            DimExpr::Count(int) => Expr::try_apply(Op::Cast, Attr::DType(DType::I64), [integer(int, input)?]),
        },
    }
}

/// An integer as a scalar. Recurses over its nesting, as over that of a length.
pub(crate) fn integer(i: &Int, input: &dyn Fn(&str) -> Option<Expr>) -> Result<Expr, TypeError> {
    match i {
        Int::Known(n) => Ok(Expr::lit(Lit::Int(*n))),
        Int::Length(d) => length_of(d, input),
        Int::Value(s) => input(s.var())
            .ok_or_else(|| super::compose::misfit("length", &[], format!("no input {}", s.var()))),
        Int::Two(op, a, b) => {
            let op = match op {
                IntOp::Add => Op::Add,
                IntOp::Sub => Op::Sub,
                IntOp::Mul => Op::Mul,
                IntOp::Div => Op::IntDiv,
                IntOp::Mod => Op::Mod,
                IntOp::Max => Op::Maximum,
                IntOp::Min => Op::Minimum,
            };
            Expr::try_apply(op, Attr::None, [integer(a, input)?, integer(b, input)?])
        }
    }
}

fn measured(d: &Dim, input: &dyn Fn(&str) -> Option<Expr>) -> Result<Expr, TypeError> {
    let (holder, axis) = holder(d, input)?;
    Expr::try_apply(Op::Length, Attr::Axis(axis), [holder])
}

/// An expression one of whose axes has this length, and which.
fn holder(d: &Dim, input: &dyn Fn(&str) -> Option<Expr>) -> Result<(Expr, usize), TypeError> {
    if let Dim::Sym(s) = d
        && let Some(v) = input(s.var())
    {
        return Ok((v, s.axis()));
    }
    if let Dim::Expr(e) = d
        && let DimExpr::Slice { of, start, stop, step } = &**e
    {
        let (whole, axis) = holder(of, input)?;
        let mut items = vec![IndexItem::Slice { start: None, stop: None, step: 1 }; axis];
        items.push(IndexItem::Slice { start: *start, stop: *stop, step: *step });
        return Ok((Expr::try_apply(Op::Index, Attr::Index(items), [whole])?, axis));
    }
    // Anything of that length will do.
    let zero = Expr::lit(Lit::Float(0.0));
    Ok((Expr::try_apply(Op::Alloc, Attr::Dims(vec![d.clone()]), [zero])?, 0))
}
