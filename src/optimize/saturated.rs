//! One e-graph of a whole expression, for those who want to look at it.

use super::{Options, Program};
use crate::egraph::{Granted, Space};
use crate::extract::serial::EGraph;
use crate::graph::{Graph, Id};
use crate::rules::Assumes;

/// A saturated e-graph.
#[derive(Debug, Clone)]
pub struct Saturated {
    /// The e-graph, each node with its cost.
    pub egraph: EGraph,
    /// Why saturation stopped.
    pub stop: &'static str,
    /// Passes over the rules.
    pub iterations: usize,
    /// The profile whose rules ran; stricter than asked for where facts contradicted each other.
    pub profile: &'static str,
}

/// The e-graph of a graph, with the proposals of the normal form, after the rules ran. The whole graph
/// goes in at once, whatever its size: the optimizer cuts large ones into windows.
pub fn saturated(graph: &Graph, roots: &[Id], options: &Options) -> Saturated {
    let program = Program::of(&options.rules);
    let mut profile = Some(options.profile);
    while let Some(p) = profile {
        let mut space = Space::new(graph, roots, &program.interned);
        if Assumes::REASSOC.within(p.grants()) {
            let mut wider = graph.clone();
            let found = crate::norm::propose(
                &mut wider,
                roots,
                p,
                &program.relations,
                (crate::norm::Reading::All, false),
            );
            space.unite(&wider, &found.pairs);
        }
        let trace =
            space.saturate(&program.rules, Granted { assumes: p.grants(), splits: true }, options.limits);
        if space.conflict().is_none() {
            let egraph = space.serial(&options.model, graph);
            return Saturated {
                egraph,
                stop: trace.stop.name(),
                iterations: trace.iterations,
                profile: p.name(),
            };
        }
        profile = p.stricter();
    }
    let space = Space::new(graph, roots, &program.interned);
    let egraph = space.serial(&options.model, graph);
    Saturated { egraph, stop: "contradiction", iterations: 0, profile: "none" }
}
