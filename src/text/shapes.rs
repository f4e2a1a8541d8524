//! Calls that make arrays, or shapes of shapes.

use super::args::Args;
use super::sugar::Sugar;
use super::value::{Item, Value};
use crate::expr::{At, Expr, IntoExpr as _, Lit, TypeError, int_ahead, nonzero, try_stack};
use crate::op::{Attr, Op};
use crate::sexp::{ReadError, ReadErrorKind, quoted};
use crate::ty::{DType, Dim, Int};

pub(super) const SUGAR: [(&str, Sugar); 23] = [
    ("stack", stack),
    ("flatten", |a| {
        if a.items.len() + a.keywords.len() < 2 {
            return with_ints(a, 0, |x, _| Ok(x.flatten()));
        }
        with_ints(a, 1, |x, k| x.try_flatten(usize::try_from(k[0]).unwrap_or(0)))
    }),
    ("ravel", |a| with_ints(a, 0, |x, _| Ok(x.flatten()))),
    ("expand_dims", |a| with_ints(a, 1, |x, k| x.try_expand_dims(k[0]))),
    ("squeeze", |a| {
        let given = !a.items.is_empty() && a.items.len() + a.keywords.len() > 1;
        if given {
            lists(a, |x, k| x.try_squeeze(Some(k)))
        } else {
            with_ints(a, 0, |x, _| x.try_squeeze(None))
        }
    }),
    ("swapaxes", |a| with_ints(a, 2, |x, k| x.try_swap_axes(k[0], k[1]))),
    ("moveaxis", |a| with_ints(a, 2, |x, k| x.try_move_axis(k[0], k[1]))),
    ("tile", tile),
    ("repeat", repeat),
    ("shape", |a| with_ints(a, 0, |x, _| Expr::try_apply(Op::ShapeOf, Attr::None, [x.clone()]))),
    ("broadcast_to", |a| a.call(Op::Alloc).map(Value::Expr)),
    ("round", |mut a| {
        let mode = a.keyword("mode").map_or("half_to_even", |i| a.source.slice(i.span));
        let op = if mode == "half_to_even" { Op::RoundHalfToEven } else { Op::RoundHalfAwayFromZero };
        a.call(op).map(Value::Expr)
    }),
    ("one_hot", |a| one_hot(a, false)),
    ("to_one_hot", |a| one_hot(a, true)),
    ("take", |a| {
        // Without an axis it takes elements in row-major order.
        let mut a = a;
        let axis = a.keywords.iter().position(|(k, _)| a.source.slice(*k).trim_start_matches(':') == "axis");
        if let Some(i) = axis.filter(|i| matches!(a.keywords[*i].1.value, Value::Nothing)) {
            a.keywords.remove(i);
        }
        if a.items.len() + a.keywords.len() > 2 {
            return a.call(Op::Take).map(Value::Expr);
        }
        let operands = a.operands(2)?;
        a.done()?;
        match &operands[..] {
            [x, at] => a.made(x.flatten().try_take(at, 0)),
            _ => Err(a.error(ReadErrorKind::Arity, "`take` takes an operand and integers")),
        }
    }),
    ("nonzero", nonzeros),
    ("flatnonzero", |a| with_ints(a, 0, |x, _| nonzero(&x.flatten()))),
    ("nonzero_values", |a| {
        with_ints(a, 0, |x, _| {
            let flat = if x.rank() == 1 { x.clone() } else { x.flatten() };
            flat.try_take(&nonzero(&flat)?, 0)
        })
    }),
    ("arange", arange),
    ("zeros", |a| constant(a, 0.0)),
    ("ones", |a| constant(a, 1.0)),
    ("full", full),
    ("iround", |a| {
        with_ints(a, 0, |x, _| {
            Expr::try_apply(Op::Cast, Attr::DType(DType::I64), [x.round_half_away_from_zero()])
        })
    }),
];

type Made = Result<Expr, TypeError>;

