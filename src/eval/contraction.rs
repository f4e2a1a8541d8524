//! Sums of products of two arrays that each lack an axis of the space, computed as products of matrices
//! without the space in memory.
//!
//! Every axis of the space is along both operands, or along one of them, and is kept or summed. The longest
//! axis of each class becomes rows, columns or the inner length of a product of matrices; what is left are
//! loops around it. A summed axis along one operand alone is added up behind the product, row by row.

use smallvec::SmallVec;

use super::copy::Read;
use super::dot::LARGE_MATRIX;
use super::error::RunError;
use super::layout::{Layout, signed};
use super::product::{Gemm, Operand, Result as Target, product};
use crate::graph::{Graph, Id};
use crate::math::wide;
use crate::op::{Kernel, Law, Ring};
use crate::threads::{Threads, share};

/// Sums of products, and the products that nothing else needs.
#[derive(Debug, Default)]
pub(super) struct Contractions {
    /// Products that are never computed, ascending.
    products: Vec<Id>,
}

/// The product whose sum a node is, where each operand lacks an axis that the other has, some axis of both
/// is summed, and not both have a summed axis of their own.
fn summed_product(graph: &Graph, id: Id) -> Option<Id> {
    let (op, attr, args) = graph.application(id)?;
    let product = *args.first()?;
    let (times, _, factors) = graph.application(product)?;
    let sums = matches!(op.def().kernel, Kernel::Reduce { .. }) && op.def().has(Law::Total);
    let ty = graph.ty(product);
    if !sums || times.def().ring != Ring::Product || factors.len() != 2 || !ty.dtype.is_float() {
        return None;
    }
    if factors.iter().any(|&f| graph.ty(f).dtype != ty.dtype) {
        return None;
    }
    let along = |f: Id, axis: usize| {
        let dims = graph.ty(f).shape.dims();
        (axis + dims.len()).checked_sub(ty.rank()).is_some_and(|a| !dims[a].is_one())
    };
    let axes = attr.axes(ty.rank());
    let (mut own, mut summed, mut inner) = ([false; 2], [false; 2], false);
    for axis in 0..ty.rank() {
        let sum = axes.contains(&axis);
        match (along(factors[0], axis), along(factors[1], axis)) {
            (true, true) => inner |= sum,
            (true, false) => (own[0], summed[0]) = (true, summed[0] | sum),
            (false, true) => (own[1], summed[1]) = (true, summed[1] | sum),
            (false, false) => {}
        }
    }
    (own == [true, true] && inner && summed != [true, true]).then_some(product)
}

impl Contractions {
    /// Those among nodes in ascending order.
    pub(super) fn find(graph: &Graph, order: &[Id], roots: &[Id]) -> Contractions {
        let mut products = Vec::new();
        let mut others: Vec<Id> = roots.to_vec();
        for &id in order {
            match summed_product(graph, id) {
                Some(product) => products.push(product),
                None => others.extend_from_slice(&graph.node(id).args),
            }
        }
        if products.is_empty() {
            return Contractions::default();
        }
        products.sort_unstable();
        products.dedup();
        others.sort_unstable();
        products.retain(|p| others.binary_search(p).is_err());
        Contractions { products }
    }

    pub(super) fn is_product(&self, id: Id) -> bool {
        self.products.binary_search(&id).is_ok()
    }

    /// The operands of the product whose sum a node is.
    pub(super) fn operands(&self, graph: &Graph, id: Id) -> Option<[Id; 2]> {
        if self.products.is_empty() {
            return None;
        }
        let product = summed_product(graph, id).filter(|&p| self.is_product(p))?;
        let (_, _, factors) = graph.application(product)?;
        factors.try_into().ok()
    }
}

/// An axis: its length, and how far the operands and the result move along it.
#[derive(Debug, Clone, Copy)]
struct Axis {
    n: usize,
    a: isize,
    b: isize,
    out: isize,
}

