//! Derivatives too long for a row.

use super::{Attr, IndexItem, Op};
use crate::expr::{Adjoint, Expr, IntoExpr as _, dot, switch};

/// Product over axes. Where one element is zero only that one gets a gradient, the product of the
/// others; where two are, none does.
pub(super) fn prod_derivative(v: &Adjoint<'_>) -> Expr {
    let x = v.x(0);
    let is_zero = x.eq(0.0);
    let zeros = is_zero.reduce(Op::Sum, v.attr());
    let count = |n: i32| x.expand_reduced(&zeros.eq(n), v.attr());
    let g = x.expand_reduced(&v.g(), v.attr());
    let product = x.expand_reduced(&v.out(), v.attr());
    // The product of the others is asked only for groups with one zero whose adjoint is not zero.
    let single = count(1);
    let asked = (&single * g.neq(0.0)) * &x;
    let others = x.expand_reduced(&asked.reduce(Op::ProdWithoutZeros, v.attr()), v.attr());
    let lone = single * &is_zero;
    let printed = switch(&count(0), (&g * product) / &x, switch(&lone, others, 0.0) * &g);
    let exact = g * super::whole::derive::product_of_others(&x, v.attr());
    Expr::apply(Op::DifferentiatedAs, Attr::None, [printed, exact])
}

/// A number as an operand of the element type of the first one holds it.
pub(super) fn held(v: &Adjoint<'_>, x: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, reason = "rounding is what is asked for")]
    let single = f64::from(x as f32);
    if v.x(0).ty().dtype == crate::ty::DType::F32 { single } else { x }
}

/// A whole number beside the first operand: an integer where that is one, as in Theano.
pub(super) fn number(v: &Adjoint<'_>, n: i32) -> Expr {
    if v.x(0).ty().dtype.is_float() { f64::from(n).into_expr() } else { n.into_expr() }
}

/// One beside the first operand.
pub(super) fn unit(v: &Adjoint<'_>) -> Expr {
    number(v, 1)
}

/// `1.0 + |x|`.
pub(super) fn below_softsign(v: &Adjoint<'_>) -> Expr {
    1.0 + v.x(0).abs()
}

/// Zeros of an operand, with the axes that broadcasting adds: Theano sums them over what was broadcast.
pub(super) fn zeros_like_broadcast(v: &Adjoint<'_>, i: usize) -> Expr {
    let (x, g) = (v.x(i), v.g());
    let lead = g.rank() - x.rank();
    let wide = x.with_leading(lead);
    let stretched = |a: &usize| wide.ty().shape.dims()[*a].is_one() && !g.ty().shape.dims()[*a].is_one();
    let axes: Vec<usize> = (0..g.rank()).filter(stretched).collect();
    let zeros = wide.zeros_like();
    let summed = if axes.is_empty() {
        zeros
    } else {
        g.keepdims(&zeros.reduce(Op::Sum, &Attr::Axes(axes.clone())), &axes)
    };
    summed.without_leading(lead)
}

/// Zeros of the shape and type of an operand, as Theano's `zeros_like`.
pub(super) fn zeros_of(x: &Expr) -> Expr {
    if x.ty().dtype.is_int() { crate::expr::fill(x, 0) } else { x.zeros_like() }
}

/// Largest or smallest element: every one that attains it gets the whole gradient.
pub(super) fn extremum_derivative(v: &Adjoint<'_>) -> Expr {
    let x = v.x(0);
    x.expand_reduced(&v.out(), v.attr()).eq(&x) * x.expand_reduced(&v.g(), v.attr())
}

/// Smallest element, which Theano builds as the opposite of the largest opposite.
pub(super) fn min_derivative(v: &Adjoint<'_>) -> Expr {
    let opposite = -v.x(0);
    let largest = opposite.expand_reduced(&opposite.reduce(Op::Max, v.attr()), v.attr());
    -(largest.eq(&opposite) * opposite.expand_reduced(&-v.g(), v.attr()))
}

/// The lengths of all axes, one after the other.
pub(super) fn lengths(x: &Expr) -> Expr {
    if x.rank() == 0 {
        let zero = Expr::apply(Op::Cast, Attr::DType(crate::ty::DType::I64), [0.into_expr()]);
        return zero.broadcast_to(&[crate::ty::Dim::Known(0)]);
    }
    let parts: Vec<Expr> = (0..x.rank()).map(|a| x.length(a).dimshuffle([None])).collect();
    crate::expr::concatenate(&parts, 0)
}

/// `DimShuffle{0, x}(v)`: a vector as a column.
fn column(v: &Expr) -> Expr {
    v.dimshuffle([Some(0), None])
}

