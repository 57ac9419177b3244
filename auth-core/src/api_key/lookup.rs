//! Whose a key is, and whether it may be used.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::secret::ApiKeyHash;
use super::text::{InvalidApiKey, PresentedApiKey};
use crate::id::{ApiKeyId, TenantId, UserId};
use crate::key::Unavailable;
use crate::revocation::Anchor;
use crate::scope::Scope;
use crate::time::Timestamp;

/// Where a verifier looks API keys up.
///
/// # Contract
/// [`find`](Self::find) says of a key what holds now: the store's row as it is
/// on the primary, or a copy of it that ends with its
/// [anchors](KnownApiKey::anchors). A copy that is kept without that lets a
/// key live on that was revoked. That there is no such key is `None`; that
/// nobody can say is [`Unavailable`], never `None`: clients throw away keys
/// that are said to be bad.
#[async_trait]
pub trait ApiKeyLookup: fmt::Debug + Send + Sync + 'static {
    /// What is known of the key `id`, whatever secret it was presented with.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be asked for.
    async fn find(&self, id: ApiKeyId) -> Result<Option<Arc<KnownApiKey>>, Unavailable>;

    /// What is known of a key now, by the store's own row. It is asked before a key
    /// is refused for what [`find`](Self::find) said of it, its secret or that it may
    /// not be used: a copy that is a moment old may let a key in, and must not be
    /// why a new secret is called wrong. `None` if `found` was no copy.
    ///
    /// # Errors
    /// [`Unavailable`] when it cannot be asked for.
    async fn find_again(
        &self,
        _found: &KnownApiKey,
    ) -> Result<Option<Arc<KnownApiKey>>, Unavailable> {
        Ok(None)
    }

    /// The key was presented, and accepted. For a note of when it was last
    /// used: it must not wait, and what it cannot do at once it may forget.
    fn used(&self, _key: &KnownApiKey) {}
}

/// An API key as a look-up found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownApiKey {
    /// The key.
    pub id: ApiKeyId,
    /// The tenant of the user it acts for.
    pub tenant: TenantId,
    /// The user it acts for.
    pub user: UserId,
    /// Whether key, user and tenant may be used at all: not revoked, not
    /// disabled.
    pub active: bool,
    /// The hash of its secret.
    pub hash: ApiKeyHash,
    /// The secret it had before, if that may still be used.
    pub former: Option<FormerSecret>,
    /// When it ends; `None` if never by itself.
    pub expires_at: Option<Timestamp>,
    /// What it allows.
    pub scope: Scope,
    /// What the user is.
    pub roles: Vec<String>,
    /// The user version that was read with it.
    pub user_version: i64,
    /// The tenant version that was read with it.
    pub tenant_version: i64,
    /// When it was last noted to be used.
    pub last_used_at: Option<Timestamp>,
    /// The application's own claims, as the user's tokens have them.
    pub custom: Map<String, Value>,
}

/// The secret that a key had before it was rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormerSecret {
    /// Its hash.
    pub hash: ApiKeyHash,
    /// Until when it may be used.
    pub until: Timestamp,
}

/// An API key is no good. The caller is not told which of these it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// It does not have the form of one.
    #[error(transparent)]
    Invalid(#[from] InvalidApiKey),
    /// There is no such key.
    #[error("there is no such API key")]
    Unknown,
    /// It is not the key's secret, or not any more.
    #[error("an API key with a wrong secret")]
    Secret,
    /// It has expired.
    #[error("the API key has expired")]
    Expired,
    /// It is revoked, or its user or tenant is disabled.
    #[error("the API key is revoked, or its user or tenant is disabled")]
    Inactive,
}

impl KnownApiKey {
    /// What it stands on besides its own row: the user and the tenant as they
    /// were read. It is out of date when one of them has moved.
    pub const fn anchors(&self) -> [Anchor; 3] {
        [
            Anchor::ApiKey { key: self.id },
            Anchor::User {
                tenant: self.tenant,
                user: self.user,
                version: self.user_version,
            },
            Anchor::Tenant {
                tenant: self.tenant,
                version: self.tenant_version,
            },
        ]
    }

    /// Whether it is the key that is presented, and may be used at `now`.
    pub(crate) fn admits(
        &self,
        presented: &PresentedApiKey,
        now: Timestamp,
    ) -> Result<(), ApiKeyError> {
        let hash = presented.hash();
        // Each in constant time; which of the two it was is no secret.
        let is_current = self.hash == hash;
        let is_former = self
            .former
            .is_some_and(|former| now < former.until && former.hash == hash);
        if self.id != presented.id() || !(is_current || is_former) {
            return Err(ApiKeyError::Secret);
        }
        if !self.active {
            return Err(ApiKeyError::Inactive);
        }
        match self.expires_at {
            Some(expires_at) if now >= expires_at => Err(ApiKeyError::Expired),
            _ => Ok(()),
        }
    }
}
