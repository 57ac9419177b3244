//! Argon2 of any type in memory of its own, for what does not fit the pool's.

use argon2::{Algorithm, Argon2, Block, Version};
use zeroize::{Zeroize, Zeroizing};

use super::argon2id::Argon2Params;
use super::error::{BackendError, CorruptHash, HashError};

/// How much memory a hash may take that is not one of the pool's own: what
/// Django's Argon2 takes by default, and a quarter more.
pub(super) const MAX_KIB: u32 = 128 * 1024;

/// How much work it may be, in KiB written: about a second.
pub(super) const MAX_WORK_KIB: u64 = 1 << 20;

/// Holds parameters to the bounds, before any memory is taken.
pub(super) fn admit(params: Argon2Params) -> Result<(), CorruptHash> {
    if params.m_kib() > MAX_KIB || params.work_kib() > MAX_WORK_KIB {
        return Err(CorruptHash::TooCostly);
    }
    Ok(())
}

/// One Argon2. The memory is wiped before it is given back.
pub(super) fn derive(
    algorithm: Algorithm,
    version: Version,
    params: Argon2Params,
    input: &[u8],
    salt: &[u8],
    tag_bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, HashError> {
    let backend = |error| HashError::Backend(BackendError(error));
    let cost =
        argon2::Params::new(params.m_kib(), params.t(), params.p(), None).map_err(backend)?;
    let mut memory = Blocks(Vec::new());
    memory
        .0
        .try_reserve_exact(cost.block_count())
        .map_err(|_| backend(argon2::Error::OutOfMemory))?;
    memory.0.resize(cost.block_count(), Block::new());
    let mut tag = Zeroizing::new(vec![0; tag_bytes]);
    Argon2::new(algorithm, version, cost)
        .hash_password_into_with_memory(input, salt, &mut tag, &mut memory.0[..])
        .map_err(backend)?;
    Ok(tag)
}

struct Blocks(Vec<Block>);

impl Drop for Blocks {
    fn drop(&mut self) {
        for block in &mut self.0 {
            block.zeroize();
        }
    }
}
