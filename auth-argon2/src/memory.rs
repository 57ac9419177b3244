//! Memory that is allocated once, in large pages where the system has them.

#![allow(
    unsafe_code,
    reason = "an allocation by hand: no collection aligns to pages"
)]

use std::alloc::{Layout, alloc, dealloc};
use std::fmt;
use std::ptr::{self, NonNull};
use std::slice;

use zeroize::Zeroize;

/// Blocks of `B`, kept from one hash to the next: of [`Block`](crate::Block), or of
/// whatever another implementation fills.
///
/// It asks the system for pages of 2 MiB: Argon2 reads blocks all over the memory,
/// and with small pages the processor spends a tenth of its time on finding
/// them. Every page is there from the start. Wiped on drop.
///
/// ```
/// let mut memory = auth_argon2::Memory::new(64, &[0_u64; 128])?;
/// assert_eq!(memory.as_mut().len(), 64);
/// # Ok::<(), auth_argon2::OutOfMemory>(())
/// ```
pub struct Memory<B: Zeroize> {
    blocks: NonNull<B>,
    length: usize,
}

impl<B: Clone + Zeroize> Memory<B> {
    /// `length` clones of `block`.
    ///
    /// # Errors
    /// [`OutOfMemory`].
    pub fn new(length: usize, block: &B) -> Result<Self, OutOfMemory> {
        let layout = layout::<B>(length).ok_or(OutOfMemory)?;
        let blocks = if layout.size() == 0 {
            NonNull::dangling()
        } else {
            // SAFETY: the layout has a size.
            let start = unsafe { alloc(layout) };
            // The layout is aligned for blocks, at least.
            NonNull::new(start).ok_or(OutOfMemory)?.cast::<B>()
        };
        #[cfg(target_os = "linux")]
        advise_large_pages(blocks.cast(), layout.size());
        // Until all are written none is dropped: a clone that panics leaks them.
        for index in 0..length {
            // SAFETY: `length` blocks from `blocks` on were just allocated.
            let place = unsafe { blocks.add(index) };
            // SAFETY: it is aligned for a block, and there is none yet.
            unsafe { place.write(block.clone()) };
        }
        Ok(Self { blocks, length })
    }
}

impl<B: Zeroize> AsMut<[B]> for Memory<B> {
    fn as_mut(&mut self) -> &mut [B] {
        // SAFETY: `length` blocks live there until `self` is dropped, were
        // written by `new`, and are reached through `self` alone.
        unsafe { slice::from_raw_parts_mut(self.blocks.as_ptr(), self.length) }
    }
}

impl<B: Zeroize> Drop for Memory<B> {
    fn drop(&mut self) {
        for block in self.as_mut() {
            block.zeroize();
        }
        // SAFETY: they were written by `new`, and nobody comes to them any more.
        unsafe { ptr::drop_in_place(ptr::from_mut(self.as_mut())) };
        if let Some(layout) = layout::<B>(self.length).filter(|layout| layout.size() != 0) {
            // SAFETY: allocated by `new` with this layout.
            unsafe { dealloc(self.blocks.as_ptr().cast(), layout) };
        }
    }
}

// SAFETY: it owns its blocks as a vector does.
unsafe impl<B: Zeroize + Send> Send for Memory<B> {}

// SAFETY: nothing is reached through a shared reference.
unsafe impl<B: Zeroize> Sync for Memory<B> {}

impl<B: Zeroize> fmt::Debug for Memory<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} blocks)", self.length)
    }
}

/// There is not that much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is not enough memory for Argon2")]
pub struct OutOfMemory;

/// From the start of a large page, if it fills one.
fn layout<B>(length: usize) -> Option<Layout> {
    let layout = Layout::array::<B>(length).ok()?;
    if layout.size() < LARGE_PAGE {
        Some(layout)
    } else {
        layout.align_to(LARGE_PAGE).ok()
    }
}

#[cfg(target_os = "linux")]
fn advise_large_pages(start: NonNull<libc::c_void>, bytes: usize) {
    // Only what fills a page and belongs to nobody else.
    let bytes = bytes / LARGE_PAGE * LARGE_PAGE;
    if bytes != 0 {
        // SAFETY: the range was just allocated; the advice changes how it is
        // backed, never what is in it. Small pages do as well, so a refusal is
        // of no interest.
        let _ = unsafe { libc::madvise(start.as_ptr(), bytes, libc::MADV_HUGEPAGE) };
    }
}

const LARGE_PAGE: usize = 2 << 20;
