//! `grad(cost, wrt)` and its relatives as forms of the language.
//!
//! `grad(cost, [a, b], consider_constant=c, disconnected_inputs=ignore, known_grads={z: gz})`,
//! `jacobian(f, x)`, `hessian(cost, x)`, `Lop(f, x, w)`, `Rop(f, x, v)`, `hvp(cost, x, v)`: a list
//! gives a list.

use super::args::Args;
use super::sugar::Sugar;
use super::value::{Item, Value};
use crate::expr::Expr;
use crate::grad::{
    Disconnected, GradError, GradOptions, Gradients, gradients, hessian_vector_product, hessians, jacobians,
    pullback, pushforward,
};
use crate::op::Op;
use crate::sexp::{ReadError, ReadErrorKind, Span};

pub(super) const SUGAR: [(&str, Sugar); 11] = [
    ("grad", grad),
    ("jacobian", |a| matrix(a, jacobians)),
    ("hessian", |a| matrix(a, hessians)),
    ("Lop", |a| product(a, pullback, Mirrors::Wrt)),
    ("pullback", |a| product(a, pullback, Mirrors::Wrt)),
    ("Rop", |a| product(a, pushforward, Mirrors::Function)),
    ("pushforward", |a| product(a, pushforward, Mirrors::Function)),
    ("hvp", |a| product(a, hessian_product, Mirrors::Wrt)),
    ("hessian_vector_product", |a| product(a, hessian_product, Mirrors::Wrt)),
    ("grad_clip", clip),
    ("GradClip", clip),
];

/// The gradient of a scalar, as it is built. The cost may be `None` where gradients are known.
fn grad(mut args: Args<'_>) -> Result<Value, ReadError> {
    let options = options(&mut args)?;
    let [cost, wrt] = taken(&mut args, "a cost and what to differentiate by")?;
    let cost = match cost.value {
        Value::Nothing => None,
        _ => Some(args.expr(cost)?),
    };
    let (list, many, span) = several(&args, wrt)?;
    let found = gradients(cost.as_ref(), &list, &options).and_then(Gradients::into_exprs);
    packed(&args, found, many, span)
}

type Matrix = fn(&Expr, &[Expr], &GradOptions) -> Result<Vec<Expr>, GradError>;

fn matrix(mut args: Args<'_>, of: Matrix) -> Result<Value, ReadError> {
    let options = options(&mut args)?;
    let [f, wrt] = taken(&mut args, "a function and what to differentiate by")?;
    let f = args.expr(f)?;
    let (list, many, span) = several(&args, wrt)?;
    packed(&args, of(&f, &list, &options), many, span)
}

/// Which argument the result is a list with.
#[derive(Clone, Copy)]
enum Mirrors {
    Function,
    Wrt,
}

type Product = fn(&[Expr], &[Expr], &[Expr]) -> Result<Vec<Expr>, GradError>;

fn hessian_product(f: &[Expr], wrt: &[Expr], v: &[Expr]) -> Result<Vec<Expr>, GradError> {
    match f {
        [cost] => hessian_vector_product(cost, wrt, v),
        _ => Err(GradError::Count { what: "cost", expected: 1, got: f.len() }),
    }
}

fn product(mut args: Args<'_>, of: Product, mirrors: Mirrors) -> Result<Value, ReadError> {
    let [f, wrt, v] = taken(&mut args, "a function, what to differentiate by and a vector")?;
    args.done_keywords()?;
    let ((f, many_f, _), (wrt, many_wrt, span)) = (several(&args, f)?, several(&args, wrt)?);
    let (v, ..) = several(&args, v)?;
    let many = match mirrors {
        Mirrors::Function => many_f,
        Mirrors::Wrt => many_wrt,
    };
    packed(&args, of(&f, &wrt, &v), many, span)
}

/// `grad_clip(x, lo, hi)`, where the bounds are in order.
fn clip(args: Args<'_>) -> Result<Value, ReadError> {
    let (args, x) = super::sugar::exactly(args, 3)?;
    args.made(x[0].try_grad_clip(&x[1], &x[2]))
}

