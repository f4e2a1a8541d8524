//! What a choice better than a known one cannot do without, and what it cannot contain. It proves by counting
//! only; it searches nothing.

use crate::extract::presolve::Core;

/// Above this many classes the sets are not computed, and everything is kept.
const MAX_CLASSES: usize = 4000;

/// The nodes of a core that a choice of at most a known cost can still use.
pub(crate) struct Pruned {
    /// Ascending.
    pub(crate) kept: Vec<u32>,
    /// No choice costs less.
    pub(crate) bound: f64,
    keep: Vec<bool>,
    required: Vec<bool>,
}

impl Pruned {
    pub(crate) fn new(core: &Core, known: f64) -> Self {
        let classes = core.num_classes();
        let mut pruned = Pruned {
            kept: Vec::new(),
            bound: 0.0,
            keep: vec![true; core.num_nodes()],
            required: vec![false; classes],
        };
        core.roots.iter().for_each(|&r| pruned.required[r as usize] = true);
        if classes <= MAX_CLASSES {
            let words = classes.div_ceil(64);
            let mut sets = vec![0; words * classes];
            let users = Users::of(core);
            // Each removal can make more necessary; three rounds find nearly all.
            for _ in 0..3 {
                must(core, &pruned.keep, words, &mut sets, &users);
                if !pruned.cut(core, known, words, &sets) {
                    break;
                }
            }
        }
        pruned.drop_without_term(core);
        pruned.drop_unreachable(core);
        pruned.kept = (0..core.num_nodes() as u32).filter(|&n| pruned.keep[n as usize]).collect();
        pruned
    }

    pub(crate) fn keeps(&self, node: u32) -> bool {
        self.keep[node as usize]
    }

    /// Whether every choice needs the class.
    pub(crate) fn required(&self, class: u32) -> bool {
        self.required[class as usize]
    }

    fn cut(&mut self, core: &Core, known: f64, words: usize, sets: &[u64]) -> bool {
        let row = |c: u32| &sets[c as usize * words..][..words];
        let mut base = vec![0_u64; words];
        for &r in &core.roots {
            base.iter_mut().zip(row(r)).for_each(|(b, &s)| *b |= s);
        }
        let least: Vec<f64> = (0..core.num_classes() as u32)
            .map(|c| {
                let kept = core.nodes(c).filter(|&n| self.keep[n as usize]);
                kept.map(|n| core.weight[n as usize].cost).fold(f64::INFINITY, f64::min)
            })
            .collect();
        let mut always = 0.0;
        each(&base, |c| {
            self.required[c] = true;
            always += least[c];
        });
        self.bound = always;
        let limit = known * (1.0 + 1e-9);
        let mut union = vec![0_u64; words];
        let mut changed = false;
        for c in 0..core.num_classes() as u32 {
            for n in core.nodes(c) {
                if !self.keep[n as usize] {
                    continue;
                }
                let children = core.children(n);
                let own = |set: &[u64]| set[c as usize / 64] >> (c % 64) & 1 == 1;
                let mut drop = children.iter().any(|&d| own(row(d)));
                if !drop {
                    union.fill(0);
                    for &d in children {
                        union.iter_mut().zip(row(d)).for_each(|(u, &s)| *u |= s);
                    }
                    union.iter_mut().zip(&base).for_each(|(u, &b)| *u &= !b);
                    let mut sum = always + core.weight[n as usize].cost;
                    sum -= if own(&base) { least[c as usize] } else { 0.0 };
                    each(&union, |d| sum += least[d]);
                    drop = sum > limit;
                }
                if drop {
                    self.keep[n as usize] = false;
                    changed = true;
                }
            }
        }
        changed
    }

