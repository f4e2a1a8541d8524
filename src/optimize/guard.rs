//! Forms that lose digits are refused, and the next best is asked for.

use super::{Options, Report};
use crate::digits::{Baseline, Comparison};
use crate::egraph::{Extracted, Space};
use crate::graph::{Graph, Id};
use crate::op::Kernel;

/// Forms of one space that are refused at most.
const TRIES: usize = 8;
/// Parts of a form that are refused at once.
const PARTS: usize = 3;

/// Compares forms with the first one, which is computed when there is something to compare.
pub(super) struct Guard<'a> {
    graph: &'a Graph,
    roots: &'a [Id],
    #[allow(clippy::option_option, reason = "not asked yet; nothing can be said")]
    baseline: Option<Option<Baseline<'a>>>,
}

impl<'a> Guard<'a> {
    pub(super) fn new(graph: &'a Graph, roots: &'a [Id]) -> Guard<'a> {
        Guard { graph, roots, baseline: None }
    }

    fn compare(&mut self, graph: &Graph, roots: &[Id]) -> Option<Comparison> {
        // What stands for a stable composition is not sampled: its parts are chosen when it is planned.
        let composed = |&id: &Id| {
            graph.application(id).is_some_and(|(op, _, _)| matches!(op.def().kernel, Kernel::Composed(..)))
        };
        if graph.reachable(roots).iter().any(composed) {
            return None;
        }
        let own = self.baseline.get_or_insert_with(|| Baseline::of(self.graph, self.roots));
        own.as_mut().map(|b| b.compare(graph, roots))
    }

    /// Does the form lose digits, as far as is known?
    pub(super) fn refuses(&mut self, graph: &Graph, roots: &[Id]) -> bool {
        matches!(self.compare(graph, roots), Some(Comparison::Loses(_)))
    }

    /// The cheapest form of a space that keeps digits; `None` when none was found.
    pub(super) fn extract(
        &mut self,
        space: &mut Space,
        options: &Options,
        effort: u32,
        best: &(Graph, Vec<Id>),
        report: &mut Report,
    ) -> Option<Extracted> {
        for _ in 0..TRIES {
            let found = space.extract(&options.model, options.extractor(), effort, &best.0, &best.1).ok()?;
            let Some(Comparison::Loses(blamed)) = self.compare(&found.graph, &found.roots) else {
                return Some(found);
            };
            report.refused += 1;
            if !space.refuse(&options.model, &best.0, &found, &blamed, PARTS) {
                return None;
            }
        }
        None
    }
}
