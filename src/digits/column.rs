//! Values of a graph's nodes at many points at once, in doubles.

use ndarray::{ArrayD, IxDyn};

use super::points::{Random, length};
use crate::eval::reference;
use crate::facts::value_of;
use crate::graph::{Graph, Head, Id, expand};
use crate::op::{Attr, Kernel, Op, Ring, Role};
use crate::ty::{DType, Ty};

/// Elements of all nodes at all points beyond which nothing is computed.
const ELEMENTS: usize = 40_000;

/// One value at every point, a point after the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Column {
    pub(super) lens: Vec<usize>,
    pub(super) data: Vec<f64>,
}

impl Column {
    /// The elements at one point.
    pub(super) fn elements(&self) -> usize {
        self.lens.iter().product()
    }

    /// The value at one point.
    pub(super) fn array(&self, point: usize) -> Option<ArrayD<f64>> {
        ArrayD::from_shape_vec(IxDyn(&self.lens), self.at(point).to_vec()).ok()
    }

    fn at(&self, point: usize) -> &[f64] {
        let n = self.elements();
        &self.data[point * n..(point + 1) * n]
    }
}

/// Values of all nodes that the roots reach; `None` beyond the budget and where an operator cannot be computed. With a
/// `nudge`, results that were rounded are moved by a unit in the last place up, down or not, another way for another number.
pub(super) fn values(
    graph: &Graph,
    roots: &[Id],
    inputs: &[Column],
    points: usize,
    nudge: Option<u64>,
) -> Option<Vec<Option<Column>>> {
    let live = graph.reachable(roots);
    let lengths = |ty: &Ty| ty.shape.dims().iter().map(length).collect::<Option<Vec<usize>>>();
    let mut total = 0;
    for &id in &live {
        total += lengths(graph.ty(id))?.iter().product::<usize>() * points;
        if total > ELEMENTS {
            return None;
        }
    }
    let mut at: Vec<Option<Column>> = vec![None; graph.len()];
    for id in live {
        let node = graph.node(id);
        let ty = graph.ty(id);
        let number = |x: f64| Column { lens: Vec::new(), data: vec![x; points] };
        let value = match node.head {
            Head::Var(v) => inputs.get(v as usize)?.clone(),
            Head::Const(bits) => number(f64::from_bits(bits)),
            Head::Int(_, x) => number(double(x)),
            Head::Size(s) => number(double(i64::try_from(length(graph.size(s))?).ok()?)),
            Head::Op(op, attr) => {
                let args: Vec<&Column> =
                    node.args.iter().map(|&a| at[a as usize].as_ref()).collect::<Option<_>>()?;
                let types: Vec<&Ty> = node.args.iter().map(|&a| graph.ty(a)).collect();
                let mut out = apply(op, graph.attr(attr), &args, &types, ty, lengths(ty)?, points, nudge)?;
                if ty.dtype.is_float() {
                    round(op, &args, &mut out, ty.dtype, nudge.map(|n| n ^ (u64::from(id) << 32)));
                }
                out
            }
        };
        at[id as usize] = Some(value);
    }
    Some(at)
}

