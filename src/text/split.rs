//! Parts of an array along an axis: `split(x, 3)`, `split(x, [1, 2])`, and `Split{2}(x, 0, [1 2])` as it is
//! printed.

use super::args::Args;
use super::sugar::Sugar;
use super::value::{Item, Value};
use crate::expr::Expr;
use crate::op::{Attr, Op};
use crate::sexp::{ReadError, ReadErrorKind};
use crate::ty::{Dim, normalize_axis};

pub(super) const SUGAR: [(&str, Sugar); 2] = [("split", split), ("Split", printed)];

/// `split(x, 3)` in equal parts, `split(x, (2, 1, 3))` in parts of these lengths; Theano says how many
/// these are: `split(x, [1, 2], 2, axis=0)`.
fn split(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let axis = args.keyword("axis");
    let parts = args.static_arg(&[]);
    let mut more = std::mem::take(&mut args.items).into_iter();
    let (second, third) = (more.next(), more.next());
    args.items = more.collect();
    args.done()?;
    let ([x], Some(parts)) = (&operands[..], parts) else {
        return Err(args.error(ReadErrorKind::Arity, "`split` takes an operand and parts"));
    };
    let mut lengths = args.ints(&parts)?;
    let several = parts.value.int().is_none();
    let number = |i: &Item| i.value.int();
    // A number behind a list is an axis, unless it can only be how many lengths there are.
    let count = i64::try_from(lengths.len()).ok();
    let named = axis.is_some() || third.is_some();
    let told = |i: &Item| several && number(i) == count && (named || number(i) >= rank(x));
    let axis = match (axis, second, third) {
        (Some(i), Some(s), None) if told(&s) => Some(i),
        (None, Some(s), third) if told(&s) => third,
        (Some(i), None, None) => Some(i),
        (None, s, None) => s,
        (_, Some(s), _) => {
            return Err(args.error_at(ReadErrorKind::Arity, &s, "too many arguments for `split`"));
        }
        _ => None,
    };
    let axis = match &axis {
        Some(i) => args.ints(i)?.first().copied().unwrap_or(0),
        None => 0,
    };
    if !several {
        let n = lengths.first().copied().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let at = normalize_axis(axis, x.rank()).ok();
        let length = at.and_then(|a| x.ty().shape.dims()[a].known());
        let Some(length) = length.filter(|l| n > 0 && l.is_multiple_of(n)) else {
            let message = format!("cannot split {} in {n} equal parts", x.ty());
            return Err(args.error(ReadErrorKind::Shape, message));
        };
        lengths = vec![i64::try_from(length / n).unwrap_or(i64::MAX); n];
    }
    parts_of(&args, x, &lengths, axis)
}

fn rank(x: &Expr) -> Option<i64> {
    i64::try_from(x.rank()).ok()
}

/// Parts of these lengths.
fn parts_of(args: &Args<'_>, x: &Expr, lengths: &[i64], axis: i64) -> Result<Value, ReadError> {
    let lengths: Option<Vec<usize>> = lengths.iter().map(|n| usize::try_from(*n).ok()).collect();
    let Some(lengths) = lengths else {
        return Err(args.error(ReadErrorKind::Shape, "lengths are not negative"));
    };
    Ok(list(args, args.fitting(x.try_split(&lengths, axis))?))
}

fn list(args: &Args<'_>, parts: Vec<Expr>) -> Value {
    let span = args.span;
    Value::Parts(parts.into_iter().map(|e| Item { value: Value::Expr(e), span }).collect())
}

/// `Split{2}(g, 0, [x.shape[0], y.shape[0]])`: all parts, since the text does not say which is meant.
fn printed(mut args: Args<'_>) -> Result<Value, ReadError> {
    let braces = args.braces.take().map(Vec::as_slice);
    let operands = args.operands(1)?;
    let (axis, lengths) = (args.static_arg(&[]), args.static_arg(&[]));
    args.done()?;
    let fail = || args.error(ReadErrorKind::Arity, "`Split{n}` takes an operand, an axis and n lengths");
    let ([x], Some(axis), Some(lengths)) = (&operands[..], axis, lengths) else { return Err(fail()) };
    let axis = axis.value.int().ok_or_else(fail)?;
    let axis = normalize_axis(axis, x.rank()).map_err(|e| args.error(ReadErrorKind::Shape, e.to_string()))?;
    let counted = |n: usize| matches!(braces, Some([Some(k)]) if usize::try_from(*k) == Ok(n));
    if let Some(numbers) = lengths.value.ints() {
        if !counted(numbers.len()) {
            return Err(fail());
        }
        return parts_of(&args, x, &numbers, i64::try_from(axis).unwrap_or(0));
    }
    let Value::List(lengths) = lengths.value else { return Err(fail()) };
    if !counted(lengths.len()) {
        return Err(fail());
    }
    let like = lengths.iter().map(|i| part_like(&args, x, axis, i)).collect::<Result<Vec<_>, _>>()?;
    let all: Vec<Expr> = std::iter::once(x.clone()).chain(like).collect();
    let part = |k: usize| args.apply(Op::SplitPart, Attr::Part(axis, k), all.clone());
    let parts = (0..all.len() - 1).map(part).collect::<Result<Vec<_>, _>>()?;
    Ok(list(&args, parts))
}

/// What has the shape of a part: the array whose length is meant, or zeros.
fn part_like(args: &Args<'_>, x: &Expr, axis: usize, length: &Item) -> Result<Expr, ReadError> {
    if let Some(e) = length.value.as_expr()
        && (e.op(), e.attr()) == (Some(Op::Length), &Attr::Axis(axis))
        && e.arg(0).rank() == x.rank()
    {
        return Ok(e.arg(0).clone());
    }
    let Some(n) = length.value.dim() else {
        return Err(args.error_at(ReadErrorKind::Parse, length, "a length is expected here"));
    };
    let mut dims: Vec<Dim> = x.ty().shape.dims().to_vec();
    dims[axis] = n;
    let zero = Expr::lit(crate::expr::Lit::Float(0.0));
    args.apply(Op::Alloc, Attr::Dims(dims), vec![zero])
}
