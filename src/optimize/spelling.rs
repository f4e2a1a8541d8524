//! One spelling of what costs the same: products and squares of one number alone are its power, a sum of equals is the
//! double, a product of equals the square, a multiple of a multiple a multiple.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Report;
use super::rewritten::rewritten;
use crate::graph::{Graph, Id};
use crate::op::{Attr, Op, Ring, multiplications};
use crate::ty::DType;

/// The greatest exponent.
const MOST: u32 = 16;

/// The graph with doubles, and with powers for what nothing else reads a part of; `None` where there are none.
pub(super) fn spell(graph: &Graph, roots: &[Id], report: &mut Report) -> Option<(Graph, Vec<Id>)> {
    let live = graph.reachable(roots);
    let powers = powers(graph, &live, roots);
    let twice = |id: Id| {
        let (op, _, &[a, b]) = graph.application(id)? else { return None };
        (a == b && graph.ty(id).dtype.is_float()).then_some((op.def().ring, a))
    };
    let spelled = |id: Id| {
        powers.contains_key(&id)
            || matches!(twice(id), Some((Ring::Sum | Ring::Product, _)))
            || multiple_of_multiple(graph, id).is_some()
    };
    if !live.iter().any(|&id| spelled(id)) {
        return None;
    }
    rewritten(graph, roots, report, |out, id| {
        if let Some((c, x)) = multiple_of_multiple(graph, id) {
            let args = [out.graph.lit(c), out.at(x)?];
            return out.graph.add(Op::of_ring(Ring::Product)?, &Attr::None, &args).ok();
        }
        let (ring, args) = match (powers.get(&id), twice(id)) {
            (Some(&(base, n)), _) => (Ring::Power, vec![out.at(base)?, out.graph.lit(f64::from(n))]),
            (_, Some((Ring::Sum, a))) => (Ring::Product, vec![out.graph.lit(2.0), out.at(a)?]),
            (_, Some((Ring::Product, a))) => (Ring::Square, vec![out.at(a)?]),
            _ => return None,
        };
        out.graph.add(Op::of_ring(ring)?, &Attr::None, &args).ok()
    })
}

/// The number `a` in `a * x`, and `x`, where that is no number itself.
fn multiple(graph: &Graph, id: Id) -> Option<(f64, Id)> {
    let (op, _, &[a, b]) = graph.application(id)? else { return None };
    let (c, x) = match (graph.constant(a), graph.constant(b)) {
        (Some(c), None) => (c, b),
        (None, Some(c)) => (c, a),
        _ => return None,
    };
    (op.def().ring == Ring::Product && graph.ty(x).dtype == DType::F64).then_some((c, x))
}

/// `6 * x` for `2 * (3 * x)`, whose two products cost as much where `3 * x` is there for something else. One rounding
/// is better than two, but for numbers whose product is rounded itself, or far from one.
fn multiple_of_multiple(graph: &Graph, id: Id) -> Option<(f64, Id)> {
    const FAR: f64 = 1e100;
    let (mut c, mut x) = multiple(graph, id)?;
    let mut found = false;
    while let Some((d, y)) = multiple(graph, x) {
        let near = |c: f64| (1.0 / FAR..FAR).contains(&c.abs());
        if !near(c) || !near(d) || f64::mul_add(c, d, -(c * d)) != 0.0 {
            break;
        }
        (c, x, found) = (c * d, y, true);
    }
    found.then_some((c, x))
}

/// A power: its base and its exponent.
type Power = (Id, u32);

/// The nodes that are powers of at least 3, no part of greater ones, and cost no more as such.
fn powers(graph: &Graph, live: &[Id], roots: &[Id]) -> FxHashMap<Id, Power> {
    let mut exponents: FxHashMap<Id, Power> = FxHashMap::default();
    let mut readers: Vec<Vec<Id>> = vec![Vec::new(); graph.len()];
    for &id in live {
        graph.node(id).args.iter().for_each(|&a| readers[a as usize].push(id));
        let Some((op, _, args)) = graph.application(id) else { continue };
        let (a, b) = match (op.def().ring, args) {
            (Ring::Square, &[a]) => (a, a),
            (Ring::Product, &[a, b]) => (a, b),
            _ => continue,
        };
        let part = |a: Id| exponents.get(&a).copied().unwrap_or((a, 1));
        let (mut p, mut q) = (part(a), part(b));
        // What is a power itself may be the base.
        if p.0 != q.0 {
            (p, q) = if p.0 == b {
                (p, (b, 1))
            } else if q.0 == a {
                ((a, 1), q)
            } else {
                continue;
            };
        }
        let same = graph.ty(p.0) == graph.ty(id) && graph.ty(id).dtype.is_float() && !graph.is_constant(p.0);
        if same && p.1 + q.1 <= MOST {
            exponents.insert(id, (p.0, p.1 + q.1));
        }
    }
    let roots: FxHashSet<Id> = roots.iter().copied().collect();
    let mut found = FxHashMap::default();
    let mut inside: FxHashSet<Id> = FxHashSet::default();
    for &top in live.iter().rev().filter(|id| exponents.contains_key(id)) {
        let (base, exponent) = exponents[&top];
        let Some(least) = multiplications(f64::from(exponent)).filter(|_| !inside.contains(&top)) else {
            continue;
        };
        let mut cone: Vec<Id> = vec![top];
        let mut at = 0;
        while let Some(&id) = cone.get(at) {
            at += 1;
            for &a in &graph.node(id).args {
                if a != base && !cone.contains(&a) {
                    cone.push(a);
                }
            }
        }
        let alone = |id: &Id| !roots.contains(id) && readers[*id as usize].iter().all(|r| cone.contains(r));
        if cone.len() >= least as usize && cone[1..].iter().all(alone) {
            inside.extend(&cone);
            found.insert(top, (base, exponent));
        }
    }
    found
}
