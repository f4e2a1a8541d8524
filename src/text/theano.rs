//! Functions of Theano's that are none of its operators, as it builds them.

use super::args::Args;
use super::sugar::{Sugar, apply1, exactly, int};
use super::value::{Item, Value};
use crate::expr::{Expr, IntoExpr as _, Lit, nonzero, switch};
use crate::op::{Attr, Op};
use crate::sexp::{ReadError, ReadErrorKind};
use crate::ty::normalize_axis;

pub(super) const SUGAR: [(&str, Sugar); 14] = [
    ("BatchedDot", |a| a.call(Op::BatchedDot).map(Value::Expr)),
    ("batched_dot", |a| fixed::<2>(a, |a, [x, y]| batched_dot(a, x, y))),
    ("matrix_dot", |a| folded(a, |a, x, y| a.apply(Op::Dot, Attr::None, vec![x, y]))),
    ("matrix_power", matrix_power),
    ("selu", |a| {
        fixed::<1>(a, |a, [x]| {
            let below = times(a, 1.673_263_242_354_377_2.into_expr(), apply1(a, Op::Expm1, x.clone())?)?;
            let above = a.apply(Op::Gt, Attr::None, vec![x.clone(), int(0)])?;
            let bent = a.apply(Op::Switch, Attr::None, vec![above, x, below])?;
            times(a, 1.050_700_987_355_480_5.into_expr(), bent)
        })
    }),
    ("shape_padaxis", |mut a| {
        let operands = a.operands(1)?;
        let axis = a.static_arg(&["axis"]).and_then(|i| i.value.int());
        a.done()?;
        let ([x], Some(axis)) = (&operands[..], axis) else {
            return Err(a.error(ReadErrorKind::Arity, "`shape_padaxis` takes an operand and an axis"));
        };
        a.made(x.try_expand_dims(axis))
    }),
    ("largest", |a| extreme(a, Op::Gt, Op::Max)),
    ("smallest", |a| extreme(a, Op::Lt, Op::Min)),
    ("ceil_intdiv", |a| {
        fixed::<2>(a, |a, [x, y]| {
            let rest = a.elementwise(Op::Mod, vec![x.clone(), y.clone()])?;
            let more = a.apply(Op::Neq, Attr::None, vec![rest, int(0)])?;
            let whole = a.elementwise(Op::IntDiv, vec![x, y])?;
            let more = a.apply(Op::Cast, Attr::DType(whole.ty().dtype), vec![more])?;
            a.apply(Op::Add, Attr::None, vec![more, whole])
        })
    }),
    ("isclose", |a| close(a, false)),
    ("allclose", |a| close(a, true)),
    ("compress", |mut a| {
        let operands = a.operands(2)?;
        let axis = a.static_arg(&["axis"]).filter(|i| !matches!(i.value, Value::Nothing));
        a.done()?;
        let [condition, x] = &operands[..] else {
            return Err(a.error(ReadErrorKind::Arity, "`compress` takes a condition and an operand"));
        };
        let places = a.fitting(nonzero(condition))?;
        let flat = if axis.is_none() && x.rank() != 1 { x.flatten() } else { x.clone() };
        a.made(flat.try_take(&places, axis.and_then(|i| i.value.int()).unwrap_or(0)))
    }),
    ("bincount", |a| {
        fixed::<1>(a, |a, [x]| {
            let most = a.apply(Op::Max, Attr::AllAxes, vec![x.clone()])?;
            let length = a.fitting((most + 1).as_length())?;
            let zeros = a.apply(Op::Alloc, Attr::Dims(vec![length]), vec![int(0)])?;
            let ones = int(1).broadcast_to(x.ty().shape.dims());
            a.apply(Op::IncTake, Attr::Axis(0), vec![zeros, x, ones])
        })
    }),
    ("diff", diff),
];