/// The options that keywords say; no other keyword may be left.
fn options(args: &mut Args<'_>) -> Result<GradOptions, ReadError> {
    let mut options = GradOptions::default();
    if let Some(item) = args.keyword("consider_constant") {
        options.consider_constant = several(args, item)?.0;
    }
    if let Some(item) = args.keyword("known_grads") {
        let span = item.span;
        let list = several(args, in_pairs(args, item))?.0;
        let (pairs, []) = list.as_chunks() else {
            let message = "`known_grads` maps expressions to their gradients: `{z: gz}` or `[(z, gz)]`";
            return Err(ReadError::new(ReadErrorKind::Arity, args.source, span, message));
        };
        options.known_grads = pairs.iter().map(|[z, g]: &[Expr; 2]| (z.clone(), g.clone())).collect();
    }
    if let Some(item) = args.keyword("disconnected_inputs") {
        let word = matches!(item.value, Value::Word).then(|| args.source.slice(item.span));
        options.disconnected = match word {
            Some("raise") => Disconnected::Error,
            Some("ignore") => Disconnected::Zero,
            _ => {
                let message = "`disconnected_inputs` is `raise` or `ignore` here";
                return Err(args.error_at(ReadErrorKind::Value, &item, message));
            }
        };
    }
    args.done_keywords()?;
    Ok(options)
}

/// So many arguments and no others.
fn taken<const N: usize>(args: &mut Args<'_>, what: &str) -> Result<[Item; N], ReadError> {
    let items = std::mem::take(&mut args.items);
    let n = items.len();
    let message = || format!("`{}` takes {what}, not {n} operands", args.name);
    let taken = <[Item; N]>::try_from(items).map_err(|_| args.error(ReadErrorKind::Arity, message()))?;
    if args.braces.is_some() {
        args.done()?;
    }
    Ok(taken)
}

/// `[(z, gz), (y, gy)]` as `[z, gz, y, gy]`. A pair that is written in a list has become a stack of two.
fn in_pairs(args: &Args<'_>, item: Item) -> Item {
    let pair = |i: &Item| {
        let e = i.value.as_expr().filter(|e| e.op() == Some(Op::Join) && e.args().len() == 2)?;
        let bracket = args.source.slice(i.span).starts_with(['(', '[']);
        let one = |k: usize| e.arg(k).args().first().cloned().filter(|x| x.rank() + 1 == e.rank());
        let of = |e: Expr| Item { value: Value::Expr(e), span: i.span };
        if bracket { Some([of(one(0)?), of(one(1)?)]) } else { None }
    };
    let pairs: Option<Vec<[Item; 2]>> = match &item.value {
        Value::List(items) => items.iter().map(pair).collect(),
        _ => None,
    };
    match pairs {
        Some(pairs) => Item { value: Value::List(pairs.into_iter().flatten().collect()), ..item },
        None => item,
    }
}

/// The expressions of one or of a list, and whether it was a list.
fn several(args: &Args<'_>, item: Item) -> Result<(Vec<Expr>, bool, Span), ReadError> {
    let span = item.span;
    let (list, many) = match item.value {
        Value::List(items) | Value::Parts(items) => (items, true),
        value => (vec![Item { value, span }], false),
    };
    Ok((list.into_iter().map(|i| args.expr(i)).collect::<Result<_, _>>()?, many, span))
}

fn packed(
    args: &Args<'_>,
    found: Result<Vec<Expr>, GradError>,
    many: bool,
    span: Span,
) -> Result<Value, ReadError> {
    let mut found = found.map_err(|e| {
        let kind = match e {
            GradError::CostNotScalar { .. } | GradError::Seed { .. } => ReadErrorKind::Type,
            GradError::Contradiction { .. } | GradError::Lengths(_) => ReadErrorKind::Shape,
            GradError::Count { .. } => ReadErrorKind::Arity,
            _ => ReadErrorKind::Value,
        };
        args.error(kind, e.to_string())
    })?;
    if many {
        return Ok(Value::Parts(found.into_iter().map(|e| Item { value: Value::Expr(e), span }).collect()));
    }
    match found.pop() {
        Some(e) => Ok(Value::Expr(e)),
        None => Err(args.error(ReadErrorKind::Arity, "nothing to differentiate by")),
    }
}