    /// Drops the nodes that what has been dropped leaves without a term.
    fn drop_without_term(&mut self, core: &Core) {
        let mut has_term = vec![false; core.num_classes()];
        let mut grown = true;
        while grown {
            grown = false;
            for n in 0..core.num_nodes() as u32 {
                let c = core.class_of_node(n) as usize;
                if !has_term[c]
                    && self.keep[n as usize]
                    && core.children(n).iter().all(|&d| has_term[d as usize])
                {
                    has_term[c] = true;
                    grown = true;
                }
            }
        }
        for n in 0..core.num_nodes() as u32 {
            self.keep[n as usize] &= core.children(n).iter().all(|&d| has_term[d as usize]);
        }
    }

    fn drop_unreachable(&mut self, core: &Core) {
        let mut seen = vec![false; core.num_classes()];
        let mut stack = core.roots.clone();
        stack.iter().for_each(|&r| seen[r as usize] = true);
        while let Some(c) = stack.pop() {
            for n in core.nodes(c).filter(|&n| self.keep[n as usize]) {
                for &d in core.children(n) {
                    if !std::mem::replace(&mut seen[d as usize], true) {
                        stack.push(d);
                    }
                }
            }
        }
        for n in 0..core.num_nodes() as u32 {
            self.keep[n as usize] &= seen[core.class_of_node(n) as usize];
        }
    }
}

fn each(set: &[u64], mut f: impl FnMut(usize)) {
    for (w, &bits) in set.iter().enumerate() {
        let mut left = bits;
        while left != 0 {
            f(w * 64 + left.trailing_zeros() as usize);
            left &= left - 1;
        }
    }
}

/// For each class, the classes that every one of its terms contains: the greatest solution of
/// `must(c) = {c} + the intersection over nodes of the union over operands`. A class left without nodes keeps
/// the full set: whatever needs it is dropped.
fn must(core: &Core, keep: &[bool], words: usize, sets: &mut [u64], users: &Users) {
    let classes = core.num_classes();
    sets.fill(u64::MAX);
    if !classes.is_multiple_of(64) {
        for c in 0..classes {
            sets[c * words + words - 1] = (1 << (classes % 64)) - 1;
        }
    }
    let (mut union, mut meet) = (vec![0_u64; words], vec![0_u64; words]);
    // Sets only shrink, so this ends; each sweep goes both ways to meet operands before users. What no operand has
    // changed for stays as it is.
    let mut due = vec![true; classes];
    let mut changed = true;
    while changed {
        changed = false;
        for c in (0..classes).chain((0..classes).rev()) {
            if !std::mem::replace(&mut due[c], false) {
                continue;
            }
            let row = c * words;
            meet.copy_from_slice(&sets[row..row + words]);
            for n in core.nodes(c as u32).filter(|&n| keep[n as usize]) {
                union.fill(0);
                for &d in core.children(n) {
                    let d = d as usize * words;
                    union.iter_mut().zip(&sets[d..d + words]).for_each(|(u, &s)| *u |= s);
                }
                union[c / 64] |= 1 << (c % 64);
                meet.iter_mut().zip(&union).for_each(|(m, &u)| *m &= u);
            }
            if meet != sets[row..row + words] {
                sets[row..row + words].copy_from_slice(&meet);
                changed = true;
                users.of_class(c).iter().for_each(|&u| due[u as usize] = true);
            }
        }
    }
}

/// The classes whose nodes have a class as operand, one list after the other.
struct Users {
    first: Vec<u32>,
    all: Vec<u32>,
}

impl Users {
    fn of(core: &Core) -> Users {
        let nodes = || 0..core.num_nodes() as u32;
        let mut first = vec![0; core.num_classes() + 1];
        nodes().flat_map(|n| core.children(n)).for_each(|&d| first[d as usize] += 1);
        let mut end = 0;
        for f in &mut first {
            end += *f;
            *f = end;
        }
        let mut all = vec![0; end as usize];
        for n in nodes() {
            for &d in core.children(n) {
                first[d as usize] -= 1;
                all[first[d as usize] as usize] = core.class_of_node(n);
            }
        }
        Users { first, all }
    }

    fn of_class(&self, c: usize) -> &[u32] {
        &self.all[self.first[c] as usize..self.first[c + 1] as usize]
    }
}
