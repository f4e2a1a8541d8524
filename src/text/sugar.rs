//! Names that are not rows of the table: what they stand for.

use super::args::Args;
use super::value::{Item, Value};
use crate::expr::{Expr, IntoExpr, Lit, int_ahead};
use crate::op::{Attr, IndexItem, Op};
use crate::sexp::{ReadError, ReadErrorKind};
use crate::ty::{Dim, Int, normalize_axis};

/// How a call is read.
pub(super) type Sugar = fn(Args<'_>) -> Result<Value, ReadError>;

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static (&'static str, Sugar)> {
    let others = [
        &super::shapes::SUGAR[..],
        &super::linear::SUGAR,
        &super::gradient::SUGAR,
        &super::numbers::SUGAR,
        &super::nets::SUGAR,
        &super::others::SUGAR,
        &super::split::SUGAR,
        &super::theano::SUGAR,
    ];
    CORE.iter().chain(&super::statistics::SUGAR).chain(others.into_iter().flatten())
}

/// `dot` and `-` are rows too; here they get a meaning for scalars and for one operand.
const CORE: [(&str, Sugar); 14] = [
    ("-", minus),
    ("@", super::linear::matmul),
    ("dot", super::linear::dot),
    ("matmul", super::linear::matmul),
    ("transpose", transpose),
    ("zeros_like", |a| like(a, 0.0)),
    ("ones_like", |a| like(a, 1.0)),
    ("rsqrt", |a| one(a, |a, x| a.apply(Op::Div, Attr::None, vec![int(1), apply1(a, Op::Sqrt, x)?]))),
    ("cube", |a| one(a, |a, x| a.apply(Op::Pow, Attr::None, vec![x, int(3)]))),
    ("not", |a| one(a, |a, x| a.apply(Op::Eq, Attr::None, vec![x, int(0)]))),
    ("inv", inverse),
    ("slice_length", slice_length),
    ("as_length", as_length),
    ("\\dot", |a| two(a, product)),
];

pub(super) fn int(i: i32) -> Expr {
    i.into_expr()
}

pub(super) fn apply1(a: &Args<'_>, op: Op, x: Expr) -> Result<Expr, ReadError> {
    a.apply(op, Attr::None, vec![x])
}

/// A call with exactly `n` operands and nothing else.
pub(super) fn exactly(mut args: Args<'_>, n: usize) -> Result<(Args<'_>, Vec<Expr>), ReadError> {
    let given = args.items.len();
    if given != n {
        let s = if n == 1 { "" } else { "s" };
        let message = format!("`{}` takes {n} operand{s}, not {given}", args.name);
        return Err(args.error(ReadErrorKind::Arity, message));
    }
    let operands = args.operands(n)?;
    args.done()?;
    Ok((args, operands))
}

pub(super) type Build1 = fn(&Args<'_>, Expr) -> Result<Expr, ReadError>;
pub(super) type Build2 = fn(&Args<'_>, Expr, Expr) -> Result<Expr, ReadError>;

pub(super) fn one(args: Args<'_>, build: Build1) -> Result<Value, ReadError> {
    let (args, mut x) = exactly(args, 1)?;
    build(&args, x.remove(0)).map(Value::Expr)
}

pub(super) fn two(args: Args<'_>, build: Build2) -> Result<Value, ReadError> {
    let (args, mut x) = exactly(args, 2)?;
    let b = x.remove(1);
    build(&args, x.remove(0), b).map(Value::Expr)
}

/// `(- x)` is the opposite.
fn minus(args: Args<'_>) -> Result<Value, ReadError> {
    if args.items.len() == 1 {
        return one(args, |a, x| apply1(a, Op::Neg, x));
    }
    args.call(Op::Sub).map(Value::Expr)
}

/// `a \dot b`: as `pp` prints it, where the row of an outer product has no dimshuffle.
fn product(args: &Args<'_>, x: Expr, y: Expr) -> Result<Expr, ReadError> {
    let y = if crate::expr::reads_as_outer(&x, &y) {
        args.apply(Op::Dimshuffle, Attr::Perm(vec![None, Some(0)]), vec![y])?
    } else if matches!((y.op(), y.attr()), (Some(Op::Dimshuffle), Attr::Perm(p)) if *p == [Some(0)] && y.rank() == 1)
    {
        // `v.T` is the row transposed.
        y.arg(0).dimshuffle([None, Some(0)]).t()
    } else {
        y
    };
    args.apply(Op::Dot, Attr::None, vec![x, y])
}

/// Theano's `inv` is one over each element; of a matrix everybody means the matrix inverse.
fn inverse(args: Args<'_>) -> Result<Value, ReadError> {
    one(args, |a, x| apply1(a, if x.rank() >= 2 { Op::MatrixInverse } else { Op::Reciprocal }, x))
}

fn like(mut args: Args<'_>, value: f64) -> Result<Value, ReadError> {
    if args.keywords.len() == 1 && args.items.len() == 1 {
        let value = super::shapes::number_of(&mut args, value)?;
        let (args, x) = exactly(args, 1)?;
        return args.apply(Op::Fill, Attr::None, vec![x[0].clone(), value]).map(Value::Expr);
    }
    let (args, mut x) = exactly(args, 1)?;
    // Integers get an integer, as in Theano.
    #[allow(clippy::cast_possible_truncation, reason = "zero or one")]
    let lit = if x[0].ty().dtype.is_float() { Lit::Float(value) } else { Lit::Int(value as i64) };
    let value = Expr::lit(lit);
    args.apply(Op::Fill, Attr::None, vec![x.remove(0), value]).map(Value::Expr)
}

/// `transpose(x)`, `transpose(x, axes=(1, 0, 2))`.
fn transpose(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(1)?;
    let Some(x) = operands.first().cloned() else {
        return Err(args.error(ReadErrorKind::Arity, "`transpose` takes 1 operand, not 0"));
    };
    let rank = x.rank();
    args.gather_ints();
    let order: Vec<usize> = match args.static_arg(&["axes"]) {
        None => (0..rank).rev().collect(),
        Some(i) if matches!(i.value, Value::Nothing) => (0..rank).rev().collect(),
        Some(i) => {
            let ints = args.ints(&i)?;
            let fail = |message: String| args.error_at(ReadErrorKind::Shape, &i, message);
            let axes: Result<Vec<usize>, _> = ints.iter().map(|a| normalize_axis(*a, rank)).collect();
            let axes = axes.map_err(|e| fail(e.to_string()))?;
            if axes.len() != rank {
                return Err(fail(format!("{} axes are named; `x` has {rank}", axes.len())));
            }
            axes
        }
    };
    args.done()?;
    args.apply(Op::Dimshuffle, Attr::Perm(order.into_iter().map(Some).collect()), operands).map(Value::Expr)
}

#[allow(clippy::needless_pass_by_value, reason = "the type of the table")]
/// `slice_length(n, start, stop, step)`: how many positions a slice of `n` has. Only among lengths.
fn slice_length(args: Args<'_>) -> Result<Value, ReadError> {
    let fail = |message: &str| args.error(ReadErrorKind::Parse, message);
    let [of, start, stop, step] = &args.items[..] else {
        return Err(args.error(ReadErrorKind::Arity, "`slice_length` takes 4 arguments"));
    };
    let bound = |i: &Item| match i.value.as_expr() {
        None if matches!(i.value, Value::Nothing) => Ok(None),
        Some(e) => int_ahead(e).map(Some).map_err(|_| fail("bounds are integers or `None`")),
        None => Err(fail("bounds are integers or `None`")),
    };
    let Some(of) = of.value.dim() else { return Err(fail("the first argument must be a length")) };
    let Some(step) = step.value.int().filter(|s| *s != 0) else {
        return Err(fail("the step is an integer, not 0"));
    };
    Ok(Value::Dim(of.between(bound(start)?, bound(stop)?, step)))
}

#[allow(clippy::needless_pass_by_value, reason = "the type of the table")]
/// `as_length(k)`: the length that an integer is. Sums and products with it are lengths, not integers.
fn as_length(args: Args<'_>) -> Result<Value, ReadError> {
    args.done_keywords()?;
    let [i] = &args.items[..] else {
        return Err(args.error(ReadErrorKind::Arity, "`as_length` takes one integer"));
    };
    if let Value::Dim(d) = &i.value {
        return Ok(Value::Dim(d.clone()));
    }
    match i.value.as_expr().map(int_ahead) {
        Some(Ok(Int::Known(n))) if n < 0 => {
            Err(args.error_at(ReadErrorKind::Shape, i, "lengths are not negative"))
        }
        Some(Ok(int)) => Ok(Value::Dim(Dim::count(int))),
        _ => Err(args.error_at(ReadErrorKind::Type, i, "a length is one integer")),
    }
}

/// An index without positions, with whole slices and new axes only: it moves axes.
pub(super) fn shuffle(items: &[IndexItem], rank: usize) -> Option<Vec<Option<usize>>> {
    let mut axis = 0..rank;
    let mut order = Vec::with_capacity(rank + items.len());
    for i in items {
        order.push(match i {
            IndexItem::NewAxis => None,
            IndexItem::Slice { start: None, stop: None, step: 1 } => Some(axis.next()?),
            _ => return None,
        });
    }
    order.extend(axis.map(Some));
    order.contains(&None).then_some(order)
}
