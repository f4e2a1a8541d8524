//! Constants: numbers that are computed when they are read, and arrays of them.

use rustc_hash::FxHashMap;

use super::args::Args;
use super::sugar::Sugar;
use super::value::{Item, Value};
use crate::expr::{Expr, Lit, constant_of, topological, try_constant};
use crate::op::{Attr, Op, Role};
use crate::sexp::{ReadError, ReadErrorKind, quoted};
use crate::ty::{DType, Dim};

pub(super) const SUGAR: [(&str, Sugar); 5] = [
    ("array", constant),
    ("constant", constant),
    ("as_tensor_variable", constant),
    ("as_tensor", constant),
    ("ScalarFromTensor", |mut a| {
        let mut x = a.operands(1)?;
        a.done()?;
        match x.pop() {
            Some(x) if x.rank() == 0 => Ok(Value::Expr(x)),
            _ => Err(a.error(ReadErrorKind::Shape, "`ScalarFromTensor` takes a scalar")),
        }
    }),
];

/// What NumPy makes of numbers.
const NUMPY: [(&str, Sugar); 12] = [
    ("asarray", constant),
    ("array", constant),
    ("float32", |a| converted(a, DType::F32)),
    ("float64", |a| converted(a, DType::F64)),
    ("int32", |a| converted(a, DType::I32)),
    ("int64", |a| converted(a, DType::I64)),
    ("ones", |a| filled(a, 1.0)),
    ("zeros", |a| filled(a, 0.0)),
    ("eye", unit),
    ("identity", unit),
    ("arange", range),
    ("linspace", spaced),
];

/// How NumPy's function of this name is read, where it makes a constant.
pub(super) fn numpy(name: &str) -> Option<Sugar> {
    NUMPY.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
}

/// What an operator makes of numbers and arrays of numbers alone, as Python and NumPy compute it when they
/// read it.
pub(super) fn folded(op: Op, items: &[Item]) -> Option<Expr> {
    const ARITHMETIC: [Op; 8] = [Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Pow, Op::IntDiv, Op::Mod, Op::Neg];
    if !ARITHMETIC.contains(&op) {
        return None;
    }
    let operands: Vec<(Vec<Lit>, Vec<usize>)> = items
        .iter()
        .map(|i| match i.value.as_expr() {
            Some(e) => e.literal().map(|l| (vec![l], Vec::new())).or_else(|| constant_of(e)),
            None => None,
        })
        .collect::<Option<_>>()?;
    // Of several arrays all have one shape; a number goes with each element.
    let (most, lengths) = operands.iter().max_by_key(|(_, lengths)| lengths.len())?;
    if operands.iter().any(|(_, l)| !l.is_empty() && l != lengths) {
        return None;
    }
    let element = |k: usize| -> Option<Lit> {
        let args: Vec<Lit> = operands.iter().map(|(x, _)| if x.len() == 1 { x[0] } else { x[k] }).collect();
        if args.iter().any(|l| matches!(l, Lit::Bool(_))) {
            return None;
        }
        let made = computed(op, &args)?;
        // What no integer holds, `10 ** 400` or `7 // 0`, is none; arrays of integers stay such.
        let kept =
            made.value().is_finite() || lengths.is_empty() || args.iter().any(|l| !l.value().is_finite());
        kept.then_some(made)
    };
    let values = (0..most.len()).map(element).collect::<Option<Vec<Lit>>>()?;
    if lengths.is_empty() {
        values.first().map(|l| Expr::lit(*l))
    } else {
        try_constant(&values, lengths).ok()
    }
}

/// The number that an expression of numbers is; integers stay integers where Python's do.
pub(super) fn number(e: &Expr) -> Option<Lit> {
    let mut values: FxHashMap<usize, Lit> = FxHashMap::default();
    for n in topological(std::slice::from_ref(e)) {
        let value = match (n.literal(), n.op()) {
            (Some(l), _) => l,
            (_, Some(op)) if n.rank() == 0 && op.def().role == Role::Elementwise => {
                let args =
                    n.args().iter().map(|a| values.get(&a.id()).copied()).collect::<Option<Vec<_>>>()?;
                computed(op, &args)?
            }
            _ => return None,
        };
        values.insert(n.id(), value);
    }
    values.remove(&e.id())
}

