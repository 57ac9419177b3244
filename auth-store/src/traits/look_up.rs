//! Reads that decide nothing.

use async_trait::async_trait;
use auth_core::{TenantId, UserId};

use super::session::Session;
use super::user::User;
use crate::error::StoreError;
use crate::identifier::Identifier;

/// How old an answer may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Consistency {
    /// It has everything that was acknowledged before it was asked for.
    #[default]
    Strong,
    /// It may be as old as the store says, and may be older than one before: for
    /// lists that people look at, and look-ups by administrators.
    Eventual,
}

/// Look-ups for which an answer of a moment ago is good enough, if the caller
/// says so.
///
/// # Contract
/// Nothing may be decided by an answer that is [`Eventual`](Consistency::Eventual),
/// and nothing minted: the user may be disabled, the session over. So no answer
/// has a password hash in it. A copy that cannot be shown to be recent enough, is
/// away or does not answer is not used; the truth is asked instead.
#[async_trait]
pub trait LookUpStore: Send + Sync {
    /// Reads a user of `tenant` by id.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn look_up_user(
        &self,
        tenant: TenantId,
        id: UserId,
        consistency: Consistency,
    ) -> Result<Option<User>, StoreError>;

    /// Finds a user of `tenant` by the normalised form of its identifier.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn look_up_identifier(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
        consistency: Consistency,
    ) -> Result<Option<User>, StoreError>;

    /// The live sessions of a user, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn look_up_sessions(
        &self,
        tenant: TenantId,
        user: UserId,
        consistency: Consistency,
    ) -> Result<Vec<Session>, StoreError>;
}
