//! One window: saturate, propose, extract, again until nothing improves.

use super::{Edge, How, Options, Program, Report, total::dearer};
use crate::digits;
use crate::egraph::{Extracted, Granted, Space, Stop};
use crate::graph::{Graph, Id};
use crate::norm::Reading;
use crate::rules::Profile;

/// Rounds of saturation and extraction at most.
const ROUNDS: usize = 6;

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

/// How a window is optimized.
#[derive(Clone, Copy)]
struct Way {
    reading: Reading,
    /// Are products named that terms share?
    shares: bool,
    /// May rules make sums of what is none?
    splits: bool,
}

impl Way {
    const fn reading(reading: Reading) -> Way {
        Way { reading, shares: false, splits: true }
    }
}

/// With everything, and again with less where that lost digits: without names for what is shared, without rules that split
/// sums, with those proposals of the normal form that leave fractions below, or all fractions, alone, with none, with
/// neither.
const WAYS: [Way; 7] = [
    Way { shares: true, ..Way::reading(Reading::All) },
    Way::reading(Reading::All),
    Way { splits: false, ..Way::reading(Reading::All) },
    Way::reading(Reading::Plain),
    Way::reading(Reading::Flat),
    Way::reading(Reading::Nothing),
    Way { splits: false, ..Way::reading(Reading::Nothing) },
];

/// Where all that lost digits, under stricter profiles: what cancels only where everything is defined stays.
const CAREFUL: [Way; 2] = [
    Way { splits: false, ..Way::reading(Reading::All) },
    Way { splits: false, ..Way::reading(Reading::Nothing) },
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
    // A way that leaves out what was not there finds the same.
    let (mut nested, mut shared) = (true, true);
    let given = WAYS.into_iter().map(|way| (profile, way));
    let stricter = std::iter::successors(profile.stricter(), |p| p.stricter());
    let careful = stricter.flat_map(|p| CAREFUL.into_iter().map(move |way| (p, way)));
    for (profile, way) in given.chain(careful) {
        if way.reading == Reading::Plain && !nested || way.reading == Reading::All && way.splits && !shared {
            continue;
        }
        let found = attempt(graph, roots, options, (profile, way), program, report)?;
        if !digits::loses((graph, roots), (&found.form.0, &found.form.1)) {
            return Ok(found.form);
        }
        (nested, shared) = (found.nested, found.shared);
        report.refused += 1;
    }
    Ok((graph.clone(), roots.to_vec()))
}

/// A graph that was made wider, and which of its nodes are equal.
type Proposed = (Graph, Vec<(Id, Id)>);

/// What one attempt found.
struct Attempt {
    form: (Graph, Vec<Id>),
    /// Were there fractions in denominators?
    nested: bool,
    /// Was something named that terms share?
    shared: bool,
}

/// Optimizes under one profile; the contradiction if there is one.
fn attempt(
    graph: &Graph,
    roots: &[Id],
    options: &Options,
    (profile, way): (Profile, Way),
    program: &Program,
    report: &mut Report,
) -> Result<Attempt, String> {
    let (mut nested, mut shared) = (false, false);
    let mut propose = |(graph, roots): (&Graph, &Vec<Id>), sharing: bool| -> (Proposed, bool) {
        let mut wider = graph.clone();
        let reading = (way.reading, way.shares && sharing);
        let found = crate::norm::propose(&mut wider, roots, profile, &program.relations, reading);
        nested |= found.nested;
        shared |= found.shared;
        ((wider, found.pairs), found.shared)
    };
    let mut best = (graph.clone(), roots.to_vec());
    let mut cost = f64::INFINITY;
    let mut refused = false;
    // Were products named that terms share?
    let mut sharing = false;
    // What the normal form proposes for the best so far; the first saturation works without.
    let mut proposed: Option<Proposed> = None;
    for round in 0..ROUNDS {
        let mut space = Space::new(&best.0, &best.1, &program.interned);
        if report.trail.is_some() {
            space.record();
        }
        if let Some((wider, pairs)) = &proposed {
            space.unite(wider, pairs);
        }
        let granted = Granted { assumes: profile.grants(), splits: way.splits };
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
        // What terms share is looked for last and has to pay: of two forms that cost the same, the one that shares less
        // cancels less.
        let mut shares = sharing || round > 0;
        let gains = |found: &Extracted| found.cost < cost * (1.0 - 1e-9);
        let held = |next: &Proposed| trace.stop == Stop::Saturated && space.holds(&next.0, &next.1);
        // In the first round every form may be refused; those of the normal form may not.
        // What gains nothing is followed no further.
        let worth = round == 0 && !found.cost.is_finite() || gains(&found);
        let mut next = worth.then(|| propose((&found.graph, &found.roots), shares).0);
        let mut ends = match &next {
            Some(next) => found.cost.is_finite() && held(next),
            None => true,
        };
        if ends && way.shares && !sharing && !(shares && next.is_some()) {
            let of = if gains(&found) { (&found.graph, &found.roots) } else { (&best.0, &best.1) };
            let (all, any) = propose(of, true);
            if any && !held(&all) {
                (next, ends, shares) = (Some(all), false, true);
            }
        }
        if ends && !found.proved {
            let Ok(thorough) = look(options.effort.max(1)) else { break };
            if thorough.cost < found.cost * (1.0 - 1e-9) && gains(&thorough) {
                next = Some(propose((&thorough.graph, &thorough.roots), true).0);
                (found, ends, shares) = (thorough, false, true);
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
        (proposed, sharing) = (next, shares);
    }
    if dearer(&options.model, (&best.0, &best.1), (graph, roots)) {
        // More work is done for digits alone.
        if !refused {
            return Ok(Attempt { form: (graph.clone(), roots.to_vec()), nested, shared });
        }
        report.for_digits += 1;
    }
    Ok(Attempt { form: best, nested, shared })
}
