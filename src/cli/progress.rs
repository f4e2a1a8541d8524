//! Progress of long work, on standard error and only when a person watches.

use std::io::{IsTerminal as _, Write as _, stderr, stdout};

/// A count that is written over itself.
#[derive(Debug)]
pub(super) struct Progress {
    watched: bool,
}

impl Progress {
    /// Shown if standard error is a terminal and the results go elsewhere.
    pub(super) fn new() -> Progress {
        Progress { watched: stderr().is_terminal() && !stdout().is_terminal() }
    }

    /// So many are done.
    pub(super) fn done(&self, n: usize) {
        if self.watched {
            // Nobody is helped by an error about progress.
            let _ = write!(stderr(), "\r{n} cases");
        }
    }

    /// No more are coming.
    pub(super) fn end(&self) {
        if self.watched {
            let _ = writeln!(stderr());
        }
    }
}
