//! Sessions.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::refresh::{Salt, SecretHash};
use auth_core::revocation::Revocation;
use auth_core::{ClientId, RootKeyId, Scope, SessionId, TenantId, Timestamp, UserId};

use super::rotation::Rotation;
use super::user::{Committed, User};
use crate::error::StoreError;

/// A session: one log-in and everything refreshed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id, the `sid` of its tokens.
    pub id: SessionId,
    /// The user's tenant.
    pub tenant: TenantId,
    /// The user who logged in.
    pub user: UserId,
    /// The client it is bound to.
    pub client: ClientId,
    /// The most that its tokens allow.
    pub scope: Scope,
    /// How the user proved who they are (RFC 8176).
    pub amr: Vec<String>,
    /// When they did.
    pub auth_time: Timestamp,
    /// What the client says it runs on, for the user's own list.
    pub device: Option<String>,
    /// The generation of the current refresh token.
    pub generation: u32,
    /// The root secret the current refresh token was made under.
    pub root: RootKeyId,
    /// The salt of the current refresh token's secret.
    pub salt: Salt,
    /// The hash of the current refresh token's secret.
    pub secret_hash: SecretHash,
    /// When the current refresh token was made.
    pub rotated_at: Timestamp,
    /// When the one before it was made.
    pub prev_rotated_at: Option<Timestamp>,
    /// When it ends unless it is refreshed.
    pub idle_expires_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What the user's row must still say for a log-in to open a session: read
/// before the password was hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen {
    /// The user version.
    pub ver: i64,
    /// The session epoch.
    pub session_epoch: i64,
    /// The password hash that was checked, if one was.
    pub password_hash: Option<String>,
}

impl Seen {
    /// Whether a user's row still says so: a session opens only if it does.
    pub fn is_so(&self, user: &User, password_hash: Option<&str>) -> bool {
        user.ver == self.ver
            && user.session_epoch == self.session_epoch
            && password_hash == self.password_hash.as_deref()
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen")
            .field("ver", &self.ver)
            .field("session_epoch", &self.session_epoch)
            .finish_non_exhaustive()
    }
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The new session's id.
    pub id: SessionId,
    /// The user's tenant.
    pub tenant: TenantId,
    /// The user.
    pub user: UserId,
    /// What the user's row must still say.
    pub seen: Seen,
    /// The client it is bound to.
    pub client: ClientId,
    /// The most that its tokens shall allow.
    pub scope: Scope,
    /// How the user proved who they are.
    pub amr: Vec<String>,
    /// What the client says it runs on.
    pub device: Option<String>,
    /// The root secret the first refresh token is made under.
    pub root: RootKeyId,
    /// The hash of the first refresh token's secret.
    pub secret_hash: SecretHash,
    /// How long it lives without being refreshed.
    pub idle: Duration,
    /// How long it lives.
    pub absolute: Duration,
}

impl NewSession {
    /// The session as it is when it opens at `now`, with its first refresh
    /// token.
    pub fn open(self, now: Timestamp) -> Session {
        let expires_at = now + self.absolute;
        Session {
            id: self.id,
            tenant: self.tenant,
            user: self.user,
            client: self.client,
            scope: self.scope,
            amr: self.amr,
            auth_time: now,
            device: self.device,
            generation: 0,
            root: self.root,
            // The first secret is drawn, not derived; its salt is never used.
            salt: Salt::from_bytes([0; 16]),
            secret_hash: self.secret_hash,
            rotated_at: now,
            prev_rotated_at: None,
            idle_expires_at: (now + self.idle).min(expires_at),
            expires_at,
        }
    }
}

/// A session and everything an access token says, from the one statement that
/// authorised it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The session.
    pub session: Session,
    /// The user's row.
    pub user: User,
    /// The tenant version.
    pub tver: i64,
    /// The store's clock.
    pub now: Timestamp,
}

/// What came of opening a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenOutcome {
    /// The session is open.
    Opened(Box<Grant>),
    /// User or tenant is not active, or the user's row no longer says what
    /// was seen; no session was opened.
    Moved,
}

/// What came of presenting a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RotateOutcome {
    /// The token is spent; the session now has the rotation's successor.
    Rotated(Box<Grant>),
    /// The token was spent a moment ago; the session has the same successor
    /// that was given then. Nothing was written.
    Replayed(Box<Grant>),
    /// The token was overtaken by two rotations a moment ago: a slow request
    /// of an honest client. Nothing was written.
    Superseded,
    /// The token was spent before: the session is revoked.
    Reused {
        /// The session as it was.
        session: Box<Session>,
        /// The row that was written to the log.
        revoked: Revocation,
    },
    /// The token is one that this store never gave, though its MAC is right:
    /// the store has lost commits. The session is revoked.
    Conflict {
        /// The session as it was.
        session: Box<Session>,
        /// The row that was written to the log.
        revoked: Revocation,
    },
    /// The session has ended: revoked, expired, or its user or tenant with it.
    Ended,
    /// No such session for this tenant and client.
    Unknown,
}

/// Which sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndSessions {
    /// This one, whoever's it is: for whoever holds its refresh token.
    One(SessionId),
    /// This one, if it is the user's.
    OneOf(UserId, SessionId),
    /// All of the user's, and all access tokens with them: raises `ver` and
    /// `session_epoch`, touches no session row.
    AllOf(UserId),
}

/// The sessions of all users.
#[async_trait]
pub trait SessionStore {
    /// Opens a session, in one atomic step with the check that user and
    /// tenant are active and the user's row still says what was seen.
    ///
    /// # Contract
    /// A session that is opened after the password changed is a stolen
    /// account that survives its recovery.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn open_session(&self, session: NewSession) -> Result<OpenOutcome, StoreError>;

    /// Spends a refresh token, in one atomic step with the check of session,
    /// user and tenant. What is answered when is [`SessionState::decide`]'s.
    ///
    /// # Contract
    /// Of any number of calls with one token, on any number of instances, one
    /// rotates.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails. After
    /// [`OutcomeUnknown`](crate::StoreErrorKind::OutcomeUnknown) the same call
    /// again replays what was committed.
    ///
    /// [`SessionState::decide`]: super::SessionState::decide
    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError>;

    /// Ends sessions that were not ended before, and writes the log rows; one
    /// that has expired counts, because its last access token may outlive it.
    /// The value says how many ended; for all of a user's, 1 if there is such
    /// a user.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError>;

    /// The live sessions of a user, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the store fails.
    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError>;
}