/// Lengths that follow an operand: one or a list.
fn lengths(args: &mut Args<'_>) -> Result<Vec<Dim>, ReadError> {
    let Some(i) = args.static_arg(&["reps", "repeats", "nb_class", "n"]) else {
        let message = format!("{} takes an operand and integers", quoted(args.name));
        return Err(args.error(ReadErrorKind::Arity, message));
    };
    let items = args.spread(vec![i]);
    args.dims(None, &items)
}

fn operand(args: &Args<'_>, operands: &[Expr]) -> Result<Expr, ReadError> {
    match operands {
        [x] => Ok(x.clone()),
        _ => Err(args.error(ReadErrorKind::Arity, format!("{} takes an operand", quoted(args.name)))),
    }
}

/// `tile(x, n)`, `tile(x, (m, n))`.
fn tile(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let times = lengths(&mut args)?;
    let ndim = args.keyword("ndim");
    args.done()?;
    let rank = operands.first().map_or(0, Expr::rank).max(times.len());
    if let Some(ndim) = ndim
        && ndim.value.int() != i64::try_from(rank).ok()
    {
        let message = format!("`ndim` is the number of axes of the result, {rank}");
        return Err(args.error_at(ReadErrorKind::Shape, &ndim, message));
    }
    args.made(operand(&args, &operands)?.try_tile_dims(&times))
}

/// `one_hot(x, n)`; Theano's `to_one_hot(x, n)` writes ones into zeros.
fn one_hot(mut args: Args<'_>, theano: bool) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let n = lengths(&mut args)?.into_iter().next().unwrap_or(Dim::ONE);
    args.done()?;
    let x = operand(&args, &operands)?;
    if !theano || x.rank() != 1 {
        return args.made(x.try_one_hot_dim(&n));
    }
    let rows = x.ty().shape.dims()[0].clone();
    let zeros = Expr::lit(Lit::Float(0.0)).broadcast_to(&[rows.clone(), n]);
    let places = [At::Expr(crate::expr::range(rows)), At::Expr(x)];
    args.made(zeros.try_set(&places, &1.into_expr()))
}

/// `nonzero(x)`: of a vector its places, else a list of them for each axis.
fn nonzeros(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    args.done()?;
    let x = operand(&args, &operands)?;
    let flat = args.fitting(nonzero(&x))?;
    if x.rank() <= 1 {
        return Ok(Value::Expr(flat));
    }
    let span = args.span;
    let mut behind: Option<Expr> = None;
    let mut parts = Vec::with_capacity(x.rank());
    for axis in (0..x.rank()).rev() {
        let own = match &behind {
            Some(size) => args.apply(Op::IntDiv, Attr::None, vec![flat.clone(), size.clone()])?,
            None => flat.clone(),
        };
        let n = x.length(axis);
        let own = if axis == 0 { own } else { args.apply(Op::Mod, Attr::None, vec![own, n.clone()])? };
        parts.push(Item { value: Value::Expr(own), span });
        behind = Some(behind.map_or(n.clone(), |size| size * n));
    }
    parts.reverse();
    Ok(Value::Parts(parts))
}

/// One operand, then `n` integers, each by itself or by a keyword.
fn with_ints(mut args: Args<'_>, n: usize, build: fn(&Expr, &[i64]) -> Made) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let mut ints = Vec::new();
    for _ in 0..n {
        let Some(i) = args.static_arg(&["axis", "ndim"]) else {
            let message = format!("{} takes an operand and {n} integers", quoted(args.name));
            return Err(args.error(ReadErrorKind::Arity, message));
        };
        ints.extend(args.ints(&i)?.first().copied());
    }
    args.done()?;
    match &operands[..] {
        [x] if ints.len() == n => args.made(build(x, &ints)),
        _ => Err(args.error(ReadErrorKind::Arity, format!("{} takes an operand", quoted(args.name)))),
    }
}

