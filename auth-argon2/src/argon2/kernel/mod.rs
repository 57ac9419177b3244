//! The compression function, for each kind of processor.
//!
//! A kernel permutes the rows, then the columns of `previous ^ reference`. It
//! calls `ahead` with the first word of the new block as soon as that is known,
//! long before the rest of the block: the word says which block will be read
//! next, so that it can be fetched meanwhile.

#![allow(
    clippy::large_types_passed_by_value,
    clippy::many_single_char_names,
    clippy::needless_range_loop,
    reason = "the RFC's own letters and indices; vectors stay in registers"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use crate::argon2::block::Block;

/// Which code compresses blocks: a value, made by looking at the processor, so
/// that none can be chosen that the processor does not have.
///
/// ```
/// use auth_argon2::Kernel;
///
/// assert!(Kernel::available().any(|kernel| kernel == Kernel::best()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Portable(portable::Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
}

impl Kernel {
    /// The fastest that this processor runs.
    pub fn best() -> Self {
        Self::available().next().unwrap_or(Self::portable())
    }

    /// The one that every processor runs.
    pub const fn portable() -> Self {
        Self(Kind::Portable(portable::Portable))
    }

    /// All that this processor runs, fastest first.
    #[cfg(target_arch = "x86_64")]
    pub fn available() -> impl Iterator<Item = Self> {
        [
            avx512::Avx512::detect().map(|found| Self(Kind::Avx512(found))),
            avx2::Avx2::detect().map(|found| Self(Kind::Avx2(found))),
            Some(Self::portable()),
        ]
        .into_iter()
        .flatten()
    }

    /// All that this processor runs, fastest first.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn available() -> impl Iterator<Item = Self> {
        [Self::portable()].into_iter()
    }

    /// `avx512`, `avx2` or `portable`.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
        }
    }

    pub(crate) const fn kind(self) -> Kind {
        self.0
    }
}

impl Default for Kernel {
    fn default() -> Self {
        Self::best()
    }
}

/// Made only where the processor can run it.
pub(crate) trait Compress: Copy {
    /// `next = G(previous, reference)`, or `next ^= G(..)` with `ONTO`, of
    /// RFC 9106 §3.5. `ahead` is told the first word of `next`; its answer is
    /// returned.
    fn compress<const ONTO: bool, T>(
        self,
        previous: &Block,
        reference: &Block,
        next: &mut Block,
        ahead: impl FnOnce(u64) -> T,
    ) -> T;

    /// Starts to bring what is at `block` near. It need not be there.
    fn prefetch(self, block: *const Block);
}

#[cfg(test)]
mod tests;
