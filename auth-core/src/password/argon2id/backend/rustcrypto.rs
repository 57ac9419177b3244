//! The crate `argon2`.

use argon2::{Algorithm, Argon2, Block, Version};

use super::{Engine, OutOfMemory, held};
use crate::password::argon2id::memory::Memory;
use crate::password::argon2id::params::Argon2Params;

#[derive(Debug)]
struct RustCrypto(Memory<auth_argon2::Memory<Block>, Block>);

pub(super) fn engine(m_kib: u32) -> Result<Box<dyn Engine>, OutOfMemory> {
    let blocks = held(m_kib, &Block::new())?;
    Ok(Box::new(RustCrypto(Memory::new(blocks))))
}

impl Engine for RustCrypto {
    fn derive(
        &mut self,
        input: &[u8],
        params: Argon2Params,
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<(), argon2::Error> {
        let params = params.to_backend()?;
        let memory = self.0.lend(params.block_count());
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(input, salt, tag, memory)
    }

    fn wipe(&mut self) {
        self.0.wipe();
    }
}
