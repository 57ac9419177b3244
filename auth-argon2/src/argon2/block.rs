//! What Argon2 fills its memory with.

use zeroize::Zeroize;

/// 1 KiB: 128 words, a matrix of 8 rows of 16.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct Block(pub(crate) [u64; WORDS]);

impl Block {
    /// All zeros.
    pub const fn new() -> Self {
        Self([0; WORDS])
    }

    pub(crate) fn from_bytes(bytes: &[u8; BYTES]) -> Self {
        let mut block = Self::new();
        let (words, _) = bytes.as_chunks();
        for (word, bytes) in block.0.iter_mut().zip(words) {
            *word = u64::from_le_bytes(*bytes);
        }
        block
    }

    pub(crate) fn to_bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let (words, _) = bytes.as_chunks_mut();
        for (bytes, word) in words.iter_mut().zip(&self.0) {
            *bytes = word.to_le_bytes();
        }
        bytes
    }
}

impl Default for Block {
    fn default() -> Self {
        Self::new()
    }
}

impl Zeroize for Block {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// Shows nothing: what it holds was made from a password.
impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Block(..)")
    }
}

pub(crate) const WORDS: usize = 128;
pub(crate) const BYTES: usize = 8 * WORDS;
