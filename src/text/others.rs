//! What NumPy, SciPy, JAX and SymPy have names for, built from other operators.

use super::args::Args;
use super::sugar::{Sugar, apply1, exactly, int};
use super::value::{Item, Value};
use crate::expr::{Expr, IntoExpr as _, Lit, TypeError, try_stack};
use crate::op::{Attr, IndexItem, Op};
use crate::sexp::{ReadError, ReadErrorKind, quoted};
use crate::ty::{DType, Dim, normalize_axis};

pub(super) const SUGAR: [(&str, Sugar); 33] = [
    ("copy", |a| one(a, |_, x| Ok(x))),
    ("tensor_copy", |a| one(a, |_, x| Ok(x))),
    ("consider_constant", |a| one(a, |a, x| apply1(a, Op::ZeroGrad, x))),
    ("full_like", |a| two(a, |a, x, value| a.apply(Op::Fill, Attr::None, vec![x, value]))),
    ("expit", |a| one(a, |a, x| apply1(a, Op::Sigmoid, x))),
    ("logit", |a| one(a, |a, x| infix(a, Op::Sub, apply1(a, Op::Log, x.clone())?, log1m(a, x)?))),
    ("logaddexp", |a| {
        two(a, |a, x, y| {
            let more = apply1(a, Op::Softplus, infix(a, Op::Sub, y, x.clone())?)?;
            infix(a, Op::Add, x, more)
        })
    }),
    ("hypot", |a| {
        two(a, |a, x, y| {
            let squares = infix(a, Op::Add, apply1(a, Op::Sqr, x)?, apply1(a, Op::Sqr, y)?)?;
            apply1(a, Op::Sqrt, squares)
        })
    }),
    ("cbrt", |a| {
        one(a, |a, x| {
            let size = apply1(a, Op::Abs, x.clone())?;
            infix(a, Op::Mul, apply1(a, Op::Sgn, x)?, infix(a, Op::Pow, size, (1.0 / 3.0).into_expr())?)
        })
    }),
    ("isfinite", |a| {
        one(a, |a, x| {
            let not = infix(a, Op::Or, apply1(a, Op::Isnan, x.clone())?, apply1(a, Op::Isinf, x)?)?;
            apply1(a, Op::Invert, not)
        })
    }),
    ("heaviside", |a| {
        two(a, |a, x, h| {
            let above = choice(a, Op::Gt, x.clone(), 1.0.into_expr(), 0.0.into_expr())?;
            choice(a, Op::Eq, x, h, above)
        })
    }),
    ("silu", |a| one(a, |a, x| infix(a, Op::Mul, x.clone(), apply1(a, Op::Sigmoid, x)?))),
    ("swish", |a| one(a, |a, x| infix(a, Op::Mul, x.clone(), apply1(a, Op::Sigmoid, x)?))),
    ("sec", |a| one_over(a, Op::Cos)),
    ("csc", |a| one_over(a, Op::Sin)),
    ("cot", |a| one_over(a, Op::Tan)),
    ("sech", |a| one_over(a, Op::Cosh)),
    ("csch", |a| one_over(a, Op::Sinh)),
    ("coth", |a| one_over(a, Op::Tanh)),
    ("float", |a| match &a.items[..] {
        // `float('inf')`.
        [Item { value: Value::Word, span }] => match a.source.slice(*span).parse::<f64>() {
            Ok(x) => Ok(Value::Expr(x.into_expr())),
            Err(_) => one(a, |_, x| Ok(x)),
        },
        _ => one(a, |a, x| converted(a, x, DType::F64)),
    }),
    ("int", |a| one(a, |a, x| converted(a, x, DType::I64))),
    ("len", |a| one(a, |a, x| a.apply(Op::Length, Attr::Axis(0), vec![x]))),
    ("hstack", |a| joined(a, |parts| if parts.iter().any(|p| p.rank() > 1) { 1 } else { 0 })),
    ("vstack", |a| joined(rows(a)?, |_| 0)),
    ("flip", |a| {
        along(a, |x, axis| {
            let all = || (0..x.rank()).collect::<Vec<_>>();
            let reversed = axis.map_or_else(all, |axis| vec![axis]);
            Ok(x.index(&items(x.rank(), |axis| {
                slice(None, None, if reversed.contains(&axis) { -1 } else { 1 })
            })))
        })
    }),
    ("fliplr", |a| one(a, |a, x| at(a, x, |axis| slice(None, None, if axis == 1 { -1 } else { 1 })))),
    ("flipud", |a| one(a, |a, x| at(a, x, |axis| slice(None, None, if axis == 0 { -1 } else { 1 })))),
    ("roll", roll),
    ("linspace", linspace),
    ("tri", |mut a| {
        let dims = a.shape()?;
        let [n] = &dims[..] else { return Err(a.error(ReadErrorKind::Arity, "`tri` takes a length")) };
        let ones = a.apply(Op::Alloc, Attr::Dims(vec![n.clone(), n.clone()]), vec![1.0.into_expr()])?;
        apply1(&a, Op::Tril, ones).map(Value::Expr)
    }),
    ("kron", |a| {
        two(a, |a, x, y| {
            let rank = x.rank().max(y.rank());
            let dims = |e: &Expr| {
                let lead = rank - e.rank();
                std::iter::repeat_n(Dim::ONE, lead)
                    .chain(e.ty().shape.dims().iter().cloned())
                    .collect::<Vec<_>>()
            };
            let places = |e: &Expr, second: bool| {
                let lead = rank - e.rank();
                let axis = |k: usize| k.checked_sub(lead);
                let order = (0..rank).flat_map(|k| if second { [None, axis(k)] } else { [axis(k), None] });
                a.apply(Op::Dimshuffle, Attr::Perm(order.collect()), vec![e.clone()])
            };
            let products = infix(a, Op::Mul, places(&x, false)?, places(&y, true)?)?;
            let lengths = dims(&x).into_iter().zip(dims(&y)).map(|(m, n)| Dim::product([m, n]));
            a.apply(Op::Reshape, Attr::Dims(lengths.collect()), vec![products])
        })
    }),
    ("cross", |a| {
        two(a, |a, x, y| {
            if (x.rank(), y.rank()) != (1, 1) {
                return Err(a.error(ReadErrorKind::Shape, "`cross` takes two vectors of 3 elements"));
            }
            // Reshaped, so that another length is an error.
            let three = |e: Expr| a.apply(Op::Reshape, Attr::Dims(vec![Dim::Known(3)]), vec![e]);
            let (x, y) = (three(x)?, three(y)?);
            let times = |e: &Expr, i: i64, f: &Expr, j: i64| {
                let at =
                    |e: &Expr, k| a.apply(Op::Index, Attr::Index(vec![IndexItem::At(k)]), vec![e.clone()]);
                infix(a, Op::Mul, at(e, i)?, at(f, j)?)
            };
            let part = |i, j| infix(a, Op::Sub, times(&x, i, &y, j)?, times(&x, j, &y, i)?);
            a.fitting(try_stack(&[part(1, 2)?, part(2, 0)?, part(0, 1)?], 0))
        })
    }),
    ("einsum", super::einsum::einsum),
];

