//! Hashing and verifying, one password at a time.

use std::collections::TryReserveError;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::limits::Limits;
use super::memory::Memory;
use super::params::Argon2Params;
use super::phc::{SALT_BYTES, Stored, TAG_BYTES, encode};
use crate::password::error::{BackendError, HashError};
use crate::password::plaintext::Password;
use crate::password::stored::PasswordHash;
use crate::random::{SecureRandom, draw};

/// What one thread hashes with.
#[derive(Debug)]
pub(in crate::password) struct Hasher {
    params: Argon2Params,
    limits: Limits,
    memory: Memory,
    random: Arc<dyn SecureRandom>,
    dummy: PasswordHash,
    computed: u64,
}

impl Hasher {
    pub(in crate::password) fn new(
        params: Argon2Params,
        limits: Limits,
        random: Arc<dyn SecureRandom>,
    ) -> Result<Self, TryReserveError> {
        let memory = Memory::new(limits.m_kib())?;
        let dummy = encode(params, &[0; SALT_BYTES], &[0; TAG_BYTES]);
        Ok(Self {
            params,
            limits,
            memory,
            random,
            dummy,
            computed: 0,
        })
    }

    /// Hashes with the current parameters and a fresh salt.
    pub(in crate::password) fn hash(
        &mut self,
        password: &Password,
    ) -> Result<PasswordHash, HashError> {
        let salt: [u8; SALT_BYTES] = draw(&*self.random)?;
        let tag = self.derive(password, self.params, &salt, TAG_BYTES)?;
        Ok(encode(self.params, &salt, &tag))
    }

    /// Whether `password` is the one that `against` was made from. Without a
    /// hash, and with a corrupt one, it walks the same path with a dummy, so that
    /// time does not tell who has an account.
    pub(in crate::password) fn verify(
        &mut self,
        password: &Password,
        against: Option<&PasswordHash>,
    ) -> Result<bool, HashError> {
        let phc = against.unwrap_or(&self.dummy).expose_phc();
        let accepted =
            Stored::parse(phc).and_then(|stored| self.limits.check(stored.params).map(|()| stored));
        match accepted {
            Ok(stored) => Ok(self.matches(password, &stored)? && against.is_some()),
            Err(corrupt) => {
                self.derive(password, self.params, &[0; SALT_BYTES], TAG_BYTES)?;
                Err(HashError::Corrupt(corrupt))
            }
        }
    }

    /// How many times Argon2 has run to its end.
    pub(in crate::password) const fn computed(&self) -> u64 {
        self.computed
    }

    fn matches(&mut self, password: &Password, stored: &Stored) -> Result<bool, HashError> {
        let tag = self.derive(password, stored.params, &stored.salt, stored.tag.len())?;
        Ok(tag.ct_eq(&stored.tag).into())
    }

    fn derive(
        &mut self,
        password: &Password,
        params: Argon2Params,
        salt: &[u8],
        tag_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, HashError> {
        let mut tag = Zeroizing::new(vec![0; tag_bytes]);
        params
            .to_backend()
            .and_then(|cost| {
                let memory = self.memory.lend(cost.block_count());
                Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
                    .hash_password_into_with_memory(
                        password.expose().as_bytes(),
                        salt,
                        &mut tag,
                        memory,
                    )
            })
            .map_err(|error| HashError::Backend(BackendError(error)))?;
        self.computed += 1;
        Ok(tag)
    }
}
