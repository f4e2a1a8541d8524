//! Forms as programs over single numbers: arrays are written out, with few elements.

use std::collections::hash_map::Entry;

use ndarray::{ArrayD, IxDyn};
use rustc_hash::FxHashMap;
use smallvec::{SmallVec, smallvec};

use super::Form;
use crate::eval::reference;
use crate::graph::{Graph, Head, Id, expand};
use crate::num::Real;
use crate::op::{Attr, Kernel, Op, Ring};
use crate::ty::{Dim, Ty};

/// What a result of 30 digits may be off, relatively, where it is taken for that of 75: a quarter of a unit of a double.
const CERTAIN: f64 = f64::EPSILON / 8.0;

/// How arrays are written out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    /// The assumed length of a symbol.
    pub(crate) length: usize,
    /// Steps beyond which nothing is sampled.
    pub(crate) steps: usize,
}

impl Grid {
    /// The lengths of a type; `None` where it has too many elements.
    pub(crate) fn lengths(self, ty: &Ty) -> Option<SmallVec<[usize; 4]>> {
        let lens: SmallVec<[usize; 4]> =
            ty.shape.dims().iter().map(|d| self.dim(d)).collect::<Option<_>>()?;
        (lens.iter().product::<usize>() <= self.steps).then_some(lens)
    }

    fn dim(self, d: &Dim) -> Option<usize> {
        d.eval(&|_| Some(self.length))
    }
}

/// What computes a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    /// An element of an input.
    Input(usize),
    /// A number, by its bits.
    Number(u64),
    /// An elementwise operator, or a fold of all its operands.
    Apply(Op, SmallVec<[u32; 3]>),
}

/// A form that is computed number by number.
#[derive(Debug)]
pub(crate) struct Program {
    grid: Grid,
    steps: Vec<Step>,
    /// Where each step is: what is computed twice is computed once.
    known: FxHashMap<Step, u32>,
    /// How many steps were asked for.
    asked: usize,
    /// The elements of each root; none of a root that is not sampled.
    roots: Vec<Option<Vec<u32>>>,
}

/// Elements that both of two forms compute, as steps of the one and of the other.
pub(super) type Both = Vec<(usize, usize)>;

/// The elements of a value, row by row.
type Elements = ArrayD<u32>;

impl Program {
    /// `None` where it is too long. What has no meaning over the reals, or needs its operands whole, is not sampled.
    pub(crate) fn of((graph, roots): Form<'_>, grid: Grid) -> Option<Program> {
        let mut out = Program::new(grid);
        out.roots = out.written((graph, roots))?;
        Some(out)
    }