/// No axis: one element.
const POINT: Axis = Axis { n: 1, a: 0, b: 0, out: 0 };

/// Rows of a product that is added up: so many elements of it.
const PANEL: usize = 1 << 13;

/// A contraction whose lengths are known.
struct Loops {
    rows: Axis,
    cols: Axis,
    inner: Axis,
    /// Loops around the product, from the outside; what is summed comes last.
    around: SmallVec<[Axis; 4]>,
}

impl Loops {
    fn new(mut axes: SmallVec<[Axis; 6]>) -> Loops {
        let mut take = |class: &dyn Fn(&Axis) -> bool| {
            let longest = (0..axes.len()).filter(|&i| class(&axes[i])).max_by_key(|&i| (axes[i].n, i));
            longest.map(|i| axes.remove(i))
        };
        let inner = take(&|x| x.a != 0 && x.b != 0 && x.out == 0);
        let kept_rows = take(&|x| x.a != 0 && x.b == 0 && x.out != 0);
        let cols = take(&|x| x.a == 0 && x.b != 0 && x.out != 0);
        let rows = kept_rows.or_else(|| take(&|x| x.a != 0 && x.b == 0));
        axes.sort_by_key(|x| x.out == 0);
        Loops {
            rows: rows.unwrap_or(POINT),
            cols: cols.unwrap_or(POINT),
            inner: inner.unwrap_or(POINT),
            around: axes.into_iter().collect(),
        }
    }
}

/// Sums over `axes` of the products of `a` and `b` over a space, into `out` in row-major order.
pub(super) fn contract<T: Gemm>(
    a: &Read<'_, T>,
    b: &Read<'_, T>,
    space: &[usize],
    axes: &[usize],
    out: &mut [T],
    threads: Threads,
) -> Result<(), RunError> {
    let mut strides: SmallVec<[isize; 12]> = SmallVec::new();
    a.1.over(space, &mut strides)?;
    b.1.over(space, &mut strides)?;
    if space.contains(&0) {
        out.fill(T::default());
        return Ok(());
    }
    let kept: SmallVec<[usize; 6]> = (0..space.len()).filter(|x| !axes.contains(x)).collect();
    let lens: SmallVec<[usize; 6]> = kept.iter().map(|&x| space[x]).collect();
    let result = Layout::contiguous(&lens);
    let mut all: SmallVec<[Axis; 6]> = (0..space.len())
        .map(|x| Axis {
            n: space[x],
            a: strides[x],
            b: strides[space.len() + x],
            out: kept.iter().position(|&k| k == x).map_or(0, |k| result.strides[k]),
        })
        .filter(|x| x.n > 1)
        .collect();
    // A summed axis of the right operand alone: the operands change places, so that it is of the left one.
    let own = |x: &Axis| x.a == 0 && x.b != 0 && x.out == 0;
    let (mut a, mut b) = ((&*a.0, a.1.offset), (&*b.0, b.1.offset));
    if all.iter().any(own) {
        std::mem::swap(&mut a, &mut b);
        all.iter_mut().for_each(|x| std::mem::swap(&mut x.a, &mut x.b));
    }
    let work = all.iter().fold(1usize, |w, x| w.saturating_mul(x.n));
    let mut loops = Loops::new(all);
    let fail =
        || RunError::Shape { what: "a sum of products".into(), expected: lens.to_vec(), got: space.to_vec() };
    // The outermost loop is shared out where its results lie one after the other.
    let first =
        loops.around.first().copied().filter(|x| x.out != 0 && x.n * x.out.unsigned_abs() == out.len());
    let parts = if work < LARGE_MATRIX { 1 } else { threads.count() };
    if let Some(first) = first.filter(|_| parts > 1) {
        let part = first.n.div_ceil(parts);
        let size = part * first.out.unsigned_abs();
        let panels = out.chunks_mut(size).enumerate();
        let mut panels: Vec<(usize, &mut [T], Option<()>)> = panels.map(|(i, out)| (i, out, None)).collect();
        share(&mut panels, &mut vec![(); parts], &|(i, out, done), ()| {
            let mut own = Loops { around: loops.around.clone(), ..loops };
            own.around[0].n = out.len() / first.out.unsigned_abs();
            let from = |x: (_, isize), step: isize| (x.0, x.1 + signed(*i * part) * step);
            *done = own.run(from(a, first.a), from(b, first.b), out);
        });
        return panels.into_iter().map(|(.., done)| done).collect::<Option<()>>().ok_or_else(fail);
    }
    loops.run(a, b, out).ok_or_else(fail)
}

