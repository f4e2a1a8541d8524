//! Machines for which no code is made.

/// Cannot be made.
#[derive(Debug)]
pub(super) enum Page {}

impl Page {
    /// Always `None`.
    pub(super) fn new(_code: &[u8]) -> Option<Page> {
        None
    }

    /// Never called.
    ///
    /// # Safety
    /// None needed.
    #[allow(unsafe_code, reason = "the signature of the machines for which code is made")]
    pub(super) unsafe fn call(&self, _table: *mut *mut u8, _n: usize) -> u32 {
        match *self {}
    }
}
