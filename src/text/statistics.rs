//! Calls of statistics: what Theano builds from sums.

use super::args::Args;
use super::sugar::Sugar;
use super::value::{Item, Value};
use crate::expr::Expr;
use crate::op::{Attr, Op, Role};
use crate::sexp::{ReadError, ReadErrorKind, quoted};
use crate::ty::DType;

pub(super) const SUGAR: [(&str, Sugar); 9] = [
    ("MaxAndArgmax", largest),
    ("any", |a| truth(a, Op::Any)),
    ("all", |a| truth(a, Op::All)),
    ("norm", norm),
    ("max_and_argmax", |a| {
        let (items, keywords, span) = (a.items.clone(), a.keywords.clone(), a.span);
        let places = Args { items, keywords, ..a }.call(Op::Argmax)?;
        let both = [a.call(Op::Max)?, places];
        Ok(Value::Parts(both.map(|e| Item { value: Value::Expr(e), span }).into()))
    }),
    ("mean", |a| statistic(a, Expr::mean_over)),
    ("var", |a| statistic(a, Expr::variance)),
    ("std", |a| statistic(a, |x, attr, keep| x.variance(attr, keep).sqrt())),
    ("ptp", |a| {
        statistic(a, |x, attr, keep| {
            let range = x.reduce(Op::Max, attr) - x.reduce(Op::Min, attr);
            if keep { x.keepdims(&range, &attr.axes(x.rank())) } else { range }
        })
    }),
];

/// `MaxAndArgmax{axis=(0,)}(x)`: the largest element. All axes are the same as none named.
fn largest(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let attr = args.axes(operands.first(), Role::Reduce)?;
    args.done()?;
    let rank = operands.first().map_or(0, Expr::rank);
    let attr = if attr.axes(rank).len() == rank { Attr::AllAxes } else { attr };
    args.apply(Op::Max, attr, operands).map(Value::Expr)
}

/// `all(x)` of numbers asks whether they differ from zero, as in Theano.
fn truth(mut args: Args<'_>, op: Op) -> Result<Value, ReadError> {
    let number = |i: &Item| i.value.as_expr().is_some_and(|e| e.ty().dtype != DType::Bool);
    if args.items.first().is_some_and(number) {
        let first = args.items.remove(0);
        let span = first.span;
        let zero = Expr::lit(crate::expr::Lit::Int(0));
        let x = args.expr(first)?;
        let neq = args.apply(Op::Neq, Attr::None, vec![x, zero])?;
        args.items.insert(0, Item { value: Value::Expr(neq), span });
    }
    args.call(op).map(Value::Expr)
}

/// `x.norm(L)`: the L-th root of the sum of L-th powers of absolute values.
fn norm(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(2)?;
    let x = operands.first().cloned();
    let attr = args.axes(x.as_ref(), Role::Reduce)?;
    args.done()?;
    let order = match operands.get(1) {
        Some(order) => super::numbers::number(order),
        None => Some(crate::expr::Lit::Int(2)),
    };
    let order = order.map(|l| (l, l.value()));
    let (Some(x), Some((l, value))) = (x, order.filter(|(_, v)| *v > 0.0 && v.is_finite())) else {
        return Err(args.error(ReadErrorKind::Value, "`norm` takes an operand and a positive number"));
    };
    let powers = x.abs().pow(Expr::lit(l)).reduce(Op::Sum, &attr);
    Ok(Value::Expr(powers.pow(1.0 / value)))
}

fn statistic(mut args: Args<'_>, build: fn(&Expr, &Attr, bool) -> Expr) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let Some(x) = operands.first().cloned() else {
        let message = format!("{} takes 1 operand, not 0", quoted(args.name));
        return Err(args.error(ReadErrorKind::Arity, message));
    };
    let attr = args.axes(Some(&x), Role::Reduce)?;
    let keep = args.flag("keepdims")?;
    args.done()?;
    // A reduction that the operand does not take is an error here, not below.
    args.apply(Op::Max, attr.clone(), operands)?;
    Ok(Value::Expr(build(&x, &attr, keep)))
}
