//! The block of memory that Argon2 fills.

use std::fmt;
use std::marker::PhantomData;

use zeroize::Zeroize;

/// A block that is allocated once and remembers how much of it was used. A hash
/// overwrites all that it is lent, so that only what the next one would leave is
/// wiped before it, and the rest as soon as nothing follows.
pub(super) struct Memory<S: AsMut<[B]>, B: Zeroize> {
    blocks: S,
    used: usize,
    of: PhantomData<B>,
}

impl<S: AsMut<[B]>, B: Zeroize> Memory<S, B> {
    pub(super) const fn new(blocks: S) -> Self {
        Self {
            blocks,
            used: 0,
            of: PhantomData,
        }
    }

    /// The first `count` blocks, or all there are. The borrower overwrites them
    /// all.
    pub(super) fn lend(&mut self, count: usize) -> &mut [B] {
        let blocks = self.blocks.as_mut();
        let count = count.min(blocks.len());
        wipe(blocks.get_mut(count..self.used));
        self.used = count;
        &mut blocks[..count]
    }

    pub(super) fn wipe(&mut self) {
        wipe(self.blocks.as_mut().get_mut(..self.used));
        self.used = 0;
    }
}

impl<S: AsMut<[B]>, B: Zeroize> Drop for Memory<S, B> {
    fn drop(&mut self) {
        self.wipe();
    }
}

impl<S: AsMut<[B]>, B: Zeroize> fmt::Debug for Memory<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(..)")
    }
}

fn wipe<B: Zeroize>(blocks: Option<&mut [B]>) {
    for block in blocks.into_iter().flatten() {
        block.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::Memory;

    fn left(memory: &Memory<Vec<u64>, u64>) -> &[u64] {
        &memory.blocks
    }

    #[test]
    fn c87_what_the_next_hash_would_leave_is_wiped_before_it() {
        let mut memory = Memory::new(vec![0_u64; 4]);
        memory.lend(4).fill(7);
        memory.lend(2);
        assert_eq!(left(&memory), [7, 7, 0, 0]);
        memory.lend(9);
        memory.wipe();
        assert_eq!(left(&memory), [0; 4]);
    }

    #[test]
    fn c87_what_a_panic_left_is_wiped_too() {
        let mut memory = Memory::new(vec![0_u64; 4]);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            memory.lend(3).fill(7);
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        memory.wipe();
        assert_eq!(left(&memory), [0; 4]);
    }
}
