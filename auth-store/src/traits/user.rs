//! Users.

use std::fmt;

use async_trait::async_trait;
use auth_core::revocation::Revocation;
use auth_core::{PolicyVersion, TenantId, Timestamp, UserId};

use crate::error::StoreError;
use crate::identifier::Identifier;

/// A user account, without its password hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's id, the `sub` of tokens.
    pub id: UserId,
    /// The tenant the user belongs to.
    pub tenant: TenantId,
    /// What the user signs in with, as typed at sign-up.
    pub identifier: String,
    /// Whether the user may do anything.
    pub status: UserStatus,
    /// The user version: access tokens below it are dead.
    pub ver: i64,
    /// The session epoch: sessions below it are dead.
    pub session_epoch: i64,
    /// Names of the user's roles.
    pub roles: Vec<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Under which rules the password was chosen; `None` where nobody here has
    /// checked it: it was imported, is from before versions were kept, or there
    /// is none.
    pub password_policy: Option<PolicyVersion>,
}

/// Whether a user may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserStatus {
    /// May log in and refresh.
    Active,
    /// May do nothing, until made active again.
    Disabled,
}

impl UserStatus {
    /// The name under which stores keep it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// Reads the name under which stores keep it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Active, Self::Disabled]
            .into_iter()
            .find(|status| status.as_str() == name)
    }
}

/// A user with what a password check needs.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The user.
    pub user: User,
    /// The PHC string of the password's hash, if the user has a password.
    pub password_hash: Option<String>,
    /// Whether the user's tenant is active.
    pub tenant_active: bool,
}

impl UserRecord {
    /// Whether the user may log in: neither user nor tenant is disabled. Who
    /// asks for both at once tells nobody which it was.
    pub fn is_active(&self) -> bool {
        self.user.status == UserStatus::Active && self.tenant_active
    }
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord")
            .field("user", &self.user.id)
            .finish_non_exhaustive()
    }
}

/// A user to be made.
#[derive(Clone)]
pub struct NewUser {
    /// The new user's id.
    pub id: UserId,
    /// The tenant the user is to belong to; it must exist.
    pub tenant: TenantId,
    /// What the user signs in with.
    pub identifier: Identifier,
    /// The PHC string of the password's hash, if the user has a password.
    pub password_hash: Option<String>,
    /// Under which rules the password was accepted; `None` if by nobody here.
    pub password_policy: Option<PolicyVersion>,
    /// Names of the user's roles.
    pub roles: Vec<String>,
}

impl NewUser {
    /// The user as it is when it is made at `now`.
    pub fn user(&self, now: Timestamp) -> User {
        User {
            id: self.id,
            tenant: self.tenant,
            identifier: self.identifier.original().to_owned(),
            status: UserStatus::Active,
            ver: 1,
            session_epoch: 1,
            roles: self.roles.clone(),
            created_at: now,
            password_policy: self.password_policy,
        }
    }
}

impl fmt::Debug for NewUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewUser")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What came of making a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateOutcome {
    /// The user is there.
    Created(User),
    /// Another user of the tenant has this identifier.
    Taken,
    /// There is no such tenant, or it is not active.
    NoTenant,
}

/// A password to be replaced.
#[derive(Clone)]
pub struct PasswordChange {
    /// The user's tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The hash that was checked; if it is no longer the user's, nothing
    /// changes.
    pub seen_hash: Option<String>,
    /// The session epoch that was seen, where what was checked depends on it: if
    /// it is no longer the user's, nothing changes. `None` where it does not.
    pub seen_epoch: Option<i64>,
    /// The new hash.
    pub new_hash: String,
    /// Under which rules the new password was accepted; `None` if by nobody here.
    pub new_policy: Option<PolicyVersion>,
}

impl fmt::Debug for PasswordChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordChange")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Another hash of the same password. It has no say in what the password was
/// held to.
#[derive(Clone)]
pub struct HashRenewal {
    /// The user's tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// The hash that was checked; if it is no longer the user's, nothing
    /// changes.
    pub seen_hash: Option<String>,
    /// The new hash.
    pub new_hash: String,
}

impl fmt::Debug for HashRenewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashRenewal")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// What came of changing a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeOutcome {
    /// The user as it is now.
    Changed(User),
    /// No such user, or what the caller had seen is no longer so.
    Moved,
}

/// A committed result, and the revocations it implies: rows of the log that
/// were written in the same transaction. The caller raises its own floors by
/// them before it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "raise the floors before answering"]
pub struct Committed<T> {
    /// The result.
    pub value: T,
    /// What is revoked by it.
    pub revoked: Vec<Revocation>,
}

impl<T> Committed<T> {
    /// A result that revokes nothing.
    pub const fn quiet(value: T) -> Self {
        Self {
            value,
            revoked: Vec::new(),
        }
    }
}

/// The users of all tenants.
#[async_trait]
pub trait UserStore {
    /// Makes a user. Of several calls for one identifier, one creates. The
    /// policy version is kept as given, `None` too: whoever may not have met
    /// today's rules must not be taken for one who has.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn create_user(&self, user: NewUser) -> Result<CreateOutcome, StoreError>;

    /// Finds a user of `tenant` by the normalised form of its identifier.
    /// Disabled users are found too.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError>;

    /// Reads a user of `tenant` by id.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError>;

    /// Replaces the password hash of an active user, if it still is the one
    /// that was seen, and so is the session epoch where one was, and the policy version with it, by `None` too. Ends every
    /// session and access token: raises `ver` and `session_epoch` and writes the
    /// log row. All in one: a new hash beside an old version would be asked for
    /// again, an old hash beside a new one never.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn change_password(
        &self,
        change: PasswordChange,
    ) -> Result<Committed<ChangeOutcome>, StoreError>;

    /// Replaces the password hash by another one of the same password, if it
    /// still is the one that was seen, and says whether it did. Nothing ends and
    /// nothing else changes, the policy version least of all: a hash that outlived
    /// its parameters is renewed as its user logs in, and nobody chooses again.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError>;

    /// Sets a user's status, raises `ver` and `session_epoch` and writes the
    /// log row, even if the status is the same as before.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError>;

    /// Sets a user's roles. Raises `ver` and writes the log row, so that
    /// tokens with the old roles are dead; sessions live on.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError>;
}
