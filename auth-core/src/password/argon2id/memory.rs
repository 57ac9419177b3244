//! The block of memory that Argon2 fills.

use std::collections::TryReserveError;
use std::fmt;

use argon2::Block;
use zeroize::Zeroize;

/// A block that is allocated once and wiped after every use. It holds what the
/// password was mixed into.
pub(super) struct Memory(Vec<Block>);

impl Memory {
    pub(super) fn new(kib: u32) -> Result<Self, TryReserveError> {
        let length = usize::try_from(kib).unwrap_or(usize::MAX);
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(length)?;
        blocks.resize(length, Block::new());
        Ok(Self(blocks))
    }

    /// The first `count` blocks, or all there are.
    pub(super) fn lend(&mut self, count: usize) -> Lent<'_> {
        let end = count.min(self.0.len());
        Lent(&mut self.0[..end])
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory(..)")
    }
}

/// Blocks on loan: wiped when given back, by a panic too.
pub(super) struct Lent<'a>(&'a mut [Block]);

impl AsMut<[Block]> for Lent<'_> {
    fn as_mut(&mut self) -> &mut [Block] {
        self.0
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        for block in &mut *self.0 {
            block.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn what_was_lent_comes_back_wiped_even_by_a_panic() {
        let mut memory = Memory::new(4).expect("4 KiB");
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut lent = memory.lend(3);
            for block in lent.as_mut() {
                block.as_mut().fill(7);
            }
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert!(
            memory
                .0
                .iter()
                .all(|block| block.as_ref().iter().all(|&word| word == 0))
        );
    }
}
