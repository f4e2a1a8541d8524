//! A small evaluator over small arrays: obviously right, never fast.

use std::collections::BTreeMap;

use crate::expr::{Expr, Head, topological};
use crate::op::{Arg, Attr, Dense, IndexItem, Kernel, Map2, Op, View};
use crate::ty::{DType, Shape, Ty};

/// Elements in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) data: Vec<f64>,
}

impl Array {
    pub(super) fn scalar(x: f64) -> Array {
        Array { shape: Vec::new(), data: vec![x] }
    }

    /// The element at a position of an array to which this one broadcasts.
    fn at(&self, index: &[usize]) -> Option<f64> {
        let lead = index.len().checked_sub(self.shape.len())?;
        let flat = self
            .shape
            .iter()
            .zip(&index[lead..])
            .fold(0, |flat, (&n, &i)| flat * n + if n == 1 { 0 } else { i });
        self.data.get(flat).copied()
    }

    fn from_fn(shape: &[usize], mut f: impl FnMut(&[usize]) -> Option<f64>) -> Option<Array> {
        let data = positions(shape).iter().map(|i| f(i)).collect::<Option<Vec<f64>>>()?;
        Some(Array { shape: shape.to_vec(), data })
    }
}

/// Every position of a shape, in row-major order.
fn positions(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |all, &n| {
        all.iter().flat_map(|p| (0..n).map(move |i| p.iter().copied().chain([i]).collect())).collect()
    })
}

fn joint(args: &[&Array]) -> Vec<usize> {
    let rank = args.iter().map(|a| a.shape.len()).max().unwrap_or(0);
    let length = |k: usize| {
        let of = |a: &&Array| (a.shape.len() + k).checked_sub(rank).map_or(1, |i| a.shape[i]);
        args.iter().map(of).find(|n| *n != 1).unwrap_or(1)
    };
    (0..rank).map(length).collect()
}

/// The value of an application; `None` for what is not evaluated here.
pub(super) fn apply(op: Op, attr: &Attr, args: &[&Array]) -> Option<Array> {
    let first = *args.first()?;
    match op.def().kernel {
        Kernel::Map1(k) => Array::from_fn(&first.shape, |i| Some((k.scalar)(first.at(i)?))),
        Kernel::Map2(k) => Array::from_fn(&joint(args), |i| {
            let rest = args[1..].iter().map(|a| a.at(i));
            rest.fold(first.at(i), |acc, y| Some((k.scalar)(acc?, y?)))
        }),
        Kernel::Map3(k) => match args {
            [a, b, c] => Array::from_fn(&joint(args), |i| Some((k.scalar)(a.at(i)?, b.at(i)?, c.at(i)?))),
            _ => None,
        },
        Kernel::Reduce { init, step, .. } => reduce(init, step, &attr.axes(first.shape.len()), first),
        Kernel::View(View::Dimshuffle) => dimshuffle(attr, first),
        Kernel::View(View::Broadcast) => Array::from_fn(&dims(attr)?, |i| first.at(i)),
        Kernel::View(View::Index) => {
            let (shape, from) = indexed(attr, &first.shape)?;
            Some(Array {
                shape,
                data: from.iter().map(|&i| first.data.get(i).copied()).collect::<Option<_>>()?,
            })
        }
        Kernel::Reshape => Some(Array { shape: dims(attr)?, data: first.data.clone() }),
        Kernel::Dot => dot(first, args.get(1)?),
        Kernel::Concat => concat(attr, args),
        Kernel::IncAt => write_at(attr, first, args.get(1)?, |old, new| old + new),
        Kernel::SetAt => write_at(attr, first, args.get(1)?, |_, new| new),
        Kernel::Whole(f) => {
            let dtype = |i| if op.def().positions.contains(&i) { DType::I64 } else { DType::F64 };
            let tys: Vec<Ty> =
                args.iter().enumerate().map(|(i, a)| Ty::new(dtype(i), Shape::known(&a.shape))).collect();
            let views: Vec<Arg<'_>> = tys.iter().map(|ty| Arg { ty, weak: false }).collect();
            let shape = (op.def().ty)(&views, attr).ok()?.shape.as_known()?;
            let parts: Vec<Dense<'_>> =
                args.iter().map(|a| Dense { lens: &a.shape, data: &a.data }).collect();
            let mut data = vec![0.0; shape.iter().product()];
            f(attr, &parts, &shape, &mut data).ok()?;
            Some(Array { shape, data })
        }
        Kernel::Composed(of) => composed(&of, attr, args),
        Kernel::None | Kernel::Length => None,
    }
}

/// The value of what an operator is made of.
fn composed(of: &dyn Fn(&[Expr], &Attr) -> Expr, attr: &Attr, args: &[&Array]) -> Option<Array> {
    let var = |a: &&Array| Expr::var("x", Ty::new(DType::F64, Shape::known(&a.shape)));
    let operands: Vec<Expr> = args.iter().map(var).collect();
    let mut at: BTreeMap<usize, Array> =
        operands.iter().map(Expr::id).zip(args.iter().map(|&a| a.clone())).collect();
    let whole = of(&operands, attr);
    for e in topological(std::slice::from_ref(&whole)) {
        let value = match e.head() {
            Head::Var(_) => continue,
            Head::Lit(l) => Array { shape: Vec::new(), data: vec![l.value()] },
            Head::Op(op, attr) => {
                let args: Option<Vec<&Array>> = e.args().iter().map(|a| at.get(&a.id())).collect();
                apply(*op, attr, &args?)?
            }
        };
        at.insert(e.id(), value);
    }
    at.remove(&whole.id())
}