#[allow(clippy::too_many_arguments, reason = "an application and how it is computed")]
fn apply(
    op: Op,
    attr: &Attr,
    args: &[&Column],
    types: &[&Ty],
    ty: &Ty,
    lens: Vec<usize>,
    points: usize,
    nudge: Option<u64>,
) -> Option<Column> {
    let integers = !ty.dtype.is_float() && ty.dtype != DType::Bool
        || types.iter().all(|t| t.dtype.is_int()) && !types.is_empty();
    let n: usize = lens.iter().product();
    if let Kernel::Composed(_) = op.def().kernel {
        let mut own = Graph::new();
        let vars: Vec<Id> =
            types.iter().zip(0..).map(|(t, i): (_, usize)| own.var(&i.to_string(), t)).collect();
        let root = own.add(op, attr, &vars).ok()?;
        let (own, roots) = expand(&own, &[root]).ok()??;
        let inputs: Vec<Column> = args.iter().map(|&a| a.clone()).collect();
        return values(&own, &roots, &inputs, points, nudge)?.swap_remove(roots[0] as usize);
    }
    // All of one shape, or scalars: by far the most.
    if !integers
        && matches!(op.def().kernel, Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_))
        && args.iter().all(|a| a.lens == lens || a.lens.is_empty())
    {
        let mut own = [0.0; 3];
        let own = own.get_mut(..args.len())?;
        let mut data = Vec::with_capacity(points * n);
        for i in 0..points * n {
            for (x, a) in own.iter_mut().zip(args) {
                *x = if a.lens == lens { a.data[i] } else { a.data[i / n] };
            }
            data.push(value_of(op, own)?);
        }
        return Some(Column { lens, data });
    }
    let mut data = Vec::with_capacity(points * n);
    for p in 0..points {
        let own: Vec<ArrayD<f64>> = args.iter().map(|a| a.array(p)).collect::<Option<_>>()?;
        if integers && op != Op::conversion() {
            let own: Vec<ArrayD<i64>> = own.iter().map(|a| a.mapv(|x| DType::I64.truncate(x))).collect();
            let found = reference::apply(op, attr, &own.iter().collect::<Vec<_>>(), &lens).ok()?;
            data.extend(found.iter().map(|&x: &i64| double(ty.dtype.wrap(x))));
        } else {
            let found = reference::apply(op, attr, &own.iter().collect::<Vec<_>>(), &lens).ok()?;
            let whole = |x: f64| if ty.dtype.is_int() { double(ty.dtype.truncate(x)) } else { x };
            data.extend(found.iter().map(|&x: &f64| whole(x)));
        }
    }
    (data.len() == points * n).then_some(Column { lens, data })
}

/// Rounds to the type, and moves what was rounded.
fn round(op: Op, args: &[&Column], out: &mut Column, dtype: DType, nudge: Option<u64>) {
    if dtype == DType::F32 {
        out.data.iter_mut().for_each(|x| *x = rounded(dtype, *x));
    }
    let Some(nudge) = nudge else { return };
    if !matches!(op.def().role, Role::Elementwise | Role::Reduce | Role::Contract | Role::Whole) {
        return;
    }
    let sum = matches!(op.def().ring, Ring::Sum | Ring::Difference);
    let same = |a: &&&Column| a.data.len() == out.data.len();
    let beside: Vec<Vec<f64>> = args.iter().filter(same).map(|a| a.data.clone()).collect();
    let mut random = Random(nudge);
    for (i, x) in out.data.iter_mut().enumerate() {
        let way = random.next() % 3;
        // The opposite, the greater one, the double of an operand is exact.
        let exact = *x == 0.0
            || !x.is_finite()
            || beside.iter().any(|a| {
                let same = if sum {
                    a[i].abs() == x.abs() && beside.iter().any(|b| b[i] == 0.0)
                } else {
                    mantissa(a[i]) == mantissa(*x)
                };
                same && a[i] != 0.0
            });
        if !exact && way > 0 {
            *x = neighbor(dtype, *x, way == 1);
        }
    }
}

fn mantissa(x: f64) -> u64 {
    x.to_bits() & ((1 << 52) - 1)
}

/// A number of a type of floats.
#[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked")]
pub(super) fn rounded(dtype: DType, x: f64) -> f64 {
    if dtype == DType::F32 { f64::from(x as f32) } else { x }
}

/// The next number of a type of floats.
#[allow(clippy::cast_possible_truncation, reason = "the number is one of the type")]
fn neighbor(dtype: DType, x: f64, up: bool) -> f64 {
    match (dtype, up) {
        (DType::F32, true) => f64::from((x as f32).next_up()),
        (DType::F32, false) => f64::from((x as f32).next_down()),
        (_, true) => x.next_up(),
        (_, false) => x.next_down(),
    }
}

/// A unit in the last place of a type, in those of doubles.
pub(super) fn unit(dtype: DType) -> f64 {
    if dtype == DType::F32 { 536_870_912.0 } else { 1.0 }
}

/// An integer as a double.
#[allow(clippy::cast_precision_loss, reason = "samples are small")]
pub(super) fn double(x: i64) -> f64 {
    x as f64
}
