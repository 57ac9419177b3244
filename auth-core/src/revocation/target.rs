//! What can be revoked.

use crate::id::{ApiKeyId, SessionId, TenantId, UserId};
use crate::key::Thumbprint;
use crate::time::Timestamp;

/// What is revoked, and from where on it lives again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Target {
    /// A session is dead.
    Session {
        /// The session's tenant.
        tenant: TenantId,
        /// The session; the `sid` of its tokens.
        session: SessionId,
    },
    /// Tokens of a user with a `ver` below `floor` are dead.
    User {
        /// The user's tenant.
        tenant: TenantId,
        /// The user; the `sub` of the tokens.
        user: UserId,
        /// The lowest `ver` that lives.
        floor: i64,
    },
    /// Tokens of a tenant with a `tver` below `floor` are dead.
    Tenant {
        /// The tenant; the `tid` of the tokens.
        tenant: TenantId,
        /// The lowest `tver` that lives.
        floor: i64,
    },
    /// An API key is dead, with both its secrets.
    ApiKey {
        /// The tenant of the key's user.
        tenant: TenantId,
        /// The key.
        key: ApiKeyId,
    },
    /// Everything that a key has signed is dead, whoever's tokens they are and
    /// wherever the key still stands: in a configuration, in a remote issuer's
    /// last known set.
    SigningKey {
        /// What the key is, whatever it is called.
        thumbprint: Thumbprint,
    },
}

/// One row of the revocation log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// What is revoked.
    pub target: Target,
    /// When no token that it could concern is valid any more, by the store's
    /// clock; it may be forgotten then. [`Timestamp::MAX`]: never, as for a
    /// signing key, by which tokens can be made at any time.
    pub expires_at: Timestamp,
}

impl Revocation {
    /// A signing key is revoked, for ever.
    ///
    /// ```
    /// use auth_core::Timestamp;
    /// use auth_core::key::Thumbprint;
    /// use auth_core::revocation::Revocation;
    ///
    /// let revoked = Revocation::of_key(Thumbprint::from_bytes([7; 32]));
    /// assert_eq!(revoked.expires_at, Timestamp::MAX);
    /// ```
    pub const fn of_key(thumbprint: Thumbprint) -> Self {
        Self {
            target: Target::SigningKey { thumbprint },
            expires_at: Timestamp::MAX,
        }
    }
}
