//! Memory that holds code: written first, then executable, never both.

use memmap2::{Mmap, MmapMut};

/// A function of a table of pointers and a count.
pub(super) type Entry = unsafe extern "sysv64" fn(*mut *mut u8, usize) -> u32;

/// Code that can be called; unmapped when dropped.
#[derive(Debug)]
pub(super) struct Page {
    memory: Mmap,
}

impl Page {
    /// `None` where the system gives no memory or forbids that it is executed.
    pub(super) fn new(code: &[u8]) -> Option<Page> {
        let mut memory = MmapMut::map_anon(code.len().max(1)).ok()?;
        memory[..code.len()].copy_from_slice(code);
        Some(Page { memory: memory.make_exec().ok()? })
    }

    /// Calls the code from its first byte. The result has a bit per lane: have all formulas held?
    ///
    /// # Safety
    /// The page holds a function of this signature that the processor can run, and `table` and
    /// `n` are what that function reads and writes.
    #[allow(unsafe_code, reason = "the one place where compiled code is entered")]
    pub(super) unsafe fn call(&self, table: *mut *mut u8, n: usize) -> u32 {
        // SAFETY: the memory is executable and holds a function that was made for this signature;
        // the caller vouches for the arguments.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(self.memory.as_ptr()) };
        // SAFETY: as above.
        unsafe { entry(table, n) }
    }
}