fn one(args: Args<'_>, build: super::sugar::Build1) -> Result<Value, ReadError> {
    super::sugar::one(args, build)
}

fn two(args: Args<'_>, build: super::sugar::Build2) -> Result<Value, ReadError> {
    super::sugar::two(args, build)
}

fn infix(a: &Args<'_>, op: Op, x: Expr, y: Expr) -> Result<Expr, ReadError> {
    a.elementwise(op, vec![x, y])
}

/// `log(1 - x)` without loss.
fn log1m(a: &Args<'_>, x: Expr) -> Result<Expr, ReadError> {
    apply1(a, Op::Log1p, apply1(a, Op::Neg, x)?)
}

/// `yes` where `x` compares so with zero, `no` elsewhere.
fn choice(a: &Args<'_>, compare: Op, x: Expr, yes: Expr, no: Expr) -> Result<Expr, ReadError> {
    let condition = infix(a, compare, x, int(0))?;
    a.elementwise(Op::Switch, vec![condition, yes, no])
}

fn one_over(a: Args<'_>, op: Op) -> Result<Value, ReadError> {
    let (a, mut x) = exactly(a, 1)?;
    infix(&a, Op::Div, int(1), apply1(&a, op, x.remove(0))?).map(Value::Expr)
}

fn converted(a: &Args<'_>, x: Expr, d: DType) -> Result<Expr, ReadError> {
    a.apply(Op::Cast, Attr::DType(d), vec![x])
}

fn slice(start: Option<i64>, stop: Option<i64>, step: i64) -> IndexItem {
    IndexItem::Slice { start, stop, step }
}

fn items(rank: usize, item: impl Fn(usize) -> IndexItem) -> Vec<IndexItem> {
    (0..rank).map(item).collect()
}

fn at(a: &Args<'_>, x: Expr, item: impl Fn(usize) -> IndexItem) -> Result<Expr, ReadError> {
    let items = items(x.rank().max(2), item);
    a.apply(Op::Index, Attr::Index(items), vec![x])
}

/// An operand, integers, and an axis by keyword or as the last of them.
fn along(
    mut a: Args<'_>,
    build: fn(&Expr, Option<usize>) -> Result<Expr, TypeError>,
) -> Result<Value, ReadError> {
    let mut operands = a.operands(1)?;
    let axis = a.static_arg(&["axis"]).filter(|i| !matches!(i.value, Value::Nothing));
    a.done()?;
    let Some(x) = operands.pop() else {
        return Err(a.error(ReadErrorKind::Arity, format!("{} takes an operand", quoted(a.name))));
    };
    let axis = match axis {
        Some(i) => Some(axis_of(&a, &i, x.rank())?),
        None => None,
    };
    let made = build(&x, axis);
    a.made(made)
}

