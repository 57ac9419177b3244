//! Accounts at other platforms that users log in by.

use async_trait::async_trait;
use auth_core::{TenantId, Timestamp, UserId};

use super::user::{Committed, User, UserRecord};
use crate::error::StoreError;
use crate::platform_key::PlatformKey;

/// An account at another platform that a user logs in by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformAccount {
    /// The user's tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// Which account it is.
    pub key: PlatformKey,
    /// When it was linked.
    pub linked_at: Timestamp,
}

/// What came of linking an account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkOutcome {
    /// It is the user's.
    Linked(PlatformAccount),
    /// It was the user's before; nothing was changed.
    Already(PlatformAccount),
    /// It is another user's; nothing was changed.
    Taken,
    /// There is no such user, or user or tenant is not active.
    NoUser,
}

/// What came of taking a way to log in from a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemoveOutcome {
    /// It is gone; the user as it is now.
    Removed(User),
    /// It is the last one: nothing was changed.
    LastMethod,
    /// The user has no such thing, or is not there.
    Unknown,
}

/// What users of all tenants log in by besides passwords.
///
/// # Contract
/// An account at a platform is at most one user's of a tenant. A user who has a
/// way to log in, a password or an account at a platform, keeps at least one,
/// whatever is removed at once and on however many instances: a user without
/// any has lost the account.
#[async_trait]
pub trait PlatformStore: Send + Sync {
    /// Gives an account to an active user of an active tenant, in one atomic
    /// step with that check. Of several users who are given one account at
    /// once, one gets it.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn link_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<LinkOutcome, StoreError>;

    /// Finds the user of `tenant` whose account it is. Disabled users are found
    /// too.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn find_by_platform(
        &self,
        tenant: TenantId,
        key: &PlatformKey,
    ) -> Result<Option<UserRecord>, StoreError>;

    /// A user's accounts, by platform and id, byte by byte.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn platform_accounts(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Vec<PlatformAccount>, StoreError>;

    /// Takes an account from a user who can log in by something else. Ends every
    /// session and access token: raises `ver` and `session_epoch` and writes the
    /// log row; a log-in by that account that is under way opens nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn unlink_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<Committed<RemoveOutcome>, StoreError>;

    /// Takes the password, and the policy version with it, from a user who can
    /// log in by something else. Ends every session and access token, as a
    /// change of the password does.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn remove_password(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<RemoveOutcome>, StoreError>;
}
