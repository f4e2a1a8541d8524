//! The obviously right way: every node in order, every element by itself.
//!
//! Values of singles are rounded after every operator. Tests check the plan against this; it shares nothing with it but the scalar kernels.

use std::sync::Arc;

use ndarray::{ArrayD, ArrayViewD, IxDyn, indices};

use super::error::{PlanError, RunError};
use crate::graph::{Graph, Head, Id};
use crate::math::Element as _;
use crate::op::{Attr, Dense, IndexItem, Kernel, Op, View};
use crate::ty::{DType, Dim, Sym, Ty};

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

/// Values of the roots; inputs are those of the graph, in order.
///
/// # Errors
/// An operator without kernel, inputs whose shapes do not fit.
pub fn evaluate(
    graph: &Graph,
    roots: &[Id],
    inputs: &[ArrayViewD<'_, f64>],
) -> Result<Vec<ArrayD<f64>>, ReferenceError> {
    let symbol = |s: &Sym| symbol_in(graph.vars(), s, inputs);
    let mut values: Vec<Option<ArrayD<f64>>> = vec![None; graph.len()];
    for id in graph.reachable(roots) {
        let lens = lengths(graph.ty(id).shape.dims(), &symbol)?;
        let value = match graph.node(id).head {
            Head::Var(v) => match inputs.get(v as usize) {
                Some(x) => x.to_owned(),
                None => {
                    let got = inputs.len();
                    let expected = graph.vars().len();
                    return Err(ReferenceError::Run(RunError::Count { what: "inputs", expected, got }));
                }
            },
            Head::Const(bits) => ArrayD::from_elem(IxDyn(&[]), f64::from_bits(bits)),
            Head::Size(s) => {
                let n = lengths(std::slice::from_ref(graph.size(s)), &symbol)?;
                #[allow(clippy::cast_precision_loss, reason = "no array has 2^53 elements")]
                let n = n[0] as f64;
                ArrayD::from_elem(IxDyn(&[]), n)
            }
            Head::Op(op, attr) => {
                let args: Vec<&ArrayD<f64>> =
                    graph.node(id).args.iter().filter_map(|&a| values[a as usize].as_ref()).collect();
                apply(op, graph.attr(attr), &args, &lens)?
            }
        };
        if value.shape() != lens {
            return Err(shape_error("a value", &lens, value.shape()));
        }
        let value = if graph.ty(id).dtype == DType::F32 { value.mapv(|x| f32::of(x).wide()) } else { value };
        values[id as usize] = Some(value);
    }
    Ok(roots.iter().filter_map(|&r| values[r as usize].clone()).collect())
}

fn symbol_in(vars: &[(Arc<str>, Ty)], s: &Sym, inputs: &[ArrayViewD<'_, f64>]) -> Option<usize> {
    vars.iter().zip(inputs).find_map(|((name, ty), x)| {
        let axis = if **name == *s.var() {
            s.axis()
        } else {
            ty.shape.dims().iter().position(|d| matches!(d, Dim::Sym(t) if t == s))?
        };
        x.shape().get(axis).copied()
    })
}

fn lengths(dims: &[Dim], symbol: &dyn Fn(&Sym) -> Option<usize>) -> Result<Vec<usize>, ReferenceError> {
    let length =
        |d: &Dim| d.eval(symbol).ok_or_else(|| ReferenceError::Run(RunError::Length { dim: d.to_string() }));
    dims.iter().map(length).collect()
}

/// The element of an operand that belongs to an index of the result: axes align at the end, and an
/// axis of length 1 has only one.
fn at(x: &ArrayD<f64>, index: &[usize]) -> f64 {
    let lead = index.len() - x.ndim();
    let own: Vec<usize> =
        x.shape().iter().zip(&index[lead..]).map(|(&n, &i)| if n == 1 { 0 } else { i }).collect();
    x.get(IxDyn(&own)).copied().unwrap_or(f64::NAN)
}

fn each(lens: &[usize], mut f: impl FnMut(&[usize]) -> f64) -> ArrayD<f64> {
    let mut out = ArrayD::zeros(IxDyn(lens));
    for index in indices(IxDyn(lens)) {
        out[&index] = f(ndarray::Dimension::slice(&index));
    }
    out
}

pub(crate) fn apply(
    op: Op,
    attr: &Attr,
    args: &[&ArrayD<f64>],
    lens: &[usize],
) -> Result<ArrayD<f64>, ReferenceError> {
    let none = || ReferenceError::Plan(PlanError::NoKernel { op: op.def().name });
    let fits = args.iter().all(|a| {
        a.ndim() <= lens.len()
            && a.shape().iter().rev().zip(lens.iter().rev()).all(|(&m, &n)| m == n || m == 1)
    });
    match (op.def().kernel, attr, args) {
        (Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_), _, [a, ..]) if !fits => {
            Err(shape_error(op.def().name, lens, a.shape()))
        }
        (Kernel::Map1(k), _, [a]) => Ok(each(lens, |i| (k.scalar)(at(a, i)))),
        (Kernel::Map2(k), _, [a, b]) => Ok(each(lens, |i| (k.scalar)(at(a, i), at(b, i)))),
        (Kernel::Map3(k), _, [a, b, c]) => Ok(each(lens, |i| (k.scalar)(at(a, i), at(b, i), at(c, i)))),
        (Kernel::Reduce { init, step, .. }, _, [a]) => {
            let axes = attr.axes(a.ndim());
            let mut out: ArrayD<Option<f64>> = ArrayD::from_elem(IxDyn(lens), init);
            for (index, &x) in a.indexed_iter() {
                let index = ndarray::Dimension::slice(&index);
                let kept: Vec<usize> =
                    (0..a.ndim()).filter(|d| !axes.contains(d)).map(|d| index[d]).collect();
                let cell = &mut out[IxDyn(&kept)];
                *cell = Some(cell.map_or(x, |y| (step.scalar)(y, x)));
            }
            let total: Option<Vec<f64>> = out.iter().copied().collect();
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
                a.get(IxDyn(&own)).copied().unwrap_or(f64::NAN)
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
            Ok(each(lens, |i| a.get(IxDyn(&place(&places, i))).copied().unwrap_or(f64::NAN)))
        }
        (Kernel::Reshape, _, [a]) => ArrayD::from_shape_vec(IxDyn(lens), a.iter().copied().collect())
            .map_err(|_| shape_error("a reshape", lens, a.shape())),
        (Kernel::Dot, _, [a, b]) => Ok(product(a, b, lens)),
        (Kernel::Concat, Attr::Axis(axis), parts) => Ok(each(lens, |i| {
            let mut own = i.to_vec();
            for part in parts {
                match own[*axis].checked_sub(part.shape()[*axis]) {
                    Some(rest) => own[*axis] = rest,
                    None => return part.get(IxDyn(&own)).copied().unwrap_or(f64::NAN),
                }
            }
            f64::NAN
        })),
        (kernel @ (Kernel::IncAt | Kernel::SetAt), Attr::Index(items), [base, value]) => {
            let places = positions(base.shape(), items);
            let hole: Vec<usize> = places.iter().filter_map(|p| p.count()).collect();
            let mut out = (*base).clone();
            for index in indices(IxDyn(&hole)) {
                let i = ndarray::Dimension::slice(&index);
                let x = at(value, i);
                if let Some(cell) = out.get_mut(IxDyn(&place(&places, i))) {
                    *cell = if matches!(kernel, Kernel::IncAt) { *cell + x } else { x };
                }
            }
            Ok(out)
        }
        (Kernel::Whole(f), attr, args) => {
            let data: Vec<Vec<f64>> = args.iter().map(|a| a.iter().copied().collect()).collect();
            let parts: Vec<Dense<'_>> =
                args.iter().zip(&data).map(|(a, d)| Dense { lens: a.shape(), data: d }).collect();
            let mut out = vec![0.0; lens.iter().product()];
            f(attr, &parts, lens, &mut out)
                .map_err(|fact| ReferenceError::Run(RunError::Value { op: op.def().name, fact }))?;
            ArrayD::from_shape_vec(IxDyn(lens), out).map_err(|_| none())
        }
        _ => Err(none()),
    }
}

fn product(a: &ArrayD<f64>, b: &ArrayD<f64>, lens: &[usize]) -> ArrayD<f64> {
    let inner = a.shape().last().copied().unwrap_or(0);
    let rows = a.ndim() - 1;
    each(lens, |i| {
        let mut total = 0.0;
        for k in 0..inner {
            let mut left = i[..rows].to_vec();
            left.push(k);
            let mut right = vec![k];
            right.extend_from_slice(&i[rows..]);
            total += a.get(IxDyn(&left)).unwrap_or(&f64::NAN) * b.get(IxDyn(&right)).unwrap_or(&f64::NAN);
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