fn computed(op: Op, args: &[Lit]) -> Option<Lit> {
    let whole = match (op, args) {
        (Op::Add, [Lit::Int(a), Lit::Int(b)]) => a.checked_add(*b),
        (Op::Sub, [Lit::Int(a), Lit::Int(b)]) => a.checked_sub(*b),
        (Op::Mul, [Lit::Int(a), Lit::Int(b)]) => a.checked_mul(*b),
        (Op::Pow, [Lit::Int(a), Lit::Int(b)]) => u32::try_from(*b).ok().and_then(|b| a.checked_pow(b)),
        (Op::Neg, [Lit::Int(a)]) => a.checked_neg(),
        (Op::IntDiv | Op::Mod, [Lit::Int(a), Lit::Int(b)]) if *b != 0 => op.def().ints.value(&[*a, *b]),
        _ => None,
    };
    if let Some(i) = whole {
        return Some(Lit::Int(i));
    }
    // As floats: integers have no number for it.
    if let (Op::IntDiv, [a, Lit::Int(0)]) = (op, args) {
        return Some(Lit::Float(a.value() / 0.0));
    }
    if let (Op::Mod, [_, Lit::Int(0)]) = (op, args) {
        return Some(Lit::Float(f64::NAN));
    }
    if let (Op::Neg, [x]) = (op, args) {
        return Some(Lit::Float(-x.value()));
    }
    let args: Vec<_> = args.iter().map(|l| l.value().into()).collect();
    Some(Lit::Float((op.def().real?)(&args).to_f64()))
}

/// `constant(2)`, `array([1., 2.])`; truth values become 0 and 1, as in Theano.
fn constant(mut args: Args<'_>) -> Result<Value, ReadError> {
    let dtype = args.keyword("dtype");
    let mut operands = args.operands(1)?;
    args.done()?;
    let Some(x) = operands.pop() else {
        return Err(args.error(ReadErrorKind::Arity, format!("{} takes a value", quoted(args.name))));
    };
    let x = match number(&x) {
        Some(Lit::Bool(b)) => Expr::lit(Lit::Int(i64::from(b))),
        Some(l) => Expr::lit(l),
        None => x,
    };
    match dtype.map(|d| d.value) {
        Some(Value::DType(d)) => of_type(&args, x, d),
        _ => Ok(Value::Expr(x)),
    }
}

fn converted(mut args: Args<'_>, d: DType) -> Result<Value, ReadError> {
    let mut operands = args.operands(1)?;
    args.done()?;
    match operands.pop() {
        Some(x) => of_type(&args, x, d),
        None => Err(args.error(ReadErrorKind::Arity, format!("{} takes a value", quoted(args.name)))),
    }
}

/// A number of this type is a literal; anything else is converted.
fn of_type(args: &Args<'_>, x: Expr, d: DType) -> Result<Value, ReadError> {
    let lit = match (number(&x), d) {
        (Some(l), DType::F64) => Some(Lit::Float(l.value())),
        #[allow(clippy::cast_possible_truncation, reason = "that is what a single is")]
        (Some(l), DType::F32) => Some(Lit::Float(f64::from(l.value() as f32))),
        (Some(Lit::Int(i)), d) if !d.is_float() && DType::of_int(i) <= d => Some(Lit::Int(i)),
        _ => None,
    };
    match lit {
        Some(l) => Ok(Value::Expr(Expr::lit(l))),
        None if x.ty().dtype == d => Ok(Value::Expr(x)),
        None => args.apply(Op::Cast, Attr::DType(d), vec![x]).map(Value::Expr),
    }
}

/// Lengths that are numbers.
fn lengths(args: &mut Args<'_>) -> Result<Vec<usize>, ReadError> {
    let dims = args.shape()?;
    let known: Option<Vec<usize>> = dims.iter().map(crate::ty::Dim::known).collect();
    known.ok_or_else(|| args.error(ReadErrorKind::Value, "the lengths of a constant are numbers"))
}

