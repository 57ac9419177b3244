//! Who computes Argon2id, behind one small trait.

mod rustcrypto;
#[cfg(feature = "argon2-simd")]
mod simd;

use std::fmt::Debug;

use zeroize::Zeroize;

use super::params::Argon2Params;

/// Which code computes Argon2id. All give the same hashes.
///
/// `RustCrypto`'s is always there and the default. The one with vector
/// instructions comes with the feature `argon2-simd`, takes half the time, and
/// has `unsafe` code of ours: SECURITY.md says what each was reviewed for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Argon2Backend {
    /// The crate `argon2`.
    #[default]
    RustCrypto,
    /// The crate `auth-argon2`: AVX-512 or AVX2, if the processor has them.
    #[cfg(feature = "argon2-simd")]
    Simd,
}

impl Argon2Backend {
    /// All that are compiled in.
    pub const ALL: &[Self] = &[
        Self::RustCrypto,
        #[cfg(feature = "argon2-simd")]
        Self::Simd,
    ];

    /// One with `m_kib` KiB of memory, all of it held from the start.
    pub(super) fn engine(self, m_kib: u32) -> Result<Box<dyn Engine>, OutOfMemory> {
        match self {
            Self::RustCrypto => rustcrypto::engine(m_kib),
            #[cfg(feature = "argon2-simd")]
            Self::Simd => simd::engine(m_kib),
        }
    }
}

/// So many blocks of a KiB.
fn held<B: Clone + Zeroize>(m_kib: u32, block: &B) -> Result<auth_argon2::Memory<B>, OutOfMemory> {
    let length = usize::try_from(m_kib).map_err(|_| OutOfMemory)?;
    auth_argon2::Memory::new(length, block).map_err(|_| OutOfMemory)
}

/// Argon2id version 19, one hash at a time in the same memory.
pub(super) trait Engine: Debug + Send {
    /// Fills `tag`. What it leaves in the memory stays until the next hash
    /// overwrites it or [`wipe`](Self::wipe) does.
    fn derive(
        &mut self,
        input: &[u8],
        params: Argon2Params,
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<(), argon2::Error>;

    /// Leaves nothing of earlier hashes in the memory.
    fn wipe(&mut self);
}

/// The memory that hashing takes is not to be had.
#[derive(Clone, Copy, Debug)]
pub(in crate::password) struct OutOfMemory;
