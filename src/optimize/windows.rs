//! Cutting a graph into windows.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::cache::Cache;
use super::lengths::Lengths;
use super::total::closed;
use super::window::optimize;
use super::{Edge, Form, How, Options, Patch, Program, Report, splice};
use crate::graph::{Graph, Head, Id};
use crate::op::Attr;
use crate::threads::share;

/// A node with more users than this does not glue its users together.
const HUB: usize = 16;

/// The operators of a term at most: what the walk does not cut.
const TERM: usize = 16;

/// Functions of one input that are shown to its other users at most.
const BESIDE: usize = 4;

/// A part of a graph: a small graph of its own and what its inputs and roots are in the whole.
pub(super) struct Window {
    /// The small graph and its roots.
    pub(super) form: Arc<(Graph, Vec<Id>)>,
    /// For each input the node that it stands for.
    pub(super) inputs: Vec<Id>,
    /// For each root the node that it stands for.
    pub(super) outputs: Vec<Id>,
    /// What its lengths are called in the whole.
    pub(super) lengths: Lengths,
}

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
    let windows = cut(graph, roots, options.window, pass);
    let keys: Vec<Vec<u64>> =
        windows.iter().map(|w| cache.window(&w.form, &assumed(w, options).model)).collect();
    // What is not known yet, each once: windows are the same whichever is done first.
    let mut new: Vec<New<'_>> = Vec::new();
    for (w, key) in windows.iter().zip(&keys) {
        if let Entry::Vacant(place) = cache.forms.entry(key.clone()) {
            place.insert(w.form.clone());
            new.push(New { window: w, key, found: None });
        }
    }
    report.windows += new.len();
    report.cached += windows.len() - new.len();
    let blank = report.blank();
    share(&mut new, &mut vec![(); options.threads.count()], &|new, ()| {
        let mut report = blank.clone();
        let (graph, roots) = &*new.window.form;
        let found = optimize(graph, roots, &assumed(new.window, options), program, &mut report);
        new.found = Some((Arc::new(found), report));
    });
    for New { key, found, .. } in new {
        if let Some((form, done)) = found {
            report.add(done);
            cache.forms.insert(key.clone(), form);
        }
    }
    let mut done = Vec::with_capacity(windows.len());
    let mut parts = Vec::new();
    for (w, key) in windows.into_iter().zip(&keys) {
        let found = cache.forms.get(key).unwrap_or(&w.form).clone();
        if report.trail.is_some() {
            let (inputs, outputs, lengths) = (w.inputs.clone(), w.outputs.clone(), w.lengths.clone());
            parts.push(Patch { before: w.form.clone(), after: found.clone(), inputs, outputs, lengths });
        }
        done.push(Window { form: found, ..w });
    }
    let after = splice::splice(graph, roots, &done);
    report.record(|| Edge {
        before: (graph.clone(), roots.to_vec()),
        after: after.clone(),
        how: How::Splice(parts),
    });
    after
}

/// A window that is met for the first time, and what is found for it.
struct New<'w> {
    window: &'w Window,
    key: &'w Vec<u64>,
    found: Option<(Arc<Form>, Report)>,
}

/// The options for a window: what is assumed of its lengths by its own names for them.
fn assumed<'o>(w: &Window, options: &'o Options) -> Cow<'o, Options> {
    if options.model.lengths.is_empty() {
        return Cow::Borrowed(options);
    }
    Cow::Owned(Options { model: w.lengths.model(&options.model), ..options.clone() })
}

/// Clusters of operators, by an undirected walk from the last node down; every cluster small.
/// A small subexpression comes whole: half a term shows no rule what it is.
fn cut(graph: &Graph, roots: &[Id], size: usize, pass: usize) -> Vec<Window> {
    let live = graph.reachable(roots);
    let free = closed(graph);
    let mut users: Vec<Vec<Id>> = vec![Vec::new(); graph.len()];
    for &id in &live {
        for &a in &graph.node(id).args {
            users[a as usize].push(id);
        }
    }
    // One of the many parts of an input that a long program reads, as `z[17]`, is an input itself: a window that
    // says which one is like no other.
    let is_read = |id: Id| {
        let node = graph.node(id);
        let &[of] = node.args.as_slice() else { return false };
        let Head::Op(_, attr) = node.head else { return false };
        matches!(graph.attr(attr), Attr::Index(_))
            && matches!(graph.node(of).head, Head::Var(_))
            && users[of as usize].len() > HUB
    };
    let is_op = |id: Id| graph.application(id).is_some() && !free[id as usize] && !is_read(id);
    let terms = terms(graph, &is_op);
    let is_term = |id: Id| terms[id as usize] <= TERM;
    let with = |id: Id| if is_term(id) { terms[id as usize] } else { 0 };
    let mut cluster: Vec<Option<usize>> = vec![None; graph.len()];
    let mut clusters: Vec<Vec<Id>> = Vec::new();
    // Another size for the first cluster shifts the boundaries of all that follow.
    let first = size.saturating_sub(pass * size / 3).max(1);
    for &seed in live.iter().rev() {
        if !is_op(seed) || cluster[seed as usize].is_some() {
            continue;
        }
        let room = if clusters.is_empty() { first } else { size };
        let n = clusters.len();
        let mut members = Vec::new();
        let mut queue = VecDeque::from([seed]);
        // What is in the cluster or will come with what waits.
        let mut taken = 1;
        cluster[seed as usize] = Some(n);
        while let Some(id) = queue.pop_front() {
            members.push(id);
            let node = graph.node(id);
            let above = if users[id as usize].len() > HUB { &[][..] } else { &users[id as usize] };
            for &next in node.args.iter().chain(above) {
                let at = next as usize;
                if !is_op(next) || cluster[at].is_some() || users[at].len() > HUB {
                    continue;
                }
                if is_term(next) && taken < 2 * room {
                    queue.push_front(next);
                    taken += 1;
                } else if taken < room {
                    queue.push_back(next);
                    taken += 1 + graph.node(next).args.iter().map(|&a| with(a)).sum::<usize>();
                } else {
                    continue;
                }
                cluster[at] = Some(n);
            }
        }
        clusters.push(members);
    }
    let mut unary: FxHashMap<Id, Vec<Id>> = FxHashMap::default();
    if pass > 0 {
        for &id in &live {
            if let &[of] = graph.node(id).args.as_slice()
                && is_op(id)
                && !free[of as usize]
            {
                let known = unary.entry(of).or_default();
                if known.len() < BESIDE {
                    known.push(id);
                }
            }
        }
    }
    let beside = |id: Id| unary.get(&id).map_or(&[][..], Vec::as_slice);
    let is_root: FxHashSet<Id> = roots.iter().copied().collect();
    clusters
        .into_iter()
        .enumerate()
        .map(|(n, members)| {
            let outer = |id: Id| {
                is_root.contains(&id) || users[id as usize].iter().any(|u| cluster[*u as usize] != Some(n))
            };
            extract(graph, &members, &free, &outer, &beside)
        })
        .collect()
}

