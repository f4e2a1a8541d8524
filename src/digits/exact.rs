//! Values with 75 digits.

use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use crate::eval::reference;
use crate::graph::{Graph, Head, Id, expand};
use crate::num::Real;
use crate::op::{Attr, Kernel, Op};
use crate::ty::{Dim, Ty};

/// Elements of one value beyond which nothing is computed.
const ELEMENTS: usize = 4096;

type Exact = ArrayD<Real>;

/// Values of the roots for inputs in doubles; `None` where an operator has no meaning over the reals.
pub(crate) fn values(
    graph: &Graph,
    roots: &[Id],
    inputs: &[ArrayD<f64>],
    length: &dyn Fn(&Dim) -> Option<usize>,
) -> Option<Vec<Exact>> {
    let written = expand(graph, roots).ok()?;
    let (graph, roots) = written.as_ref().map_or((graph, roots), |(g, r)| (g, r.as_slice()));
    let mut at: Vec<Option<Arc<Exact>>> = vec![None; graph.len()];
    for id in graph.reachable(roots) {
        let lens = lengths(graph.ty(id), length)?;
        let value = match graph.node(id).head {
            Head::Const(bits) => ArrayD::from_elem(IxDyn(&[]), Real::from(f64::from_bits(bits))),
            Head::Int(..) => ArrayD::from_elem(IxDyn(&[]), Real::from(graph.facts(id).constant?)),
            Head::Var(v) => inputs.get(v as usize)?.mapv(Real::from),
            Head::Size(s) => {
                #[allow(clippy::cast_precision_loss, reason = "samples are small")]
                let n = length(graph.size(s))? as f64;
                ArrayD::from_elem(IxDyn(&[]), Real::from(n))
            }
            Head::Op(op, attr) => {
                let args: Option<Vec<&Exact>> =
                    graph.node(id).args.iter().map(|&a| at[a as usize].as_deref()).collect();
                apply(op, graph.attr(attr), &args?, &lens)?
            }
        };
        (value.shape() == lens).then_some(())?;
        at[id as usize] = Some(Arc::new(value));
    }
    roots.iter().map(|&r| at[r as usize].as_deref().cloned()).collect()
}

/// The lengths of a type.
pub(crate) fn lengths(ty: &Ty, length: &dyn Fn(&Dim) -> Option<usize>) -> Option<Vec<usize>> {
    let lens: Vec<usize> = ty.shape.dims().iter().map(length).collect::<Option<_>>()?;
    (lens.iter().product::<usize>() <= ELEMENTS).then_some(lens)
}

fn apply(op: Op, attr: &Attr, args: &[&Exact], lens: &[usize]) -> Option<Exact> {
    match op.def().kernel {
        Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_) => {
            let real = op.def().real?;
            let wide: Vec<_> = args.iter().map(|a| a.broadcast(IxDyn(lens))).collect::<Option<_>>()?;
            let mut parts: Vec<_> = wide.iter().map(|w| w.iter()).collect();
            let n = lens.iter().product();
            let values = (0..n).map(|_| {
                let own: Vec<Real> = parts.iter_mut().filter_map(Iterator::next).cloned().collect();
                real(&own)
            });
            ArrayD::from_shape_vec(IxDyn(lens), values.collect()).ok()
        }
        Kernel::Reduce { .. } => {
            let real = op.def().real?;
            let [a] = args else { return None };
            let axes = attr.axes(a.ndim());
            let mut groups: ArrayD<Vec<Real>> = ArrayD::from_elem(IxDyn(lens), Vec::new());
            for (index, x) in a.indexed_iter() {
                let index = ndarray::Dimension::slice(&index);
                let kept: Vec<usize> =
                    (0..a.ndim()).filter(|d| !axes.contains(d)).map(|d| index[d]).collect();
                groups.get_mut(IxDyn(&kept))?.push(x.clone());
            }
            Some(groups.map(|g| real(g)))
        }
        Kernel::Dot => {
            let [a, b] = args else { return None };
            product(a, b, lens)
        }
        // The reference moves numbers of elements in place of elements.
        Kernel::View(_) | Kernel::Reshape | Kernel::Concat | Kernel::SetAt => {
            let mut all: Vec<&Real> = Vec::new();
            let mut places = Vec::with_capacity(args.len());
            for a in args {
                #[allow(clippy::cast_precision_loss, reason = "samples are small")]
                let numbers = (all.len()..all.len() + a.len()).map(|i| i as f64).collect();
                places.push(ArrayD::from_shape_vec(a.raw_dim(), numbers).ok()?);
                all.extend(a.iter());
            }
            let moved = reference::apply(op, attr, &places.iter().collect::<Vec<_>>(), lens).ok()?;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of elements")]
            let found: Option<Vec<Real>> =
                moved.iter().map(|&i| all.get(i as usize).map(|x| (*x).clone())).collect();
            ArrayD::from_shape_vec(IxDyn(lens), found?).ok()
        }
        _ => None,
    }
}

/// Sums of products over the last axis of the left and the last but one (or only) axis of the right operand.
fn product(a: &Exact, b: &Exact, lens: &[usize]) -> Option<Exact> {
    let inner = *a.shape().last()?;
    let rows = a.len().checked_div(inner)?;
    let columns = if b.ndim() == 2 { b.shape()[1] } else { 1 };
    let (a, b): (Vec<&Real>, Vec<&Real>) = (a.iter().collect(), b.iter().collect());
    let mut out = Vec::with_capacity(rows * columns);
    for i in 0..rows {
        for j in 0..columns {
            let mut sum = Real::from(0.0);
            for k in 0..inner {
                sum = &sum + &(*a.get(i * inner + k)? * *b.get(k * columns + j)?);
            }
            out.push(sum);
        }
    }
    ArrayD::from_shape_vec(IxDyn(lens), out).ok()
}
