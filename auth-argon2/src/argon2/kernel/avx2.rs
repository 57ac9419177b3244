//! The compression function with AVX2: 32 vectors of four words.
//!
//! A row of the block is four vectors, and its diagonals come from turning them.
//! A vector of a column pass holds two neighbouring words of one column and two
//! of the next, so that its diagonals come from pairs of vectors without leaving
//! their 128-bit halves.

#![allow(
    unsafe_code,
    reason = "vector loads and stores take pointers, and AVX2 must have been detected"
)]

use std::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_add_epi64, _mm256_alignr_epi8, _mm256_extract_epi64,
    _mm256_load_si256, _mm256_mul_epu32, _mm256_permute4x64_epi64, _mm256_setr_epi8,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_shuffle_epi32, _mm256_srli_epi64,
    _mm256_store_si256, _mm256_xor_si256,
};
use std::hint::black_box;
use std::ptr;

use super::Compress;
use crate::argon2::block::Block;

/// The proof that AVX2 is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Compress for Avx2 {
    #[inline]
    fn compress<const ONTO: bool, T>(
        self,
        previous: &Block,
        reference: &Block,
        next: &mut Block,
        ahead: impl FnOnce(u64) -> T,
    ) -> T {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { compress::<ONTO, T>(previous, reference, next, ahead) }
    }

    #[inline]
    fn prefetch(self, block: *const Block) {
        for line in 0..16 {
            let line = block.cast::<i8>().wrapping_add(64 * line);
            // SAFETY: a hint; it does not fault, wherever it points.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
        }
    }
}

type V = __m256i;

/// The four rows of each of four matrices of 4 × 4 words. Four at a time keep
/// the processor busy while one waits for its products.
type Matrices = [[V; 4]; 4];

#[target_feature(enable = "avx2")]
fn compress<const ONTO: bool, T>(
    previous: &Block,
    reference: &Block,
    next: &mut Block,
    ahead: impl FnOnce(u64) -> T,
) -> T {
    let turns = Turns::load();
    let rows = [
        permuted_rows(previous, reference, 0, turns),
        permuted_rows(previous, reference, 4, turns),
    ];
    let first = permuted_columns(&rows, 0, turns);
    let word = _mm256_extract_epi64::<0>(first[0][0]).cast_unsigned();
    let word = word ^ previous.0[0] ^ reference.0[0];
    // The first word of the new block, as it will be stored below.
    let told = ahead(if ONTO { word ^ next.0[0] } else { word });
    finish::<ONTO>(previous, reference, next, 0, first);
    let second = permuted_columns(&rows, 2, turns);
    finish::<ONTO>(previous, reference, next, 2, second);
    told
}

/// Four rows of `previous ^ reference`: P of RFC 9106 §3.6 on each.
#[inline]
#[target_feature(enable = "avx2")]
fn permuted_rows(previous: &Block, reference: &Block, first: usize, turns: Turns) -> Matrices {
    let mut v = [[_mm256_setzero_si256(); 4]; 4];
    for i in 0..4 {
        for j in 0..4 {
            let at = 4 * (first + j) + i;
            v[i][j] = _mm256_xor_si256(load(previous, at), load(reference, at));
        }
    }
    mix(&mut v, turns);
    for i in 0..4 {
        v[1][i] = _mm256_permute4x64_epi64::<0b00_11_10_01>(v[1][i]);
        v[2][i] = _mm256_permute4x64_epi64::<0b01_00_11_10>(v[2][i]);
        v[3][i] = _mm256_permute4x64_epi64::<0b10_01_00_11>(v[3][i]);
    }
    mix(&mut v, turns);
    for i in 0..4 {
        v[1][i] = _mm256_permute4x64_epi64::<0b10_01_00_11>(v[1][i]);
        v[2][i] = _mm256_permute4x64_epi64::<0b01_00_11_10>(v[2][i]);
        v[3][i] = _mm256_permute4x64_epi64::<0b00_11_10_01>(v[3][i]);
    }
    v
}

