//! The keys as they were last read, and what of them counts at a time.

use std::sync::Arc;

use auth_core::key::{Backend, KeySet, SigningKey};
use auth_core::{RootSecrets, Timestamp};
use auth_store::{KeyLife, KeyState, SigningKeys};

use super::sealing::{KeyLoadError, unseal};

/// The keys as they were last read.
#[derive(Default)]
pub(super) struct Held {
    pub(super) keys: Vec<HeldKey>,
    /// The store's clock at the reading.
    pub(super) read_at: Timestamp,
}

pub(crate) struct HeldKey {
    pub(crate) kid: String,
    pub(crate) algorithm: String,
    pub(crate) life: KeyLife,
    /// `None` where it will never be needed again.
    key: Option<Arc<SigningKey>>,
}

/// What of them counts at a time.
#[derive(Default)]
pub(super) struct Present {
    pub(super) set: KeySet,
    pub(super) signer: Option<Arc<SigningKey>>,
    /// When time makes something else count.
    pub(super) changes_at: Option<Timestamp>,
}

impl Held {
    /// Unseals for `backend` what was read and can still be needed, but for what
    /// `known` has.
    pub(super) fn new(
        read: &SigningKeys,
        roots: &RootSecrets,
        backend: Backend,
        known: &Self,
    ) -> Result<Self, KeyLoadError> {
        let known_key = |kid: &str| known.find(kid).and_then(|held| held.key.clone());
        let mut keys = Vec::with_capacity(read.keys.len());
        for (sealed, life) in read.keys.iter().zip(read.lives()) {
            let key = match known_key(&sealed.kid) {
                _ if !life.state(read.now).verifies() => None,
                // A key is what its id says; it was opened before.
                Some(key) => Some(key),
                None => Some(unseal(sealed, roots, backend)?),
            };
            keys.push(HeldKey {
                kid: sealed.kid.clone(),
                algorithm: sealed.algorithm.clone(),
                life,
                key,
            });
        }
        Ok(Self {
            keys,
            read_at: read.now,
        })
    }

    pub(super) fn find(&self, kid: &str) -> Option<&HeldKey> {
        self.keys.iter().find(|held| held.kid == kid)
    }

    pub(super) fn lives(&self) -> Vec<KeyLife> {
        self.keys.iter().map(|held| held.life).collect()
    }

    /// Forgets that a key may be used, before the store has been read again.
    pub(super) fn revoke(&mut self, kid: &str, now: Timestamp) {
        for held in self.keys.iter_mut().filter(|held| held.kid == kid) {
            held.life.revoked_at = held.life.revoked_at.or(Some(now));
            held.key = None;
        }
    }

    /// What counts at `now`.
    pub(super) fn at(&self, now: Timestamp) -> Result<Present, KeyLoadError> {
        let in_state = |wanted: fn(KeyState) -> bool| {
            let held = self.keys.iter();
            held.filter(move |held| wanted(held.life.state(now)))
                .filter_map(|held| held.key.as_ref())
        };
        let public = in_state(KeyState::verifies).map(|key| key.verifying_key().clone());
        Ok(Present {
            set: KeySet::new(public).map_err(|_| KeyLoadError::Damaged)?,
            signer: in_state(|state| state == KeyState::Active).next().cloned(),
            changes_at: self
                .keys
                .iter()
                .filter_map(|held| held.life.changes_after(now))
                .min(),
        })
    }
}

impl Present {
    /// Whether it is the same as `other`, now and as time goes on.
    pub(super) fn is(&self, other: &Self) -> bool {
        let ids = |present: &Self| -> Vec<String> {
            present.set.iter().map(|key| key.kid().to_owned()).collect()
        };
        ids(self) == ids(other) && self.changes_at == other.changes_at
    }
}