fn fixed<const N: usize>(
    args: Args<'_>,
    build: fn(&Args<'_>, [Expr; N]) -> Result<Expr, ReadError>,
) -> Result<Value, ReadError> {
    let (args, operands) = exactly(args, N)?;
    let Ok(operands) = <[Expr; N]>::try_from(operands) else {
        return Err(args.error(ReadErrorKind::Arity, "it takes other operands"));
    };
    build(&args, operands).map(Value::Expr)
}

/// Any number of operands, from the left.
fn folded(
    mut args: Args<'_>,
    build: fn(&Args<'_>, Expr, Expr) -> Result<Expr, ReadError>,
) -> Result<Value, ReadError> {
    let mut operands = args.operands(usize::MAX)?.into_iter();
    args.done()?;
    let Some(first) = operands.next() else {
        return Err(args.error(ReadErrorKind::Arity, "there is nothing to multiply"));
    };
    operands.try_fold(first, |x, y| build(&args, x, y)).map(Value::Expr)
}

fn times(a: &Args<'_>, x: Expr, y: Expr) -> Result<Expr, ReadError> {
    a.apply(Op::Mul, Attr::None, vec![x, y])
}

/// Products along the first axis of both: a matrix is one vector for each place of it, a vector one number.
fn batched_dot(a: &Args<'_>, x: Expr, y: Expr) -> Result<Expr, ReadError> {
    let product = |x: Expr, y: Expr| a.apply(Op::BatchedDot, Attr::None, vec![x, y]);
    let number = |x: &Expr, rank: usize| x.dimshuffle([Some(0)].into_iter().chain(vec![None; rank - 1]));
    match (x.rank(), y.rank()) {
        (0, _) | (_, 0) => {
            Err(a.error(ReadErrorKind::Shape, "`batched_dot` takes arrays with an axis to go along"))
        }
        (1, n) => times(a, if n > 1 { number(&x, n) } else { x }, y),
        (n, 1) => times(a, x, number(&y, n)),
        (2, 2) => a.apply(Op::Sum, Attr::Axes(vec![1]), vec![times(a, x, y)?]),
        (2, 3) => {
            let rows = product(x.dimshuffle([Some(0), None, Some(1)]), y)?;
            a.apply(Op::Dimshuffle, Attr::Perm(vec![Some(0), Some(2)]), vec![rows])
        }
        (3, 2) => {
            let columns = product(x, y.dimshuffle([Some(0), Some(1), None]))?;
            a.apply(Op::Dimshuffle, Attr::Perm(vec![Some(0), Some(1)]), vec![columns])
        }
        _ => product(x, y),
    }
}

/// `matrix_power(m, n)`: so many factors.
fn matrix_power(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let n = args.static_arg(&["n"]).and_then(|i| i.value.int());
    args.done()?;
    let ([m], Some(n @ 0..=64)) = (&operands[..], n) else {
        return Err(args.error(ReadErrorKind::Arity, "`matrix_power` takes a matrix and a number up to 64"));
    };
    if n == 0 {
        let side = |k| m.ty().shape.axis_from_end(k);
        return args.made(crate::expr::try_eye(side(1), side(0), 0));
    }
    let product = |x, _| args.apply(Op::Dot, Attr::None, vec![x, m.clone()]);
    (1..n).try_fold(m.clone(), product).map(Value::Expr)
}

/// The largest or smallest of several: of two by a comparison.
fn extreme(mut args: Args<'_>, compare: Op, reduce: Op) -> Result<Value, ReadError> {
    let operands = args.operands(usize::MAX)?;
    args.done()?;
    if let [x, y] = &operands[..] {
        let first = args.elementwise(compare, vec![x.clone(), y.clone()])?;
        return Ok(Value::Expr(switch(&first, x, y)));
    }
    let all = args.fitting(crate::expr::try_stack(&operands, 0))?;
    args.apply(reduce, Attr::Axes(vec![0]), vec![all]).map(Value::Expr)
}

/// `isclose(x, y, rtol, atol)`: equal, or near each other.
fn close(mut args: Args<'_>, all: bool) -> Result<Value, ReadError> {
    let operands = args.operands(2)?;
    let mut number = |default: f64| match args.static_arg(&[]) {
        Some(i) => i.value.as_expr().and_then(Expr::literal).map(Lit::value),
        None => Some(default),
    };
    let (relative, absolute) = (number(1e-5), number(1e-8));
    args.done()?;
    let ([x, y], Some(relative), Some(absolute)) = (&operands[..], relative, absolute) else {
        return Err(args.error(ReadErrorKind::Arity, "it takes two operands and two numbers"));
    };
    let of = |op, x: Vec<Expr>| args.elementwise(op, x);
    let apart = apply1(&args, Op::Abs, of(Op::Sub, vec![x.clone(), y.clone()])?)?;
    let size = times(&args, relative.into_expr(), apply1(&args, Op::Abs, y.clone())?)?;
    let near = of(Op::Le, vec![apart, of(Op::Add, vec![absolute.into_expr(), size])?])?;
    let finite = apply1(&args, Op::Invert, apply1(&args, Op::Isinf, y.clone())?)?;
    let near = of(Op::And, vec![near, finite])?;
    let same = of(Op::Or, vec![near, of(Op::Eq, vec![x.clone(), y.clone()])?])?;
    if !all {
        return Ok(Value::Expr(same));
    }
    args.apply(Op::All, Attr::AllAxes, vec![same]).map(Value::Expr)
}

/// `diff(x, n, axis)`: differences of neighbours, taken `n` times, along the last axis.
fn diff(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let n = args.static_arg(&["n"]);
    let axis = args.static_arg(&["axis"]);
    args.done()?;
    let int = |i: Option<Item>, default: i64| i.map_or(Some(default), |i| i.value.int());
    let ([x], Some(n @ 0..=64), Some(axis)) = (&operands[..], int(n, 1), int(axis, -1)) else {
        return Err(args.error(ReadErrorKind::Arity, "`diff` takes an operand, how often, and an axis"));
    };
    let axis = normalize_axis(axis, x.rank()).map_err(|e| args.error(ReadErrorKind::Shape, e.to_string()))?;
    let part = |x: &Expr, start, stop| {
        let mut items = vec![crate::op::IndexItem::Slice { start: None, stop: None, step: 1 }; axis];
        items.push(crate::op::IndexItem::Slice { start, stop, step: 1 });
        args.apply(Op::Index, Attr::Index(items), vec![x.clone()])
    };
    let step = |x: Expr, _| {
        args.apply(Op::Sub, Attr::None, vec![part(&x, Some(1), None)?, part(&x, None, Some(-1))?])
    };
    (0..n).try_fold(x.clone(), step).map(Value::Expr)
}