fn axis_of(a: &Args<'_>, i: &Item, rank: usize) -> Result<usize, ReadError> {
    let Some(axis) = i.value.int() else {
        return Err(a.error_at(ReadErrorKind::Parse, i, "the axis is one integer"));
    };
    normalize_axis(axis, rank).map_err(|e| a.error_at(ReadErrorKind::Shape, i, e.to_string()))
}

/// Each operand of at least two axes: vectors are rows.
fn rows(mut a: Args<'_>) -> Result<Args<'_>, ReadError> {
    if let [Item { value: Value::List(list), .. }] = &mut a.items[..] {
        a.items = std::mem::take(list);
    }
    let span = a.span;
    let parts = a.operands(usize::MAX)?;
    let row = |x: Expr| match x.rank() {
        0 => x.dimshuffle([None, None]),
        1 => x.dimshuffle([None, Some(0)]),
        _ => x,
    };
    a.items = parts.into_iter().map(|x| Item { value: Value::Expr(row(x)), span }).collect();
    Ok(a)
}

fn joined(mut a: Args<'_>, axis: fn(&[Expr]) -> usize) -> Result<Value, ReadError> {
    if let [Item { value: Value::List(list), .. }] = &mut a.items[..] {
        a.items = std::mem::take(list);
    }
    let parts = a.operands(usize::MAX)?;
    a.done()?;
    if parts.is_empty() {
        return Err(a.error(ReadErrorKind::Arity, format!("{} of nothing", quoted(a.name))));
    }
    let parts: Vec<Expr> =
        parts.into_iter().map(|x| if x.rank() == 0 { x.dimshuffle([None]) } else { x }).collect();
    let axis = axis(&parts);
    a.apply(Op::Join, Attr::Axis(axis), parts).map(Value::Expr)
}

/// `roll(x, k)`, `roll(x, k, axis)`: without an axis of all elements in row-major order.
fn roll(mut a: Args<'_>) -> Result<Value, ReadError> {
    let operands = a.operands(1)?;
    let shift = a.static_arg(&[]).and_then(|i| i.value.int());
    let axis = a.static_arg(&["axis"]);
    a.done()?;
    let ([x], Some(k)) = (&operands[..], shift) else {
        return Err(a.error(ReadErrorKind::Arity, "`roll` takes an operand and an integer"));
    };
    let axis = match &axis {
        Some(i) => Some(axis_of(&a, i, x.rank())?),
        None => None,
    };
    let flat = if axis.is_none() && x.rank() != 1 { x.flatten() } else { x.clone() };
    let axis = axis.unwrap_or(0);
    let part = |start, stop| {
        let at = |k| if k == axis { slice(start, stop, 1) } else { slice(None, None, 1) };
        a.apply(Op::Index, Attr::Index(items(flat.rank(), at)), vec![flat.clone()])
    };
    if k == 0 {
        return Ok(Value::Expr(x.clone()));
    }
    let n = flat.ty().shape.dims()[axis].known().and_then(|n| i64::try_from(n).ok());
    let k = n.filter(|n| *n > 0).map_or(k, |n| k.rem_euclid(n));
    let turned = if n.is_some() || k.abs() == 1 {
        a.apply(Op::Join, Attr::Axis(axis), vec![part(Some(-k), None)?, part(None, Some(-k))?])?
    } else {
        // The axis may be shorter than the shift.
        let length = a.apply(Op::Length, Attr::Axis(axis), vec![flat.clone()])?;
        let all = flat.ty().shape.dims()[axis].clone();
        let places = a.apply(Op::Arange, Attr::Dims(vec![all]), vec![int(0), int(1)])?;
        let moved = infix(&a, Op::Mod, infix(&a, Op::Sub, places, Expr::lit(Lit::Int(k)))?, length)?;
        a.apply(Op::Take, Attr::Axis(axis), vec![flat.clone(), moved])?
    };
    if flat.same_node(x) || x.rank() == 1 {
        return Ok(Value::Expr(turned));
    }
    a.apply(Op::ReshapeLike, Attr::None, vec![turned, x.clone()]).map(Value::Expr)
}

/// `linspace(a, b, n)`: `n` numbers from `a` to `b`.
fn linspace(mut a: Args<'_>) -> Result<Value, ReadError> {
    let ends = a.operands(2)?;
    let n = a.static_arg(&[]).map_or(Some(50), |i| i.value.int());
    a.done()?;
    let ([from, to], Some(n)) = (&ends[..], n.and_then(|n| usize::try_from(n).ok())) else {
        return Err(a.error(ReadErrorKind::Arity, "`linspace` takes two numbers and how many there are"));
    };
    #[allow(clippy::cast_precision_loss, reason = "no array is that long")]
    let steps = n.saturating_sub(1).max(1) as f64;
    let step = infix(&a, Op::Div, infix(&a, Op::Sub, to.clone(), from.clone())?, steps.into_expr())?;
    let places = a.apply(Op::Arange, Attr::Dims(vec![Dim::Known(n)]), vec![int(0), int(1)])?;
    infix(&a, Op::Add, from.clone(), infix(&a, Op::Mul, places, step)?).map(Value::Expr)
}
