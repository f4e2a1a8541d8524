//! What a backend keeps with a loop.

use std::any::Any;
use std::sync::OnceLock;

/// Where a backend keeps what it made of a loop, from its first call on. A copy starts empty.
#[derive(Default)]
pub(crate) struct Made(OnceLock<Box<dyn Any + Send + Sync>>);

impl Made {
    /// What is kept; `None` when it is of another backend.
    pub(crate) fn get_or_make<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.0.get_or_init(|| Box::new(make())).downcast_ref()
    }
}

impl Clone for Made {
    fn clone(&self) -> Made {
        Made::default()
    }
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.get().is_some() { "Made" } else { "Nothing" })
    }
}
