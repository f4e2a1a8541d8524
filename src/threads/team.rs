//! A team of threads that stays: parts of one piece of work, shared out among the thread that calls and helpers.
//!
//! Work of ten microseconds is worth sharing if a helper begins within one. So a helper without work looks out for
//! more for a while before it sleeps, the calling thread takes part, and nobody waits for a helper that has not
//! begun when all parts are taken. Each thread begins with the parts that it had in a call before, which are in its
//! cache; who is done takes from the ends of the others.
//!
//! There is one team. Who finds it at work does all parts alone: more threads than processors gain nothing.

#![allow(unsafe_code, reason = "threads that stay know no lifetimes; parts are lent to one thread each")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread::{self, Thread};

use smallvec::SmallVec;

use super::processors;

/// How often a helper looks out for work before it sleeps: some 150 microseconds. That is longer than the last part
/// of another thread, and than what a program does between calls: to be woken up takes as long as a part.
const LOOKS: u32 = 5000;

/// How often the calling thread looks out for the end of work that is begun, before it sleeps: the time of several
/// parts.
const LOOKS_FOR_THE_END: u32 = 20_000;

/// What a helper does: looks out for work,
const IDLE: u8 = 0;
/// sleeps,
const ASLEEP: u8 = 1;
/// has work that it has not begun,
const POSTED: u8 = 2;
/// works,
const BUSY: u8 = 3;
/// works, and the thread that called sleeps until it is done.
const AWAITED: u8 = 4;

/// What every member of the team does, told which member it is.
struct Work<'w> {
    run: &'w (dyn Fn(usize) + Sync),
    caller: Thread,
    panicked: AtomicBool,
}

/// A helper as others see it.
#[derive(Debug)]
struct Helper {
    state: AtomicU8,
    work: AtomicPtr<Work<'static>>,
}

/// Helpers and their threads; who holds it may give them work.
static TEAM: Mutex<Vec<(Arc<Helper>, Thread)>> = Mutex::new(Vec::new());

impl Helper {
    /// Whether the state was this one, and is another now.
    fn turns(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// What the thread of a helper does.
    fn serve(&self, member: usize) {
        loop {
            let mut looks = 0;
            // Looked at before it is changed: a change takes the line from who posts.
            while self.state.load(Ordering::Relaxed) != POSTED || !self.turns(POSTED, BUSY) {
                looks += 1;
                if looks < LOOKS {
                    std::hint::spin_loop();
                } else if self.turns(IDLE, ASLEEP) {
                    while self.state.load(Ordering::Acquire) == ASLEEP {
                        thread::park();
                    }
                    looks = 0;
                }
            }
            // SAFETY: who posted the work waits until this helper's state is `IDLE` again, if it has been `BUSY`.
            let work = unsafe { &*self.work.load(Ordering::Relaxed) };
            let caller = work.caller.clone();
            if catch_unwind(AssertUnwindSafe(|| (work.run)(member))).is_err() {
                work.panicked.store(true, Ordering::Relaxed);
            }
            // After this the work is gone.
            if self.state.swap(IDLE, Ordering::AcqRel) == AWAITED {
                caller.unpark();
            }
        }
    }

    /// Calls off work that is not begun, or waits for its end.
    fn settle(&self) {
        if self.turns(POSTED, IDLE) {
            return;
        }
        for _ in 0..LOOKS_FOR_THE_END {
            if self.state.load(Ordering::Acquire) != BUSY {
                return;
            }
            std::hint::spin_loop();
        }
        if self.turns(BUSY, AWAITED) {
            while self.state.load(Ordering::Acquire) == AWAITED {
                thread::park();
            }
        }
    }
}

/// Work that helpers have been given; it ends before this does, also where the calling thread panics.
struct Posted<'t>(&'t [(Arc<Helper>, Thread)]);

impl Drop for Posted<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|(helper, _)| helper.settle());
    }
}

/// So many helpers, or as many as the system gives.
fn helpers(team: &mut Vec<(Arc<Helper>, Thread)>, wanted: usize) -> &[(Arc<Helper>, Thread)] {
    while team.len() < wanted {
        let helper = Arc::new(Helper { state: AtomicU8::new(IDLE), work: AtomicPtr::new(null_mut()) });
        let (own, member) = (helper.clone(), team.len() + 1);
        let thread = thread::Builder::new().name(format!("egrad-{member}"));
        match thread.spawn(move || own.serve(member)) {
            Ok(handle) => team.push((helper, handle.thread().clone())),
            Err(_) => break,
        }
    }
    &team[..wanted.min(team.len())]
}