/// One operand, then integers: one or a list.
fn lists(mut args: Args<'_>, build: fn(&Expr, &[i64]) -> Made) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let Some(i) = args.static_arg(&["axis"]) else {
        let message = format!("{} takes an operand and integers", quoted(args.name));
        return Err(args.error(ReadErrorKind::Arity, message));
    };
    let ints = args.ints(&i)?;
    args.done()?;
    match &operands[..] {
        [x] => args.made(build(x, &ints)),
        _ => Err(args.error(ReadErrorKind::Arity, format!("{} takes an operand", quoted(args.name)))),
    }
}

/// Operands side by side along a new axis.
fn stack(mut args: Args<'_>) -> Result<Value, ReadError> {
    let mut axis = args.keyword("axis");
    if let Some(Item { value: Value::List(_), .. }) = args.items.first() {
        let list = args.items.remove(0);
        axis = axis.or_else(|| if args.items.is_empty() { None } else { Some(args.items.remove(0)) });
        args.done()?;
        if let Value::List(list) = list.value {
            args.items = list;
        }
    }
    let operands = args.operands(usize::MAX)?;
    args.done()?;
    if operands.is_empty() {
        return Err(args.error(ReadErrorKind::Arity, "`stack` of nothing"));
    }
    let axis = match axis {
        None => 0,
        Some(i) => args.ints(&i)?.first().copied().unwrap_or(0),
    };
    args.made(try_stack(&operands, axis))
}

/// `repeat(x, n)`, `repeat(x, n, axis)`: without an axis of the elements in row-major order.
fn repeat(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let axis = args.keyword("axis");
    let times = args.static_arg(&["repeats"]);
    let axis = axis.or_else(|| args.static_arg(&[]));
    args.done()?;
    let ([x], Some(times)) = (&operands[..], times) else {
        return Err(args.error(ReadErrorKind::Arity, "`repeat` takes an operand and a number"));
    };
    let axis = match axis {
        Some(i) if !matches!(i.value, Value::Nothing) => args.ints(&i)?.first().copied(),
        _ => None,
    };
    let flat = if axis.is_some() || x.rank() == 1 { x.clone() } else { x.flatten() };
    let axis = axis.unwrap_or(0);
    // A number for each place along the axis.
    if let Some(each) = times.value.as_expr().filter(|e| e.rank() == 1) {
        return args.made(flat.try_repeat_each(each, axis));
    }
    let times = args.dims(None, &[times])?.into_iter().next().unwrap_or(Dim::ONE);
    args.made(flat.try_repeat_dim(&times, axis))
}

/// `arange(stop)`, `arange(start, stop)`, `arange(start, stop, step)` of numbers;
/// `arange(start, step, shape=n)` of anything: as the table has it.
fn arange(args: Args<'_>) -> Result<Value, ReadError> {
    let by_table = !args.keywords.is_empty()
        || matches!(args.items.get(2), Some(i) if matches!(i.value, Value::List(_)));
    if by_table {
        return args.call(Op::Arange).map(Value::Expr);
    }
    let fail = |m: &str| args.error(ReadErrorKind::Parse, m);
    if let Some((start, step, count)) = floats(&args) {
        let ends = [start, step].map(Expr::lit);
        return args.made(Expr::try_apply(Op::Arange, Attr::Dims(vec![count]), ends));
    }
    if let Some(made) = told(&args) {
        return args.made(made);
    }
    let int = |i: usize| args.items.get(i).and_then(|i| i.value.int());
    let (start, stop, step) = match args.items.len() {
        1 => (Some(0), int(0), Some(1)),
        2 => (int(0), int(1), Some(1)),
        3 => (int(0), int(1), int(2)),
        _ => return Err(args.error(ReadErrorKind::Arity, "`arange` takes 1 to 3 arguments")),
    };
    let count = match (start, stop, step) {
        (Some(start), Some(stop), Some(step)) if step != 0 => {
            let span = i128::from(stop) - i128::from(start);
            let step = i128::from(step);
            let n = (span + step - step.signum()) / step;
            Dim::Known(usize::try_from(n.max(0)).unwrap_or(usize::MAX))
        }
        // The end may be a length.
        (Some(0), None, Some(1)) => {
            let end = args.items.get(args.items.len().min(2) - 1);
            end.and_then(|i| i.value.dim())
                .ok_or_else(|| fail("`arange` takes integers, or ends at a length"))?
        }
        _ => return Err(fail("`arange` takes integers, and a step other than 0")),
    };
    let (start, step) = (start.unwrap_or(0).into_expr(), step.unwrap_or(1).into_expr());
    args.made(Expr::try_apply(Op::Arange, Attr::Dims(vec![count]), [start, step]))
}

