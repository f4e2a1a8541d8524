//! Constructors with Theano's names, for what Rust's operators and the table's methods do not say.

use super::error::TypeError;
use super::lit::Lit;
use super::node::Expr;
use crate::op::{Attr, IndexItem, Op};
use crate::ty::{DType, Dim, normalize_axes, normalize_axis};

/// What can stand where an expression is expected: expressions and Rust numbers.
///
/// An `i32` stays an integer literal (`2` prints `2`), an `f64` a float (`2.0`).
pub trait IntoExpr {
    /// The expression.
    fn into_expr(self) -> Expr;
}

impl IntoExpr for Expr {
    fn into_expr(self) -> Expr {
        self
    }
}
impl IntoExpr for &Expr {
    fn into_expr(self) -> Expr {
        self.clone()
    }
}
impl IntoExpr for f64 {
    fn into_expr(self) -> Expr {
        Expr::lit(Lit::Float(self))
    }
}
impl IntoExpr for i32 {
    fn into_expr(self) -> Expr {
        Expr::lit(Lit::Int(i64::from(self)))
    }
}
impl IntoExpr for i64 {
    fn into_expr(self) -> Expr {
        Expr::lit(Lit::Int(self))
    }
}
impl IntoExpr for bool {
    fn into_expr(self) -> Expr {
        Expr::lit(Lit::Bool(self))
    }
}

/// Implements one of Rust's binary operators for every mix of expressions, references and numbers.
macro_rules! impl_infix {
    ($trait:ident, $method:ident) => {
        crate::expr::impl_infix!(@pair $trait, $method, Expr, Expr);
        crate::expr::impl_infix!(@pair $trait, $method, &Expr, Expr);
        crate::expr::impl_infix!(@pair $trait, $method, Expr, &Expr);
        crate::expr::impl_infix!(@pair $trait, $method, &Expr, &Expr);
        crate::expr::impl_infix!(@pair $trait, $method, Expr, f64);
        crate::expr::impl_infix!(@pair $trait, $method, &Expr, f64);
        crate::expr::impl_infix!(@pair $trait, $method, f64, Expr);
        crate::expr::impl_infix!(@pair $trait, $method, f64, &Expr);
        crate::expr::impl_infix!(@pair $trait, $method, Expr, i32);
        crate::expr::impl_infix!(@pair $trait, $method, &Expr, i32);
        crate::expr::impl_infix!(@pair $trait, $method, i32, Expr);
        crate::expr::impl_infix!(@pair $trait, $method, i32, &Expr);
    };
    (@pair $trait:ident, $method:ident, $a:ty, $b:ty) => {
        impl std::ops::$trait<$b> for $a {
            type Output = $crate::expr::Expr;
            #[track_caller]
            fn $method(self, other: $b) -> $crate::expr::Expr {
                use $crate::expr::IntoExpr as _;
                $crate::expr::Expr::apply(
                    $crate::op::Op::$trait,
                    $crate::op::Attr::None,
                    [self.into_expr(), other.into_expr()],
                )
            }
        }
    };
}
pub(crate) use impl_infix;

/// A list of expressions from references, for calls that take several.
pub fn exprs<const N: usize>(list: [&Expr; N]) -> Vec<Expr> {
    list.into_iter().cloned().collect()
}

/// Product of vectors and matrices.
///
/// # Panics
/// The ranks are not 1 or 2, or the inner lengths differ.
#[track_caller]
pub fn dot(a: &Expr, b: &Expr) -> Expr {
    Expr::apply(Op::Dot, Attr::None, [a.clone(), b.clone()])
}

/// `a` where `c` is true (not zero), else `b`.
///
/// # Panics
/// The shapes do not broadcast.
#[track_caller]
pub fn switch(c: &Expr, a: impl IntoExpr, b: impl IntoExpr) -> Expr {
    Expr::apply(Op::Switch, Attr::None, [c.clone(), a.into_expr(), b.into_expr()])
}

/// `a * b + c`.
///
/// # Panics
/// The shapes do not broadcast.
#[track_caller]
pub fn mul_add(a: &Expr, b: impl IntoExpr, c: impl IntoExpr) -> Expr {
    Expr::apply(Op::MulAdd, Attr::None, [a.clone(), b.into_expr(), c.into_expr()])
}

/// `value`, broadcast to the joint shape of both. No gradient flows to `like`.
///
/// # Panics
/// The shapes do not broadcast.
#[track_caller]
pub fn fill(like: &Expr, value: impl IntoExpr) -> Expr {
    Expr::apply(Op::Fill, Attr::None, [like.clone(), value.into_expr()])
}

/// Operands one after the other along `axis`.
///
/// # Panics
/// The shapes do not fit.
#[track_caller]
pub fn concatenate(parts: &[Expr], axis: usize) -> Expr {
    Expr::apply(Op::Join, Attr::Axis(axis), parts.iter().cloned())
}

