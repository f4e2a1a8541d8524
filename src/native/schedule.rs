//! The order of instructions, where a loop's body is too large for copies of it side by side.
//!
//! The recorder writes one function after the other, each a chain whose links wait for one another. The
//! processor looks ahead over some hundred instructions only, so chains that do not depend on each other
//! are laid side by side here: always the ready instruction with the longest way to the end, as long as
//! registers last; then what frees them.

use super::program::{Liveness, Program};
use crate::math::record::{Id, Lane, One, Two};

/// Cycles until a result can be used, about those of current processors.
fn latency(lane: Lane) -> u32 {
    match lane {
        Lane::Const(_) | Lane::Carry(_) => 0,
        Lane::Input(_) => 6,
        Lane::One(One::Sqrt, _) => 24,
        Lane::Two(Two::Div, ..) => 20,
        Lane::LookUp(..) => 24,
        Lane::Pairs(..) => 20,
        Lane::Entries(..) => 1,
        Lane::One(One::Nearest | One::Floor, _) => 8,
        Lane::Two(Two::And | Two::Or | Two::Xor | Two::IntAdd | Two::IntSub, ..)
        | Lane::One(One::ShiftLeft(_) | One::ShiftRight(_), _) => 1,
        Lane::Select(..) | Lane::Both(..) | Lane::Either(..) => 2,
        _ => 4,
    }
}

/// Instructions that are begun in a cycle.
const WIDTH: u32 = 2;

/// Cycles that a division or a square root keeps others waiting.
const DIVIDING: u32 = 16;

fn divides(lane: Lane) -> bool {
    matches!(lane, Lane::Two(Two::Div, ..) | Lane::One(One::Sqrt, _))
}

/// The program with its instructions in another order; results that nothing needs are left out.
/// `registers` are there for values on the way. Of copies of one program, which `copy_of` tells apart, one is
/// behind the other, so that the end of one stands beside the beginning of the next.
pub(super) fn schedule(p: &Program, live: &Liveness, registers: usize, copy_of: &[u32]) -> Program {
    let n = p.code.len();
    let mut height = vec![0u32; n];
    for i in (0..n).rev().filter(|&i| live.needed[i]) {
        let after = live.uses[i].iter().map(|&u| height[u as usize]).max().unwrap_or(0);
        height[i] = after + latency(p.code[i]);
    }
    if let Some(&last) = copy_of.iter().max().filter(|&&c| c > 0) {
        let behind = height.iter().max().copied().unwrap_or(0) / (last + 1);
        (0..n).for_each(|i| height[i] += (last - copy_of[i]) * behind);
    }
    let mut s = Schedule {
        left: live.uses.iter().map(|u| distinct(u)).collect(),
        waits: vec![0; n],
        at: vec![0; n],
        divider: 0,
        ready: Vec::new(),
        order: Vec::with_capacity(n),
        alive: 0,
        overwritten: overwritten(p),
    };
    for i in (0..n).filter(|&i| live.needed[i]) {
        let mut args = p.code[i].args();
        args.sort_unstable();
        args.dedup();
        s.waits[i] = args.len();
        if args.is_empty() {
            s.ready.push(i);
        }
    }
    let (mut now, mut begun) = (0u32, 0u32);
    while !s.ready.is_empty() {
        let tight = s.alive >= registers;
        let best = (0..s.ready.len()).min_by_key(|&k| {
            let i = s.ready[k];
            // Fixed values come first: they cost nothing.
            let fixed = !(live.fixed[i] || s.overwritten[i]);
            let at = if divides(p.code[i]) { s.at[i].max(s.divider) } else { s.at[i] };
            let wait = at.saturating_sub(now);
            let growth = if tight { s.growth(p, live, i) } else { 0 };
            (fixed, growth, wait, std::cmp::Reverse(height[i]), i)
        });
        let Some(k) = best else { break };
        let i = s.ready.swap_remove(k);
        if !live.fixed[i] {
            now = now.max(s.at[i]);
            if divides(p.code[i]) {
                now = now.max(s.divider);
                s.divider = now + DIVIDING;
            }
            begun += 1;
            if begun == WIDTH {
                (now, begun) = (now + 1, 0);
            }
        }
        s.take(p, live, i, now);
    }
    s.renumber(p)
}

/// How many instructions read: one that reads twice is one.
fn distinct(uses: &[u32]) -> usize {
    uses.len() - uses.windows(2).filter(|w| w[0] == w[1]).count()
}

struct Schedule {
    /// Instructions that have still to read a value.
    left: Vec<usize>,
    /// Operands that an instruction waits for.
    waits: Vec<usize>,
    /// When its operands are there.
    at: Vec<u32>,
    /// When the divider is free.
    divider: u32,
    ready: Vec<usize>,
    order: Vec<usize>,
    /// Values in registers.
    alive: usize,
    /// Inputs that are to be read before anything is stored.
    overwritten: Vec<bool>,
}

