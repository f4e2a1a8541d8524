//! One window: saturate, propose, extract, again until nothing improves.

use super::guard::Guard;
use super::{Edge, How, Options, Program, Report};
use crate::egraph::{Extracted, Space, Stop};
use crate::graph::{Graph, Id};
use crate::rules::Profile;

/// Rounds of saturation and extraction at most.
const ROUNDS: usize = 5;

/// The cheapest equivalent of a small graph.
pub(super) fn optimize(
    graph: &Graph,
    roots: &[Id],
    options: &Options,
    program: &Program,
    report: &mut Report,
) -> (Graph, Vec<Id>) {
    let mut profile = Some(options.profile);
    while let Some(p) = profile {
        match attempt(graph, roots, options, p, program, report) {
            Ok(found) => return found,
            Err(conflict) => {
                profile = p.stricter();
                let then = profile.map_or("left as it is".to_string(), |q| format!("redone as {}", q.name()));
                report.contradictions.push(format!("{conflict} under {}; {then}", p.name()));
            }
        }
    }
    (graph.clone(), roots.to_vec())
}

/// Optimizes under one profile; the contradiction if there is one.
fn attempt(
    graph: &Graph,
    roots: &[Id],
    options: &Options,
    profile: Profile,
    program: &Program,
    report: &mut Report,
) -> Result<(Graph, Vec<Id>), String> {
    let propose = |graph: &Graph, roots: &[Id]| {
        let mut wider = graph.clone();
        let pairs = crate::norm::propose(&mut wider, roots, profile, &program.relations);
        (wider, pairs)
    };
    let mut guard = Guard::new(graph, roots);
    let mut best = (graph.clone(), roots.to_vec());
    let mut cost = f64::INFINITY;
    // What the normal form proposes for the best so far; the first saturation works without.
    let mut proposed: Option<(Graph, Vec<(Id, Id)>)> = None;
    for round in 0..ROUNDS {
        let mut space = Space::new(&best.0, &best.1, &program.interned);
        if report.trail.is_some() {
            space.record();
        }
        if let Some((wider, pairs)) = &proposed {
            space.unite(wider, pairs);
        }
        let trace = space.saturate(&program.rules, profile.grants(), options.limits);
        report.enodes = report.enodes.max(space.nodes());
        report.iterations += trace.iterations;
        report.stopped(trace.stop);
        for (name, n) in trace.fired {
            *report.rules.entry(name.to_string()).or_default() += n;
        }
        if let Some(c) = space.conflict() {
            return Err(c.to_string());
        }
        // A first look is enough while there is something to gain; what seems to be the end is searched well.
        let mut found = guard.extract(&mut space, options, 0, &best, report);
        let gains = |found: &Extracted| found.cost < cost * (1.0 - 1e-9);
        if round == 0 && found.is_none() {
            // What the normal form proposes may keep the digits that rules alone do not.
            proposed = Some(propose(&best.0, &best.1));
            continue;
        }
        let mut next = found.as_ref().map(|f| propose(&f.graph, &f.roots));
        let known = |n: &(Graph, Vec<(Id, Id)>)| trace.stop == Stop::Saturated && space.holds(&n.0, &n.1);
        let mut ends = round > 0 && (!found.as_ref().is_some_and(gains) || next.as_ref().is_some_and(known));
        if ends {
            let thorough = guard.extract(&mut space, options, options.effort.max(1), &best, report);
            let better = |t: &Extracted| found.as_ref().is_none_or(|f| t.cost < f.cost * (1.0 - 1e-9));
            if let Some(t) = thorough.filter(|t| gains(t) && better(t)) {
                next = Some(propose(&t.graph, &t.roots));
                (found, ends) = (Some(t), false);
            }
        }
        let Some(found) = found else { break };
        if let Some(log) = space.log() {
            report.record(|| Edge {
                before: best.clone(),
                after: (found.graph.clone(), found.roots.clone()),
                how: How::Saturation(profile, Box::new(log)),
            });
        }
        if round == 0 || gains(&found) {
            cost = found.cost;
            best = (found.graph, found.roots);
        }
        if ends {
            break;
        }
        proposed = next;
    }
    Ok(best)
}