fn filled(mut args: Args<'_>, value: f64) -> Result<Value, ReadError> {
    let lengths = lengths(&mut args)?;
    let n = lengths.iter().try_fold(1usize, |n, k| n.checked_mul(*k)).unwrap_or(usize::MAX).min(1 << 20);
    args.made(try_constant(&vec![Lit::Float(value); n], &lengths))
}

/// `np.eye(n)`.
fn unit(mut args: Args<'_>) -> Result<Value, ReadError> {
    let [n] = lengths(&mut args)?[..] else {
        return Err(args.error(ReadErrorKind::Arity, "`eye` takes the number of rows"));
    };
    let n = n.min(1 << 10);
    let values: Vec<Lit> = (0..n * n).map(|i| Lit::Float(if i / n == i % n { 1.0 } else { 0.0 })).collect();
    args.made(try_constant(&values, &[n, n]))
}

/// `np.arange(stop)`, `np.arange(start, stop, step)`.
fn range(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(3)?;
    args.done()?;
    let numbers: Option<Vec<Lit>> = operands.iter().map(number).collect();
    let fail = || args.error(ReadErrorKind::Value, "`arange` takes 1 to 3 numbers, and a step other than 0");
    let numbers = numbers.ok_or_else(fail)?;
    let (start, stop, step) = match numbers[..] {
        [stop] => (0.0, stop.value(), 1.0),
        [start, stop] => (start.value(), stop.value(), 1.0),
        [start, stop, step] => (start.value(), stop.value(), step.value()),
        _ => return Err(fail()),
    };
    let n = ((stop - start) / step).ceil();
    if step == 0.0 || !n.is_finite() {
        return Err(fail());
    }
    let whole = numbers.iter().all(|l| matches!(l, Lit::Int(_)));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most a million")]
    let n = n.clamp(0.0, 1e6) as u32;
    let value = |i: u32| start + f64::from(i) * step;
    #[allow(clippy::cast_possible_truncation, reason = "whole numbers")]
    let lit = |i: u32| if whole { Lit::Int(value(i) as i64) } else { Lit::Float(value(i)) };
    let values: Vec<Lit> = (0..n).map(lit).collect();
    args.made(try_constant(&values, &[values.len()]))
}

/// `np.linspace(a, b, n)`.
fn spaced(mut args: Args<'_>) -> Result<Value, ReadError> {
    let operands = args.operands(3)?;
    args.done()?;
    let numbers: Option<Vec<Lit>> = operands.iter().map(number).collect();
    let fail = || args.error(ReadErrorKind::Value, "`linspace` takes two numbers and how many there are");
    let (from, to, n) = match numbers.ok_or_else(fail)?[..] {
        [from, to] => (from.value(), to.value(), 50),
        [from, to, Lit::Int(n)] => (from.value(), to.value(), u32::try_from(n).map_err(|_| fail())?),
        _ => return Err(fail()),
    };
    let n = n.min(1_000_000);
    let step = (to - from) / f64::from(n.saturating_sub(1).max(1));
    let value = |i: u32| if i + 1 == n && i > 0 { to } else { from + f64::from(i) * step };
    let values: Vec<Lit> = (0..n).map(|i| Lit::Float(value(i))).collect();
    args.made(try_constant(&values, &[values.len()]))
}

/// An array of numbers with other lengths, as NumPy makes it when it is read.
pub(super) fn reshaped(x: &Expr, dims: &[Dim]) -> Option<Expr> {
    let (values, _) = constant_of(x)?;
    let known: Option<Vec<usize>> = dims.iter().map(Dim::known).collect();
    try_constant(&values, &known?).ok()
}

/// The integers of a constant vector.
pub(super) fn whole_numbers(e: &Expr) -> Option<Vec<i64>> {
    let (values, lengths) = constant_of(e)?;
    let int = |l: &Lit| if let Lit::Int(i) = l { Some(*i) } else { None };
    if lengths.len() == 1 { values.iter().map(int).collect() } else { None }
}
