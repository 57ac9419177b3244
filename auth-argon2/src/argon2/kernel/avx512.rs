//! The compression function with AVX-512: 16 vectors of eight words.
//!
//! As with AVX2, twice as wide: a vector of a row pass holds a quarter of one
//! row and the same quarter of the next; a vector of a column pass holds two
//! neighbouring words of each of four columns.

#![allow(
    unsafe_code,
    reason = "vector loads and stores take pointers, and AVX-512 must have been detected"
)]

use std::arch::x86_64::{
    __m512i, _mm_cvtsi128_si64, _mm512_add_epi64, _mm512_alignr_epi8, _mm512_castsi512_si128,
    _mm512_load_si512, _mm512_mul_epu32, _mm512_permutex_epi64, _mm512_ror_epi64,
    _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_store_si512, _mm512_xor_si512,
};
use std::ptr;

use super::Compress;
use super::avx2::Avx2;
use crate::argon2::block::Block;

/// The proof that AVX-512F, AVX-512BW and AVX2 are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Avx512(Avx2);

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
        Avx2::detect().filter(|_| found).map(Self)
    }
}

impl Compress for Avx512 {
    #[inline]
    fn compress<const ONTO: bool, T>(
        self,
        previous: &Block,
        reference: &Block,
        next: &mut Block,
        ahead: impl FnOnce(u64) -> T,
    ) -> T {
        // SAFETY: `self` is only made where both features were detected.
        unsafe { compress::<ONTO, T>(previous, reference, next, ahead) }
    }

    #[inline]
    fn prefetch(self, block: *const Block) {
        self.0.prefetch(block);
    }
}

type V = __m512i;

/// The four rows of two vectors of two matrices of 4 × 4 words each.
type Matrices = [[V; 2]; 4];

#[target_feature(enable = "avx512f,avx512bw")]
fn compress<const ONTO: bool, T>(
    previous: &Block,
    reference: &Block,
    next: &mut Block,
    ahead: impl FnOnce(u64) -> T,
) -> T {
    let rows = [
        permuted_rows(previous, reference, 0),
        permuted_rows(previous, reference, 4),
    ];
    let first = permuted_columns(&rows, 0);
    let word = _mm_cvtsi128_si64(_mm512_castsi512_si128(first[0][0])).cast_unsigned();
    let word = word ^ previous.0[0] ^ reference.0[0];
    // The first word of the new block, as it will be stored below.
    let told = ahead(if ONTO { word ^ next.0[0] } else { word });
    finish::<ONTO>(previous, reference, next, 0, first);
    let second = permuted_columns(&rows, 1);
    finish::<ONTO>(previous, reference, next, 1, second);
    told
}

/// Four rows of `previous ^ reference`: P of RFC 9106 §3.6 on each. Vector
/// `[half][row]` of the result is one half of one row.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn permuted_rows(previous: &Block, reference: &Block, first: usize) -> [[V; 4]; 2] {
    let input = |row: usize, half: usize| {
        let at = 2 * (first + row) + half;
        _mm512_xor_si512(load(previous, at), load(reference, at))
    };
    let mut v = [[_mm512_setzero_si512(); 2]; 4];
    for half in 0..2 {
        for j in 0..2 {
            let (x, y) = (input(2 * j, half), input(2 * j + 1, half));
            v[2 * half][j] = lower_halves(x, y);
            v[2 * half + 1][j] = upper_halves(x, y);
        }
    }
    mix(&mut v);
    for i in 0..2 {
        v[1][i] = _mm512_permutex_epi64::<0b00_11_10_01>(v[1][i]);
        v[2][i] = _mm512_permutex_epi64::<0b01_00_11_10>(v[2][i]);
        v[3][i] = _mm512_permutex_epi64::<0b10_01_00_11>(v[3][i]);
    }
    mix(&mut v);
    for i in 0..2 {
        v[1][i] = _mm512_permutex_epi64::<0b10_01_00_11>(v[1][i]);
        v[2][i] = _mm512_permutex_epi64::<0b01_00_11_10>(v[2][i]);
        v[3][i] = _mm512_permutex_epi64::<0b00_11_10_01>(v[3][i]);
    }
    let mut rows = [[_mm512_setzero_si512(); 4]; 2];
    for half in 0..2 {
        for j in 0..2 {
            let (x, y) = (v[2 * half][j], v[2 * half + 1][j]);
            rows[half][2 * j] = lower_halves(x, y);
            rows[half][2 * j + 1] = upper_halves(x, y);
        }
    }
    rows
}

