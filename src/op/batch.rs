//! Operators along one more, leading, axis: what a row answers when some operands have it.
//!
//! Most rows follow from their role and their attribute, which moves by one. Products, diagonals and
//! systems say it themselves; what is `None` cannot be done without a loop.

use super::{Attr, AttrKind, IndexItem, Kernel, Op, Role, View};
use crate::expr::{Expr, dot, switch};
use crate::ty::{DType, Dim};

/// An application, and its operands where some have one more axis, the first.
#[derive(Debug)]
pub struct Batched<'a> {
    /// The application without that axis.
    pub node: &'a Expr,
    /// The operands.
    pub args: &'a [Expr],
    /// Which of them have it.
    pub on: &'a [bool],
    /// Its length.
    pub n: &'a Dim,
}

/// The result with one more leading axis; `None` where no expression computes it.
pub type Batch = fn(&Batched<'_>) -> Option<Expr>;

const ALL: IndexItem = IndexItem::Slice { start: None, stop: None, step: 1 };

impl Batched<'_> {
    fn op(&self) -> Op {
        // Only applications are asked.
        self.node.op().unwrap_or(Op::ALL[0])
    }

    /// The rank of operand `i` without the axis.
    fn rank(&self, i: usize) -> usize {
        self.node.arg(i).rank()
    }

    /// Operand `i`, its own axes aligned at the end of `rank` behind the new one.
    pub(super) fn aligned(&self, i: usize, rank: usize) -> Expr {
        let (x, own) = (&self.args[i], self.rank(i));
        if !self.on[i] || own >= rank {
            return x.clone();
        }
        x.dimshuffle([Some(0)].into_iter().chain(vec![None; rank - own]).chain((1..=own).map(Some)))
    }

    /// Operand `i` with the axis, whether it had it or not.
    pub(super) fn full(&self, i: usize) -> Expr {
        if self.on[i] {
            return self.args[i].clone();
        }
        let lens = std::iter::once(self.n.clone()).chain(self.args[i].ty().shape.dims().iter().cloned());
        self.args[i].broadcast_to(&lens.collect::<Vec<_>>())
    }

    fn applied(&self, attr: Attr, args: impl IntoIterator<Item = Expr>) -> Option<Expr> {
        Expr::try_apply(self.op(), attr, args).ok()
    }
}

/// What role and attribute say.
pub(super) fn by_role(b: &Batched<'_>) -> Option<Expr> {
    let def = b.op().def();
    let attr = b.node.attr();
    match (def.role, def.attr) {
        (Role::Elementwise, _) => {
            let rank = b.node.rank();
            b.applied(attr.clone(), (0..b.args.len()).map(|i| b.aligned(i, rank)))
        }
        (_, AttrKind::Axes) => {
            let axes = attr.axes(b.rank(0)).into_iter().map(|a| a + 1).collect();
            b.applied(Attr::Axes(axes), [b.args[0].clone()])
        }
        // Operands that share the axis of the attribute all need the new one.
        (Role::Move | Role::Whole, AttrKind::Axis) => {
            let Attr::Axis(axis) = *attr else { return None };
            b.applied(Attr::Axis(axis + 1), (0..b.args.len()).map(|i| b.full(i)))
        }
        (Role::Move, AttrKind::Perm) => dimshuffle(b),
        (Role::Move, AttrKind::Dims) => {
            let Attr::Dims(dims) = attr else { return None };
            let x = if matches!(def.kernel, Kernel::View(View::Broadcast)) {
                b.aligned(0, dims.len())
            } else {
                b.args[0].clone()
            };
            b.applied(Attr::Dims(std::iter::once(b.n.clone()).chain(dims.iter().cloned()).collect()), [x])
        }
        (Role::Move, AttrKind::Index) => {
            let Attr::Index(items) = attr else { return None };
            let moved = Attr::Index(std::iter::once(ALL).chain(items.iter().cloned()).collect());
            if b.args.len() == 1 {
                return b.applied(moved, [b.args[0].clone()]);
            }
            let hole = b.node.arg(0).index(items).rank();
            b.applied(moved, [b.full(0), b.aligned(1, hole)])
        }
        _ => None,
    }
}

/// Two operands of one shape and axes of both.
pub(super) fn pair_over_axes(b: &Batched<'_>) -> Option<Expr> {
    let axes = b.node.attr().axes(b.rank(0)).into_iter().map(|a| a + 1).collect();
    b.applied(Attr::Axes(axes), [b.full(0), b.full(1)])
}

