//! Hashing and verifying, one password at a time.

use std::sync::Arc;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::backend::{Argon2Backend, Engine, OutOfMemory};
use super::limits::Limits;
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
    engine: Box<dyn Engine>,
    random: Arc<dyn SecureRandom>,
    dummy: PasswordHash,
    computed: u64,
}

impl Hasher {
    pub(in crate::password) fn new(
        backend: Argon2Backend,
        params: Argon2Params,
        limits: Limits,
        random: Arc<dyn SecureRandom>,
    ) -> Result<Self, OutOfMemory> {
        let engine = backend.engine(limits.m_kib())?;
        let dummy = encode(params, &[0; SALT_BYTES], &[0; TAG_BYTES]);
        Ok(Self {
            params,
            limits,
            engine,
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
        self.hash_with(password, self.params)
    }

    /// Hashes with `params`, which need no more memory than the current ones.
    pub(in crate::password) fn hash_with(
        &mut self,
        password: &Password,
        params: Argon2Params,
    ) -> Result<PasswordHash, HashError> {
        let salt: [u8; SALT_BYTES] = draw(&*self.random)?;
        let tag = self.derive(password.expose().as_bytes(), params, &salt, TAG_BYTES)?;
        Ok(encode(params, &salt, &tag))
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
                self.derive(
                    password.expose().as_bytes(),
                    self.params,
                    &[0; SALT_BYTES],
                    TAG_BYTES,
                )?;
                Err(HashError::Corrupt(corrupt))
            }
        }
    }

    /// Leaves nothing of earlier hashes in the memory. For when none follows at
    /// once: the next one overwrites it.
    pub(in crate::password) fn wipe(&mut self) {
        self.engine.wipe();
    }

    /// How many times Argon2 has run to its end.
    pub(in crate::password) const fn computed(&self) -> u64 {
        self.computed
    }

    fn matches(&mut self, password: &Password, stored: &Stored) -> Result<bool, HashError> {
        let tag = self.derive(
            password.expose().as_bytes(),
            stored.params,
            &stored.salt,
            stored.tag.len(),
        )?;
        Ok(tag.ct_eq(&stored.tag).into())
    }

    /// Argon2id of `input`, in this thread's memory. Hold `params` to the limits
    /// first.
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