impl Expr {
    /// Sum of all elements.
    #[must_use]
    pub fn sum(&self) -> Expr {
        self.reduce(Op::Sum, &Attr::AllAxes)
    }

    /// Sum over axes, negative ones from the end.
    ///
    /// # Panics
    /// An axis is out of range or named twice.
    #[must_use]
    #[track_caller]
    pub fn sum_axes(&self, axes: &[i64]) -> Expr {
        self.reduce_axes(Op::Sum, axes)
    }

    /// Mean of all elements: `sum(x) / n`, as Theano builds it.
    #[must_use]
    pub fn mean(&self) -> Expr {
        self.divide_by_count(self.sum(), &Attr::AllAxes)
    }

    /// Mean over axes, negative ones from the end.
    ///
    /// # Panics
    /// An axis is out of range or named twice.
    #[must_use]
    #[track_caller]
    pub fn mean_axes(&self, axes: &[i64]) -> Expr {
        let total = self.sum_axes(axes);
        let attr = total.attr().clone();
        self.divide_by_count(total, &attr)
    }

    /// Divided by the length of one axis after the other, as Theano does.
    pub(crate) fn divide_by_count(&self, total: Expr, attr: &Attr) -> Expr {
        // The mean of singles is a single: the count is one, as in Theano.
        let count = |a| {
            let n = self.length(a);
            if self.ty().dtype == DType::F32 {
                Expr::apply(Op::Cast, Attr::DType(DType::F32), [n])
            } else {
                n
            }
        };
        attr.axes(self.rank()).into_iter().fold(total, |t, a| t / count(a))
    }

    /// A reduction by name.
    ///
    /// # Panics
    /// An axis is out of range or named twice.
    #[must_use]
    #[track_caller]
    pub fn reduce_axes(&self, op: Op, axes: &[i64]) -> Expr {
        match normalize_axes(axes, self.rank()) {
            Ok(axes) => self.reduce(op, &Attr::Axes(axes)),
            #[allow(clippy::panic, reason = "documented")]
            Err(e) => panic!("{e}"),
        }
    }

    #[track_caller]
    pub(crate) fn reduce(&self, op: Op, attr: &Attr) -> Expr {
        Expr::apply(op, attr.clone(), [self.clone()])
    }

    /// `op` of this alone.
    #[track_caller]
    pub(crate) fn apply1(&self, op: Op) -> Expr {
        Expr::apply(op, Attr::None, [self.clone()])
    }

    /// `softmax` along the axes of `attr`.
    #[track_caller]
    pub(crate) fn softmax_over(&self, attr: &Attr) -> Expr {
        Expr::apply(Op::Softmax, attr.clone(), [self.clone()])
    }

    /// `reduced`, a reduction of this over the axes of `attr`, with those axes back at length 1.
    /// Leading ones are left to broadcasting, as in Theano.
    pub(crate) fn expand_reduced(&self, reduced: &Expr, attr: &Attr) -> Expr {
        let axes = attr.axes(self.rank());
        let lead = axes.iter().enumerate().take_while(|(i, a)| i == *a).count();
        if lead == axes.len() {
            return reduced.clone();
        }
        let mut next = 0..reduced.rank();
        reduced.dimshuffle((lead..self.rank()).map(|a| if axes.contains(&a) { None } else { next.next() }))
    }

    /// With so many new axes in front, as broadcasting adds them.
    pub(crate) fn with_leading(&self, lead: usize) -> Expr {
        if lead == 0 {
            return self.clone();
        }
        self.dimshuffle(std::iter::repeat_n(None, lead).chain((0..self.rank()).map(Some)))
    }

    /// Without so many axes of length 1 in front.
    pub(crate) fn without_leading(&self, lead: usize) -> Expr {
        if lead == 0 {
            return self.clone();
        }
        self.dimshuffle((lead..self.rank()).map(Some))
    }

    /// `reduced` with `axes` of this back at length 1.
    pub(crate) fn keepdims(&self, reduced: &Expr, axes: &[usize]) -> Expr {
        let mut next = 0..reduced.rank();
        reduced.dimshuffle((0..self.rank()).map(|a| if axes.contains(&a) { None } else { next.next() }))
    }

    /// The length of one axis, as an integer scalar.
    ///
    /// # Panics
    /// The axis is out of range.
    #[must_use]
    #[track_caller]
    pub fn length(&self, axis: usize) -> Expr {
        Expr::apply(Op::Length, Attr::Axis(axis), [self.clone()])
    }

    /// All axes reversed.
    #[must_use]
    pub fn t(&self) -> Expr {
        self.dimshuffle((0..self.rank()).rev().map(Some))
    }

    /// Axes reordered, dropped (when of length 1) and added (`None`, of length 1).
    ///
    /// # Panics
    /// An axis is used twice, or one that is dropped has another length.
    #[must_use]
    #[track_caller]
    pub fn dimshuffle(&self, order: impl IntoIterator<Item = Option<usize>>) -> Expr {
        Expr::apply(Op::Dimshuffle, Attr::Perm(order.into_iter().collect()), [self.clone()])
    }