/// One of the parts along an axis.
pub(super) fn part(b: &Batched<'_>) -> Option<Expr> {
    let Attr::Part(axis, part) = *b.node.attr() else { return None };
    b.applied(Attr::Part(axis + 1, part), (0..b.args.len()).map(|i| b.full(i)))
}

fn dimshuffle(b: &Batched<'_>) -> Option<Expr> {
    let Attr::Perm(perm) = b.node.attr() else { return None };
    // An operand of too low a rank counts leading axes of length 1: none of them is left.
    let full = perm.iter().flatten().map(|a| a + 1).max().unwrap_or(0).max(b.rank(0));
    let lead = full - b.rank(0);
    let own = perm.iter().map(|p| p.and_then(|a| a.checked_sub(lead)).map(|a| a + 1));
    b.applied(Attr::Perm(std::iter::once(Some(0)).chain(own).collect()), [b.args[0].clone()])
}

/// New lengths, behind the new axis.
pub(super) fn reshape_like(b: &Batched<'_>) -> Option<Expr> {
    if !b.on[0] {
        let lens = std::iter::once(b.n.clone()).chain(b.node.ty().shape.dims().iter().cloned());
        return Some(b.node.broadcast_to(&lens.collect::<Vec<_>>()));
    }
    let own = b.node.ty().shape.dims().iter().cloned();
    Some(b.args[0].reshape_to(&std::iter::once(b.n.clone()).chain(own).collect::<Vec<_>>()))
}

/// Slices at indices that the new axis does not reach.
pub(super) fn gather(b: &Batched<'_>) -> Option<Expr> {
    let Attr::Axis(axis) = *b.node.attr() else { return None };
    if b.on[1] {
        return None;
    }
    let args = (0..b.args.len()).map(|i| if i == 1 { b.args[1].clone() } else { b.full(i) });
    b.applied(Attr::Axis(axis + 1), args)
}

/// What goes row by row, along the last axis.
pub(super) fn rows(b: &Batched<'_>) -> Option<Expr> {
    b.applied(b.node.attr().clone(), (0..b.args.len()).map(|i| b.full(i)))
}

/// The first `k + 1` axes as one.
fn merged(x: &Expr, k: usize) -> Expr {
    let dims = x.ty().shape.dims();
    let first = Dim::product(dims[..=k].iter().cloned());
    x.reshape_to(&std::iter::once(first).chain(dims[k + 1..].iter().cloned()).collect::<Vec<_>>())
}

/// The first axis as those two, in front of the others.
fn split(x: &Expr, a: &Dim, b: &Dim) -> Expr {
    let rest = x.ty().shape.dims()[1..].iter().cloned();
    x.reshape_to(&[a.clone(), b.clone()].into_iter().chain(rest).collect::<Vec<_>>())
}

fn swap_last(x: &Expr) -> Expr {
    x.dimshuffle([Some(0), Some(2), Some(1)])
}

/// A product with one operand for all is one product; the axes of the other become rows.
pub(super) fn product(b: &Batched<'_>) -> Option<Expr> {
    let (x, y) = (&b.args[0], &b.args[1]);
    let len = |e: &Expr, axis: usize| e.ty().shape.dims()[axis].clone();
    Some(match (b.on[0], b.on[1], b.rank(0), b.rank(1)) {
        (true, false, 1, _) => dot(x, y),
        (true, false, ..) => split(&dot(&merged(x, 1), y), b.n, &len(x, 1)),
        (false, true, 1, 1) => dot(y, x),
        (false, true, _, 1) => dot(y, &x.t()),
        (false, true, 1, _) => {
            let rows = swap_last(y);
            split(&dot(&merged(&rows, 1), x), b.n, &len(&rows, 1))
        }
        (false, true, ..) => {
            let rows = swap_last(y);
            swap_last(&split(&dot(&merged(&rows, 1), &x.t()), b.n, &len(&rows, 1)))
        }
        (_, _, 1, 1) => (x * y).reduce(Op::Sum, &Attr::Axes(vec![1])),
        (_, _, p, q) => {
            let left = if p == 1 { x.dimshuffle([Some(0), None, Some(1)]) } else { x.clone() };
            let right = if q == 1 { y.dimshuffle([Some(0), Some(1), None]) } else { y.clone() };
            let both = Expr::try_apply(Op::BatchedDot, Attr::None, [left, right]).ok()?;
            let kept = [Some(0), (p > 1).then_some(1), (q > 1).then_some(2)];
            if p > 1 && q > 1 { both } else { both.dimshuffle(kept.into_iter().flatten().map(Some)) }
        }
    })
}

