//! Expressions that Theano builds from several operators: statistics, shapes made of shapes.

use super::build::{IntoExpr as _, switch};
use super::error::{TypeError, TypeErrorKind};
use super::node::Expr;
use crate::op::{Attr, IndexItem, Op};
use crate::ty::{DType, Dim, ShapeError, normalize_axes, normalize_axis};

pub(super) type Made = Result<Expr, TypeError>;

pub(super) fn misfit(op: &str, args: &[&Expr], reason: impl Into<String>) -> TypeError {
    let args = args.iter().map(|e| e.ty().to_string()).collect();
    TypeError { kind: TypeErrorKind::Shape, op: op.into(), args, reason: reason.into() }
}

/// Operands side by side along a new axis, negative from the end.
///
/// # Errors
/// There is none, their shapes differ, or the axis is out of range.
pub fn try_stack(parts: &[Expr], axis: i64) -> Made {
    let all: Vec<&Expr> = parts.iter().collect();
    let Some(first) = parts.first() else { return Err(misfit("stack", &[], "nothing to put side by side")) };
    let axis = normalize_axis(axis, first.rank() + 1).map_err(|ShapeError(e)| misfit("stack", &all, e))?;
    if parts.iter().any(|p| p.rank() != first.rank()) {
        return Err(misfit("stack", &all, "ranks differ"));
    }
    // Theano makes numbers one type before it puts them side by side.
    let dtype = parts.iter().map(|p| p.ty().dtype).reduce(DType::promote);
    let cast = first.rank() == 0 && parts.iter().any(|p| p.literal().is_none());
    let typed = |p: &Expr| match dtype {
        Some(d) if cast && p.ty().dtype != d => Expr::try_apply(Op::Cast, Attr::DType(d), [p.clone()]),
        _ => Ok(p.clone()),
    };
    let parts = parts.iter().map(|p| Ok(typed(p)?.with_axis(axis))).collect::<Result<Vec<_>, TypeError>>()?;
    Expr::try_apply(Op::Join, Attr::Axis(axis), parts)
}

impl Expr {
    /// A new axis of length 1 at a position that exists.
    fn with_axis(&self, axis: usize) -> Expr {
        let mut perm: Vec<Option<usize>> = (0..self.rank()).map(Some).collect();
        perm.insert(axis, None);
        self.dimshuffle(perm)
    }

    fn fail(&self, op: &str) -> impl Fn(ShapeError) -> TypeError {
        let error = misfit(op, &[self], "");
        move |ShapeError(reason)| TypeError { reason, ..error.clone() }
    }

    fn axes_attr(&self, op: &str, axes: Option<&[i64]>) -> Result<Attr, TypeError> {
        Ok(match axes {
            None => Attr::AllAxes,
            Some(list) => Attr::Axes(normalize_axes(list, self.rank()).map_err(self.fail(op))?),
        })
    }

    /// Variance over axes, all when `None`: the mean of `(x - mean(x)) ** 2.0`, as Theano builds it.
    ///
    /// # Errors
    /// An axis is out of range or named twice.
    pub fn try_var(&self, axes: Option<&[i64]>) -> Made {
        let attr = self.axes_attr("var", axes)?;
        Ok(self.variance(&attr, false))
    }

    /// The square root of the variance.
    ///
    /// # Errors
    /// As [`Expr::try_var`].
    pub fn try_std(&self, axes: Option<&[i64]>) -> Made {
        Ok(self.try_var(axes)?.sqrt())
    }

    pub(crate) fn variance(&self, attr: &Attr, keep: bool) -> Expr {
        // Theano names the axes, all of them too.
        let attr = &Attr::Axes(attr.axes(self.rank()));
        let centered = self - self.mean_over(attr, true);
        centered.pow(2.0).mean_over(attr, keep)
    }

    /// The mean over axes, which may stay with length 1.
    pub(crate) fn mean_over(&self, attr: &Attr, keep: bool) -> Expr {
        let total = self.reduce(Op::Sum, attr);
        let total = if keep { self.keepdims(&total, &attr.axes(self.rank())) } else { total };
        self.divide_by_count(total, attr)
    }

