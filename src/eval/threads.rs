//! How many threads a call may use.

use std::num::NonZeroUsize;

/// How many threads a call may use. Results do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// As many as rayon's global pool has: the processors that the process may run on, or what the
    /// environment's `RAYON_NUM_THREADS` says.
    #[default]
    Pool,
    /// Work is cut for so many; the pool runs it.
    Exactly(NonZeroUsize),
}

impl Threads {
    /// The thread that calls, alone.
    pub const ONE: Threads = Threads::Exactly(NonZeroUsize::MIN);

    /// How many. Starts the pool where that is asked.
    pub(crate) fn count(self) -> usize {
        match self {
            Threads::Pool => rayon_core::current_num_threads(),
            Threads::Exactly(n) => n.get(),
        }
    }
}
