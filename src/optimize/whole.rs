//! What no window sees: every polynomial of the whole graph, written anew where that is cheaper.

use super::{Edge, How, Options, Program, Report, graph_cost};
use crate::egraph::Space;
use crate::graph::{Graph, Id};
use crate::rules::Assumes;

/// Nodes beyond which polynomials are left to the windows.
const NODES: usize = 1_500;

/// The graph with its polynomials collected and factored; `None` when that is not cheaper.
pub(super) fn collect(
    graph: &Graph,
    roots: &[Id],
    options: &Options,
    program: &Program,
    report: &mut Report,
) -> Option<(Graph, Vec<Id>)> {
    if graph.len() > NODES || !Assumes::REASSOC.within(options.profile.grants()) {
        return None;
    }
    let mut space = Space::new(graph, roots, &program.interned);
    if report.trail.is_some() {
        space.record();
    }
    let mut wider = graph.clone();
    let proposed = crate::norm::propose(
        &mut wider,
        roots,
        options.profile,
        &program.relations,
        (crate::norm::Reading::All, false),
    );
    space.unite(&wider, &proposed.pairs);
    if space.conflict().is_some() {
        return None;
    }
    let found = space.extract(&options.model, options.extractor(), options.effort, graph, roots).ok()?;
    if let Some(log) = space.log() {
        report.record(|| Edge {
            before: (graph.clone(), roots.to_vec()),
            after: (found.graph.clone(), found.roots.clone()),
            how: How::Saturation(options.profile, Box::new(log)),
        });
    }
    let (before, after) =
        (graph_cost(&options.model, graph, roots), graph_cost(&options.model, &found.graph, &found.roots));
    (after < before * (1.0 - 1e-9)).then_some((found.graph, found.roots))
}