/// `DimShuffle{x, 0}(v)`: a vector as a row. Theano does not print it.
fn row(v: &Expr) -> Expr {
    v.dimshuffle([None, Some(0)])
}

/// The left operand of a product.
pub(super) fn dot_left(v: &Adjoint<'_>) -> Expr {
    let (a, b, g) = (v.x(0), v.x(1), v.g());
    match (a.rank(), b.rank()) {
        (1, 1) => g * b,
        (2, 1) => dot(&column(&g), &row(&b)),
        _ => dot(&g, &b.t()),
    }
}

/// The right operand of a product.
pub(super) fn dot_right(v: &Adjoint<'_>) -> Expr {
    let (a, b, g) = (v.x(0), v.x(1), v.g());
    match (a.rank(), b.rank()) {
        (1, 1) => g * a,
        (1, 2) => dot(&column(&a), &row(&g)),
        _ => dot(&a.t(), &g),
    }
}

/// The inverse of a dimshuffle: dropped axes come back with length 1, added ones go.
pub(super) fn dimshuffle_derivative(v: &Adjoint<'_>) -> Expr {
    let Attr::Perm(perm) = v.attr() else { return v.g() };
    let rank = v.x(0).rank();
    let full = perm.iter().flatten().map(|a| a + 1).max().unwrap_or(0).max(rank);
    let lead = full - rank;
    let back = (lead..full).map(|a| perm.iter().position(|p| *p == Some(a)));
    element(&v.g(), perm).unwrap_or_else(|| v.g().dimshuffle(back))
}

/// A scalar that was made a vector of one element, from a slice of a vector: `g[0]`, as the gradient of
/// a stack of scalars.
fn element(g: &Expr, perm: &[Option<usize>]) -> Option<Expr> {
    let Attr::Index(items) = g.attr() else { return None };
    match (items.as_slice(), perm) {
        ([IndexItem::Slice { start: Some(k), stop: Some(l), step: 1 }], [None])
            if *k >= 0 && *l == k + 1 && g.op() == Some(Op::Index) =>
        {
            Some(g.arg(0).index(&[IndexItem::At(*k)]))
        }
        _ => None,
    }
}

/// Sums over what a broadcast repeated: over added axes and over those of length 1 at once.
pub(super) fn alloc_derivative(v: &Adjoint<'_>) -> Expr {
    let (g, x) = (v.g(), v.x(0));
    let lead = g.rank() - x.rank();
    let one = |a: usize| x.ty().shape.dims()[a].is_one() && !g.ty().shape.dims()[a + lead].is_one();
    let stretched: Vec<usize> = (0..x.rank()).filter(|a| one(*a)).collect();
    let axes: Vec<usize> = (0..lead).chain(stretched.iter().map(|a| a + lead)).collect();
    if axes.is_empty() {
        return g;
    }
    let sum = g.reduce(Op::Sum, &Attr::Axes(axes));
    if stretched.is_empty() { sum } else { x.keepdims(&sum, &stretched) }
}

/// What was written gets what arrives at its place, summed over what it was broadcast to.
pub(super) fn unwrite(v: &Adjoint<'_>) -> Expr {
    let hole = Expr::apply(Op::Index, v.attr().clone(), [v.g()]);
    crate::expr::unbroadcast(&hole, &v.x(1))
}

/// Each operand gets its slice: by numbers where the lengths up to it are numbers.
pub(super) fn join_derivative(v: &Adjoint<'_>, i: usize) -> Expr {
    let Attr::Axis(axis) = *v.attr() else { return v.g() };
    if v.arity() == 1 {
        return v.g();
    }
    let all: Vec<Expr> = std::iter::once(v.g()).chain((0..v.arity()).map(|j| v.x(j))).collect();
    // A vector of scalars has no parts in Theano but elements.
    if super::is_stack(&v.out()) {
        return split_part(&all, &Attr::Part(axis, i));
    }
    Expr::apply(Op::SplitPart, Attr::Part(axis, i), all)
}

/// Choices between an element and two bounds. Truth values are counted, as in the arithmetic that `clip` is.
pub(super) fn clip(x: &[Expr], _: &Attr) -> Expr {
    let kept = switch(&x[0].lt(&x[1]), &x[1], switch(&x[0].gt(&x[2]), &x[2], &x[0]));
    match kept.ty().dtype {
        crate::ty::DType::Bool => Expr::apply(Op::Cast, Attr::DType(crate::ty::DType::I8), [kept]),
        _ => kept,
    }
}