/// Four columns: P on each. They take two vectors for each four words: the even
/// rows and the odd ones.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn permuted_columns(rows: &[[[V; 4]; 2]; 2], half: usize) -> Matrices {
    let mut v = [[_mm512_setzero_si512(); 2]; 4];
    for i in 0..4 {
        for j in 0..2 {
            let row = 2 * i + j;
            v[i][j] = rows[row / 4][half][row % 4];
        }
    }
    mix(&mut v);
    let [_, [b0, b1], [c0, c1], [d0, d1]] = v;
    v[1] = [second_and_first(b0, b1), second_and_first(b1, b0)];
    v[2] = [c1, c0];
    v[3] = [second_and_first(d1, d0), second_and_first(d0, d1)];
    mix(&mut v);
    let [_, [b0, b1], [c0, c1], [d0, d1]] = v;
    v[1] = [second_and_first(b1, b0), second_and_first(b0, b1)];
    v[2] = [c1, c0];
    v[3] = [second_and_first(d0, d1), second_and_first(d1, d0)];
    v
}

/// Stores four columns of the new block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn finish<const ONTO: bool>(
    previous: &Block,
    reference: &Block,
    next: &mut Block,
    half: usize,
    columns: Matrices,
) {
    for i in 0..4 {
        for j in 0..2 {
            let at = 2 * (2 * i + j) + half;
            let input = _mm512_xor_si512(load(previous, at), load(reference, at));
            let mut value = _mm512_xor_si512(columns[i][j], input);
            if ONTO {
                value = _mm512_xor_si512(value, load(next, at));
            }
            store(next, at, value);
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn lower_halves(x: V, y: V) -> V {
    _mm512_shuffle_i64x2::<0b01_00_01_00>(x, y)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn upper_halves(x: V, y: V) -> V {
    _mm512_shuffle_i64x2::<0b11_10_11_10>(x, y)
}

/// In each quarter: the second word of `x`, then the first of `y`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn second_and_first(x: V, y: V) -> V {
    _mm512_alignr_epi8::<8>(y, x)
}

/// G of RFC 9106 §3.6 on the columns of all matrices.
#[inline]
#[target_feature(enable = "avx512f")]
fn mix(v: &mut Matrices) {
    let [a, b, c, d] = v;
    for i in 0..2 {
        a[i] = add_mul(a[i], b[i]);
        d[i] = _mm512_ror_epi64::<32>(_mm512_xor_si512(d[i], a[i]));
    }
    for i in 0..2 {
        c[i] = add_mul(c[i], d[i]);
        b[i] = _mm512_ror_epi64::<24>(_mm512_xor_si512(b[i], c[i]));
    }
    for i in 0..2 {
        a[i] = add_mul(a[i], b[i]);
        d[i] = _mm512_ror_epi64::<16>(_mm512_xor_si512(d[i], a[i]));
    }
    for i in 0..2 {
        c[i] = add_mul(c[i], d[i]);
        b[i] = _mm512_ror_epi64::<63>(_mm512_xor_si512(b[i], c[i]));
    }
}

/// `x + y + 2·lo(x)·lo(y)` on each word.
#[inline]
#[target_feature(enable = "avx512f")]
fn add_mul(x: V, y: V) -> V {
    let product = _mm512_mul_epu32(x, y);
    _mm512_add_epi64(_mm512_add_epi64(x, y), _mm512_add_epi64(product, product))
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(block: &Block, at: usize) -> V {
    let words = &block.0.as_chunks::<8>().0[at];
    // SAFETY: eight words of a block, whose alignment is 64 bytes, at a multiple
    // of 64 bytes.
    unsafe { _mm512_load_si512(ptr::from_ref(words).cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(block: &mut Block, at: usize, value: V) {
    let words = &mut block.0.as_chunks_mut::<8>().0[at];
    // SAFETY: as for `load`, and exclusively borrowed.
    unsafe { _mm512_store_si512(ptr::from_mut(words).cast(), value) }
}
