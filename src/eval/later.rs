//! Reductions that can wait for a later loop over the same space, where this saves reading or a whole pass.
//!
//! Analysis places a reduction where its operand is first known. What it reads may be read by a later loop anyway,
//! and nothing may ask for its result before: then it goes there.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::analysis::{Analysis, Kind};
use crate::graph::{Graph, Id};

/// Operators between a reduction and what it reads, at most.
const CONE: usize = 32;

/// Later loops that are looked at.
const LOOPS: usize = 8;

/// How often all reductions are looked at.
const ROUNDS: usize = 4;

/// What a loop that is not there any more counts for, in arrays that are read.
const PASS: isize = 8;

/// What a reduction is computed from in its loop.
struct Cone {
    /// Operators that go where it goes.
    own: SmallVec<[Id; 8]>,
    /// What is read from memory.
    reads: BTreeSet<Id>,
}

/// Members of loops, by space and stage.
type Loops = BTreeMap<(u32, u32), Vec<Id>>;

impl Analysis {
    /// Puts reductions off; whether any was.
    pub(super) fn reduce_later(&mut self, graph: &Graph, roots: &[Id]) -> bool {
        let mut loops = Loops::new();
        for &id in &self.order {
            if matches!(self.kind[id as usize], Kind::Map | Kind::Fold) {
                loops.entry((self.space[id as usize], self.stage[id as usize])).or_default().push(id);
            }
        }
        let mut alone = vec![false; self.kind.len()];
        let mut spaces: BTreeMap<u32, u32> = BTreeMap::new();
        loops.keys().for_each(|(space, _)| *spaces.entry(*space).or_default() += 1);
        for &id in &self.order {
            let several = spaces.get(&self.space[id as usize]).is_some_and(|&n| n > 1);
            alone[id as usize] = self.kind[id as usize] == Kind::Fold && several;
        }
        if !alone.contains(&true) {
            return false;
        }
        let mut users: Vec<SmallVec<[Id; 4]>> = vec![SmallVec::new(); self.kind.len()];
        for &id in &self.order {
            graph.node(id).args.iter().for_each(|&a| users[a as usize].push(id));
        }
        let deadline = self.deadlines(&users);
        let mut moved = false;
        // What one leaves behind may be read for another alone.
        for _ in 0..ROUNDS {
            let some = self.put_later(graph, roots, &mut loops, &alone, &users, &deadline);
            moved |= some;
            if !some {
                break;
            }
        }
        moved
    }

    /// Looks at each reduction that may wait once.
    fn put_later(
        &mut self,
        graph: &Graph,
        roots: &[Id],
        loops: &mut Loops,
        alone: &[bool],
        users: &[SmallVec<[Id; 4]>],
        deadline: &[u32],
    ) -> bool {
        let mut moved = false;
        for i in 0..self.order.len() {
            let id = self.order[i];
            if !alone[id as usize] {
                continue;
            }
            let Some(cone) = self.cone(graph, id, users, roots) else { continue };
            let Some(to) = self.best(graph, loops, id, &cone, deadline[id as usize]) else { continue };
            let from = self.stage[id as usize];
            for &x in cone.own.iter().chain([&id]) {
                self.stage[x as usize] = to;
                let space = self.space[x as usize];
                if let Some(members) = loops.get_mut(&(space, from)) {
                    members.retain(|&m| m != x);
                }
                loops.entry((space, to)).or_default().push(x);
            }
            moved = true;
        }
        moved
    }

    /// The last stage in which each reduction may be computed, for what reads it.
    fn deadlines(&self, users: &[SmallVec<[Id; 4]>]) -> Vec<u32> {
        let mut deadline = vec![u32::MAX; self.kind.len()];
        for &id in self.order.iter().rev() {
            for &user in &users[id as usize] {
                let until = match self.kind[user as usize] {
                    // It is nothing by itself.
                    Kind::View | Kind::Alias(_) => deadline[user as usize],
                    _ => self.stage[user as usize].saturating_sub(1),
                };
                deadline[id as usize] = deadline[id as usize].min(until);
            }
        }
        deadline
    }

    /// What a reduction is computed from; `None` where that is not its own, and too dear to be computed again.
    fn cone(&self, graph: &Graph, fold: Id, users: &[SmallVec<[Id; 4]>], roots: &[Id]) -> Option<Cone> {
        let mut cone = Cone { own: SmallVec::new(), reads: BTreeSet::new() };
        let mut open: SmallVec<[(Id, Id); 8]> = SmallVec::new();
        open.extend(graph.node(fold).args.iter().map(|&a| (fold, a)));
        while let Some((user, x)) = open.pop() {
            if !self.in_loop(user, x) {
                if graph.ty(x).rank() > 0 {
                    cone.reads.insert(self.base(graph, x));
                }
                continue;
            }
            if cone.own.contains(&x) {
                continue;
            }
            // It comes from memory, from an earlier loop.
            if self.stage[x as usize] != self.stage[fold as usize] && !self.cheap(graph, x) {
                cone.reads.insert(x);
                continue;
            }
            let inside = |u: &Id| *u == fold || cone.own.contains(u);
            let own = users[x as usize].iter().all(inside) && !roots.contains(&x);
            if !own && !self.cheap(graph, x) {
                return None;
            }
            if own {
                cone.own.push(x);
            }
            if open.len() + cone.own.len() > CONE {
                return None;
            }
            open.extend(graph.node(x).args.iter().map(|&a| (x, a)));
        }
        Some(cone)
    }

    /// The array of which a node is a view.
    fn base(&self, graph: &Graph, mut x: Id) -> Id {
        while self.kind[x as usize] == Kind::View
            && let Some(&of) = graph.node(x).args.first()
        {
            x = of;
        }
        x
    }

    /// The stage that a reduction is put off to.
    fn best(&self, graph: &Graph, loops: &Loops, fold: Id, cone: &Cone, deadline: u32) -> Option<u32> {
        let (space, from) = (self.space[fold as usize], self.stage[fold as usize]);
        // What a loop reads without this reduction, and whether it has other results.
        let leaves = |stage: u32| {
            let others = loops.get(&(space, stage)).into_iter().flatten().copied();
            let result = |m: Id| self.kind[m as usize] == Kind::Fold || self.stored[m as usize];
            let mut open: Vec<Id> =
                others.filter(|&m| m != fold && !cone.own.contains(&m) && result(m)).collect();
            let any = !open.is_empty();
            let (mut reads, mut seen) = (BTreeSet::new(), BTreeSet::new());
            while let Some(m) = open.pop() {
                for &a in &graph.node(m).args {
                    if self.reads_in_loop(graph, m, a) {
                        if seen.insert(a) {
                            open.push(a);
                        }
                    } else if graph.ty(a).rank() > 0 {
                        reads.insert(self.base(graph, a));
                    }
                }
            }
            (reads, any)
        };
        let missing = |reads: &BTreeSet<Id>| -> isize {
            isize::try_from(cone.reads.difference(reads).count()).unwrap_or(isize::MAX)
        };
        if deadline <= from {
            return None;
        }
        let (here, stays) = leaves(from);
        let gain = missing(&here) + if stays { 0 } else { PASS };
        let later = loops.range((space, from + 1)..=(space, deadline));
        let later =
            later.filter(|(_, members)| !members.is_empty()).map(|((_, stage), _)| *stage).take(LOOPS);
        let best = later.map(|stage| (gain - missing(&leaves(stage).0), stage));
        best.filter(|(gain, _)| *gain > 0).min_by_key(|&(gain, stage)| (-gain, stage)).map(|(_, stage)| stage)
    }
}
