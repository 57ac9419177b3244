//! Memory that is allocated once, in large pages where the system has them.

#![allow(
    unsafe_code,
    reason = "an allocation by hand: no collection aligns to pages"
)]

use std::alloc::{Layout, alloc, dealloc};
use std::fmt;
use std::ptr::NonNull;
use std::slice;

use zeroize::Zeroize;

use super::block::{BYTES, Block};

/// Blocks for [`hash`](crate::hash), kept from one hash to the next.
///
/// It asks the system for pages of 2 MiB: blocks are read all over the memory,
/// and with small pages the processor spends a tenth of its time on finding
/// them. Every page is there from the start. Wiped on drop.
///
/// ```
/// let mut memory = auth_argon2::Memory::new(64)?;
/// assert_eq!(memory.as_mut().len(), 64);
/// # Ok::<(), auth_argon2::OutOfMemory>(())
/// ```
pub struct Memory {
    blocks: NonNull<Block>,
    length: usize,
}

impl Memory {
    /// `length` blocks of zeros.
    ///
    /// # Errors
    /// [`OutOfMemory`].
    pub fn new(length: usize) -> Result<Self, OutOfMemory> {
        if length == 0 {
            return Ok(Self {
                blocks: NonNull::dangling(),
                length,
            });
        }
        let layout = layout(length).ok_or(OutOfMemory)?;
        // SAFETY: the layout has at least one block.
        let start = unsafe { alloc(layout) };
        // The layout is aligned for blocks, at least.
        let blocks = NonNull::new(start).ok_or(OutOfMemory)?.cast::<Block>();
        #[cfg(target_os = "linux")]
        advise_large_pages(blocks, layout);
        // SAFETY: `length` blocks from `blocks` on were just allocated, aligned
        // for them; a block of zero bytes is a block.
        unsafe { blocks.write_bytes(0, length) };
        Ok(Self { blocks, length })
    }
}

impl AsMut<[Block]> for Memory {
    fn as_mut(&mut self) -> &mut [Block] {
        // SAFETY: `length` blocks live there until `self` is dropped, were
        // written by `new`, and are reached through `self` alone.
        unsafe { slice::from_raw_parts_mut(self.blocks.as_ptr(), self.length) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        for block in self.as_mut() {
            block.zeroize();
        }
        if let Some(layout) = layout(self.length).filter(|layout| layout.size() != 0) {
            // SAFETY: allocated by `new` with this layout.
            unsafe { dealloc(self.blocks.as_ptr().cast(), layout) };
        }
    }
}

// SAFETY: it owns its blocks as a vector does; a block is words.
unsafe impl Send for Memory {}

// SAFETY: nothing is reached through a shared reference.
unsafe impl Sync for Memory {}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory({} KiB)", self.length)
    }
}

/// There is not that much memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is not enough memory for Argon2")]
pub struct OutOfMemory;

/// From the start of a large page, if it fills one.
fn layout(length: usize) -> Option<Layout> {
    let bytes = length.checked_mul(BYTES)?;
    let align = if bytes < LARGE_PAGE {
        align_of::<Block>()
    } else {
        LARGE_PAGE
    };
    Layout::from_size_align(bytes, align).ok()
}

#[cfg(target_os = "linux")]
fn advise_large_pages(blocks: NonNull<Block>, layout: Layout) {
    use rustix::mm::{Advice, madvise};

    // Only what fills a page and belongs to nobody else.
    let bytes = layout.size() / LARGE_PAGE * LARGE_PAGE;
    if bytes != 0 {
        // SAFETY: the range was just allocated; the advice changes how it is
        // backed, never what is in it. Small pages do as well, so a refusal is
        // of no interest.
        let _ = unsafe { madvise(blocks.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
    }
}

const LARGE_PAGE: usize = 2 << 20;
