//! Both sides at one point of scalars: in doubles and over the reals.

use crate::num::Real;
use crate::op::{Kernel, View};
use crate::rules::ast::{PNode, Pattern};

/// A side in doubles, zero numbers of the pattern being `zero`; and the size of the largest
/// intermediate value.
pub(super) fn doubles(side: &Pattern, values: &[f64], zero: f64) -> Option<(f64, f64)> {
    let mut at: Vec<f64> = Vec::with_capacity(side.nodes.len());
    for node in side.nodes.iter() {
        let x = match node {
            PNode::Var(v) => *values.get(*v as usize)?,
            PNode::Num(x) => {
                if *x == 0.0 {
                    zero
                } else {
                    *x
                }
            }
            PNode::Count { .. } => return None,
            PNode::App { op, args, .. } => {
                let args: Vec<f64> = args.iter().map(|a| at[*a as usize]).collect();
                match op.def().kernel {
                    Kernel::View(View::Broadcast) => *args.first()?,
                    _ => crate::facts::value_of(*op, &args)?,
                }
            }
        };
        at.push(x);
    }
    let size = at.iter().map(|x| x.abs()).filter(|x| x.is_finite()).fold(0.0, f64::max);
    Some((at.last().copied()?, size))
}

/// A side over the reals, and the size of the largest intermediate value.
pub(super) fn reals(side: &Pattern, values: &[f64]) -> Option<(Real, Real)> {
    let mut at: Vec<Real> = Vec::with_capacity(side.nodes.len());
    for node in side.nodes.iter() {
        let x = match node {
            PNode::Var(v) => Real::from(*values.get(*v as usize)?),
            PNode::Num(x) => Real::from(*x),
            PNode::Count { .. } => return None,
            PNode::App { op, args, .. } => {
                let args: Vec<Real> = args.iter().map(|a| at[*a as usize].clone()).collect();
                match op.def().kernel {
                    Kernel::View(View::Broadcast) => args.first()?.clone(),
                    _ => (op.def().real?)(&args),
                }
            }
        };
        at.push(x);
    }
    let sizes = at.iter().filter(|x| is_real(x)).map(Real::abs);
    let size = sizes.fold(Real::from(0.0), |a, b| if b > a { b } else { a });
    Some((at.pop()?, size))
}

/// Is it a real number: neither NaN nor infinite?
pub(super) fn is_real(x: &Real) -> bool {
    !x.is_nan() && !x.is_infinite()
}
