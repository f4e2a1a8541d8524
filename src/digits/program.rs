//! Forms as programs over single numbers: arrays are written out, with few elements.

use ndarray::{ArrayD, IxDyn};
use smallvec::{SmallVec, smallvec};

use super::Form;
use crate::eval::reference;
use crate::facts::value_of;
use crate::graph::{Graph, Head, Id, expand};
use crate::num::Real;
use crate::op::{Attr, Kernel, Op};
use crate::ty::{DType, Dim, Ty};

/// Steps beyond which nothing is sampled.
const STEPS: usize = 2000;
/// The assumed length of a symbol.
const LENGTH: usize = 2;

/// What computes a number.
#[derive(Debug)]
enum Step {
    /// An element of an input.
    Input(usize),
    Number(f64),
    /// An elementwise operator, or a fold of all its operands.
    Apply(Op, SmallVec<[u32; 3]>),
}

/// A form that is computed number by number.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    /// The elements of each root; none of a root that is not sampled.
    roots: Vec<Option<Vec<u32>>>,
}

/// The elements of a value, row by row.
type Elements = ArrayD<u32>;

impl Program {
    /// `None` where it is too long. What computes other than with floats, with lengths and truth values, or needs its
    /// operands whole, is not sampled.
    pub(super) fn of((graph, roots): Form<'_>) -> Option<Program> {
        let written = expand(graph, roots).ok()?;
        let (graph, roots) = written.as_ref().map_or((graph, roots), |(g, r)| (g, r.as_slice()));
        let mut out = Program { steps: Vec::new(), roots: Vec::new() };
        let mut at: Vec<Option<Elements>> = vec![None; graph.len()];
        let firsts = firsts(graph)?;
        for id in graph.reachable(roots) {
            let value = out.node(graph, id, &firsts, &at);
            at[id as usize] = value;
            if out.steps.len() > STEPS {
                return None;
            }
        }
        let elements = |r: &Id| at[*r as usize].as_ref().map(|e| e.iter().copied().collect());
        out.roots = roots.iter().map(elements).collect();
        Some(out)
    }

    fn push(&mut self, step: Step) -> u32 {
        self.steps.push(step);
        u32::try_from(self.steps.len() - 1).unwrap_or(u32::MAX)
    }

    fn one(&mut self, step: Step) -> Elements {
        ArrayD::from_elem(IxDyn(&[]), self.push(step))
    }

    fn node(&mut self, graph: &Graph, id: Id, firsts: &[usize], at: &[Option<Elements>]) -> Option<Elements> {
        let ty = graph.ty(id);
        let lens = lengths(ty)?;
        let value = match graph.node(id).head {
            Head::Const(bits) => self.one(Step::Number(f64::from_bits(bits))),
            Head::Int(..) => self.one(Step::Number(graph.facts(id).constant?)),
            Head::Size(s) => self.one(Step::Number(number(length(graph.size(s))?))),
            Head::Var(_) if !ty.dtype.is_float() => return None,
            Head::Var(v) => {
                let first = *firsts.get(v as usize)?;
                let own = (0..lens.iter().product()).map(|i| self.push(Step::Input(first + i))).collect();
                ArrayD::from_shape_vec(IxDyn(&lens), own).ok()?
            }
            Head::Op(op, attr) => {
                let args: SmallVec<[&Elements; 3]> =
                    graph.node(id).args.iter().map(|&a| at[a as usize].as_ref()).collect::<Option<_>>()?;
                if ty.dtype != DType::Bool
                    && !ty.dtype.is_float()
                    && !matches!(op.def().kernel, Kernel::Length)
                {
                    return None;
                }
                self.apply(op, graph.attr(attr), &args, &lens)?
            }
        };
        (*value.shape() == *lens).then_some(value)
    }

    fn apply(&mut self, op: Op, attr: &Attr, args: &[&Elements], lens: &[usize]) -> Option<Elements> {
        let def = op.def();
        match def.kernel {
            Kernel::Map1(_) | Kernel::Map2(_) | Kernel::Map3(_) => {
                def.real?;
                let wide: SmallVec<[_; 3]> =
                    args.iter().map(|a| a.broadcast(IxDyn(lens))).collect::<Option<_>>()?;
                let mut parts: SmallVec<[_; 3]> = wide.iter().map(|w| w.iter()).collect();
                let own = (0..lens.iter().product()).map(|_| {
                    let operands = parts.iter_mut().filter_map(Iterator::next).copied().collect();
                    self.push(Step::Apply(op, operands))
                });
                let own = own.collect();
                ArrayD::from_shape_vec(IxDyn(lens), own).ok()
            }
            Kernel::Reduce { .. } => {
                def.real?;
                let &[a] = args else { return None };
                let axes = attr.axes(a.ndim());
                let mut groups: ArrayD<SmallVec<[u32; 3]>> = ArrayD::default(IxDyn(lens));
                for (index, &x) in a.indexed_iter() {
                    let index = ndarray::Dimension::slice(&index);
                    let kept: SmallVec<[usize; 4]> =
                        (0..a.ndim()).filter(|d| !axes.contains(d)).map(|d| index[d]).collect();
                    groups.get_mut(IxDyn(&kept))?.push(x);
                }
                Some(groups.map(|g| self.push(Step::Apply(op, g.clone()))))
            }
            Kernel::Dot => {
                let &[a, b] = args else { return None };
                self.product(a, b, lens)
            }
            Kernel::View(_) | Kernel::Reshape | Kernel::Concat | Kernel::SetAt => {
                let moved = moved(op, attr, args, lens)?;
                let all: Vec<u32> = args.iter().flat_map(|a| a.iter().copied()).collect();
                let own: Option<Vec<u32>> = moved.iter().map(|&i| all.get(i).copied()).collect();
                ArrayD::from_shape_vec(IxDyn(lens), own?).ok()
            }
            Kernel::IncAt => {
                let &[base, part] = args else { return None };
                let set = moved(Op::SetSubtensor, attr, args, lens)?;
                let part: Vec<u32> = part.iter().copied().collect();
                let base: Vec<u32> = base.iter().copied().collect();
                let own = set.iter().zip(&base).map(|(&i, &b)| match i.checked_sub(base.len()) {
                    Some(k) => part.get(k).map(|&p| self.push(Step::Apply(Op::Add, smallvec![b, p]))),
                    None => Some(b),
                });
                let own: Option<Vec<u32>> = own.collect();
                ArrayD::from_shape_vec(IxDyn(lens), own?).ok()
            }
            _ => None,
        }
    }