    /// Broadcast to these lengths.
    ///
    /// # Panics
    /// The lengths do not fit.
    #[must_use]
    #[track_caller]
    pub fn broadcast_to(&self, dims: &[Dim]) -> Expr {
        if self.ty().shape.dims() == dims {
            return self.clone();
        }
        Expr::apply(Op::Alloc, Attr::Dims(dims.to_vec()), [self.clone()])
    }

    /// The same elements in row-major order with these lengths.
    ///
    /// # Panics
    /// The number of elements differs.
    #[must_use]
    #[track_caller]
    pub fn reshape_to(&self, dims: &[Dim]) -> Expr {
        Expr::apply(Op::Reshape, Attr::Dims(dims.to_vec()), [self.clone()])
    }

    /// The same elements in row-major order with the lengths of `like`.
    #[track_caller]
    pub(crate) fn reshape_like(&self, like: &Expr) -> Expr {
        Expr::apply(Op::ReshapeLike, Attr::None, [self.clone(), like.clone()])
    }

    /// Elements at positions and slices.
    ///
    /// # Panics
    /// Too many indices, or one is out of bounds.
    #[must_use]
    #[track_caller]
    pub fn index(&self, items: &[IndexItem]) -> Expr {
        Expr::apply(Op::Index, Attr::Index(items.to_vec()), [self.clone()])
    }

    /// The slices along an axis at places.
    #[track_caller]
    pub(crate) fn gather(&self, places: &Expr, axis: usize) -> Expr {
        Expr::apply(Op::Take, Attr::Axis(axis), [self.clone(), places.clone()])
    }

    #[track_caller]
    pub(crate) fn write_at(&self, op: Op, attr: &Attr, value: &Expr) -> Expr {
        Expr::apply(op, attr.clone(), [self.clone(), value.clone()])
    }

    /// Zeros of this shape: `fill(x, 0.0)`.
    #[must_use]
    pub fn zeros_like(&self) -> Expr {
        fill(self, 0.0)
    }

    /// Ones of this shape: `fill(x, 1.0)`.
    #[must_use]
    pub fn ones_like(&self) -> Expr {
        fill(self, 1.0)
    }

    /// `x[i]` on the first axis.
    ///
    /// # Errors
    /// The axis does not exist or is shorter.
    pub fn try_at(&self, i: i64) -> Result<Expr, TypeError> {
        Expr::try_apply(Op::Index, Attr::Index(vec![IndexItem::At(i)]), [self.clone()])
    }

    /// Along one axis, negative from the end: the attribute of a reduction or softmax.
    ///
    /// # Errors
    /// The axis is out of range.
    pub fn axis(&self, axis: i64) -> Result<Attr, crate::ty::ShapeError> {
        Ok(Attr::Axes(vec![normalize_axis(axis, self.rank())?]))
    }
}

/// Is `(a \dot b)` read as an outer product: `a` spelled as a column, `b` a vector of another length?
///
/// Theano prints the row of an outer product without its dimshuffle. Reading puts it back in this
/// case only; a true product of such a column with a vector is written `dot(a, b)` where it is to be read back.
pub(crate) fn reads_as_outer(a: &Expr, b: &Expr) -> bool {
    let column = a.op() == Some(Op::Dimshuffle) && a.rank() == 2 && a.ty().shape.dims()[1].is_one();
    column && b.rank() == 1 && !b.ty().shape.dims()[0].is_one()
}

/// Sums an adjoint of broadcast shape back to the shape of `like`, in Theano's own terms:
/// `DimShuffle{...}(Sum{axes}(g))`.
pub(crate) fn unbroadcast(g: &Expr, like: &Expr) -> Expr {
    let (rank, own) = (g.rank(), like.rank());
    let lead = rank.saturating_sub(own);
    // Leading axes are those of the implicit dimshuffle. Of axes of length 1 nothing is summed.
    let one = |a: usize| a < lead || like.ty().shape.dims()[a - lead].is_one();
    let axes: Vec<usize> = (0..rank).filter(|a| one(*a) && !g.ty().shape.dims()[*a].is_one()).collect();
    if axes.is_empty() {
        return g.without_leading(lead);
    }
    let sum = g.reduce(Op::Sum, &Attr::Axes(axes.clone()));
    if lead == 0 {
        return g.keepdims(&sum, &axes);
    }
    if axes.len() == lead && axes.iter().enumerate().all(|(i, a)| i == *a) {
        // Only leading axes were summed: `DimShuffle{1}(Sum{0}(g))`, identity on what is there. It counts the
        // axes that were summed, as Theano's does.
        return Expr::apply(Op::Dimshuffle, Attr::Perm((lead..rank).map(Some).collect()), [sum]);
    }
    g.keepdims(&sum, &axes).without_leading(lead)
}