/// Products along leading axes: the new one is the first of them.
pub(super) fn products(b: &Batched<'_>) -> Option<Expr> {
    let rank = b.rank(0).max(b.rank(1));
    b.applied(Attr::None, [b.aligned(0, rank), b.aligned(1, rank)])
}

/// Several right sides of one system are its columns.
pub(super) fn system(b: &Batched<'_>) -> Option<Expr> {
    if b.on[0] {
        return None;
    }
    let (a, y) = (&b.args[0], &b.args[1]);
    let solved = |c: Expr| Expr::try_apply(Op::Solve, Attr::None, [a.clone(), c]).ok();
    if b.rank(1) == 1 {
        return Some(solved(y.t())?.t());
    }
    let rows = swap_last(y);
    let columns = solved(merged(&rows, 1).t())?.t();
    Some(swap_last(&split(&columns, b.n, &rows.ty().shape.dims()[1])))
}

/// Rows and columns of a matrix, as numbers in a column and in a row.
fn places(m: &Dim, n: &Dim) -> (Expr, Expr) {
    (crate::expr::range(m.clone()).dimshuffle([Some(0), None]), crate::expr::range(n.clone()))
}

fn sides(b: &Batched<'_>, i: usize) -> Option<(Dim, Dim)> {
    match b.node.arg(i).ty().shape.dims() {
        [m, n] => Some((m.clone(), n.clone())),
        _ => None,
    }
}

/// The length of both sides of matrices whose diagonals are asked: unless both are known numbers they are
/// equal, and what computes with this length says so.
fn side(m: &Dim, n: &Dim) -> Option<Dim> {
    match (m.known(), n.known()) {
        (Some(p), Some(q)) => (p == q).then(|| m.clone()),
        (None, Some(_)) => Some(n.clone()),
        _ => Some(m.clone()),
    }
}

fn on_diagonal(m: &Dim, n: &Dim) -> Expr {
    let (rows, columns) = places(m, n);
    rows.eq(columns)
}

/// The diagonals of matrices that are square.
pub(super) fn diagonal(b: &Batched<'_>) -> Option<Expr> {
    let (m, n) = sides(b, 0)?;
    let n = side(&m, &n)?;
    let zero = zero(&b.args[0]);
    Some(switch(&on_diagonal(&n, &n), &b.args[0], zero).reduce(Op::Sum, &Attr::Axes(vec![2])))
}

/// Matrices with given diagonals.
pub(super) fn alloc_diag(b: &Batched<'_>) -> Option<Expr> {
    let n = &b.node.ty().shape.dims()[0];
    Some(switch(&on_diagonal(n, n), b.args[0].dimshuffle([Some(0), Some(1), None]), zero(&b.args[0])))
}

/// Zero of an element type.
fn zero(like: &Expr) -> Expr {
    let d = like.ty().dtype;
    let zero = Expr::lit(crate::expr::Lit::Float(0.0));
    if d == DType::F64 || d == DType::F32 {
        return zero;
    }
    Expr::lit(crate::expr::Lit::Int(0))
}

/// Matrices with new diagonals: numbers, or vectors where they are square.
pub(super) fn fill_diagonal(b: &Batched<'_>) -> Option<Expr> {
    let (mut m, mut n) = sides(b, 0)?;
    if b.rank(1) == 1 {
        n = side(&m, &n)?;
        m = n.clone();
    }
    let new = match (b.rank(1), b.on[1]) {
        (0, true) => b.args[1].dimshuffle([Some(0), None, None]),
        (0, false) => b.args[1].clone(),
        (_, true) => b.args[1].dimshuffle([Some(0), Some(1), None]),
        (_, false) => b.args[1].dimshuffle([Some(0), None]),
    };
    Some(switch(&on_diagonal(&m, &n), new, b.full(0)))
}

/// Matrices without what lies above their diagonals.
pub(super) fn tril(b: &Batched<'_>) -> Option<Expr> {
    let (m, n) = sides(b, 0)?;
    let (rows, columns) = places(&m, &n);
    Some(switch(&rows.ge(columns), &b.args[0], zero(&b.args[0])))
}

/// Matrices without what lies below their diagonals.
pub(super) fn triu(b: &Batched<'_>) -> Option<Expr> {
    let (m, n) = sides(b, 0)?;
    let (rows, columns) = places(&m, &n);
    Some(switch(&rows.le(columns), &b.args[0], zero(&b.args[0])))
}