/// A unit matrix by other operators.
pub(super) fn unit_matrix(x: &[Expr], attr: &Attr) -> Expr {
    let Attr::Dims(dims) = attr else { return x[0].clone() };
    let main = matches!(x[0].literal(), Some(crate::expr::Lit::Int(0)));
    if main && dims[0] == dims[1] {
        let ones = 1.0.into_expr().broadcast_to(&dims[..1]);
        return Expr::apply(Op::AllocDiag, Attr::None, [ones]);
    }
    let rows = crate::expr::range(dims[0].clone()).dimshuffle([Some(0), None]);
    let rows = if main { rows } else { rows + &x[0] };
    Expr::apply(Op::Cast, Attr::DType(crate::ty::DType::F64), [rows.eq(crate::expr::range(dims[1].clone()))])
}

/// One of the parts by other operators: a slice where lengths are known.
pub(super) fn split_part(x: &[Expr], attr: &Attr) -> Expr {
    let Attr::Part(axis, part) = *attr else { return x[0].clone() };
    let length = |e: &Expr| e.ty().shape.dims()[axis].known();
    let at = |n: usize| i64::try_from(n).ok();
    let before = x[1..=part].iter().map(length).sum::<Option<usize>>();
    let (Some(start), Some(own)) = (before, length(&x[part + 1])) else {
        return Expr::apply(Op::Segment, Attr::Axis(axis), x[..part + 2].to_vec());
    };
    let full = IndexItem::Slice { start: None, stop: None, step: 1 };
    let mut items = vec![full; axis];
    items.push(IndexItem::Slice { start: at(start), stop: at(start + own), step: 1 });
    Expr::apply(Op::Index, Attr::Index(items), [x[0].clone()])
}

/// The parts side by side again: zeros for all but this one.
pub(super) fn split_part_derivative(v: &Adjoint<'_>, i: usize) -> Expr {
    let Attr::Part(axis, part) = *v.attr() else { return v.g() };
    if i > 0 {
        return v.x(i).zeros_like();
    }
    let all: Vec<Expr> = (0..v.arity()).map(|j| v.x(j)).collect();
    let other = |k: usize| Expr::apply(Op::SplitPart, Attr::Part(axis, k), all.clone()).zeros_like();
    let parts: Vec<Expr> = (0..all.len() - 1).map(|k| if k == part { v.g() } else { other(k) }).collect();
    crate::expr::concatenate(&parts, axis)
}

/// The adjoint of a softmax, from that of the result and the result.
pub(super) fn softmax_grad(x: &[Expr], attr: &Attr) -> Expr {
    let (dy, sm) = (&x[0], &x[1]);
    let total = (dy * sm).reduce(Op::Sum, attr);
    (dy - dy.expand_reduced(&total, attr)) * sm
}

/// By the adjoint, as Theano writes it.
pub(super) fn softmax_grad_by_adjoint(v: &Adjoint<'_>) -> Expr {
    centered(v, &v.g()) * v.x(1)
}

/// By the softmax, as Theano writes it.
pub(super) fn softmax_grad_by_result(v: &Adjoint<'_>) -> Expr {
    let (dy, g) = (v.x(0), v.g());
    let total = (&dy * v.x(1)).reduce(Op::Sum, v.attr());
    centered(v, &g) * &dy - &g * dy.expand_reduced(&total, v.attr())
}

fn centered(v: &Adjoint<'_>, g: &Expr) -> Expr {
    let total = (g * v.x(1)).reduce(Op::Sum, v.attr());
    g + g.expand_reduced(&-total, v.attr())
}

/// The last two axes exchanged.
fn swapped(x: &Expr) -> Expr {
    let n = x.rank();
    x.dimshuffle((0..n - 2).chain([n - 1, n - 2]).map(Some))
}

/// Products of matrices as a sum of broadcast products, which one loop computes.
pub(super) fn batched(a: &Expr, b: &Expr) -> Expr {
    let (m, n) = (a.rank(), b.rank());
    let left = a.dimshuffle((0..m).map(Some).chain([None]));
    let right = b.dimshuffle((0..n - 2).map(Some).chain([None, Some(n - 2), Some(n - 1)]));
    let product = left * right;
    let axis = product.rank() - 2;
    product.reduce(Op::Sum, &Attr::Axes(vec![axis]))
}

fn batched_product(a: &Expr, b: &Expr, like: &Expr) -> Expr {
    let product = Expr::apply(Op::BatchedDot, Attr::None, [a.clone(), b.clone()]);
    crate::expr::unbroadcast(&product, like)
}

/// The left operand of a batch of products.
pub(super) fn batched_left(v: &Adjoint<'_>) -> Expr {
    batched_product(&v.g(), &swapped(&v.x(1)), &v.x(0))
}

/// The right operand of a batch of products.
pub(super) fn batched_right(v: &Adjoint<'_>) -> Expr {
    batched_product(&swapped(&v.x(0)), &v.g(), &v.x(1))
}
