//! The compression function in plain Rust: for other processors, and the twin
//! that the others are held against.

use super::Compress;
use crate::argon2::block::{Block, WORDS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Portable;

impl Compress for Portable {
    #[inline]
    fn compress<const ONTO: bool, T>(
        self,
        previous: &Block,
        reference: &Block,
        next: &mut Block,
        ahead: impl FnOnce(u64) -> T,
    ) -> T {
        let mut state = Block::new();
        for i in 0..WORDS {
            let word = previous.0[i] ^ reference.0[i];
            state.0[i] = word;
            next.0[i] = if ONTO { next.0[i] ^ word } else { word };
        }
        for row in 0..8 {
            permute(&mut state.0, |i| 16 * row + i);
        }
        for column in 0..8 {
            permute(&mut state.0, |i| 16 * (i / 2) + 2 * column + i % 2);
        }
        for (next, word) in next.0.iter_mut().zip(&state.0) {
            *next ^= word;
        }
        ahead(next.0[0])
    }

    fn prefetch(self, _: *const Block) {}
}

/// The permutation P of RFC 9106 §3.6 on the 16 words that `at` names.
#[inline]
fn permute(v: &mut [u64; WORDS], at: impl Fn(usize) -> usize) {
    const COLUMNS_THEN_DIAGONALS: [[usize; 4]; 8] = [
        [0, 4, 8, 12],
        [1, 5, 9, 13],
        [2, 6, 10, 14],
        [3, 7, 11, 15],
        [0, 5, 10, 15],
        [1, 6, 11, 12],
        [2, 7, 8, 13],
        [3, 4, 9, 14],
    ];
    for i in COLUMNS_THEN_DIAGONALS {
        let [a, b, c, d] = i.map(&at);
        mix(v, a, b, c, d);
    }
}

#[inline]
const fn mix(v: &mut [u64; WORDS], a: usize, b: usize, c: usize, d: usize) {
    v[a] = add_mul(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = add_mul(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = add_mul(v[a], v[b]);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = add_mul(v[c], v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

/// `x + y + 2·lo(x)·lo(y)`, which is what makes Argon2 hard to build in hardware.
#[inline]
const fn add_mul(x: u64, y: u64) -> u64 {
    const LOW: u64 = u32::MAX as u64;
    let product = (x & LOW) * (y & LOW);
    x.wrapping_add(y).wrapping_add(product.wrapping_mul(2))
}
