//! `grad(cost, wrt)` and `grad(cost, [a, b])` as forms of the language.

use super::args::Args;
use super::value::{Item, Value};
use crate::expr::Expr;
use crate::grad::{GradError, grads};
use crate::sexp::{ReadError, ReadErrorKind};

/// The gradient of a scalar, as it is built; a list of them for a list.
pub(super) fn grad(mut args: Args<'_>) -> Result<Value, ReadError> {
    if args.items.len() != 2 {
        let message =
            format!("`grad` takes a cost and what to differentiate by, not {} operands", args.items.len());
        return Err(args.error(ReadErrorKind::Arity, message));
    }
    let wrt = args.items.remove(1);
    let cost = args.operands(1)?;
    args.done()?;
    let Some(cost) = cost.into_iter().next() else {
        return Err(args.error(ReadErrorKind::Arity, "`grad` takes a cost"));
    };
    let span = wrt.span;
    let (list, many) = match wrt.value {
        Value::List(items) => (items, true),
        value => (vec![Item { value, span }], false),
    };
    let list: Vec<Expr> = list.into_iter().map(|i| args.expr(i)).collect::<Result<_, _>>()?;
    let mut found = grads(&cost, &list).map_err(|e| {
        let kind = match e {
            GradError::CostNotScalar { .. } => ReadErrorKind::Type,
            _ => ReadErrorKind::Value,
        };
        args.error(kind, e.to_string())
    })?;
    if many {
        return Ok(Value::List(found.into_iter().map(|e| Item { value: Value::Expr(e), span }).collect()));
    }
    match found.pop() {
        Some(e) => Ok(Value::Expr(e)),
        None => Err(args.error(ReadErrorKind::Arity, "nothing to differentiate by")),
    }
}