/// Inputs of one element alone whose places are stored to.
fn overwritten(p: &Program) -> Vec<bool> {
    let (reads, writes) = p.slots.split_at(p.inputs.min(p.slots.len()));
    let is = |lane: &Lane| match lane {
        Lane::Input(k) => reads.get(*k as usize).is_some_and(|slot| writes.contains(slot)),
        _ => false,
    };
    p.code.iter().map(is).collect()
}

impl Schedule {
    /// How many more values are alive after an instruction.
    fn growth(&self, p: &Program, live: &Liveness, i: usize) -> isize {
        let mut args = p.code[i].args();
        args.sort_unstable();
        args.dedup();
        let ends = |&&a: &&Id| !live.fixed[a as usize] && self.left[a as usize] == 1;
        let ended = isize::try_from(args.iter().filter(ends).count()).unwrap_or(0);
        isize::from(!live.fixed[i] && self.left[i] > 0) - ended
    }

    fn take(&mut self, p: &Program, live: &Liveness, i: usize, now: u32) {
        self.alive = self.alive.saturating_add_signed(self.growth(p, live, i));
        let mut args = p.code[i].args();
        args.sort_unstable();
        args.dedup();
        args.iter().for_each(|&a| self.left[a as usize] -= 1);
        self.order.push(i);
        let done = now + latency(p.code[i]);
        let mut last = None;
        for &u in &live.uses[i] {
            let user = u as usize;
            if last.replace(user) == Some(user) {
                continue;
            }
            self.at[user] = self.at[user].max(done);
            self.waits[user] -= 1;
            if self.waits[user] == 0 {
                self.ready.push(user);
            }
        }
    }

    /// The program in the order that was found.
    fn renumber(&self, p: &Program) -> Program {
        let mut place: Vec<Id> = vec![0; p.code.len()];
        for (to, &from) in (0..).zip(&self.order) {
            place[from] = to;
        }
        let moved = |id: Id| place[id as usize];
        let mut out = p.clone();
        out.code = self.order.iter().map(|&i| p.code[i].with_args(moved)).collect();
        out.stores.iter_mut().for_each(|s| *s = moved(*s));
        for fold in &mut out.folds {
            (fold.carry, fold.next) = (moved(fold.carry), moved(fold.next));
        }
        out.holds.iter_mut().for_each(|h| *h = moved(*h));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two inputs, and of each a chain of squares that is stored; one chain after the other.
    fn two_chains(links: u32) -> Program {
        let mut code = vec![Lane::Input(0)];
        code.extend((0..links).map(|i| Lane::Two(Two::Mul, i, i)));
        code.push(Lane::Input(1));
        code.extend((0..links).map(|i| Lane::Two(Two::Mul, links + 1 + i, links + 1 + i)));
        Program { code, inputs: 2, stores: vec![links, 2 * links + 1], ..Program::default() }
    }

    #[test]
    fn chains_are_laid_side_by_side() {
        let p = two_chains(6);
        let out = schedule(&p, &Liveness::new(&p, 0), 20, &[]);
        assert_eq!(out.code.len(), p.code.len());
        // What is read is there before.
        for (i, lane) in out.code.iter().enumerate() {
            assert!(lane.args().iter().all(|&a| (a as usize) < i));
        }
        // Both end at the end, each with its own input at its start.
        let last: Vec<usize> = out.stores.iter().map(|&s| s as usize).collect();
        assert_eq!((last[0].min(last[1]), last[0].max(last[1])), (12, 13));
        for (k, &store) in (0..).zip(&out.stores) {
            let mut at = store;
            while let Some(&a) = out.code[at as usize].args().first() {
                at = a;
            }
            assert_eq!(out.code[at as usize], Lane::Input(k));
        }
    }

    /// What does not divide stands between divisions, as long as there is some.
    #[test]
    fn divisions_wait_for_the_divider() {
        let mut p = two_chains(40);
        let at = |n: usize| Id::try_from(n).unwrap_or(0);
        for _ in 0..4 {
            let result = at(p.code.len());
            p.code.push(Lane::Two(Two::Div, 0, result - 1));
            p.stores.push(result);
            p.code.push(Lane::Const(u64::from(result)));
        }
        let out = schedule(&p, &Liveness::new(&p, 0), 20, &[]);
        let divisions: Vec<usize> = (0..out.code.len()).filter(|&i| divides(out.code[i])).collect();
        assert!(divisions.len() == 4 && divisions.windows(2).all(|w| w[1] - w[0] > 1), "{divisions:?}");
    }

    #[test]
    fn few_registers_keep_chains_apart() {
        let p = two_chains(6);
        let out = schedule(&p, &Liveness::new(&p, 0), 1, &[]);
        assert_eq!(Liveness::new(&out, 0).pressure, 1);
    }

    #[test]
    fn what_is_overwritten_is_read_first() {
        // Registers 0 and 1 change places, by way of long chains of squares.
        let mut p = two_chains(6);
        p.slots = vec![0, 1, 1, 0];
        let out = schedule(&p, &Liveness::new(&p, 0), 20, &[]);
        assert!(matches!(out.code[..2], [Lane::Input(_), Lane::Input(_)]), "{:?}", out.code);
    }
}
