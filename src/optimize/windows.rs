//! One pass over all windows of a graph.

use std::borrow::Cow;
use std::sync::Arc;

use super::cache::Cache;
use super::cut::Cut;
use super::lengths::Lengths;
use super::sketch::{Reader, Window};
use super::window::optimize;
use super::{Edge, Form, How, Options, Patch, Program, Report, splice};
use crate::graph::{Graph, Id};
use crate::threads::share;

/// Does the whole graph fit into one window?
pub(super) fn is_single(graph: &Graph, roots: &[Id], options: &Options) -> bool {
    let ops = graph.reachable(roots).into_iter().filter(|&i| graph.application(i).is_some()).count();
    ops <= 2 * options.window
}

/// Optimizes every window once and puts the results together.
pub(super) fn pass(
    graph: &Graph,
    roots: &[Id],
    pass: usize,
    options: &Options,
    program: &Program,
    cache: &mut Cache,
    report: &mut Report,
) -> (Graph, Vec<Id>) {
    if is_single(graph, roots, options) {
        report.windows += 1;
        return optimize(graph, roots, options, program, report);
    }
    let cut = Cut::new(graph, roots, options.window, pass);
    let mut reader = Reader::new(graph, &cut, cache);
    let read = (0..cut.clusters.len()).filter_map(|n| reader.window(n, options));
    let (windows, is_new): (Vec<Window>, Vec<bool>) = read.unzip();
    // What is not known yet, each once: windows are the same whichever is done first.
    let mut new: Vec<New<'_>> = windows
        .iter()
        .zip(&is_new)
        .filter(|(_, new)| **new)
        .map(|(w, _)| New {
            known: w.known,
            form: cache.form(w.known).given.clone(),
            options: assumed(&w.lengths, options),
            found: None,
        })
        .collect();
    report.windows += new.len();
    report.cached += windows.len() - new.len();
    let blank = report.blank();
    share(&mut new, &mut vec![(); options.threads.count()], &|new, ()| {
        let mut report = blank.clone();
        let (graph, roots) = &*new.form;
        let found = optimize(graph, roots, &new.options, program, &mut report);
        new.found = Some((Arc::new(found), report));
    });
    for New { known, found, .. } in new {
        if let Some((form, done)) = found {
            report.add(done);
            cache.optimized(known, form);
        }
    }
    let after = splice::splice(graph, roots, &windows, cache);
    report.record(|| Edge {
        before: (graph.clone(), roots.to_vec()),
        after: after.clone(),
        how: How::Splice(windows.into_iter().map(|w| patch(w, cache)).collect()),
    });
    after
}

/// A window that is met for the first time, and what is found for it.
struct New<'o> {
    known: usize,
    form: Arc<Form>,
    options: Cow<'o, Options>,
    found: Option<(Arc<Form>, Report)>,
}

fn patch(w: Window, cache: &Cache) -> Patch {
    let known = cache.form(w.known);
    let (before, after) = (known.given.clone(), known.found.clone());
    Patch { before, after, inputs: w.inputs, outputs: w.outputs, lengths: w.lengths }
}

/// The options for a window: what is assumed of its lengths by its own names for them.
fn assumed<'o>(lengths: &Lengths, options: &'o Options) -> Cow<'o, Options> {
    if options.model.lengths.is_empty() {
        return Cow::Borrowed(options);
    }
    Cow::Owned(Options { model: lengths.model(&options.model), ..options.clone() })
}
