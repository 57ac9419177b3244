//! Hashing and verifying, one password at a time.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::backend::{Argon2Backend, Engine, OutOfMemory};
use super::limits::Limits;
use super::params::Argon2Params;
use crate::password::error::{BackendError, CorruptHash, HashError};
use crate::password::layers::{Argon2id, Making, Verdict};
use crate::password::pepper::Peppers;
use crate::password::plaintext::Password;
use crate::password::stored::PasswordHash;
use crate::random::SecureRandom;

/// What one thread hashes with.
#[derive(Debug)]
pub(in crate::password) struct Hasher {
    making: Making,
    argon2id: OfThread,
    random: Arc<dyn SecureRandom>,
}

impl Hasher {
    pub(in crate::password) fn new(
        backend: Argon2Backend,
        params: Argon2Params,
        peppers: Peppers,
        limits: Limits,
        random: Arc<dyn SecureRandom>,
    ) -> Result<Self, OutOfMemory> {
        Ok(Self {
            making: Making::new(params, peppers),
            argon2id: OfThread {
                engine: backend.engine(limits.m_kib())?,
                limits,
                computed: 0,
            },
            random,
        })
    }

    /// Hashes with the current parameters and a fresh salt.
    pub(in crate::password) fn hash(
        &mut self,
        password: &Password,
    ) -> Result<PasswordHash, HashError> {
        self.making
            .hash(&mut self.argon2id, password, &*self.random)
    }

    /// Hashes with `params`, which need no more memory than the current ones.
    pub(in crate::password) fn hash_with(
        &mut self,
        password: &Password,
        params: Argon2Params,
    ) -> Result<PasswordHash, HashError> {
        Making::new(params, Peppers::none()).hash(&mut self.argon2id, password, &*self.random)
    }

    /// Whether `password` is the one that `against` was made from, and whether
    /// `against` is as hashes are made today; see [`Making::verify`].
    pub(in crate::password) fn verify(
        &mut self,
        password: &Password,
        against: Option<&PasswordHash>,
    ) -> Result<Verdict, HashError> {
        self.making.verify(&mut self.argon2id, password, against)
    }

    /// Leaves nothing of earlier hashes in the memory. For when none follows at
    /// once: the next one overwrites it.
    pub(in crate::password) fn wipe(&mut self) {
        self.argon2id.engine.wipe();
    }

    /// How many times Argon2 has run to its end.
    pub(in crate::password) const fn computed(&self) -> u64 {
        self.argon2id.computed
    }
}

/// This thread's Argon2id, in its block of memory.
#[derive(Debug)]
struct OfThread {
    engine: Box<dyn Engine>,
    limits: Limits,
    computed: u64,
}

impl Argon2id for OfThread {
    fn admit(&self, params: Argon2Params) -> Result<(), CorruptHash> {
        self.limits.check(params)
    }

    fn derive(
        &mut self,
        input: &[u8],
        params: Argon2Params,
        salt: &[u8],
        tag_bytes: usize,
    ) -> Result<Zeroizing<Vec<u8>>, HashError> {
        let mut tag = Zeroizing::new(vec![0; tag_bytes]);
        self.engine
            .derive(input, params, salt, &mut tag)
            .map_err(|error| HashError::Backend(BackendError(error)))?;
        self.computed += 1;
        Ok(tag)
    }
}
