//! One spelling of what costs the same: products and squares of one number alone are its power, a sum of equals is the
//! double, a product of equals the square.

use rustc_hash::{FxHashMap, FxHashSet};

use super::Report;
use super::rewritten::rewritten;
use crate::graph::{Graph, Id};
use crate::op::{Attr, Op, Ring, multiplications};

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
    let spelled =
        |id: Id| powers.contains_key(&id) || matches!(twice(id), Some((Ring::Sum | Ring::Product, _)));
    if !live.iter().any(|&id| spelled(id)) {
        return None;
    }
    rewritten(graph, roots, report, |out, id| {
        let (ring, args) = match (powers.get(&id), twice(id)) {
            (Some(&(base, n)), _) => (Ring::Power, vec![out.at(base)?, out.graph.lit(f64::from(n))]),
            (_, Some((Ring::Sum, a))) => (Ring::Product, vec![out.graph.lit(2.0), out.at(a)?]),
            (_, Some((Ring::Product, a))) => (Ring::Square, vec![out.at(a)?]),
            _ => return None,
        };
        out.graph.add(Op::of_ring(ring)?, &Attr::None, &args).ok()
    })
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
