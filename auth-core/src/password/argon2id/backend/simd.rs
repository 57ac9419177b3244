//! The crate `auth-argon2`.

use auth_argon2::{Block, Cost, Error, Input, Kernel, Variant};

use super::{Engine, OutOfMemory, held};
use crate::password::argon2id::memory::Memory;
use crate::password::argon2id::params::Argon2Params;

#[derive(Debug)]
struct Simd {
    kernel: Kernel,
    memory: Memory<auth_argon2::Memory<Block>, Block>,
}

pub(super) fn engine(m_kib: u32) -> Result<Box<dyn Engine>, OutOfMemory> {
    Ok(Box::new(Simd {
        kernel: Kernel::best(),
        memory: Memory::new(held(m_kib, &Block::new())?),
    }))
}

impl Engine for Simd {
    fn derive(
        &mut self,
        input: &[u8],
        params: Argon2Params,
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<(), argon2::Error> {
        let mut run = || {
            let cost = Cost::new(params.m_kib(), params.t(), params.p())?;
            let input = Input {
                password: input,
                salt,
                ..Input::default()
            };
            let memory = self.memory.lend(cost.blocks());
            auth_argon2::hash(self.kernel, Variant::Id, cost, &input, memory, tag)
        };
        run().map_err(spelled_as_rustcrypto)
    }

    fn wipe(&mut self) {
        self.memory.wipe();
    }
}

fn spelled_as_rustcrypto(error: Error) -> argon2::Error {
    match error {
        Error::Cost => argon2::Error::MemoryTooLittle,
        Error::Salt => argon2::Error::SaltTooShort,
        Error::Tag => argon2::Error::OutputTooShort,
        Error::Input => argon2::Error::PwdTooLong,
        _ => argon2::Error::OutOfMemory,
    }
}
