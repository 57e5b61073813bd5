//! The system's allocator, with a count of how often it was asked.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, Ordering},
};

/// The system's allocator.
pub(crate) struct Counting;

static ASKED: AtomicU64 = AtomicU64::new(0);

/// How often this process asked for memory so far.
pub(crate) fn asked() -> u64 {
    ASKED.load(Ordering::Relaxed)
}

#[expect(unsafe_code, reason = "an allocator can't be made without; all is handed on as it came")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract that the system's allocator has.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory is the system allocator's, which is all that `alloc` and `realloc` hand out.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ASKED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}
