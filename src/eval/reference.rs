//! The obviously right way: every node in order, every element by itself.
//!
//! Values of singles are rounded after every operator. Tests check the plan against this; it shares nothing with it but the scalar kernels.

mod number;

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, IxDyn, indices};

use number::Number;

use super::array::{Array, ArrayRef, Input};
use super::cell::Slice;
use super::error::{PlanError, RunError};
use crate::graph::{Graph, Head, Id, expand};
use crate::math::Element as _;
use crate::op::{Attr, Dense, IndexItem, Kernel, Op, View};
use crate::ty::{DType, Dim, Sym, Ty, to_bits};

/// Why the reference gives no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    /// The graph has no plan either.
    Plan(PlanError),
    /// The inputs do not fit.
    Run(RunError),
}

impl std::fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReferenceError::Plan(e) => write!(f, "{e}"),
            ReferenceError::Run(e) => write!(f, "{e}"),
        }
    }
}
impl std::error::Error for ReferenceError {}

fn shape_error(what: &str, expected: &[usize], got: &[usize]) -> ReferenceError {
    let what = what.into();
    ReferenceError::Run(RunError::Shape { what, expected: expected.to_vec(), got: got.to_vec() })
}

/// A value: floats and truth values as doubles, integers as they are.
#[derive(Debug, Clone)]
enum Value {
    Floats(ArrayD<f64>),
    Integers(ArrayD<i64>),
}

impl Value {
    fn floats(&self) -> ArrayD<f64> {
        match self {
            Value::Floats(x) => x.clone(),
            Value::Integers(x) => x.mapv(Number::to_f64),
        }
    }

    /// As integers; floats are truncated to a type.
    fn integers(&self, to: DType) -> ArrayD<i64> {
        match self {
            Value::Floats(x) => x.mapv(|x| to.truncate(x)),
            Value::Integers(x) => x.clone(),
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Value::Floats(x) => x.shape(),
            Value::Integers(x) => x.shape(),
        }
    }
}