/// The columns of `pair` and of the next: P on each. A pair of columns takes two
/// vectors for each four words: the even rows and the odd ones.
#[inline]
#[target_feature(enable = "avx2")]
fn permuted_columns(rows: &[Matrices; 2], pair: usize, turns: Turns) -> Matrices {
    let mut v = [[_mm256_setzero_si256(); 4]; 4];
    for i in 0..4 {
        for j in 0..4 {
            let row = 2 * i + j % 2;
            v[i][j] = rows[row / 4][pair + j / 2][row % 4];
        }
    }
    mix(&mut v, turns);
    for x in [0, 2] {
        let y = x + 1;
        let [_, b, c, d] = v;
        (v[1][x], v[1][y]) = (second_and_first(b[x], b[y]), second_and_first(b[y], b[x]));
        (v[2][x], v[2][y]) = (c[y], c[x]);
        (v[3][x], v[3][y]) = (second_and_first(d[y], d[x]), second_and_first(d[x], d[y]));
    }
    mix(&mut v, turns);
    for x in [0, 2] {
        let y = x + 1;
        let [_, b, c, d] = v;
        (v[1][x], v[1][y]) = (second_and_first(b[y], b[x]), second_and_first(b[x], b[y]));
        (v[2][x], v[2][y]) = (c[y], c[x]);
        (v[3][x], v[3][y]) = (second_and_first(d[x], d[y]), second_and_first(d[y], d[x]));
    }
    v
}

/// Stores the columns of `pair` and of the next of the new block.
#[inline]
#[target_feature(enable = "avx2")]
fn finish<const ONTO: bool>(
    previous: &Block,
    reference: &Block,
    next: &mut Block,
    pair: usize,
    columns: Matrices,
) {
    for i in 0..4 {
        for j in 0..4 {
            let at = 4 * (2 * i + j % 2) + pair + j / 2;
            let input = _mm256_xor_si256(load(previous, at), load(reference, at));
            let mut value = _mm256_xor_si256(columns[i][j], input);
            if ONTO {
                value = _mm256_xor_si256(value, load(next, at));
            }
            store(next, at, value);
        }
    }
}

/// In each half: the second word of `x`, then the first of `y`.
#[inline]
#[target_feature(enable = "avx2")]
fn second_and_first(x: V, y: V) -> V {
    _mm256_alignr_epi8::<8>(y, x)
}

/// G of RFC 9106 §3.6 on the columns of both matrices.
#[inline]
#[target_feature(enable = "avx2")]
fn mix(v: &mut Matrices, turns: Turns) {
    let [a, b, c, d] = v;
    for i in 0..4 {
        a[i] = add_mul(a[i], b[i]);
        d[i] = _mm256_shuffle_epi32::<0b10_11_00_01>(_mm256_xor_si256(d[i], a[i]));
    }
    for i in 0..4 {
        c[i] = add_mul(c[i], d[i]);
        b[i] = _mm256_shuffle_epi8(_mm256_xor_si256(b[i], c[i]), turns.by24);
    }
    for i in 0..4 {
        a[i] = add_mul(a[i], b[i]);
        d[i] = _mm256_shuffle_epi8(_mm256_xor_si256(d[i], a[i]), turns.by16);
    }
    for i in 0..4 {
        c[i] = add_mul(c[i], d[i]);
        let x = _mm256_xor_si256(b[i], c[i]);
        b[i] = _mm256_xor_si256(_mm256_srli_epi64::<63>(x), _mm256_add_epi64(x, x));
    }
}

/// How bytes move when each word is turned right by 24 and by 16 bits.
#[derive(Clone, Copy)]
struct Turns {
    by24: V,
    by16: V,
}

impl Turns {
    /// The compiler must not know them: it would make two instructions of one.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn load() -> Self {
        let by24 = _mm256_setr_epi8(
            3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10, //
            3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10,
        );
        let by16 = _mm256_setr_epi8(
            2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9, //
            2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9,
        );
        Self {
            by24: black_box(by24),
            by16: black_box(by16),
        }
    }
}

/// `x + y + 2·lo(x)·lo(y)` on each word.
#[inline]
#[target_feature(enable = "avx2")]
fn add_mul(x: V, y: V) -> V {
    let product = _mm256_mul_epu32(x, y);
    _mm256_add_epi64(_mm256_add_epi64(x, y), _mm256_add_epi64(product, product))
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(block: &Block, at: usize) -> V {
    let words = &block.0.as_chunks::<4>().0[at];
    // SAFETY: four words of a block, whose alignment is 64 bytes, at a multiple
    // of 32 bytes.
    unsafe { _mm256_load_si256(ptr::from_ref(words).cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(block: &mut Block, at: usize, value: V) {
    let words = &mut block.0.as_chunks_mut::<4>().0[at];
    // SAFETY: as for `load`, and exclusively borrowed.
    unsafe { _mm256_store_si256(ptr::from_mut(words).cast(), value) }
}