/// A range one of whose ends an integer input tells.
fn told(args: &Args<'_>) -> Option<Made> {
    let int = |i: usize| args.items.get(i)?.value.as_expr().and_then(|e| int_ahead(e).ok());
    let expr = |i: usize| args.items.get(i)?.value.as_expr().cloned();
    let (start, stop, step) = match args.items.len() {
        1 => (None, int(0)?, 1),
        2 => (Some((int(0)?, expr(0)?)), int(1)?, 1),
        3 => (Some((int(0)?, expr(0)?)), int(1)?, args.items[2].value.int()?),
        _ => return None,
    };
    let (from, start) = start.unwrap_or((Int::Known(0), 0.into_expr()));
    if step == 0 || !(from.has_value() || stop.has_value()) {
        return None;
    }
    let count = Dim::count(Int::count_between(from, stop, step));
    Some(Expr::try_apply(Op::Arange, Attr::Dims(vec![count]), [start, step.into_expr()]))
}

/// Start, step and how many numbers, where one of the arguments is no integer.
fn floats(args: &Args<'_>) -> Option<(Lit, Lit, Dim)> {
    let value = |i: &Item| super::numbers::number(i.value.as_expr()?);
    let given: Vec<Lit> = args.items.iter().map(value).collect::<Option<_>>()?;
    if given.iter().all(|l| matches!(l, Lit::Int(_))) {
        return None;
    }
    let (start, stop, step) = match given[..] {
        [stop] => (Lit::Float(0.0), stop, Lit::Float(1.0)),
        [start, stop] => (start, stop, Lit::Float(1.0)),
        [start, stop, step] => (start, stop, step),
        _ => return None,
    };
    let n = ((stop.value() - start.value()) / step.value()).ceil();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a length")]
    (n.is_finite() && n.abs() < 1e15).then(|| (start, step, Dim::Known(n.max(0.0) as usize)))
}

/// `zeros(2, 3)`, `zeros((2, 3))`.
fn constant(mut args: Args<'_>, value: f64) -> Result<Value, ReadError> {
    let value = number_of(&mut args, value)?;
    let dims = args.shape()?;
    args.made(Expr::try_apply(Op::Alloc, Attr::Dims(dims), [value]))
}

/// A number of the type that the keyword says, a double without it.
pub(super) fn number_of(args: &mut Args<'_>, value: f64) -> Result<Expr, ReadError> {
    let Some(dtype) = args.dtype()? else { return Ok(value.into_expr()) };
    #[allow(clippy::cast_possible_truncation, reason = "zero or one")]
    let number = if dtype.is_float() { value.into_expr() } else { Expr::lit(Lit::Int(value as i64)) };
    if dtype == DType::F64 { Ok(number) } else { args.apply(Op::Cast, Attr::DType(dtype), vec![number]) }
}

/// `full((2, 3), x)`.
fn full(mut args: Args<'_>) -> Result<Value, ReadError> {
    if args.items.len() != 2 {
        return Err(args.error(ReadErrorKind::Arity, "`full` takes lengths and a value"));
    }
    let value = args.items.remove(1);
    let shape = args.items.remove(0);
    args.done()?;
    let items = args.spread(vec![shape]);
    let dims = args.dims(None, &items)?;
    let value = args.expr(value)?;
    args.made(Expr::try_apply(Op::Alloc, Attr::Dims(dims), [value]))
}
