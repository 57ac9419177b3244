//! What a decision stands on that is kept outside of a token.

use crate::id::{ApiKeyId, SessionId, TenantId, UserId};

/// What a decision that was made from the store stands on: it is dead when that is
/// revoked. The other side of a [`Target`](super::Target).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Anchor {
    /// A session.
    Session {
        /// The session's tenant.
        tenant: TenantId,
        /// The session.
        session: SessionId,
    },
    /// An API key. An id is one key's, whatever its tenant.
    ApiKey {
        /// The key.
        key: ApiKeyId,
    },
    /// A user as of a version.
    User {
        /// The user's tenant.
        tenant: TenantId,
        /// The user.
        user: UserId,
        /// The user's `ver` that was read with it.
        version: i64,
    },
    /// A tenant as of a version.
    Tenant {
        /// The tenant.
        tenant: TenantId,
        /// The tenant's `tver` that was read with it.
        version: i64,
    },
}