impl Loops {
    /// `None` where lengths and memory do not agree.
    fn run<T: Gemm>(&mut self, a: (&[T], isize), b: (&[T], isize), out: &mut [T]) -> Option<()> {
        let Loops { rows, cols, inner, .. } = *self;
        let summed = rows.n > 1 && rows.out == 0;
        let panel = if summed { (PANEL / cols.n).clamp(16, 512).min(rows.n) } else { rows.n };
        let mut apart = vec![T::default(); if summed { panel * cols.n } else { 0 }];
        let mut at: SmallVec<[usize; 4]> = SmallVec::from_elem(0, self.around.len());
        loop {
            let offset = |step: &dyn Fn(&Axis) -> isize| -> isize {
                at.iter().zip(&self.around).map(|(&i, x)| signed(i) * step(x)).sum()
            };
            let to = offset(&|x| x.out);
            let add = at.iter().zip(&self.around).any(|(&i, x)| x.out == 0 && i > 0);
            let right = Operand { data: b.0, at: b.1 + offset(&|x| x.b), strides: (inner.b, cols.b) };
            for r in (0..rows.n).step_by(panel) {
                let height = panel.min(rows.n - r);
                let from = a.1 + offset(&|x| x.a) + signed(r) * rows.a;
                let left = Operand { data: a.0, at: from, strides: (rows.a, inner.a) };
                let lens = (height, inner.n, cols.n);
                if summed {
                    let strides = (signed(cols.n), 1);
                    let mut panel = Target { data: &mut apart, at: 0, strides, add: false };
                    product(&left, &right, &mut panel, lens)?;
                    let rows = &apart[..height * cols.n];
                    let result = (&mut *out, to, cols.out);
                    wide::widely(AddRows { rows, cols: cols.n, add: add || r > 0, result })?;
                } else {
                    let strides = (rows.out, cols.out);
                    product(&left, &right, &mut Target { data: out, at: to, strides, add }, lens)?;
                }
            }
            if !next(&mut at, &self.around) {
                return Some(());
            }
        }
    }
}

/// The next position of a counter; false past the last.
fn next(at: &mut [usize], around: &[Axis]) -> bool {
    for (i, x) in at.iter_mut().zip(around).rev() {
        *i += 1;
        if *i < x.n {
            return true;
        }
        *i = 0;
    }
    false
}

/// The sum of rows, or what it adds to what is there.
struct AddRows<'r, 'o, T> {
    rows: &'r [T],
    cols: usize,
    add: bool,
    /// Where it goes: memory, position, stride.
    result: (&'o mut [T], isize, isize),
}

impl<T: Gemm> wide::Loop for AddRows<'_, '_, T> {
    type Out = Option<()>;
    #[inline(always)]
    fn run(self) -> Option<()> {
        let (data, at, step) = self.result;
        let mut sums: SmallVec<[T; 64]> = SmallVec::from_elem(T::default(), self.cols);
        for row in self.rows.chunks_exact(self.cols) {
            sums.iter_mut().zip(row).for_each(|(s, &x)| *s += x);
        }
        for (i, &s) in sums.iter().enumerate() {
            let out = data.get_mut(usize::try_from(at + signed(i) * step).ok()?)?;
            *out = if self.add { *out + s } else { s };
        }
        Some(())
    }
}
