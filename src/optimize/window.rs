//! One window: saturate, propose, extract, again until nothing improves.

use super::{Edge, How, Options, Program, Report, total::dearer};
use crate::digits;
use crate::egraph::{Extracted, Granted, Space, Stop};
use crate::graph::{Graph, Id};
use crate::norm::Reading;
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
        match guarded(graph, roots, options, p, program, report) {
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

/// How a window is optimized, again with less where that lost digits: with all proposals of the normal form, with those
/// that leave fractions below, or all fractions, alone, with none, without rules that split sums either.
const WAYS: [(Reading, bool); 5] = [
    (Reading::All, true),
    (Reading::Plain, true),
    (Reading::Flat, true),
    (Reading::Nothing, true),
    (Reading::Nothing, false),
];

/// The best form that keeps the digits of what was there; the contradiction if there is one.
fn guarded(
    graph: &Graph,
    roots: &[Id],
    options: &Options,
    profile: Profile,
    program: &Program,
    report: &mut Report,
) -> Result<(Graph, Vec<Id>), String> {
    let mut nested = true;
    for way in WAYS {
        if way.0 == Reading::Plain && !nested {
            continue;
        }
        let found = attempt(graph, roots, options, (profile, way), program, report)?;
        if !digits::loses((graph, roots), (&found.form.0, &found.form.1)) {
            return Ok(found.form);
        }
        nested = found.nested;
        report.refused += 1;
    }
    Ok((graph.clone(), roots.to_vec()))
}

/// What one attempt found.
struct Attempt {
    form: (Graph, Vec<Id>),
    /// Were there fractions in denominators?
    nested: bool,
}

/// Optimizes under one profile; the contradiction if there is one.
fn attempt(
    graph: &Graph,
    roots: &[Id],
    options: &Options,
    (profile, (reading, splits)): (Profile, (Reading, bool)),
    program: &Program,
    report: &mut Report,
) -> Result<Attempt, String> {
    let mut nested = false;
    let mut propose = |of: &Extracted| {
        let mut wider = of.graph.clone();
        let found = crate::norm::propose(&mut wider, &of.roots, profile, &program.relations, reading);
        nested |= found.nested;
        (wider, found.pairs)
    };
    let mut best = (graph.clone(), roots.to_vec());
    let mut cost = f64::INFINITY;
    let mut refused = false;
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
        let granted = Granted { assumes: profile.grants(), splits };
        let trace = space.saturate(&program.rules, granted, options.limits);
        report.enodes = report.enodes.max(space.nodes());
        report.iterations += trace.iterations;
        report.stopped(trace.stop);
        for (name, n) in trace.fired {
            *report.rules.entry(name.to_string()).or_default() += n;
        }
        if let Some(c) = space.conflict() {
            return Err(c.to_string());
        }
        let look = |effort| space.extract(&options.model, options.extractor(), effort, &best.0, &best.1);
        // A first look is enough while there is something to gain; what seems to be the end is searched well.
        let Ok(mut found) = look(0) else { break };
        let mut next = propose(&found);
        let gains = |found: &Extracted| found.cost < cost * (1.0 - 1e-9);
        let last = |found: &Extracted, next: &(Graph, Vec<(Id, Id)>)| {
            !gains(found) || trace.stop == Stop::Saturated && space.holds(&next.0, &next.1)
        };
        // In the first round every form may be refused; those of the normal form may not.
        let mut ends = (round > 0 || found.cost.is_finite()) && last(&found, &next);
        if ends {
            let Ok(thorough) = look(options.effort.max(1)) else { break };
            if thorough.cost < found.cost * (1.0 - 1e-9) && gains(&thorough) {
                next = propose(&thorough);
                (found, ends) = (thorough, false);
            }
        }
        if let Some(log) = space.log() {
            report.record(|| Edge {
                before: best.clone(),
                after: (found.graph.clone(), found.roots.clone()),
                how: How::Saturation(profile, Box::new(log)),
            });
        }
        refused |= round == 0 && found.refused;
        if round == 0 || gains(&found) {
            cost = found.cost;
            best = (found.graph, found.roots);
        }
        if ends {
            break;
        }
        proposed = Some(next);
    }
    if dearer(&options.model, (&best.0, &best.1), (graph, roots)) {
        // More work is done for digits alone.
        if !refused {
            return Ok(Attempt { form: (graph.clone(), roots.to_vec()), nested });
        }
        report.for_digits += 1;
    }
    Ok(Attempt { form: best, nested })
}
