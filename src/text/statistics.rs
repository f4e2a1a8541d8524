//! Calls of statistics: what Theano builds from sums.

use super::args::Args;
use super::sugar::Sugar;
use super::value::Value;
use crate::expr::Expr;
use crate::op::{Attr, Op, Role};
use crate::sexp::{ReadError, ReadErrorKind, quoted};

pub(super) const SUGAR: [(&str, Sugar); 4] = [
    ("mean", |a| statistic(a, Expr::mean_over)),
    ("var", |a| statistic(a, Expr::variance)),
    ("std", |a| statistic(a, |x, attr| x.variance(attr).sqrt())),
    ("ptp", |a| statistic(a, |x, attr| x.reduce(Op::Max, attr) - x.reduce(Op::Min, attr))),
];

fn statistic(mut args: Args<'_>, build: fn(&Expr, &Attr) -> Expr) -> Result<Value, ReadError> {
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
    let y = build(&x, &attr);
    Ok(Value::Expr(if keep { x.keepdims(&y, &attr.axes(x.rank())) } else { y }))
}
