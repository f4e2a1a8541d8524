//! Do rules and the normal form prove two terms equal?

use super::Program;
use crate::egraph::{Granted, Limits, Space};
use crate::graph::{Graph, Id};
use crate::norm::Reading;
use crate::rules::{Assumes, Profile};

/// Are two nodes in one class once the rules ran? `None` where two facts contradict each other, which says nothing.
pub(crate) fn joined(
    graph: &Graph,
    (a, b): (Id, Id),
    program: &Program,
    profile: Profile,
    limits: Limits,
) -> Option<bool> {
    let mut space = Space::new(graph, &[a, b], &program.interned);
    if Assumes::REASSOC.within(profile.grants()) {
        let mut wider = graph.clone();
        let found =
            crate::norm::propose(&mut wider, &[a, b], profile, &program.relations, (Reading::All, false));
        space.unite(&wider, &found.pairs);
    }
    space.saturate(&program.rules, Granted { assumes: profile.grants(), splits: true }, limits);
    space.conflict().is_none().then(|| space.joins(a, b))
}