    /// The elements along an axis in order, negative axes from the end, NaN last; `None`: all elements
    /// in order, as a vector.
    ///
    /// # Errors
    /// The axis is out of range.
    pub fn try_sort(&self, axis: Option<i64>) -> Made {
        self.try_along(Op::Sort, axis)
    }

    /// The places of the elements along an axis in order, as [`Expr::try_sort`] puts them; equal ones
    /// in the order in which they stand.
    ///
    /// # Errors
    /// The axis is out of range.
    pub fn try_argsort(&self, axis: Option<i64>) -> Made {
        self.try_along(Op::Argsort, axis)
    }

    pub(crate) fn try_along(&self, op: Op, axis: Option<i64>) -> Made {
        let Some(axis) = axis else { return self.flatten().try_along(op, Some(0)) };
        let axis = normalize_axis(axis, self.rank()).map_err(self.fail(op.def().name))?;
        Expr::try_apply(op, Attr::Axis(axis), [self.clone()])
    }

    /// The elements in row-major order.
    #[must_use]
    pub fn flatten(&self) -> Expr {
        self.reshape_to(&[self.ty().shape.size()])
    }

    /// The same with `rank` axes, the last of which holds all elements that the others leave.
    ///
    /// # Errors
    /// The rank is 0 or larger than that of this.
    pub fn try_flatten(&self, rank: usize) -> Made {
        let own = self.ty().shape.dims();
        if !(1..=own.len().max(1)).contains(&rank) {
            return Err(misfit("flatten", &[self], format!("cannot be flattened to {rank} axes")));
        }
        let (kept, rest) = own.split_at(rank - 1);
        let rest = Dim::product(rest.iter().cloned());
        Ok(self.reshape_to(&kept.iter().cloned().chain([rest]).collect::<Vec<_>>()))
    }

    /// A new axis of length 1 before position `axis`, negative from the end of the result.
    ///
    /// # Errors
    /// The axis is out of range.
    pub fn try_expand_dims(&self, axis: i64) -> Made {
        Ok(self.with_axis(normalize_axis(axis, self.rank() + 1).map_err(self.fail("expand_dims"))?))
    }

    /// Without these axes of length 1; without all that are the number 1 when `None`.
    ///
    /// # Errors
    /// An axis is out of range, or has another length.
    pub fn try_squeeze(&self, axes: Option<&[i64]>) -> Made {
        let gone = match axes {
            None => (0..self.rank()).filter(|&a| self.ty().shape.dims()[a].is_one()).collect(),
            Some(list) => normalize_axes(list, self.rank()).map_err(self.fail("squeeze"))?,
        };
        let kept = (0..self.rank()).filter(|a| !gone.contains(a)).map(Some).collect();
        Expr::try_apply(Op::Dimshuffle, Attr::Perm(kept), [self.clone()])
    }

    /// Axis `from` moved to position `to`, both negative from the end.
    ///
    /// # Errors
    /// An axis is out of range.
    pub fn try_move_axis(&self, from: i64, to: i64) -> Made {
        let from = normalize_axis(from, self.rank()).map_err(self.fail("moveaxis"))?;
        let to = normalize_axis(to, self.rank()).map_err(self.fail("moveaxis"))?;
        let mut order: Vec<usize> = (0..self.rank()).filter(|a| *a != from).collect();
        order.insert(to, from);
        Ok(self.dimshuffle(order.into_iter().map(Some)))
    }

    /// Two axes exchanged, negative from the end.
    ///
    /// # Errors
    /// An axis is out of range.
    pub fn try_swap_axes(&self, a: i64, b: i64) -> Made {
        let a = normalize_axis(a, self.rank()).map_err(self.fail("swapaxes"))?;
        let b = normalize_axis(b, self.rank()).map_err(self.fail("swapaxes"))?;
        let mut order: Vec<usize> = (0..self.rank()).collect();
        order.swap(a, b);
        Ok(self.dimshuffle(order.into_iter().map(Some)))
    }