/// Values of the roots as doubles; inputs are those of the graph, in order.
///
/// # Errors
/// An operator without kernel, inputs whose shapes do not fit.
pub fn evaluate(
    graph: &Graph,
    roots: &[Id],
    inputs: &[ArrayViewD<'_, f64>],
) -> Result<Vec<ArrayD<f64>>, ReferenceError> {
    let inputs: Vec<ArrayRef<'_>> = inputs.iter().map(|x| ArrayRef::F64(x.view())).collect();
    Ok(values(graph, roots, &inputs)?.iter().map(Value::floats).collect())
}

/// [`evaluate`] with arrays of every element type; results are of their own.
///
/// # Errors
/// As there.
pub fn evaluate_arrays(
    graph: &Graph,
    roots: &[Id],
    inputs: &[ArrayRef<'_>],
) -> Result<Vec<Array>, ReferenceError> {
    let found = values(graph, roots, inputs)?;
    let typed = |(v, &r): (&Value, &Id)| {
        let (dtype, lens) = (graph.ty(r).dtype, v.shape().to_vec());
        match v {
            Value::Floats(x) => Array::of(dtype, &lens, Slice::F64(&x.iter().copied().collect::<Vec<_>>())),
            Value::Integers(x) => Array::of(dtype, &lens, Slice::I64(&x.iter().copied().collect::<Vec<_>>())),
        }
    };
    Ok(found.iter().zip(roots).map(typed).collect())
}

fn values(graph: &Graph, roots: &[Id], inputs: &[ArrayRef<'_>]) -> Result<Vec<Value>, ReferenceError> {
    let written = expand(graph, roots)
        .map_err(|e| ReferenceError::Plan(PlanError::Composed { fact: e.to_string() }))?;
    let (graph, roots) = written.as_ref().map_or((graph, roots), |(g, r)| (g, r.as_slice()));
    let symbol = |s: &Sym| symbol_in(graph.vars(), s, inputs);
    let mut values: Vec<Option<Value>> = vec![None; graph.len()];
    let number = |x: f64| Value::Floats(ArrayD::from_elem(IxDyn(&[]), x));
    for id in graph.reachable(roots) {
        let dtype = graph.ty(id).dtype;
        let lens = lengths(graph.ty(id).shape.dims(), &symbol)?;
        let value = match graph.node(id).head {
            Head::Var(v) => match inputs.get(v as usize) {
                Some(x) => input(x, dtype),
                None => {
                    let got = inputs.len();
                    let expected = graph.vars().len();
                    return Err(ReferenceError::Run(RunError::Count { what: "inputs", expected, got }));
                }
            },
            Head::Const(bits) => number(f64::from_bits(bits)),
            Head::Int(_, x) => Value::Integers(ArrayD::from_elem(IxDyn(&[]), x)),
            Head::Size(s) => {
                let n = lengths(std::slice::from_ref(graph.size(s)), &symbol)?;
                #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
                let n = n[0] as f64;
                number(n)
            }
            Head::Op(op, attr) => {
                let own = &graph.node(id).args;
                let args: Vec<&Value> = own.iter().filter_map(|&a| values[a as usize].as_ref()).collect();
                let types: Vec<DType> = own.iter().map(|&a| graph.ty(a).dtype).collect();
                typed_apply(op, graph.attr(attr), (&args, &types), dtype, &lens)?
            }
        };
        if value.shape() != lens {
            return Err(shape_error("a value", &lens, value.shape()));
        }
        values[id as usize] = Some(match value {
            Value::Floats(x) if dtype == DType::F32 => Value::Floats(x.mapv(|x| f32::of(x).wide())),
            other => other,
        });
    }
    Ok(roots.iter().filter_map(|&r| values[r as usize].clone()).collect())
}

fn input(x: &ArrayRef<'_>, dtype: DType) -> Value {
    let shape = IxDyn(Input::lens(x));
    if dtype.is_int() {
        Value::Integers(ArrayD::from_shape_vec(shape, x.integers().collect()).unwrap_or_default())
    } else {
        Value::Floats(ArrayD::from_shape_vec(shape, x.floats().collect()).unwrap_or_default())
    }
}

/// Over integers where one is made or read and no float; else over doubles.
fn typed_apply(
    op: Op,
    attr: &Attr,
    (args, types): (&[&Value], &[DType]),
    dtype: DType,
    lens: &[usize],
) -> Result<Value, ReferenceError> {
    let converts = op == Op::conversion();
    let float = dtype.is_float() || !converts && types.iter().any(|d| d.is_float());
    if float || dtype == DType::Bool && types.iter().all(|d| *d == DType::Bool) {
        let args: Vec<ArrayD<f64>> = args.iter().map(|v| v.floats()).collect();
        let out = apply(op, attr, &args.iter().collect::<Vec<_>>(), lens)?;
        return Ok(if dtype.is_int() {
            Value::Integers(out.mapv(|x| dtype.truncate(x)))
        } else {
            Value::Floats(out)
        });
    }
    let reads = if types.iter().any(|d| d.is_float()) { dtype } else { DType::I64 };
    let args: Vec<ArrayD<i64>> = args.iter().map(|v| v.integers(reads)).collect();
    let out = apply(op, attr, &args.iter().collect::<Vec<_>>(), lens)?.mapv(|x: i64| dtype.wrap(x));
    Ok(if dtype.is_int() { Value::Integers(out) } else { Value::Floats(out.mapv(Number::to_f64)) })
}

fn symbol_in(vars: &[(Arc<str>, Ty)], s: &Sym, inputs: &[ArrayRef<'_>]) -> Option<usize> {
    vars.iter().zip(inputs).find_map(|((name, ty), x)| {
        if s.is_value() {
            return (**name == *s.var()).then(|| x.integers().next().map(to_bits))?;
        }
        let axis = if **name == *s.var() {
            s.axis()
        } else {
            ty.shape.dims().iter().position(|d| matches!(d, Dim::Sym(t) if t == s))?
        };
        Input::lens(x).get(axis).copied()
    })
}

fn lengths(dims: &[Dim], symbol: &dyn Fn(&Sym) -> Option<usize>) -> Result<Vec<usize>, ReferenceError> {
    let length = |d: &Dim| {
        let none = || RunError::Length { dim: d.to_string(), fact: d.fault(symbol) };
        d.eval(symbol).ok_or_else(|| ReferenceError::Run(none()))
    };
    dims.iter().map(length).collect()
}

/// The element of an operand that belongs to an index of the result: axes align at the end, and an
/// axis of length 1 has only one.
fn at<T: Number>(x: &ArrayD<T>, index: &[usize]) -> T {
    let lead = index.len() - x.ndim();
    let own: Vec<usize> =
        x.shape().iter().zip(&index[lead..]).map(|(&n, &i)| if n == 1 { 0 } else { i }).collect();
    x.get(IxDyn(&own)).copied().unwrap_or(T::NONE)
}

fn each<T: Number>(lens: &[usize], mut f: impl FnMut(&[usize]) -> T) -> ArrayD<T> {
    let mut out = ArrayD::from_elem(IxDyn(lens), T::ZERO);
    for index in indices(IxDyn(lens)) {
        out[&index] = f(ndarray::Dimension::slice(&index));
    }
    out
}

pub(crate) fn apply<T: Number>(
    op: Op,
    attr: &Attr,
    args: &[&ArrayD<T>],
    lens: &[usize],
) -> Result<ArrayD<T>, ReferenceError> {
    let none = || ReferenceError::Plan(PlanError::NoKernel { op: op.def().name });
    let fits = args.iter().all(|a| {
        a.ndim() <= lens.len()
            && a.shape().iter().rev().zip(lens.iter().rev()).all(|(&m, &n)| m == n || m == 1)
    });
    match (op.def().kernel, attr, args) {
        (Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_), _, [a, ..]) if !fits => {
            Err(shape_error(op.def().name, lens, a.shape()))
        }
        (Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_), ..) => {
            let value = |i: &[usize]| T::value(op, &args.iter().map(|a| at(a, i)).collect::<Vec<T>>());
            let known = args.is_empty() || T::value(op, &vec![T::ZERO; args.len()]).is_some();
            if known { Ok(each(lens, |i| value(i).unwrap_or(T::NONE))) } else { Err(none()) }
        }
        (Kernel::Reduce { .. }, _, [a]) => {
            let (init, step) = T::fold(op).ok_or_else(none)?;
            let axes = attr.axes(a.ndim());
            let mut out: ArrayD<Option<T>> = ArrayD::from_elem(IxDyn(lens), init);
            for (index, &x) in a.indexed_iter() {
                let index = ndarray::Dimension::slice(&index);
                let kept: Vec<usize> =
                    (0..a.ndim()).filter(|d| !axes.contains(d)).map(|d| index[d]).collect();
                let cell = &mut out[IxDyn(&kept)];
                *cell = Some(cell.map_or(x, |y| step(y, x)));
            }
            let total: Option<Vec<T>> = out.iter().copied().collect();
            let total = total.ok_or(ReferenceError::Run(RunError::EmptyFold { op: op.def().name }))?;
            ArrayD::from_shape_vec(IxDyn(lens), total).map_err(|_| none())
        }
        (Kernel::View(View::Dimshuffle), Attr::Perm(perm), [a]) => {
            let rank = perm.iter().flatten().map(|p| p + 1).max().unwrap_or(0).max(a.ndim());
            let lead = rank - a.ndim();
            Ok(each(lens, |i| {
                let mut own = vec![0; a.ndim()];
                for (p, &k) in perm.iter().zip(i) {
                    if let Some(axis) = p.and_then(|p| p.checked_sub(lead)) {
                        own[axis] = k;
                    }
                }
                a.get(IxDyn(&own)).copied().unwrap_or(T::NONE)
            }))
        }
        (Kernel::View(View::Broadcast), _, [a]) => {
            if fits {
                Ok(each(lens, |i| at(a, i)))
            } else {
                Err(shape_error("a broadcast", lens, a.shape()))
            }
        }
        (Kernel::View(View::Index), Attr::Index(items), [a]) => {
            let places = positions(a.shape(), items);
            Ok(each(lens, |i| a.get(IxDyn(&place(&places, i))).copied().unwrap_or(T::NONE)))
        }
        (Kernel::Reshape, _, [a]) => ArrayD::from_shape_vec(IxDyn(lens), a.iter().copied().collect())
            .map_err(|_| shape_error("a reshape", lens, a.shape())),
        (Kernel::Dot, _, [a, b]) => Ok(product(a, b, lens)),
        (Kernel::Concat, Attr::Axis(axis), parts) => Ok(each(lens, |i| {
            let mut own = i.to_vec();
            for part in parts {
                match own[*axis].checked_sub(part.shape()[*axis]) {
                    Some(rest) => own[*axis] = rest,
                    None => return part.get(IxDyn(&own)).copied().unwrap_or(T::NONE),
                }
            }
            T::NONE
        })),
        (kernel @ (Kernel::IncAt | Kernel::SetAt), Attr::Index(items), [base, value]) => {
            let places = positions(base.shape(), items);
            let hole: Vec<usize> = places.iter().filter_map(|p| p.count()).collect();
            let mut out = (*base).clone();
            for index in indices(IxDyn(&hole)) {
                let i = ndarray::Dimension::slice(&index);
                let x = at(value, i);
                if let Some(cell) = out.get_mut(IxDyn(&place(&places, i))) {
                    *cell = if matches!(kernel, Kernel::IncAt) { cell.plus(x) } else { x };
                }
            }
            Ok(out)
        }
        (Kernel::Whole(_), attr, args) => {
            let data: Vec<Vec<T>> = args.iter().map(|a| a.iter().copied().collect()).collect();
            let parts: Vec<Dense<'_, T>> =
                args.iter().zip(&data).map(|(a, d)| Dense { lens: a.shape(), data: d }).collect();
            let mut out = vec![T::ZERO; lens.iter().product()];
            T::whole(op, attr, &parts, lens, &mut out)
                .ok_or_else(none)?
                .map_err(|fact| ReferenceError::Run(RunError::Value { op: op.def().name, fact }))?;
            ArrayD::from_shape_vec(IxDyn(lens), out).map_err(|_| none())
        }
        _ => Err(none()),
    }
}

fn product<T: Number>(a: &ArrayD<T>, b: &ArrayD<T>, lens: &[usize]) -> ArrayD<T> {
    let inner = a.shape().last().copied().unwrap_or(0);
    let rows = a.ndim() - 1;
    each(lens, |i| {
        let mut total = T::ZERO;
        for k in 0..inner {
            let mut left = i[..rows].to_vec();
            left.push(k);
            let mut right = vec![k];
            right.extend_from_slice(&i[rows..]);
            let (x, y) = (a.get(IxDyn(&left)), b.get(IxDyn(&right)));
            let (x, y) = (x.copied().unwrap_or(T::NONE), y.copied().unwrap_or(T::NONE));
            total = total.plus(x.times(y));
        }
        total
    })
}

/// What an entry of an index selects of its axis.
enum Select {
    One(usize),
    Many(Vec<usize>),
    New,
}

impl Select {
    /// The length of the axis of the result, if there is one.
    fn count(&self) -> Option<usize> {
        match self {
            Select::One(_) => None,
            Select::Many(list) => Some(list.len()),
            Select::New => Some(1),
        }
    }
}

/// Python's meaning of an index, position by position.
fn positions(shape: &[usize], items: &[IndexItem]) -> Vec<Select> {
    let mut axis = 0;
    let mut out = Vec::new();
    for item in items {
        if *item == IndexItem::NewAxis {
            out.push(Select::New);
            continue;
        }
        let n = i64::try_from(shape[axis]).unwrap_or(i64::MAX);
        axis += 1;
        match *item {
            IndexItem::At(i) => {
                out.push(Select::One(usize::try_from(if i < 0 { i + n } else { i }).unwrap_or(0)));
            }
            IndexItem::Slice { start, stop, step } => {
                let (from, count) = crate::ty::slice_bounds(shape[axis - 1], start, stop, step);
                let list = (0..count).scan(from, |at, _| {
                    let here = usize::try_from(*at).unwrap_or(0);
                    *at += step;
                    Some(here)
                });
                out.push(Select::Many(list.collect()));
            }
            IndexItem::NewAxis => {}
        }
    }
    out.extend(shape[axis..].iter().map(|&n| Select::Many((0..n).collect())));
    out
}

/// The index of the operand that belongs to an index of the result.
fn place(selects: &[Select], index: &[usize]) -> Vec<usize> {
    let mut next = index.iter();
    let mut out = Vec::new();
    for s in selects {
        match s {
            Select::One(i) => out.push(*i),
            Select::Many(list) => out.push(next.next().and_then(|&i| list.get(i)).copied().unwrap_or(0)),
            Select::New => {
                next.next();
            }
        }
    }
    out
}
