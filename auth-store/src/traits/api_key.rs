//! API keys.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::api_key::{ApiKeyHash, FormerSecret};
use auth_core::{ApiKeyId, Scope, TenantId, Timestamp, UserId};

use super::user::{Committed, User};
use crate::error::StoreError;

/// How long after a key was noted to be used another use is worth a note.
pub const USE_IS_NEWS_AFTER: Duration = Duration::from_secs(60);

/// How long a key that has ended, revoked or expired, is still listed. Then it may be
/// forgotten: a key that is not known is refused like one that is revoked.
pub const ENDED_API_KEYS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// An API key, as its owner and administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyInfo {
    /// The key's id, which is in the key itself.
    pub id: ApiKeyId,
    /// The tenant of its user.
    pub tenant: TenantId,
    /// The user it acts for.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The most that it allows.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `None` if never by itself.
    pub expires_at: Option<Timestamp>,
    /// When it got its present secret, if that is not its first.
    pub rotated_at: Option<Timestamp>,
    /// Until when the secret before that may be used.
    pub former_until: Option<Timestamp>,
    /// When it was last used, give or take a minute; a note of it may be lost.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKeyInfo {
    /// Whether it is neither revoked nor expired at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it ended so long ago that it may be forgotten.
    pub fn is_long_ended(&self, now: Timestamp) -> bool {
        let ended = [self.revoked_at, self.expires_at].into_iter().flatten();
        ended
            .min()
            .is_some_and(|ended| ended + ENDED_API_KEYS_KEPT <= now)
    }
}

/// A key with all that decides over it, from one statement on the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// The key.
    pub key: ApiKeyInfo,
    /// The hash of its secret.
    pub hash: ApiKeyHash,
    /// The secret before that, while it may be used.
    pub former: Option<FormerSecret>,
    /// The user it acts for.
    pub user: User,
    /// Whether the tenant is active.
    pub tenant_active: bool,
    /// The tenant version.
    pub tver: i64,
    /// The store's clock.
    pub now: Timestamp,
}

/// A key that is to be made.
#[derive(Clone)]
pub struct NewApiKey {
    /// The new key's id.
    pub id: ApiKeyId,
    /// The tenant of its user.
    pub tenant: TenantId,
    /// The user it is to act for.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The most that it shall allow.
    pub scope: Scope,
    /// The hash of its secret.
    pub hash: ApiKeyHash,
    /// How long it lives; `None`: until it is revoked.
    pub lifetime: Option<Duration>,
    /// How many live keys its user may have, with this one.
    pub limit: u32,
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewApiKey")
            .field("id", &self.id)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What came of making a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateApiKeyOutcome {
    /// It is made.
    Created(ApiKeyInfo),
    /// There is no such user, or user or tenant is not active.
    NoUser,
    /// The user has as many live keys as the limit allows.
    TooMany,
}

/// A new secret for a key.
#[derive(Clone, Debug)]
pub struct ApiKeyRotation {
    /// The key's tenant.
    pub tenant: TenantId,
    /// The key.
    pub key: ApiKeyId,
    /// The hash of the secret that was seen; if it is no longer the key's,
    /// nothing changes.
    pub seen: ApiKeyHash,
    /// The hash of the new secret.
    pub hash: ApiKeyHash,
    /// How long the secret that was seen may still be used. Not longer than the
    /// key lives.
    pub overlap: Duration,
}

/// What came of giving a key a new secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RotateApiKeyOutcome {
    /// It has the new secret.
    Rotated(ApiKeyInfo),
    /// No such key, it is revoked or expired, or its secret is no longer the
    /// one that was seen.
    Moved,
}

/// What came of revoking a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokeApiKeyOutcome {
    /// It is revoked.
    Revoked,
    /// It was revoked before; nothing was changed.
    Already,
    /// There is no such key, or not of that user; nothing was changed.
    Unknown,
}

/// The API keys of all tenants.
///
/// # Contract
/// A store keeps the hashes of secrets, never a secret: whoever reads it can
/// use no key. An id is one key's, whatever its tenant; nothing but
/// [`find_api_key`](Self::find_api_key) crosses tenants.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Makes a key for an active user of an active tenant who has fewer live ones
    /// than the limit, in one atomic step with these checks: however many are made
    /// at once, the limit holds. Asked again with the same id and hash, it gives the
    /// key that it has made. What of the user's keys ended longer ago than
    /// [`ENDED_API_KEYS_KEPT`] is forgotten with it.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails, or another key has the id.
    async fn create_api_key(&self, key: NewApiKey) -> Result<CreateApiKeyOutcome, StoreError>;

    /// Reads the key that somebody presents, with its user, to be judged:
    /// revoked, expired and disabled ones too. The tenant is not known before;
    /// it is what the key says.
    ///
    /// # Contract
    /// From the primary. A key that was revoked before this was asked is read
    /// as revoked.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError>;

    /// The keys of a tenant, or of one of its users, in the order of their ids,
    /// which is roughly that of their making: at most `limit` of those after
    /// `after`. Revoked and expired ones too. Whatever is made or revoked
    /// meanwhile, who goes from page to page by the last id meets every key that
    /// was there all the time, once.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn api_keys(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyInfo>, StoreError>;

    /// Revokes a key for ever, if it is `user`'s where one is named, and writes
    /// the log row. An expired one too: somebody's clock may be behind.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn revoke_api_key(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        key: ApiKeyId,
    ) -> Result<Committed<RevokeApiKeyOutcome>, StoreError>;

    /// Revokes all of a user's keys that were not revoked before, expired ones too,
    /// in one atomic step, and writes a log row for each; how many there were. A key
    /// that is made at the same time is made before, and revoked, or after.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn revoke_api_keys(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<u64>, StoreError>;

    /// Gives a live key a new secret, if its secret still is the one that was
    /// seen; that one may be used for the overlap, and the one before it no
    /// more. Of several calls that saw the same, one rotates. Asked again with
    /// the same new hash it says `Rotated` and changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn rotate_api_key(
        &self,
        rotation: &ApiKeyRotation,
    ) -> Result<RotateApiKeyOutcome, StoreError>;

    /// Notes that a key is used, if the last note is not younger than
    /// [`USE_IS_NEWS_AFTER`]; says whether it did. However many ask on however
    /// many instances, a key's row is written once in that time.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn note_api_key_use(&self, key: ApiKeyId) -> Result<bool, StoreError>;
}
