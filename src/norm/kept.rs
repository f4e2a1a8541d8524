//! Sums that functions take, kept whole.
//!
//! `(3*|a - b| + 2*(a - b)**2) * sgn(a - b)` is short in `a - b`, and long in `a` and `b`: where a sum is the operand of a
//! function and a factor too, everything else is multiplied out once with that sum as an indeterminate.

use rustc_hash::{FxHashMap, FxHashSet};

use super::atoms::Reader;
use super::nested::factors;
use super::poly::Poly;
use crate::graph::{Graph, Id};
use crate::op::{Ring, Role};

/// The sums that are kept, each as a multiple of one indeterminate; nothing where no such sum is a factor.
pub(super) fn given(graph: &Graph, flat: &mut Reader, roots: &[Id]) -> FxHashMap<Id, Poly> {
    let mut whole = |id: Id| -> Option<Poly> {
        let p = flat.read(graph, id).filter(|p| p.0.len() > 1)?;
        Some(flat.whole((id, &p)))
    };
    let stands_for = |p: &Poly| p.single().and_then(|(m, _)| m.0.first().map(|&(id, _)| id));
    let factors: Vec<(Id, Poly)> =
        factors(graph, roots).into_iter().filter_map(|id| Some((id, whole(id)?))).collect();
    if factors.is_empty() {
        return FxHashMap::default();
    }
    let mut taken: FxHashSet<Id> = FxHashSet::default();
    for id in graph.reachable(roots) {
        let Some((op, _, args)) = graph.application(id) else { continue };
        if op.def().ring == Ring::None && op.def().role == Role::Elementwise {
            taken.extend(args.iter().filter_map(|&a| whole(a).as_ref().and_then(stands_for)));
        }
    }
    factors.into_iter().filter(|(_, p)| stands_for(p).is_some_and(|id| taken.contains(&id))).collect()
}
