//! Arrays of numbers: joins of literals, which the printers show as NumPy does.

use super::compose::{Made, misfit};
use super::lit::Lit;
use super::node::{Expr, Head};
use crate::op::{Attr, Op};

/// The most elements that are spelled out in an expression.
const MOST: usize = 1 << 16;

/// An array of numbers in row-major order: one float makes all floats.
///
/// ```
/// use egrad::expr::{Lit, try_constant};
/// use egrad::prelude::*;
/// let c = try_constant(&[1.0, 2.5].map(Lit::Float), &[2])?;
/// assert_eq!(pp(&(dvector("v") * c)), "(v * [1.  2.5])");
/// # Ok::<(), egrad::expr::TypeError>(())
/// ```
///
/// # Errors
/// There are no elements, more than 65536, or not as many as the lengths say.
pub fn try_constant(values: &[Lit], lengths: &[usize]) -> Made {
    let fits = lengths.iter().try_fold(1usize, |n, k| n.checked_mul(*k)) == Some(values.len());
    if !fits || values.is_empty() {
        let message = format!("{} numbers for lengths {lengths:?}", values.len());
        return Err(misfit("constant", &[], message));
    }
    if values.len() > MOST {
        return Err(misfit("constant", &[], format!("{} numbers, more than {MOST}", values.len())));
    }
    let float = values.iter().any(|l| matches!(l, Lit::Float(_)));
    let truth = values.iter().all(|l| matches!(l, Lit::Bool(_)));
    let leaf = |l: &Lit| match l {
        Lit::Int(_) | Lit::Bool(_) if float => Expr::lit(Lit::Float(l.value())),
        Lit::Bool(b) if !truth => Expr::lit(Lit::Int(i64::from(*b))),
        _ => Expr::lit(*l),
    };
    if lengths.is_empty() {
        return Ok(leaf(&values[0]));
    }
    let mut parts: Vec<Expr> = values.iter().map(leaf).collect();
    for n in lengths.iter().rev() {
        let rows = parts.chunks(*n).map(|row| super::try_stack(row, 0));
        parts = rows.collect::<Result<_, _>>()?;
    }
    parts.pop().ok_or_else(|| misfit("constant", &[], "no numbers"))
}

/// The numbers and lengths of an array that is made as [`try_constant`] makes it.
pub(crate) fn constant_of(e: &Expr) -> Option<(Vec<Lit>, Vec<usize>)> {
    let mut level = vec![e.clone()];
    let mut lengths = Vec::new();
    loop {
        let leaves: Option<Vec<Lit>> = level.iter().map(number).collect();
        if let Some(values) = leaves {
            let kind = |l: &Lit| (matches!(l, Lit::Float(_)), matches!(l, Lit::Bool(_)));
            let even = values.iter().all(|l| kind(l) == kind(&values[0]));
            return (even && !lengths.is_empty()).then_some((values, lengths));
        }
        let n = level[0].args().len();
        let mut next = Vec::with_capacity(level.len() * n);
        for x in &level {
            let joined = matches!(x.head(), Head::Op(Op::Join, Attr::Axis(0)));
            if !joined || x.args().len() != n || next.len() + n > MOST {
                return None;
            }
            for a in x.args() {
                let Head::Op(Op::Dimshuffle, Attr::Perm(perm)) = a.head() else { return None };
                let whole = perm.len() == a.arg(0).rank() + 1
                    && perm.iter().enumerate().all(|(i, p)| *p == i.checked_sub(1));
                if !whole {
                    return None;
                }
                next.push(a.arg(0).clone());
            }
        }
        lengths.push(n);
        level = next;
    }
}

fn number(e: &Expr) -> Option<Lit> {
    e.literal()
}