fn dims(attr: &Attr) -> Option<Vec<usize>> {
    let Attr::Dims(d) = attr else { return None };
    d.iter().map(crate::ty::Dim::known).collect()
}

fn reduce(init: Option<f64>, step: Map2, axes: &[usize], x: &Array) -> Option<Array> {
    let kept = |i: &usize| !axes.contains(i);
    let shape: Vec<usize> = (0..x.shape.len()).filter(kept).map(|i| x.shape[i]).collect();
    let mut out: Vec<Option<f64>> = vec![init; shape.iter().product()];
    for (p, &v) in positions(&x.shape).iter().zip(&x.data) {
        let flat = (0..p.len()).filter(kept).fold(0, |flat, i| flat * x.shape[i] + p[i]);
        let slot = out.get_mut(flat)?;
        *slot = Some(slot.map_or(v, |acc| (step.scalar)(acc, v)));
    }
    Some(Array { shape, data: out.into_iter().collect::<Option<_>>()? })
}

fn dimshuffle(attr: &Attr, x: &Array) -> Option<Array> {
    let Attr::Perm(perm) = attr else { return None };
    let length = |p: &Option<usize>| p.map_or(Some(1), |a| x.shape.get(a).copied());
    let shape = perm.iter().map(length).collect::<Option<Vec<usize>>>()?;
    Array::from_fn(&shape, |i| {
        let mut from = vec![0; x.shape.len()];
        for (p, &k) in perm.iter().zip(i) {
            if let Some(a) = p {
                *from.get_mut(*a)? = k;
            }
        }
        x.at(&from)
    })
}

fn dot(a: &Array, b: &Array) -> Option<Array> {
    let (&inner, rows) = a.shape.split_last()?;
    let columns = b.shape.get(1..)?;
    let shape: Vec<usize> = rows.iter().chain(columns).copied().collect();
    Array::from_fn(&shape, |i| {
        (0..inner).try_fold(0.0, |sum, k| {
            let left: Vec<usize> = i[..rows.len()].iter().copied().chain([k]).collect();
            let right: Vec<usize> = [k].into_iter().chain(i[rows.len()..].iter().copied()).collect();
            Some(sum + a.at(&left)? * b.at(&right)?)
        })
    })
}

fn concat(attr: &Attr, args: &[&Array]) -> Option<Array> {
    let Attr::Axis(axis) = attr else { return None };
    let mut shape = args.first()?.shape.clone();
    *shape.get_mut(*axis)? = args.iter().map(|a| a.shape.get(*axis)).sum::<Option<usize>>()?;
    Array::from_fn(&shape, |i| {
        let mut from = i.to_vec();
        for a in args {
            if from[*axis] < a.shape[*axis] {
                return a.at(&from);
            }
            from[*axis] -= a.shape[*axis];
        }
        None
    })
}

fn write_at(attr: &Attr, x: &Array, y: &Array, put: fn(f64, f64) -> f64) -> Option<Array> {
    let (shape, to) = indexed(attr, &x.shape)?;
    let mut out = x.clone();
    for (p, &flat) in positions(&shape).iter().zip(&to) {
        let slot = out.data.get_mut(flat)?;
        *slot = put(*slot, y.at(p)?);
    }
    Some(out)
}

/// The shape that an index selects, and for each of its elements the position in the whole.
fn indexed(attr: &Attr, shape: &[usize]) -> Option<(Vec<usize>, Vec<usize>)> {
    let Attr::Index(items) = attr else { return None };
    // For each axis of the whole the positions that are taken, and whether the axis remains.
    let mut taken: Vec<Vec<usize>> = Vec::new();
    let mut out = Vec::new();
    for item in items {
        let n = || shape.get(taken.len()).copied();
        match item {
            IndexItem::NewAxis => out.push(1),
            IndexItem::At(i) => {
                let at = crate::ty::normalize_axis(*i, n()?).ok()?;
                taken.push(vec![at]);
            }
            IndexItem::Slice { start, stop, step } => {
                let all = slice(n()?, *start, *stop, *step)?;
                out.push(all.len());
                taken.push(all);
            }
        }
    }
    for &n in shape.get(taken.len()..)? {
        out.push(n);
        taken.push((0..n).collect());
    }
    let flat = taken.iter().zip(shape).fold(vec![0], |all: Vec<usize>, (axis, n)| {
        all.iter().flat_map(|f| axis.iter().map(move |i| f * n + i)).collect()
    });
    Some((out, flat))
}

/// Python's meaning of a slice.
fn slice(n: usize, start: Option<i64>, stop: Option<i64>, step: i64) -> Option<Vec<usize>> {
    let n = i64::try_from(n).ok()?;
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let place =
        |at: Option<i64>, absent: i64| at.map_or(absent, |a| if a < 0 { a + n } else { a }.clamp(low, high));
    let (mut at, end) =
        if step > 0 { (place(start, 0), place(stop, n)) } else { (place(start, n - 1), place(stop, -1)) };
    let mut all = Vec::new();
    while step > 0 && at < end || step < 0 && at > end {
        all.push(usize::try_from(at).ok()?);
        at += step;
    }
    Some(all)
}