    /// Two forms over the same inputs as one program, and the elements of the roots that both compute, as steps of the
    /// one and of the other.
    pub(super) fn of_both(first: Form<'_>, second: Form<'_>, grid: Grid) -> Option<(Program, Both)> {
        let mut out = Program::new(grid);
        let a = out.written(first)?;
        out.asked = 0;
        let b = out.written(second)?;
        let known = a.iter().zip(&b).filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)));
        let both =
            known.flat_map(|(a, b)| a.iter().zip(b).map(|(&a, &b)| (a as usize, b as usize))).collect();
        Some((out, both))
    }

    fn new(grid: Grid) -> Program {
        Program { grid, steps: Vec::new(), known: FxHashMap::default(), asked: 0, roots: Vec::new() }
    }

    /// Writes a form out; the elements of its roots.
    fn written(&mut self, (graph, roots): Form<'_>) -> Option<Vec<Option<Vec<u32>>>> {
        let written = expand(graph, roots).ok()?;
        let (graph, roots) = written.as_ref().map_or((graph, roots), |(g, r)| (g, r.as_slice()));
        let mut at: Vec<Option<Elements>> = vec![None; graph.len()];
        let firsts = firsts(graph, self.grid)?;
        for id in graph.reachable(roots) {
            let value = self.node(graph, id, &firsts, &at);
            at[id as usize] = value;
            if self.asked > self.grid.steps {
                return None;
            }
        }
        let elements = |r: &Id| at[*r as usize].as_ref().map(|e| e.iter().copied().collect());
        Some(roots.iter().map(elements).collect())
    }

    fn push(&mut self, step: Step) -> u32 {
        self.asked += 1;
        match self.known.entry(step) {
            Entry::Occupied(e) => *e.get(),
            Entry::Vacant(e) => {
                self.steps.push(e.key().clone());
                *e.insert(u32::try_from(self.steps.len() - 1).unwrap_or(u32::MAX))
            }
        }
    }

    fn one(&mut self, step: Step) -> Elements {
        ArrayD::from_elem(IxDyn(&[]), self.push(step))
    }

    fn node(&mut self, graph: &Graph, id: Id, firsts: &[usize], at: &[Option<Elements>]) -> Option<Elements> {
        let ty = graph.ty(id);
        let lens = self.grid.lengths(ty)?;
        let value = match graph.node(id).head {
            Head::Const(bits) => self.one(Step::Number(bits)),
            Head::Int(..) => self.one(Step::Number(graph.facts(id).constant?.to_bits())),
            Head::Size(s) => self.one(Step::Number(number(self.grid.dim(graph.size(s))?).to_bits())),
            Head::Var(v) => {
                let first = *firsts.get(v as usize)?;
                let own = (0..lens.iter().product()).map(|i| self.push(Step::Input(first + i))).collect();
                ArrayD::from_shape_vec(IxDyn(&lens), own).ok()?
            }
            Head::Op(op, attr) => {
                let args: SmallVec<[&Elements; 3]> =
                    graph.node(id).args.iter().map(|&a| at[a as usize].as_ref()).collect::<Option<_>>()?;
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
                let moved = moved(op, attr, args, 1, lens)?;
                let all: Vec<u32> = args.iter().flat_map(|a| a.iter().copied()).collect();
                let own: Option<Vec<u32>> = moved.iter().map(|&i| all.get(i).copied()).collect();
                ArrayD::from_shape_vec(IxDyn(lens), own?).ok()
            }
            Kernel::IncAt => {
                let &[base, part] = args else { return None };
                let part: Vec<u32> = part.iter().copied().collect();
                let base: Vec<u32> = base.iter().copied().collect();
                // To the number of an element the reference adds one that tells it and what is added apart.
                let n = base.len().max(1);
                let own = moved(op, attr, args, n, lens)?.into_iter().map(|i| match (i / n, i % n) {
                    (0, b) => base.get(b).copied(),
                    (k, b) => self.sum(smallvec![*base.get(b)?, *part.get(k - 1)?]),
                });
                let own: Option<Vec<u32>> = own.collect();
                ArrayD::from_shape_vec(IxDyn(lens), own?).ok()
            }
            _ => None,
        }
    }

    fn sum(&mut self, terms: SmallVec<[u32; 3]>) -> Option<u32> {
        Some(match *terms {
            [] => self.push(Step::Number(0)),
            [one] => one,
            _ => self.push(Step::Apply(Op::of_ring(Ring::Sum)?, terms)),
        })
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
                    terms.push(self.push(Step::Apply(Op::of_ring(Ring::Product)?, factors)));
                }
                own.push(self.sum(terms)?);
            }
        }
        ArrayD::from_shape_vec(IxDyn(lens), own).ok()
    }

    /// The elements of all roots; `None` where one is not sampled.
    pub(crate) fn elements(&self) -> Option<Vec<usize>> {
        let all: Option<Vec<&Vec<u32>>> = self.roots.iter().map(Option::as_ref).collect();
        Some(all?.into_iter().flatten().map(|&e| e as usize).collect())
    }

    /// All steps at some points, in doubles: a row of values for each step.
    pub(super) fn doubles(&self, points: &[Vec<f64>]) -> Option<Vec<f64>> {
        let n = points.len();
        let mut at = vec![0.0; self.steps.len() * n];
        for (i, step) in self.steps.iter().enumerate() {
            let (before, out) = at.split_at_mut(i * n);
            let out = &mut out[..n];
            match step {
                Step::Input(v) => {
                    for (out, point) in out.iter_mut().zip(points) {
                        *out = *point.get(*v)?;
                    }
                }
                Step::Number(bits) => out.fill(f64::from_bits(*bits)),
                Step::Apply(op, args) => {
                    let rows: SmallVec<[&[f64]; 4]> =
                        args.iter().map(|&a| &before[a as usize * n..][..n]).collect();
                    apply_each(*op, &rows, out)?;
                }
            }
        }
        Some(at)
    }

    /// Pairs of steps at a point, with 75 digits, as doubles. They are computed with 30 digits where those are enough.
    pub(super) fn pairs(&self, point: &[f64], wanted: &[usize]) -> Option<Vec<f64>> {
        let vanishes = |x: &Real| x.is_zero() && x.err() > 0.0;
        // Of what vanishes by both ways in 30 digits, 75 would not tell the sign; by one, they may tell which.
        let known = |pair: &[Real]| pair.iter().all(|x| x.err() <= CERTAIN) || pair.iter().all(vanishes);
        let Some(found) = self.computed(point, wanted, Real::short).filter(|f| f.chunks(2).all(known)) else {
            return self.reals(point, wanted);
        };
        Some(found.iter().map(|x| if vanishes(x) { f64::NAN } else { x.to_f64() }).collect())
    }

    /// Some steps at a point, with 75 digits, as doubles.
    pub(crate) fn reals(&self, point: &[f64], wanted: &[usize]) -> Option<Vec<f64>> {
        Some(self.computed(point, wanted, Real::from)?.iter().map(Real::to_f64).collect())
    }

    /// Some steps at a point; `None` where nothing is known of one that they need.
    fn computed(&self, point: &[f64], wanted: &[usize], number: fn(f64) -> Real) -> Option<Vec<Real>> {
        let mut needed = vec![false; self.steps.len()];
        wanted.iter().for_each(|&w| needed[w] = true);
        for i in (0..self.steps.len()).rev() {
            if let (true, Step::Apply(_, args)) = (needed[i], &self.steps[i]) {
                args.iter().for_each(|&a| needed[a as usize] = true);
            }
        }
        let mut at: Vec<Option<Real>> = vec![None; self.steps.len()];
        let mut operands: Vec<Real> = Vec::new();
        for (i, step) in self.steps.iter().enumerate().filter(|(i, _)| needed[*i]) {
            let value = match step {
                Step::Input(v) => number(*point.get(*v)?),
                Step::Number(bits) => number(f64::from_bits(*bits)),
                Step::Apply(op, args) => {
                    operands.clear();
                    operands.extend(args.iter().filter_map(|&a| at[a as usize].clone()));
                    let f = op.def().real?;
                    // Of more than two operands the first two are taken first.
                    if op.def().nests() && operands.len() > 2 {
                        operands[1..].iter().fold(operands[0].clone(), |x, y| f(&[x, y.clone()]))
                    } else {
                        f(&operands)
                    }
                }
            };
            // A comparison of it would tell nothing.
            if value.is_lost() {
                return None;
            }
            at[i] = Some(value);
        }
        wanted.iter().map(|&w| at[w].clone()).collect()
    }
}

