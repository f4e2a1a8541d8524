//! Fractions in denominators.
//!
//! `x / (1 + y/z)` divides twice. Over one denominator the sum is `(z + y) / z`, and the whole is `x*z / (z + y)`: sums
//! below that hold fractions are read as quotients of sums without.

use rustc_hash::{FxHashMap, FxHashSet};

use super::atoms::Reader;
use super::divide::is_whole;
use super::fraction::combined;
use super::lower::Writer;
use super::poly::{Monomial, Poly};
use super::ratio::Ratio;
use crate::graph::{Graph, Id};
use crate::op::Ring;

/// Sums that are read anew at most.
const SUMS: usize = 24;

/// What the sums with fractions are as quotients; nothing where no denominator holds one.
pub(super) fn given(graph: &mut Graph, flat: &mut Reader, roots: &[Id], tops: &[Id]) -> FxHashMap<Id, Poly> {
    let fractional = |p: &Poly| p.0.len() > 1 && !is_whole(p);
    let below = tops.iter().any(|&id| {
        flat.read(graph, id).is_some_and(|p| {
            p.0.keys().flat_map(|m| &m.0).any(|&(a, e)| e < 0 && flat.sum(a).is_some_and(fractional))
        })
    });
    if !below {
        return FxHashMap::default();
    }
    let mut reader = Reader::of_quotients(FxHashMap::default());
    for id in factors(graph, roots).into_iter().take(SUMS) {
        let Some(p) = reader.read(graph, id).filter(|p| fractional(p)) else { continue };
        let Some(fraction) = combined(&reader, &p) else { continue };
        let inverse = Monomial(fraction.below.0.iter().map(|&(id, e)| (id, -e)).collect());
        let above = if fraction.above.0.len() < 2 {
            fraction.above
        } else {
            let Some(sum) = Writer::new(graph).best(&fraction.above) else { continue };
            let Some(q) = reader.read(graph, sum) else { continue };
            reader.whole((sum, q.as_ref()))
        };
        if let Some(quotient) = above.mul(&Poly::default().with(inverse, Ratio::ONE)) {
            reader.give(id, quotient);
        }
    }
    reader.given()
}

/// The sums that are factors, divisors or bases, in the order of their nodes.
pub(super) fn factors(graph: &Graph, roots: &[Id]) -> Vec<Id> {
    let ring = |id: Id| graph.application(id).map_or(Ring::None, |(op, _, _)| op.def().ring);
    let mut found: FxHashSet<Id> = FxHashSet::default();
    for id in graph.reachable(roots) {
        if matches!(ring(id), Ring::Product | Ring::Quotient | Ring::Square | Ring::Power) {
            let sums =
                graph.node(id).args.iter().filter(|&&a| matches!(ring(a), Ring::Sum | Ring::Difference));
            found.extend(sums.filter(|&&a| graph.ty(a).dtype.is_float()));
        }
    }
    let mut found: Vec<Id> = found.into_iter().collect();
    found.sort_unstable();
    found
}
