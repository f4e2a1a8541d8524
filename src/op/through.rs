//! What goes through indexes with operands: adjoints, and one more axis.

use super::gathers::{Level, gathered, int, merged, split_operands, take, whole};
use super::places::{Place, WHOLE};
use super::{Attr, Batched, Op};
use crate::expr::{Adjoint, Expr, range, switch};
use crate::ty::Dim;

/// Zeros with the adjoint at the index.
pub(super) fn read_derivative(v: &Adjoint<'_>, i: usize) -> Expr {
    if i > 0 {
        return v.x(i).zeros_like();
    }
    let index = (1..v.arity()).map(|k| v.x(k));
    let all = [v.x(0).zeros_like(), v.g()].into_iter().chain(index);
    Expr::apply(Op::IncPlaces, v.attr().clone(), all)
}

fn at_index(v: &Adjoint<'_>) -> Expr {
    let index = (2..v.arity()).map(|k| v.x(k));
    let hole = Expr::apply(Op::Places, v.attr().clone(), std::iter::once(v.g()).chain(index));
    crate::expr::unbroadcast(&hole, &v.x(1))
}

/// The adjoint, or what of it is at the index.
pub(super) fn add_derivative(v: &Adjoint<'_>, i: usize) -> Expr {
    match i {
        0 => v.g(),
        1 => at_index(v),
        _ => v.x(i).zeros_like(),
    }
}

/// The adjoint without what is at the index, or that.
pub(super) fn set_derivative(v: &Adjoint<'_>, i: usize) -> Expr {
    match i {
        0 => {
            let index = (2..v.arity()).map(|k| v.x(k));
            let all = [v.g(), super::derive::zeros_of(&v.x(1))].into_iter().chain(index);
            Expr::apply(Op::SetPlaces, v.attr().clone(), all)
        }
        1 => {
            let all: Vec<Expr> = (0..v.arity()).map(|k| v.x(k)).collect();
            let index = all[2..].iter().cloned();
            let hole = Expr::apply(Op::Places, v.attr().clone(), std::iter::once(v.g()).chain(index));
            let counts = match counting(&all, v.attr()) {
                Some(mask) => {
                    Expr::apply(Op::PrintedAs, Attr::None, [hole.clone(), switch(&mask, &hole, 0.0)])
                }
                None => hole,
            };
            crate::expr::unbroadcast(&counts, &v.x(1))
        }
        _ => v.x(i).zeros_like(),
    }
}

/// Where several places may be one: which of what is put there stays.
fn counting(x: &[Expr], attr: &Attr) -> Option<Expr> {
    let (index, basic, levels) = split_operands(x, attr, 2, false);
    let (last, before) = levels.split_last()?;
    let Level::Arrays { .. } = last else { return None };
    let start = if whole(&basic) { x[0].clone() } else { x[0].index(&basic) };
    let of = before.iter().fold(start, |x, level| take(&x, level, index));
    let (places, axis) = gathered(&of, last, index);
    let one = merged(&of, last).ty().shape.dims()[axis].clone();
    let behind = of.rank() - axis - last.axes();
    Some(spread(&last_of_each(one, &places), behind))
}

/// Truth values in front of so many axes.
pub(super) fn spread(truth: &Expr, behind: usize) -> Expr {
    if behind == 0 {
        return truth.clone();
    }
    truth.dimshuffle((0..truth.rank()).map(Some).chain(std::iter::repeat_n(None, behind)))
}

/// Of places in an axis of length `n`: is each the last of those that are equal to it?
pub(super) fn last_of_each(n: Dim, places: &Expr) -> Expr {
    let size = places.ty().shape.size();
    let numbers = range(size).reshape_like(places);
    let none = int(0).broadcast_to(&[n]);
    let last = Expr::apply(Op::SetTake, Attr::Axis(0), [none, places.clone(), numbers.clone()]);
    last.gather(places, 0).eq(numbers)
}

/// With one more leading axis, which the index leaves whole.
fn moved(attr: &Attr) -> Option<Attr> {
    let Attr::Places(places) = attr else { return None };
    Some(Attr::Places(std::iter::once(Place::Item(WHOLE)).chain(places.iter().cloned()).collect()))
}

/// Reading along a new leading axis, which the operands of the index do not have.
pub(super) fn read_batch(b: &Batched<'_>) -> Option<Expr> {
    if b.on[1..].contains(&true) {
        return None;
    }
    Expr::try_apply(b.node.op()?, moved(b.node.attr())?, b.args.to_vec()).ok()
}

/// Writing along a new leading axis.
pub(super) fn write_batch(b: &Batched<'_>) -> Option<Expr> {
    if b.on[2..].contains(&true) {
        return None;
    }
    let index = (2..b.args.len()).map(|k| b.node.arg(k).clone());
    let like = std::iter::once(b.node.arg(0).clone()).chain(index);
    let hole = Expr::try_apply(Op::Places, b.node.attr().clone(), like).ok()?.rank();
    let mut args = b.args.to_vec();
    args[0] = b.full(0);
    args[1] = b.aligned(1, hole);
    Expr::try_apply(b.node.op()?, moved(b.node.attr())?, args).ok()
}