    /// Sums of products over the last axis of the left and the last but one (or only) axis of the right operand.
    fn product(&mut self, a: &Elements, b: &Elements, lens: &[usize]) -> Option<Elements> {
        let inner = *a.shape().last()?;
        let rows = a.len().checked_div(inner)?;
        let columns = if b.ndim() == 2 { b.shape()[1] } else { 1 };
        if a.ndim() > 2 || b.ndim() > 2 {
            return None;
        }
        let (a, b): (Vec<u32>, Vec<u32>) = (a.iter().copied().collect(), b.iter().copied().collect());
        let mut own = Vec::with_capacity(rows * columns);
        for i in 0..rows {
            for j in 0..columns {
                let mut terms = SmallVec::new();
                for k in 0..inner {
                    let factors = smallvec![*a.get(i * inner + k)?, *b.get(k * columns + j)?];
                    terms.push(self.push(Step::Apply(Op::Mul, factors)));
                }
                own.push(self.push(Step::Apply(Op::Sum, terms)));
            }
        }
        ArrayD::from_shape_vec(IxDyn(lens), own).ok()
    }

    /// The roots at a point, in doubles; nothing of those that are not sampled.
    pub(super) fn doubles(&self, point: &[f64]) -> Option<Vec<Vec<f64>>> {
        self.run(
            point,
            |x| x,
            |op, args| match op.def().kernel {
                Kernel::Reduce { fold, .. } => Some(fold(args)),
                _ => value_of(op, args),
            },
        )
    }

    /// The roots at a point, with 75 digits, as doubles; nothing of those that are not sampled.
    pub(super) fn reals(&self, point: &[f64]) -> Option<Vec<Vec<f64>>> {
        let apply = |op: Op, args: &[Real]| {
            // Of more than two operands the first two are taken first.
            let f = op.def().real?;
            Some(if op.def().nests() && args.len() > 2 {
                args[1..].iter().fold(args[0].clone(), |x, y| f(&[x, y.clone()]))
            } else {
                f(args)
            })
        };
        let found = self.run(point, Real::from, apply)?;
        Some(found.iter().map(|r| r.iter().map(Real::to_f64).collect()).collect())
    }

    fn run<T: Clone>(
        &self,
        point: &[f64],
        number: impl Fn(f64) -> T,
        apply: impl Fn(Op, &[T]) -> Option<T>,
    ) -> Option<Vec<Vec<T>>> {
        let mut at: Vec<T> = Vec::with_capacity(self.steps.len());
        let mut operands: Vec<T> = Vec::new();
        for step in &self.steps {
            let value = match step {
                Step::Input(v) => number(*point.get(*v)?),
                Step::Number(x) => number(*x),
                Step::Apply(op, args) => {
                    operands.clear();
                    operands.extend(args.iter().map(|&a| at[a as usize].clone()));
                    apply(*op, &operands)?
                }
            };
            at.push(value);
        }
        let of = |elements: &Option<Vec<u32>>| {
            elements.iter().flatten().map(|&e| at[e as usize].clone()).collect()
        };
        Some(self.roots.iter().map(of).collect())
    }
}

/// Where the elements of each input begin in a point, and where a point ends.
pub(super) fn firsts(graph: &Graph) -> Option<Vec<usize>> {
    let mut out = vec![0];
    for (_, ty) in graph.vars() {
        let n: usize = lengths(ty)?.iter().product();
        out.push(out.last()? + n);
    }
    Some(out)
}

fn length(d: &Dim) -> Option<usize> {
    d.eval(&|_| Some(LENGTH))
}

fn lengths(ty: &Ty) -> Option<SmallVec<[usize; 4]>> {
    let lens: SmallVec<[usize; 4]> = ty.shape.dims().iter().map(length).collect::<Option<_>>()?;
    (lens.iter().product::<usize>() <= STEPS).then_some(lens)
}

#[allow(clippy::cast_precision_loss, reason = "samples are small")]
fn number(n: usize) -> f64 {
    n as f64
}

/// Which element of all operands, one after the other, a movement puts where: the reference moves their numbers.
fn moved(op: Op, attr: &Attr, args: &[&Elements], lens: &[usize]) -> Option<Vec<usize>> {
    let mut first = 0;
    let mut places = Vec::with_capacity(args.len());
    for a in args {
        let numbers = (first..first + a.len()).map(number).collect();
        places.push(ArrayD::from_shape_vec(a.raw_dim(), numbers).ok()?);
        first += a.len();
    }
    let moved = reference::apply(op, attr, &places.iter().collect::<Vec<_>>(), lens).ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of elements")]
    Some(moved.iter().map(|&i| i as usize).collect())
}
