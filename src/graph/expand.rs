//! Operators whose kernel is given by others, and whole powers, written out for those who compute.

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::arena::{Graph, Id};
use super::constraint::Unify;
use super::copy::NOWHERE;
use super::import::canonical;
use crate::expr::{Expr, Head as ExprHead, TypeError, topological};
use crate::facts::value_of;
use crate::op::{Attr, Kernel, Op, Ring, Role, is_small_whole};

/// The graph without operators that are composed of others, and with small whole powers as products; `None` where it
/// has none.
///
/// # Errors
/// The operands of what an operator is composed of do not fit.
pub fn expand(graph: &Graph, roots: &[Id]) -> Result<Option<(Graph, Vec<Id>)>, TypeError> {
    let reachable = graph.reachable(roots);
    let composed = |&id: &Id| {
        graph.application(id).is_some_and(|(op, ..)| matches!(op.def().kernel, Kernel::Composed(_)))
    };
    let exponents = exponents(graph, &reachable);
    if exponents.is_empty() && !reachable.iter().any(composed) {
        return Ok(None);
    }
    let mut out = graph.of_same_inputs();
    let mut at: Vec<Id> = vec![NOWHERE; graph.len()];
    for id in reachable {
        let composed = graph.application(id).and_then(|(op, attr, args)| match op.def().kernel {
            Kernel::Composed(of) => Some((of, attr, args)),
            _ => None,
        });
        at[id as usize] = match (exponents.get(&id), composed) {
            (Some(&n), _) => power(&mut out, at[graph.node(id).args[0] as usize], n)?,
            (None, Some((of, attr, args))) => {
                let args: Vec<Id> = args.iter().map(|&a| at[a as usize]).collect();
                written(&mut out, of, attr, &args)?
            }
            (None, None) => out.copy(graph, id, &at)?,
        };
    }
    Ok(Some((out, roots.iter().map(|&r| at[r as usize]).collect())))
}

/// The powers that are multiplied out, and their exponents.
///
/// An exponent that is made of constants counts as the number that it is, so that a power is the same number
/// whether the exponent was written out or computed.
fn exponents(graph: &Graph, reachable: &[Id]) -> FxHashMap<Id, u32> {
    let mut out = FxHashMap::default();
    let is_power = |&id: &Id| graph.application(id).is_some_and(|(op, ..)| op.def().ring == Ring::Power);
    if !reachable.iter().any(is_power) {
        return out;
    }
    let mut numbers: Vec<Option<f64>> = vec![None; graph.len()];
    for &id in reachable {
        numbers[id as usize] = graph.constant(id).or_else(|| number(graph, id, &numbers));
        let Some((op, _, &[base, exponent])) = graph.application(id) else { continue };
        let same =
            op.def().ring == Ring::Power && graph.ty(id).dtype.is_float() && graph.ty(id) == graph.ty(base);
        if let Some(n) = numbers[exponent as usize].filter(|n| same && is_small_whole(*n)) {
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a small whole number"
            )]
            out.insert(id, n as u32);
        }
    }
    out
}

/// The number that every element of an application of constants is.
fn number(graph: &Graph, id: Id, numbers: &[Option<f64>]) -> Option<f64> {
    let (op, _, of) = graph.application(id)?;
    let args: SmallVec<[f64; 3]> = of.iter().map(|&a| numbers[a as usize]).collect::<Option<_>>()?;
    match op.def().kernel {
        Kernel::View(_) | Kernel::Reshape => args.first().copied(),
        // Over no axes, as the least and the largest of one number.
        _ if op.def().role == Role::Reduce && graph.ty(of[0]).rank() == 0 => {
            args.first().copied().filter(|_| graph.ty(id).dtype.is_float())
        }
        _ if graph.ty(id).dtype.is_float() => value_of(op, &args),
        _ => None,
    }
}

/// A power by squaring.
fn power(graph: &mut Graph, base: Id, mut n: u32) -> Result<Id, TypeError> {
    let (mut square, mut out) = (base, None);
    loop {
        if n % 2 == 1 {
            out = Some(match out {
                Some(x) => of_ring(graph, Ring::Product, &[x, square])?,
                None => square,
            });
        }
        n /= 2;
        match out {
            Some(x) if n == 0 => return Ok(x),
            _ => square = of_ring(graph, Ring::Square, &[square])?,
        }
    }
}

fn of_ring(graph: &mut Graph, ring: Ring, args: &[Id]) -> Result<Id, TypeError> {
    match Op::of_ring(ring) {
        Some(op) => graph.add(op, &Attr::None, args),
        None => Ok(args[0]),
    }
}

/// What an operator is composed of, over nodes. None of it is composed itself.
fn written(
    graph: &mut Graph,
    of: fn(&[Expr], &Attr) -> Expr,
    attr: &Attr,
    args: &[Id],
) -> Result<Id, TypeError> {
    let operands: Vec<Expr> = args.iter().map(|&a| Expr::var("x", graph.ty(a).clone())).collect();
    let whole = of(&operands, attr);
    let mut at: FxHashMap<usize, Id> = operands.iter().map(Expr::id).zip(args.iter().copied()).collect();
    let mut last = None;
    for e in topological(std::slice::from_ref(&whole)) {
        let id = match (at.get(&e.id()), e.head()) {
            (Some(&id), _) => id,
            (None, ExprHead::Var(name)) => graph.var(name, e.ty()),
            (None, ExprHead::Lit(l)) => graph.lit(l.value()),
            (None, ExprHead::Op(op, attr)) => {
                let args: Vec<Id> = e.args().iter().filter_map(|a| at.get(&a.id()).copied()).collect();
                let attr = canonical(attr, e.arg(0).rank(), &Unify::default());
                graph.add(*op, &attr, &args)?
            }
        };
        at.insert(e.id(), id);
        last = Some(id);
    }
    Ok(last.unwrap_or(args[0]))
}