/// Every one of so many members does this at most once, member 0 surely; who has not begun when it is done never
/// does.
fn together(members: usize, run: &(dyn Fn(usize) + Sync)) {
    let free = match TEAM.try_lock() {
        Ok(team) => Some(team),
        Err(TryLockError::Poisoned(e)) => Some(e.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    };
    let Some(mut team): Option<MutexGuard<'_, Vec<_>>> = free.filter(|_| members > 1) else { return run(0) };
    let work = Work { run, caller: thread::current(), panicked: AtomicBool::new(false) };
    let helpers = helpers(&mut team, members - 1);
    let posted = Posted(helpers);
    for (helper, thread) in helpers {
        helper.work.store((&raw const work).cast_mut().cast(), Ordering::Relaxed);
        if helper.state.swap(POSTED, Ordering::AcqRel) == ASLEEP {
            thread.unpark();
        }
    }
    run(0);
    drop(posted);
    #[allow(clippy::panic, reason = "passes on a panic of what was to be done")]
    if work.panicked.load(Ordering::Relaxed) {
        panic!("a part of a call panicked");
    }
}

/// Parts one after the other that nobody has taken: the first, and the one behind the last.
struct Span(AtomicU64);

impl Span {
    fn new(from: usize, to: usize) -> Span {
        Span(AtomicU64::new((from as u64) << 32 | to as u64))
    }

    /// Takes the first part, or the last.
    fn take(&self, last: bool) -> Option<usize> {
        let pick = |x: u64| {
            let (from, to) = (x >> 32, x & u64::from(u32::MAX));
            let left = if last { from << 32 | to.wrapping_sub(1) } else { (from + 1) << 32 | to };
            (from < to).then_some(left)
        };
        let all = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pick).ok()?;
        let part = if last { (all & u64::from(u32::MAX)) - 1 } else { all >> 32 };
        usize::try_from(part).ok()
    }
}

/// Elements that several threads reach, each its own.
struct Apart<T>(*mut T);

// SAFETY: whoever gets elements by `at` is, by its contract, the only one who has them: they are sent.
unsafe impl<T: Send> Sync for Apart<T> {}

impl<T> Apart<T> {
    /// # Safety
    /// The element is there, and nobody else has it.
    #[allow(clippy::mut_from_ref, reason = "by contract there is one")]
    unsafe fn at(&self, i: usize) -> &mut T {
        // SAFETY: the caller's.
        unsafe { &mut *self.0.add(i) }
    }
}

/// Does something with every part, on as many threads as there are things of their own, each of which one thread
/// uses; fewer where the machine has fewer processors.
///
/// # Panics
/// Where `work` does.
pub(crate) fn share<P: Send, O: Send>(
    parts: &mut [P],
    own: &mut [O],
    work: &(dyn Fn(&mut P, &mut O) + Sync),
) {
    share_among(processors(), parts, own, work);
}

fn share_among<P: Send, O: Send>(
    most: usize,
    parts: &mut [P],
    own: &mut [O],
    work: &(dyn Fn(&mut P, &mut O) + Sync),
) {
    let (count, members) = (parts.len(), parts.len().min(own.len()).min(most));
    let Some(first) = own.first_mut() else { return };
    if members < 2 {
        return parts.iter_mut().for_each(|part| work(part, first));
    }
    let spans: SmallVec<[Span; 8]> =
        (0..members).map(|m| Span::new(m * count / members, (m + 1) * count / members)).collect();
    let (parts, own) = (Apart(parts.as_mut_ptr()), Apart(own.as_mut_ptr()));
    together(members, &|member: usize| {
        // SAFETY: there are at least as many as members, and each member is one thread.
        let own = unsafe { own.at(member) };
        let others = || (1..members).find_map(|k| spans[(member + k) % members].take(true));
        while let Some(i) = spans[member].take(false).or_else(others) {
            // SAFETY: spans lie among the parts, apart from each other, and give each part once.
            work(unsafe { parts.at(i) }, own);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Every part is done once, whatever helpers do meanwhile.
    #[test]
    fn every_part_is_done_once() {
        for round in 0..2000usize {
            let members = 1 + round % 5;
            let mut parts: Vec<usize> = vec![0; round % 23];
            let mut own = vec![0usize; members];
            share_among(members, &mut parts, &mut own, &|part, own| {
                *part += 1;
                *own += 1;
            });
            assert!(parts.iter().all(|&n| n == 1), "{parts:?}");
            assert_eq!(own.iter().sum::<usize>(), parts.len());
            if round % 500 == 0 {
                // Helpers fall asleep.
                thread::sleep(Duration::from_millis(2));
            }
        }
    }

    /// A caller whose own parts are done waits for a helper that is at work, asleep if that takes long.
    #[test]
    fn callers_wait_for_helpers() {
        for _ in 0..3 {
            let mut parts = vec![false; 2];
            share_among(2, &mut parts, &mut [(), ()], &|part, ()| {
                thread::sleep(Duration::from_millis(3));
                *part = true;
            });
            assert_eq!(parts, [true, true]);
        }
    }

    #[test]
    fn shares_of_shares_are_done() {
        let mut parts = vec![vec![0u32; 10]; 6];
        share_among(3, &mut parts, &mut [(); 3], &|part, ()| {
            share_among(3, part, &mut [(); 3], &|x, ()| *x += 1);
        });
        assert!(parts.iter().flatten().all(|&x| x == 1));
    }

    #[test]
    fn callers_at_once_do_not_wait_for_each_other() {
        thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    for _ in 0..200 {
                        let mut parts = vec![0u32; 9];
                        share_among(2, &mut parts, &mut [(); 2], &|x, ()| *x += 1);
                        assert!(parts.iter().all(|&x| x == 1));
                    }
                });
            }
        });
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_team_stays() {
        for at in 0..4 {
            let mut parts = [0, 1, 2, 3];
            let result = catch_unwind(AssertUnwindSafe(|| {
                share_among(2, &mut parts, &mut [(); 2], &|part, ()| assert_ne!(*part, at));
            }));
            assert!(result.is_err());
            let mut again = [false; 8];
            share_among(2, &mut again, &mut [(); 2], &|part, ()| *part = true);
            assert_eq!(again, [true; 8]);
        }
    }
}
