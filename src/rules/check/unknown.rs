//! Lengths that are not known when a rule is applied.
//!
//! Where lengths are symbols, operands fit unless they are known not to: a vector of length `u` may meet a matrix of one
//! column, and `u` may be one or three when the function is called. A right side that does not fit then was never asked
//! for by the left.

use super::judge::refuted;
use super::typing::{Bound, Typed, Typing, admitted, type_side};
use super::{Failure, Refutation};
use crate::facts::Facts;
use crate::op::Attr;
use crate::rules::ast::Rule;
use crate::ty::{Dim, Shape, Sym, Ty};

/// A length that no shape of the check has.
const LONG: usize = 7;

/// Lengths that shapes of the check have.
const SHORT: [usize; 3] = [1, 2, 3];

/// Looks for a typing that the optimizer admits while a length is unknown, although its right side is none, or has
/// another type, at that length.
pub(super) fn lengths(rule: &Rule, all: &[(Typing, Typed)]) -> Result<(), Refutation> {
    let unknown = Dim::Sym(Sym::new("u", "x", 0));
    for (typing, left) in all {
        let right = type_side(&rule.rhs, typing);
        if right.as_ref().is_ok_and(|r| r.ty() == left.ty()) {
            continue;
        }
        let with_length = |n: usize| -> Vec<usize> {
            (0..typing.len()).filter(|&v| dims(&typing[v]).contains(&Dim::Known(n))).collect()
        };
        let subsets = |n: usize| {
            let all = with_length(n);
            (1..1usize << all.len()).map(move |k| {
                all.iter()
                    .enumerate()
                    .filter(|(i, _)| k >> i & 1 == 1)
                    .map(|(_, v)| *v)
                    .collect::<Vec<usize>>()
            })
        };
        for (n, chosen) in SHORT.into_iter().flat_map(|n| subsets(n).map(move |chosen| (n, chosen))) {
            let with = |length: &Dim| -> Typing {
                let of = |(v, b)| if chosen.contains(&v) { replaced(b, n, length) } else { Bound::clone(b) };
                typing.iter().enumerate().map(of).collect()
            };
            // The left side is one at any length, so it asks nothing of this one.
            let (then, long) = (with(&unknown), with(&Dim::Known(LONG)));
            if type_side(&rule.lhs, &long).is_err() || !admitted(rule, &then) {
                continue;
            }
            let (Ok(l), Ok(r)) = (type_side(&rule.lhs, &then), type_side(&rule.rhs, &then)) else { continue };
            if l.ty() == r.ty() {
                let text = |t: &Typed| t.ty().map_or(String::new(), ToString::to_string);
                let right = right.map_or_else(|e| e, |r| text(&r));
                return Err(refuted(rule, Failure::Type, typing, Vec::new(), text(left), right));
            }
        }
    }
    Ok(())
}

/// The lengths in what a variable stands for.
fn dims(bound: &Bound) -> &[Dim] {
    match bound {
        Bound::Value(f) => f.ty.shape.dims(),
        Bound::Attr(Attr::Dims(d)) => d,
        Bound::Attr(_) => &[],
    }
}

/// The same with another length for each of `n`.
fn replaced(bound: &Bound, n: usize, length: &Dim) -> Bound {
    let other = |d: &Dim| if *d == Dim::Known(n) { length.clone() } else { d.clone() };
    match bound {
        Bound::Value(f) => {
            Bound::Value(Facts::var(Ty::new(f.ty.dtype, Shape::new(f.ty.shape.dims().iter().map(other)))))
        }
        Bound::Attr(Attr::Dims(d)) => Bound::Attr(Attr::Dims(d.iter().map(other).collect())),
        Bound::Attr(a) => Bound::Attr(a.clone()),
    }
}