/// Where the elements of each input begin in a point, and where a point ends.
pub(super) fn firsts(graph: &Graph, grid: Grid) -> Option<Vec<usize>> {
    let mut out = vec![0];
    for (_, ty) in graph.vars() {
        let n: usize = grid.lengths(ty)?.iter().product();
        out.push(out.last()? + n);
    }
    Some(out)
}

/// An operator at some points; `None` where it is not one of numbers.
fn apply_each(op: Op, rows: &[&[f64]], out: &mut [f64]) -> Option<()> {
    match (op.def().kernel, rows) {
        (Kernel::Map1(k), [a]) => (k.block)(a, out),
        (Kernel::Map2(k), [a, b]) => (k.block)(a, b, out),
        (Kernel::Map3(k), [a, b, c]) => (k.block)(a, b, c, out),
        (Kernel::Map2(k), [a, rest @ ..]) if !rest.is_empty() => {
            let mut so_far = a.to_vec();
            for row in rest {
                (k.block)(&so_far, row, out);
                so_far.copy_from_slice(out);
            }
        }
        (Kernel::Reduce { fold, .. }, _) => {
            let mut operands = vec![0.0; rows.len()];
            for (i, out) in out.iter_mut().enumerate() {
                operands.iter_mut().zip(rows).for_each(|(x, row)| *x = row[i]);
                *out = fold(&operands);
            }
        }
        _ => return None,
    }
    Some(())
}

#[allow(clippy::cast_precision_loss, reason = "samples are small")]
fn number(n: usize) -> f64 {
    n as f64
}

/// Which element of all operands, one after the other, a movement puts where: the reference moves their numbers. Those
/// of operands after the first go up by `step`.
fn moved(op: Op, attr: &Attr, args: &[&Elements], step: usize, lens: &[usize]) -> Option<Vec<usize>> {
    let mut first = 0;
    let mut places = Vec::with_capacity(args.len());
    for (k, a) in args.iter().enumerate() {
        let step = if k == 0 { 1 } else { step };
        let numbers = (0..a.len()).map(|i| number(first + i * step)).collect();
        places.push(ArrayD::from_shape_vec(a.raw_dim(), numbers).ok()?);
        first += a.len();
    }
    let moved = reference::apply(op, attr, &places.iter().collect::<Vec<_>>(), lens).ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "numbers of elements")]
    Some(moved.iter().map(|&i| i as usize).collect())
}