/// The operators of each node's tree, to a little more than [`TERM`].
fn terms(graph: &Graph, is_op: &dyn Fn(Id) -> bool) -> Vec<usize> {
    let mut sizes = Vec::with_capacity(graph.len());
    for i in 0..graph.len() {
        let id = u32::try_from(i).unwrap_or(u32::MAX);
        let below: usize = graph.node(id).args.iter().map(|&a| sizes[a as usize]).sum();
        sizes.push(if is_op(id) { (1 + below).min(TERM + 1) } else { 0 });
    }
    sizes
}

/// The window of these nodes.
fn extract<'a>(
    graph: &Graph,
    members: &[Id],
    free: &[bool],
    outer: &dyn Fn(Id) -> bool,
    beside: &dyn Fn(Id) -> &'a [Id],
) -> Window {
    let mut part = Part {
        whole: graph,
        free,
        graph: Graph::new(),
        inputs: Vec::new(),
        at: FxHashMap::default(),
        lengths: Lengths::default(),
    };
    // In the order of the walk and not of the whole's numbers, so that windows that look the same are.
    let outputs: Vec<Id> = members.iter().copied().filter(|&id| outer(id)).collect();
    let inside: FxHashSet<Id> = members.iter().copied().collect();
    let mut stack: Vec<(Id, bool)> = outputs.iter().rev().map(|&id| (id, false)).collect();
    while let Some((id, ready)) = stack.pop() {
        if part.at.contains_key(&id) {
            continue;
        }
        if !inside.contains(&id) {
            part.bring(id);
        } else if ready {
            part.copy(id);
        } else {
            stack.push((id, true));
            stack.extend(graph.node(id).args.iter().rev().map(|&a| (a, false)));
        }
    }
    let mut roots: Vec<Id> = outputs.iter().map(|id| part.at[id]).collect();
    for input in part.inputs.clone() {
        // What others compute of an input costs this window nothing.
        for &id in beside(input).iter().filter(|id| !inside.contains(id)) {
            part.copy(id);
            roots.extend(part.at.get(&id));
        }
    }
    Window { form: Arc::new((part.graph, roots)), inputs: part.inputs, outputs, lengths: part.lengths }
}

/// A window that grows.
struct Part<'a> {
    whole: &'a Graph,
    free: &'a [bool],
    graph: Graph,
    inputs: Vec<Id>,
    at: FxHashMap<Id, Id>,
    lengths: Lengths,
}

impl Part<'_> {
    /// An application whose operands are here.
    fn copy(&mut self, id: Id) {
        let node = self.whole.node(id);
        if let Head::Op(op, attr) = node.head {
            let args: Vec<Id> = node.args.iter().map(|a| self.at[a]).collect();
            // The same application was well typed in the whole.
            if let Ok(new) = self.graph.add(op, &self.lengths.attr_inward(self.whole.attr(attr)), &args) {
                self.at.insert(id, new);
            }
        }
    }

    /// A node from outside: what depends on no input comes along, anything else becomes an input.
    fn bring(&mut self, id: Id) {
        let mut stack = vec![(id, false)];
        while let Some((id, ready)) = stack.pop() {
            if self.at.contains_key(&id) {
                continue;
            }
            let node = self.whole.node(id);
            let new = match node.head {
                Head::Const(bits) => self.graph.lit(f64::from_bits(bits)),
                Head::Int(d, x) => self.graph.int(d, x),
                Head::Size(s) => self.graph.length(&self.lengths.inward(self.whole.size(s))),
                Head::Op(..) if self.free[id as usize] && ready => {
                    self.copy(id);
                    continue;
                }
                Head::Op(..) if self.free[id as usize] => {
                    stack.push((id, true));
                    stack.extend(node.args.iter().map(|&a| (a, false)));
                    continue;
                }
                Head::Op(..) | Head::Var(_) => {
                    let name = self.inputs.len().to_string();
                    self.inputs.push(id);
                    let mut facts = self.whole.facts(id).clone();
                    facts.ty = self.lengths.ty_inward(&facts.ty);
                    facts.range = facts.range.coarse();
                    self.graph.var_with(&name, &facts)
                }
            };
            self.at.insert(id, new);
        }
    }
}
