//! Threads: how many a call may use, and the team that shares out its work.

mod team;

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::thread::available_parallelism;

pub(crate) use team::share;

/// How many threads a call may use. Results do not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// As many as the process may use processors, or what the environment's `RAYON_NUM_THREADS` says when it is
    /// first asked.
    #[default]
    Pool,
    /// So many, and no more than there are processors.
    Exactly(NonZeroUsize),
}

impl Threads {
    /// The thread that calls, alone.
    pub const ONE: Threads = Threads::Exactly(NonZeroUsize::MIN);

    /// For how many work is cut.
    pub(crate) fn count(self) -> usize {
        match self {
            Threads::Pool => told(),
            Threads::Exactly(n) => n.get(),
        }
    }
}

/// Processors that the process may run on.
pub(super) fn processors() -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    *PROCESSORS.get_or_init(|| available_parallelism().map_or(1, NonZeroUsize::get))
}

/// What the environment says, if it says a number above zero.
fn told() -> usize {
    static TOLD: OnceLock<usize> = OnceLock::new();
    *TOLD.get_or_init(|| {
        let said = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.trim().parse().ok());
        said.filter(|&n| n > 0).unwrap_or_else(processors)
    })
}