    /// Copies side by side along every axis; leading axes are added where `times` has more numbers.
    ///
    /// # Errors
    /// The result has too many elements for its lengths to be numbers.
    pub fn try_tile(&self, times: &[usize]) -> Made {
        self.try_tile_dims(&times.iter().copied().map(Dim::Known).collect::<Vec<_>>())
    }

    /// [`Expr::try_tile`] with counts that may be known late: see [`Expr::as_length`].
    ///
    /// # Errors
    /// As there.
    pub fn try_tile_dims(&self, times: &[Dim]) -> Made {
        let rank = self.rank().max(times.len());
        let (lead, ones) = (rank - self.rank(), rank - times.len());
        let times: Vec<Dim> = std::iter::repeat_n(Dim::ONE, ones).chain(times.iter().cloned()).collect();
        let dims: Vec<Dim> =
            std::iter::repeat_n(Dim::ONE, lead).chain(self.ty().shape.dims().iter().cloned()).collect();
        // All copies side by side in front, as Theano builds it, then each axis of copies before its own.
        let wide = Expr::try_apply(Op::Alloc, Attr::Dims([&times[..], &dims].concat()), [self.clone()])?;
        let wide = if rank == 1 {
            wide
        } else {
            let order = (0..rank).flat_map(|a| [Some(a), Some(a + rank)]).collect();
            Expr::try_apply(Op::Dimshuffle, Attr::Perm(order), [wide])?
        };
        let lens = dims.iter().zip(&times).map(|(own, k)| Dim::product([own.clone(), k.clone()])).collect();
        Expr::try_apply(Op::Reshape, Attr::Dims(lens), [wide])
    }

    /// Every element `times` times in a row along an axis, negative from the end.
    ///
    /// # Errors
    /// The axis is out of range.
    pub fn try_repeat(&self, times: usize, axis: i64) -> Made {
        self.try_repeat_dim(&Dim::Known(times), axis)
    }

    /// [`Expr::try_repeat`] with a count that may be known late: see [`Expr::as_length`].
    ///
    /// # Errors
    /// As there.
    pub fn try_repeat_dim(&self, times: &Dim, axis: i64) -> Made {
        let axis = normalize_axis(axis, self.rank()).map_err(self.fail("repeat"))?;
        let mut spread = self.ty().shape.dims().to_vec();
        let mut lens = spread.clone();
        lens[axis] = Dim::product([lens[axis].clone(), times.clone()]);
        spread.insert(axis + 1, times.clone());
        let wide = Expr::try_apply(Op::Alloc, Attr::Dims(spread), [self.with_axis(axis + 1)])?;
        Expr::try_apply(Op::Reshape, Attr::Dims(lens), [wide])
    }

    /// Every place along an axis as often as a vector of integers says for it, as NumPy's `repeat` with an array.
    ///
    /// # Errors
    /// The axis is out of range, or these are no integers.
    pub fn try_repeat_each(&self, times: &Expr, axis: i64) -> Made {
        let axis = normalize_axis(axis, self.rank()).map_err(self.fail("repeat"))?;
        if times.rank() != 1 || !times.ty().dtype.is_int() {
            return Err(misfit("repeat", &[self, times], "counts are a vector of integers"));
        }
        let all = Expr::try_apply(Op::Sum, Attr::AllAxes, [times.clone()])?;
        // No array has the length -1, so that a negative count is an error.
        let negative = Expr::try_apply(Op::Any, Attr::AllAxes, [times.lt(0)])?;
        let all = switch(&negative, -1, all).as_length()?;
        // One count for each place.
        let places = range(self.ty().shape.dims()[axis].clone());
        let times = Expr::try_apply(Op::Fill, Attr::None, [places, times.clone()])?;
        // Place `k` of the result comes from the first place up to which there are more than `k`.
        let ends = times.try_cumsum(0)?;
        let behind = range(all).with_axis(1).ge(ends);
        let from = Expr::try_apply(Op::Sum, Attr::Axes(vec![1]), [behind])?;
        self.try_take(&from, i64::try_from(axis).unwrap_or(0))
    }

