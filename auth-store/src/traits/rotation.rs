//! The state table of refresh tokens: what a presented one is answered.

use std::time::Duration;

use auth_core::refresh::{Presented, Salt};
use auth_core::{ClientId, RootKeyId, TenantId, Timestamp};

use super::session::Session;

/// A refresh token presented, and its successor in case it wins.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The tenant of the request.
    pub tenant: TenantId,
    /// The client of the request.
    pub client: ClientId,
    /// The token, its MAC checked.
    pub presented: Presented,
    /// The root secret the successor would be made under.
    pub root: RootKeyId,
    /// The salt of the successor.
    pub salt: Salt,
    /// How long a spent token is still answered with its successor; at most
    /// [`MAX_GRACE`](Self::MAX_GRACE).
    pub grace: Duration,
    /// How long the session then lives without being refreshed.
    pub idle: Duration,
}

impl Rotation {
    /// The longest grace.
    pub const MAX_GRACE: Duration = Duration::from_secs(60);

    /// The session after this rotation wins at `now`.
    pub fn apply(&self, session: &Session, now: Timestamp) -> Session {
        Session {
            generation: session.generation + 1,
            root: self.root,
            salt: self.salt,
            secret_hash: self.presented.successor(&self.salt).hash(),
            rotated_at: now,
            prev_rotated_at: Some(session.rotated_at),
            idle_expires_at: (now + self.idle).min(session.expires_at),
            ..session.clone()
        }
    }
}

/// A session as the store finds it when a token is presented.
#[derive(Clone, Copy, Debug)]
pub struct SessionState<'a> {
    /// The session's row.
    pub session: &'a Session,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Whether user and tenant are active and the session's epoch is the
    /// user's.
    pub standing: bool,
    /// The store's clock, read after the row was locked.
    pub now: Timestamp,
}

/// What a presented token is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Spend it.
    Rotate,
    /// Answer with the successor it already has; write nothing.
    Replay,
    /// Refuse it; write nothing.
    Superseded,
    /// It was spent before: revoke the session.
    Reuse,
    /// It was never given: revoke the session.
    Conflict,
    /// The session has ended; write nothing.
    Ended,
    /// Another tenant's or client's: as if there were none; write nothing.
    Unknown,
}

impl SessionState<'_> {
    /// The state table. Order is by generation; times only bound the grace.
    pub fn decide(&self, rotation: &Rotation) -> Decision {
        let Self { session, now, .. } = *self;
        let presented = &rotation.presented;
        let grace = rotation.grace.min(Rotation::MAX_GRACE);

        if session.tenant != rotation.tenant || session.client != rotation.client {
            return Decision::Unknown;
        }
        let expired = now >= session.idle_expires_at || now >= session.expires_at;
        if self.revoked || !self.standing || expired {
            return Decision::Ended;
        }
        match session.generation.checked_sub(presented.generation()) {
            // At the last of 2³² generations the session ends.
            Some(0) if presented.generation() == u32::MAX => Decision::Ended,
            Some(0) if presented.secret_hash() == session.secret_hash => Decision::Rotate,
            Some(0) | None => Decision::Conflict,
            Some(1)
                if now < session.rotated_at + grace
                    && presented.successor(&session.salt).hash() == session.secret_hash =>
            {
                Decision::Replay
            }
            Some(2)
                if session
                    .prev_rotated_at
                    .is_some_and(|prev| now < prev + grace) =>
            {
                Decision::Superseded
            }
            Some(_) => Decision::Reuse,
        }
    }
}
