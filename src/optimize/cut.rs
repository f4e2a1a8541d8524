//! Cutting a graph into clusters of operators.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::total::closed;
use crate::graph::{Graph, Head, Id};
use crate::op::Attr;

/// A node with more users than this does not glue its users together.
const HUB: usize = 16;

/// The operators of a term at most: what the walk does not cut.
const TERM: usize = 16;

/// Functions of one input that are shown to its other users at most.
const BESIDE: usize = 4;

/// In no cluster.
const NONE: u32 = u32::MAX;

/// A graph in clusters, every one small.
pub(super) struct Cut {
    /// The operators of each, in the order of the walk.
    pub(super) clusters: Vec<Vec<Id>>,
    /// Which nodes depend on no input.
    pub(super) free: Vec<bool>,
    cluster: Vec<u32>,
    users: Users,
    is_root: Vec<bool>,
    /// Functions of one operand, by the operand.
    unary: FxHashMap<Id, Vec<Id>>,
}

impl Cut {
    /// By an undirected walk from the last node down. A small subexpression comes whole: half a
    /// term shows no rule what it is.
    pub(super) fn new(graph: &Graph, roots: &[Id], size: usize, pass: usize) -> Cut {
        let live = graph.reachable(roots);
        let free = closed(graph);
        let users = Users::of(graph, &live);
        // One of the many parts of an input that a long program reads, as `z[17]`, is an input itself: a window
        // that says which one is like no other.
        let is_read = |id: Id| {
            let node = graph.node(id);
            let &[of] = node.args.as_slice() else { return false };
            let Head::Op(_, attr) = node.head else { return false };
            matches!(graph.attr(attr), Attr::Index(_))
                && matches!(graph.node(of).head, Head::Var(_))
                && users.of_node(of).len() > HUB
        };
        let is_op = |id: Id| graph.application(id).is_some() && !free[id as usize] && !is_read(id);
        let ops: Vec<bool> = ids(graph).map(is_op).collect();
        let walk = Walk { graph, users: &users, ops: &ops, terms: terms(graph, &ops) };
        let (clusters, cluster) = walk.clusters(&live, size, pass);
        let mut unary: FxHashMap<Id, Vec<Id>> = FxHashMap::default();
        for &id in live.iter().filter(|_| pass > 0) {
            if let &[of] = graph.node(id).args.as_slice()
                && ops[id as usize]
                && !free[of as usize]
            {
                let known = unary.entry(of).or_default();
                if known.len() < BESIDE {
                    known.push(id);
                }
            }
        }
        let mut is_root = vec![false; graph.len()];
        roots.iter().for_each(|&r| is_root[r as usize] = true);
        Cut { clusters, free, cluster, users, is_root, unary }
    }

    /// Is a node one of a cluster's operators?
    pub(super) fn inside(&self, cluster: usize, id: Id) -> bool {
        self.cluster[id as usize] as usize == cluster
    }

    /// Is an operator of a cluster read from outside?
    pub(super) fn outer(&self, cluster: usize, id: Id) -> bool {
        self.is_root[id as usize] || self.users.of_node(id).iter().any(|&u| !self.inside(cluster, u))
    }

    /// Functions of a node alone that are computed somewhere.
    pub(super) fn beside(&self, id: Id) -> &[Id] {
        self.unary.get(&id).map_or(&[], Vec::as_slice)
    }
}

/// All nodes of a graph.
pub(super) fn ids(graph: &Graph) -> impl Iterator<Item = Id> + use<> {
    0..u32::try_from(graph.len()).unwrap_or(u32::MAX)
}

/// Who reads each node, ascending.
struct Users {
    begin: Vec<u32>,
    all: Vec<Id>,
}

impl Users {
    fn of(graph: &Graph, live: &[Id]) -> Users {
        let mut begin = vec![0u32; graph.len() + 1];
        for &id in live {
            graph.node(id).args.iter().for_each(|&a| begin[a as usize + 1] += 1);
        }
        for i in 1..begin.len() {
            begin[i] += begin[i - 1];
        }
        let mut next = begin.clone();
        let mut all = vec![0; begin.last().map_or(0, |&n| n as usize)];
        for &id in live {
            for &a in &graph.node(id).args {
                let at = &mut next[a as usize];
                all[*at as usize] = id;
                *at += 1;
            }
        }
        Users { begin, all }
    }

    fn of_node(&self, id: Id) -> &[Id] {
        let at = id as usize;
        &self.all[self.begin[at] as usize..self.begin[at + 1] as usize]
    }
}

struct Walk<'a> {
    graph: &'a Graph,
    users: &'a Users,
    ops: &'a [bool],
    terms: Vec<usize>,
}

impl Walk<'_> {
    /// The clusters, and for each node in which it is.
    fn clusters(&self, live: &[Id], size: usize, pass: usize) -> (Vec<Vec<Id>>, Vec<u32>) {
        let is_term = |id: Id| self.terms[id as usize] <= TERM;
        let with = |id: Id| if is_term(id) { self.terms[id as usize] } else { 0 };
        let mut cluster = vec![NONE; self.graph.len()];
        let mut clusters: Vec<Vec<Id>> = Vec::new();
        // Another size for the first cluster shifts the boundaries of all that follow.
        let first = size.saturating_sub(pass * size / 3).max(1);
        let mut queue = VecDeque::new();
        for &seed in live.iter().rev() {
            if !self.ops[seed as usize] || cluster[seed as usize] != NONE {
                continue;
            }
            let room = if clusters.is_empty() { first } else { size };
            let n = u32::try_from(clusters.len()).unwrap_or(NONE);
            let mut members = Vec::with_capacity(room);
            queue.push_back(seed);
            // What is in the cluster or will come with what waits.
            let mut taken = 1;
            cluster[seed as usize] = n;
            while let Some(id) = queue.pop_front() {
                members.push(id);
                let users = self.users.of_node(id);
                let above = if users.len() > HUB { &[] } else { users };
                for &next in self.graph.node(id).args.iter().chain(above) {
                    let at = next as usize;
                    if !self.ops[at] || cluster[at] != NONE || self.users.of_node(next).len() > HUB {
                        continue;
                    }
                    if is_term(next) && taken < 2 * room {
                        queue.push_front(next);
                        taken += 1;
                    } else if taken < room {
                        queue.push_back(next);
                        taken += 1 + self.graph.node(next).args.iter().map(|&a| with(a)).sum::<usize>();
                    } else {
                        continue;
                    }
                    cluster[at] = n;
                }
            }
            clusters.push(members);
        }
        (clusters, cluster)
    }
}

/// The operators of each node's tree, to a little more than [`TERM`].
fn terms(graph: &Graph, ops: &[bool]) -> Vec<usize> {
    let mut sizes = Vec::with_capacity(graph.len());
    for id in ids(graph) {
        let below: usize = graph.node(id).args.iter().map(|&a| sizes[a as usize]).sum();
        sizes.push(if ops[id as usize] { (1 + below).min(TERM + 1) } else { 0 });
    }
    sizes
}