    /// Parts of these lengths along an axis, negative from the end.
    ///
    /// # Errors
    /// The axis is out of range, or its length is a number and not the sum.
    pub fn try_split(&self, lengths: &[usize], axis: i64) -> Result<Vec<Expr>, TypeError> {
        let axis = normalize_axis(axis, self.rank()).map_err(self.fail("split"))?;
        let total: usize = lengths.iter().sum();
        // Where the length is not known, a call tells whether it is the sum.
        let mut dims = self.ty().shape.dims().to_vec();
        let whole = match std::mem::replace(&mut dims[axis], Dim::Known(total)).known() {
            Some(n) if n == total => self.clone(),
            Some(n) => return Err(misfit("split", &[self], format!("the parts have {total} places of {n}"))),
            None => Expr::try_apply(Op::Reshape, Attr::Dims(dims), [self.clone()])?,
        };
        let mut at = 0;
        let part = |n: &usize| {
            let place = |k: usize| i64::try_from(k).ok();
            let mut items = vec![IndexItem::Slice { start: None, stop: None, step: 1 }; axis];
            items.push(IndexItem::Slice { start: place(at), stop: place(at + n), step: 1 });
            at += n;
            Expr::try_apply(Op::Index, Attr::Index(items), [whole.clone()])
        };
        lengths.iter().map(part).collect()
    }

    /// The slices along an axis at the places that integers say, negative ones from the end.
    ///
    /// # Errors
    /// The axis is out of range, or the indices are no integers.
    pub fn try_take(&self, indices: &Expr, axis: i64) -> Made {
        let axis = normalize_axis(axis, self.rank()).map_err(self.fail("take"))?;
        Expr::try_apply(Op::Take, Attr::Axis(axis), [self.clone(), indices.clone()])
    }

    /// Of each row along the last axis the element at the place that an integer says, negative ones from the end. The
    /// places have the shape of this without its last axis.
    ///
    /// # Errors
    /// It has no axis, the shapes differ, or the places are no integers.
    pub fn try_pick(&self, places: &Expr) -> Made {
        Expr::try_apply(Op::Pick, Attr::None, [self.clone(), places.clone()])
    }

    /// A last axis of length `n`, one at the place that each integer says, zero elsewhere.
    ///
    /// # Errors
    /// These are no integers.
    pub fn try_one_hot(&self, n: usize) -> Made {
        self.try_one_hot_dim(&Dim::Known(n))
    }

    /// [`Expr::try_one_hot`] of a length that may be known late: see [`Expr::as_length`].
    ///
    /// # Errors
    /// As there.
    pub fn try_one_hot_dim(&self, n: &Dim) -> Made {
        if self.ty().dtype.is_float() {
            return Err(misfit("one_hot", &[self], "indices are integers"));
        }
        let hot = self.with_axis(self.rank()).eq(range(n.clone()));
        Expr::try_apply(Op::Cast, Attr::DType(DType::F64), [hot])
    }

    /// Running sum along an axis, negative from the end.
    ///
    /// # Errors
    /// The axis is out of range.
    pub fn try_cumsum(&self, axis: i64) -> Made {
        let axis = normalize_axis(axis, self.rank()).map_err(self.fail("cumsum"))?;
        Expr::try_apply(Op::Cumsum, Attr::Axis(axis), [self.clone()])
    }

    /// Running product along an axis, negative from the end.
    ///
    /// # Errors
    /// The axis is out of range.
    pub fn try_cumprod(&self, axis: i64) -> Made {
        let axis = normalize_axis(axis, self.rank()).map_err(self.fail("cumprod"))?;
        Expr::try_apply(Op::Cumprod, Attr::Axis(axis), [self.clone()])
    }
}

/// The integers from 0 to `n`, without it.
pub(crate) fn range(n: Dim) -> Expr {
    Expr::apply(Op::Arange, Attr::Dims(vec![n]), [0.into_expr(), 1.into_expr()])
}
