//! Calls of linear algebra that the table does not know by these names.

use super::args::Args;
use super::sugar::{Sugar, exactly, int};
use super::value::{Item, Value};
use crate::expr::{Expr, Lit, inner, outer, tensordot, try_eye};
use crate::op::{Attr, Op};
use crate::sexp::{ReadError, ReadErrorKind};
use crate::ty::{DType, Dim};

pub(super) const SUGAR: [(&str, Sugar); 17] = [
    ("outer", |a| two(a, |x, y| outer(&flat(x), &flat(y)))),
    ("inner", |a| two(a, inner)),
    ("trace", |a| one(a, Expr::try_trace)),
    ("diag", |a| one(a, Expr::try_diag)),
    ("extract_diag", |a| one(a, |x| x.try_diagonal(0))),
    ("diagonal", diagonal),
    ("tril", |a| triangle(a, Op::Tril, Op::Le)),
    ("triu", |a| triangle(a, Op::Triu, Op::Ge)),
    ("tensordot", contraction),
    ("eye", eye),
    ("sort", |a| sorted(a, Op::Sort)),
    ("argsort", |a| sorted(a, Op::Argsort)),
    ("SortOp", |a| sorted(a, Op::Sort)),
    ("ArgSortOp", |a| sorted(a, Op::Argsort)),
    ("Eye", eye),
    ("CumOp", |a| {
        // Which of both is in its braces: `CumOp{0, mul}`.
        let behind = a.source.text().get(a.span.range().end..).unwrap_or("");
        let product = behind.split('}').next().is_some_and(|braces| braces.contains("mul"));
        a.call(if product { Op::Cumprod } else { Op::Cumsum }).map(Value::Expr)
    }),
    ("identity_like", |a| {
        one(a, |x| {
            let side = |k| x.ty().shape.axis_from_end(k);
            try_eye(side(1), side(0), 0)
        })
    }),
];

fn flat(x: &Expr) -> Expr {
    if x.rank() > 1 { x.flatten() } else { x.clone() }
}

type Made = Result<Expr, crate::expr::TypeError>;

fn one(args: Args<'_>, build: fn(&Expr) -> Made) -> Result<Value, ReadError> {
    let (args, x) = exactly(args, 1)?;
    args.made(build(&x[0]))
}

fn two(args: Args<'_>, build: fn(&Expr, &Expr) -> Made) -> Result<Value, ReadError> {
    let (args, x) = exactly(args, 2)?;
    args.made(build(&x[0], &x[1]))
}

/// `a @ b`: a scalar operand multiplies, and beyond matrices the leading axes are a batch.
pub(super) fn matmul(args: Args<'_>) -> Result<Value, ReadError> {
    super::sugar::two(args, |a, x, y| {
        if x.rank() == 0 || y.rank() == 0 {
            return a.elementwise(Op::Mul, vec![x, y]);
        }
        if x.rank().max(y.rank()) <= 2 {
            return a.apply(Op::Dot, Attr::None, vec![x, y]);
        }
        // A vector is a row on the left and a column on the right.
        let batched = |x, y| a.apply(Op::BatchedDot, Attr::None, vec![x, y]);
        let without = |e: Expr, k: usize| {
            let kept = (0..e.rank()).filter(|axis| axis + k != e.rank()).map(Some).collect();
            a.apply(Op::Dimshuffle, Attr::Perm(kept), vec![e])
        };
        match (x.rank(), y.rank()) {
            (1, _) => without(batched(x.dimshuffle([None, Some(0)]), y)?, 2),
            (_, 1) => without(batched(x, y.dimshuffle([Some(0), None]))?, 1),
            _ => batched(x, y),
        }
    })
}

/// `dot(a, b)`: sums over the last axis of `a` and the last but one of `b`.
pub(super) fn dot(args: Args<'_>) -> Result<Value, ReadError> {
    let rank = |i: usize| args.items.get(i).and_then(|i| i.value.as_expr()).map_or(0, Expr::rank);
    match (rank(0), rank(1)) {
        (m, n) if m.max(n) <= 2 || m.min(n) == 0 || n == 2 => matmul(args),
        (_, n) => {
            let (a, x) = exactly(args, 2)?;
            a.made(tensordot(&x[0], &x[1], &[-1], if n == 1 { &[-1] } else { &[-2] }))
        }
    }
}

