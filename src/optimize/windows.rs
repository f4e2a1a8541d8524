//! Cutting a graph into windows.

use rustc_hash::FxHashMap;

use super::total::closed;
use super::window::{Cache, optimize};
use super::{Options, Program, Report, splice};
use crate::graph::{Graph, Head, Id};

/// A node with more users than this does not glue its users together.
const HUB: usize = 16;

/// A part of a graph: a small graph of its own and what its inputs and roots are in the whole.
pub(super) struct Window {
    pub(super) graph: Graph,
    pub(super) roots: Vec<Id>,
    /// For each input the node that it stands for.
    pub(super) inputs: Vec<Id>,
    /// For each root the node that it stands for.
    pub(super) outputs: Vec<Id>,
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
    let mut done = Vec::with_capacity(windows.len());
    for w in windows {
        let key = key(graph, &w);
        let found = match cache.0.get(&key) {
            Some(found) => {
                report.cached += 1;
                found.clone()
            }
            None => {
                report.windows += 1;
                let found = optimize(&w.graph, &w.roots, options, program, report);
                cache.0.insert(key, found.clone());
                found
            }
        };
        done.push(Window { graph: found.0, roots: found.1, ..w });
    }
    splice::splice(graph, roots, &done)
}

/// Clusters of operators, by an undirected walk from the last node down; every cluster small.
fn cut(graph: &Graph, roots: &[Id], size: usize, pass: usize) -> Vec<Window> {
    let live = graph.reachable(roots);
    let free = closed(graph);
    let is_op = |id: Id| graph.application(id).is_some() && !free[id as usize];
    let mut users: Vec<Vec<Id>> = vec![Vec::new(); graph.len()];
    for &id in &live {
        for &a in &graph.node(id).args {
            users[a as usize].push(id);
        }
    }
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
        let mut queue = std::collections::VecDeque::from([seed]);
        cluster[seed as usize] = Some(n);
        while let Some(id) = queue.pop_front() {
            members.push(id);
            let around =
                graph.node(id).args.iter().chain(
                    users[id as usize].iter().take(if users[id as usize].len() > HUB { 0 } else { HUB }),
                );
            for &next in around {
                let hub = users[next as usize].len() > HUB;
                if is_op(next)
                    && cluster[next as usize].is_none()
                    && !hub
                    && members.len() + queue.len() < room
                {
                    cluster[next as usize] = Some(n);
                    queue.push_back(next);
                }
            }
        }
        members.sort_unstable();
        clusters.push(members);
    }
    let is_root: rustc_hash::FxHashSet<Id> = roots.iter().copied().collect();
    clusters
        .into_iter()
        .enumerate()
        .map(|(n, members)| {
            let outer = |id: Id| {
                is_root.contains(&id) || users[id as usize].iter().any(|u| cluster[*u as usize] != Some(n))
            };
            extract(graph, &members, &free, &outer)
        })
        .collect()
}

/// The window of these nodes.
fn extract(graph: &Graph, members: &[Id], free: &[bool], outer: &dyn Fn(Id) -> bool) -> Window {
    let mut w = Window { graph: Graph::new(), roots: Vec::new(), inputs: Vec::new(), outputs: Vec::new() };
    let mut at: FxHashMap<Id, Id> = FxHashMap::default();
    for &id in members {
        for &a in &graph.node(id).args {
            if !at.contains_key(&a) && members.binary_search(&a).is_err() {
                let new = bring(graph, a, free, &mut w, &mut at);
                at.insert(a, new);
            }
        }
        let node = graph.node(id);
        if let Head::Op(op, attr) = node.head {
            let args: Vec<Id> = node.args.iter().map(|a| at[a]).collect();
            // The same application was well typed in the whole.
            if let Ok(new) = w.graph.add(op, graph.attr(attr), &args) {
                at.insert(id, new);
            }
        }
        if outer(id) {
            w.roots.push(at[&id]);
            w.outputs.push(id);
        }
    }
    w
}

/// A node from outside: what depends on no input comes along, anything else becomes an input.
fn bring(graph: &Graph, id: Id, free: &[bool], w: &mut Window, at: &mut FxHashMap<Id, Id>) -> Id {
    let mut stack = vec![(id, false)];
    while let Some((id, ready)) = stack.pop() {
        if at.contains_key(&id) {
            continue;
        }
        let node = graph.node(id);
        let new = match node.head {
            Head::Const(bits) => w.graph.lit(f64::from_bits(bits)),
            Head::Size(s) => w.graph.length(graph.size(s)),
            Head::Op(op, attr) if free[id as usize] => {
                if !ready {
                    stack.push((id, true));
                    stack.extend(node.args.iter().map(|&a| (a, false)));
                    continue;
                }
                let args: Vec<Id> = node.args.iter().map(|a| at[a]).collect();
                match w.graph.add(op, graph.attr(attr), &args) {
                    Ok(new) => new,
                    Err(_) => continue,
                }
            }
            Head::Op(..) | Head::Var(_) => {
                let name = format!("{}", w.inputs.len());
                w.inputs.push(id);
                w.graph.var_with(&name, graph.facts(id))
            }
        };
        at.insert(id, new);
    }
    at[&id]
}

/// Equal for windows that differ only in what their inputs stand for.
fn key(whole: &Graph, w: &Window) -> Vec<u64> {
    use std::hash::{Hash, Hasher};
    let mut key = Vec::with_capacity(4 * w.graph.len() + w.roots.len());
    for i in 0..w.graph.len() {
        let id = u32::try_from(i).unwrap_or(u32::MAX);
        let node = w.graph.node(id);
        match node.head {
            Head::Const(bits) => key.extend([0, bits]),
            Head::Size(s) => key.extend([1, hash(&w.graph.size(s))]),
            Head::Var(v) => {
                let f = w.graph.facts(id);
                let mut h = rustc_hash::FxHasher::default();
                f.ty.hash(&mut h);
                let known = u64::from(f.nonzero) | u64::from(f.integral) << 1;
                key.extend([2, u64::from(v), h.finish(), f.range.lo.to_bits(), f.range.hi.to_bits(), known]);
            }
            Head::Op(op, attr) => {
                key.extend([3, u64::from(op as u8), hash(w.graph.attr(attr)), node.args.len() as u64]);
                key.extend(node.args.iter().map(|&a| u64::from(a)));
            }
        }
    }
    key.push(u64::MAX);
    key.extend(w.roots.iter().map(|&r| u64::from(r)));
    let _ = whole;
    key
}

fn hash<T: std::hash::Hash>(x: &T) -> u64 {
    use std::hash::Hasher;
    let mut h = rustc_hash::FxHasher::default();
    x.hash(&mut h);
    h.finish()
}