/// `tril(m)`, `triu(m, 1)`: what lies on one side of a diagonal, `k` columns to the right of the first.
fn triangle(mut args: Args<'_>, op: Op, compare: Op) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let k = match args.static_arg(&[]) {
        Some(i) => args.ints(&i)?.first().copied().unwrap_or(0),
        None => 0,
    };
    args.done()?;
    let ([m], true) = (&operands[..], k != 0) else {
        return args.apply(op, Attr::None, operands).map(Value::Expr);
    };
    let [rows, columns] = m.ty().shape.dims() else {
        return Err(args.error(ReadErrorKind::Shape, format!("{} takes a matrix", args.name)));
    };
    let places = |n: &Dim| args.apply(Op::Arange, Attr::Dims(vec![n.clone()]), vec![int(0), int(1)]);
    let right =
        args.apply(Op::Sub, Attr::None, vec![places(columns)?, places(rows)?.dimshuffle([Some(0), None])])?;
    let inside = args.apply(compare, Attr::None, vec![right, Expr::lit(Lit::Int(k))])?;
    args.apply(Op::Switch, Attr::None, vec![inside, m.clone(), int(0)]).map(Value::Expr)
}

/// `diagonal(x)`, `diagonal(x, 1)`.
fn diagonal(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let offset = match args.static_arg(&["offset"]) {
        Some(i) => args.ints(&i)?.first().copied().unwrap_or(0),
        None => 0,
    };
    args.done()?;
    let Some(x) = operands.first() else {
        return Err(args.error(ReadErrorKind::Arity, "`diagonal` takes a matrix"));
    };
    args.made(x.try_diagonal(offset))
}

/// `sort(x)` along the last axis, `sort(x, axis=0)`, `sort(x, axis=None)` of all elements.
fn sorted(mut args: Args<'_>, op: Op) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let axis = match args.static_arg(&["axis"]) {
        Some(i) if matches!(i.value, Value::Nothing) => None,
        Some(i) => args.ints(&i)?.first().copied(),
        None => Some(-1),
    };
    args.done()?;
    let Some(x) = operands.first() else {
        return Err(args.error(ReadErrorKind::Arity, "there is nothing to sort"));
    };
    args.made(x.try_along(op, axis))
}

/// `tensordot(a, b, 2)`: so many last axes of `a` with the first of `b`; `tensordot(a, b, axes=(1, 0))`:
/// axis 1 of `a` with axis 0 of `b`.
fn contraction(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(2)?;
    let axes = args.static_arg(&["axes"]);
    args.done()?;
    let [a, b] = &operands[..] else {
        return Err(args.error(ReadErrorKind::Arity, "`tensordot` takes 2 operands"));
    };
    let axes = match axes {
        // `axes=([0, 1], [1, 0])`: the rows of the list have become arrays of numbers.
        Some(Item { value: Value::List(pair), .. }) if pair.len() == 2 => {
            return args.made(tensordot(a, b, &args.ints(&pair[0])?, &args.ints(&pair[1])?));
        }
        Some(i) => args.ints(&i)?,
        None => vec![2],
    };
    match axes[..] {
        [n] => {
            let last: Vec<i64> = (-n..0).collect();
            let first: Vec<i64> = (0..n).collect();
            args.made(tensordot(a, b, &last, &first))
        }
        [i, j] => args.made(tensordot(a, b, &[i], &[j])),
        _ => Err(args.error(ReadErrorKind::Shape, "the axes of `tensordot` are a number or a pair")),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the type of the table")]
/// `eye(n)`, `eye(n, m)`, `eye(n, m, k)`.
fn eye(mut args: Args<'_>) -> Result<Value, ReadError> {
    let dtype = args.dtype()?;
    let fail = |m: &str| args.error(ReadErrorKind::Arity, m);
    args.done_keywords()?;
    let length = |i: usize| args.items.get(i).and_then(|i| i.value.dim());
    let Some(n) = length(0) else { return Err(fail("`eye` takes the number of rows")) };
    let m = match args.items.get(1) {
        None => n.clone(),
        Some(_) => length(1).ok_or_else(|| fail("`eye` takes the number of columns second"))?,
    };
    let k = match args.items.get(2) {
        None => int(0),
        // A truth value is a number here, as in Python.
        Some(i) => i
            .value
            .as_expr()
            .filter(|e| matches!(e.literal(), Some(Lit::Int(_) | Lit::Bool(_))))
            .cloned()
            .ok_or_else(|| fail("`eye` takes the number of the diagonal third"))?,
    };
    if args.items.len() > 3 {
        return Err(fail("`eye` takes at most 3 arguments"));
    }
    let made = args.fitting(Expr::try_apply(Op::Eye, Attr::Dims(vec![n, m]), [k]))?;
    match dtype {
        Some(d) if d != DType::F64 => args.apply(Op::Cast, Attr::DType(d), vec![made]).map(Value::Expr),
        _ => Ok(Value::Expr(made)),
    }
}
