//! Refreshing: one refresh token for the next pair.

use std::sync::Arc;

use auth_core::refresh::{Presented, RefreshToken, Salt};
use auth_core::{ClientId, Clock};
use auth_store::{Grant, RotateOutcome, Rotation, Session};

use crate::auth::{Auth, Shared, ask, to_the_end};
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;
use crate::throttle::Limited;
use crate::tokens::TokenPair;
use auth_core::revocation::Revocation;

impl Auth {
    /// Spends a refresh token of the application itself; see
    /// [`refresh_for`](Self::refresh_for).
    ///
    /// # Errors
    /// As [`refresh_for`](Self::refresh_for).
    pub async fn refresh(
        &self,
        cx: &Context,
        token: &RefreshToken,
    ) -> Result<TokenPair, AuthError> {
        self.refresh_for(cx, &ClientId::default(), token).await
    }

    /// Spends a refresh token that `client` presents, and gives the next pair.
    ///
    /// The same token again, within the grace, gives the same next refresh
    /// token, byte for byte, on whatever instance. After the grace it is taken
    /// for stolen: the session is revoked, for thief and user alike (RFC 9700
    /// §4.14.2).
    ///
    /// # Errors
    /// [`AuthError::InvalidGrant`] when the token is no good for this tenant
    /// and client, or its session has ended; [`AuthError::Superseded`] when a
    /// newer one was given out a moment ago; [`AuthError::RateLimited`] and
    /// [`AuthError::Unavailable`], after which the same token may be presented again.
    #[tracing::instrument(skip_all)]
    pub async fn refresh_for(
        &self,
        cx: &Context,
        client: &ClientId,
        token: &RefreshToken,
    ) -> Result<TokenPair, AuthError> {
        let shared = &*self.shared;
        let presented = shared.opened(cx, token)?;
        shared.charge(cx, Limited::Refresh).await?;
        let rotation = Rotation {
            tenant: cx.tenant,
            client: client.clone(),
            presented,
            root: shared.roots.active().id(),
            salt: Salt::draw(&*shared.random)?,
            grace: shared.lifetimes.grace,
            idle: shared.lifetimes.idle,
        };
        let shared = self.shared.clone();
        to_the_end(async move { shared.spend(&rotation).await }).await
    }
}

impl Shared {
    /// When the store cannot say whether it rotated, the same rotation again
    /// replays what was committed.
    async fn spend(self: &Arc<Self>, rotation: &Rotation) -> Result<TokenPair, AuthError> {
        let store = self.telling(|| Told::Compromised {
            session: rotation.presented.session().to_string(),
            presented: rotation.presented.generation(),
        })?;
        let (outcome, unsure) = ask(|| store.rotate_session(rotation)).await;
        let answer = match outcome {
            Ok(outcome) => self.answer(rotation, outcome).await,
            Err(error) => Err(error.into()),
        };
        if unsure && answer.is_err() {
            // The first try may have revoked the session, and taken floor and
            // event with it.
            security_event!(
                "refresh_in_doubt",
                session = %rotation.presented.session(),
                presented = rotation.presented.generation(),
            );
            self.reread_log().await;
        }
        answer
    }

    async fn answer(
        &self,
        rotation: &Rotation,
        outcome: RotateOutcome,
    ) -> Result<TokenPair, AuthError> {
        let presented = &rotation.presented;
        match outcome {
            RotateOutcome::Rotated(grant) | RotateOutcome::Replayed(grant) => {
                self.succeed(presented, &grant).await
            }
            RotateOutcome::Superseded => {
                security_event!(
                    "refresh_token_superseded",
                    session = %presented.session(),
                    presented = presented.generation(),
                );
                Err(AuthError::Superseded)
            }
            RotateOutcome::Reused { session, revoked } => {
                self.alarm("refresh_token_reused", presented, &session, &revoked);
                Err(AuthError::InvalidGrant)
            }
            RotateOutcome::Conflict { session, revoked } => {
                let event = if presented.generation() > session.generation {
                    "generation_from_future"
                } else {
                    "generation_conflict"
                };
                self.alarm(event, presented, &session, &revoked);
                Err(AuthError::InvalidGrant)
            }
            RotateOutcome::Ended => {
                // Perhaps elsewhere: its access tokens are dead here too.
                self.raise_session(rotation.tenant, presented.session());
                Err(AuthError::InvalidGrant)
            }
            _ => Err(AuthError::InvalidGrant),
        }
    }

    /// Refuses what is no refresh token of ours, without I/O.
    pub(crate) fn opened(
        &self,
        cx: &Context,
        token: &RefreshToken,
    ) -> Result<Presented, AuthError> {
        token.open(&self.roots, cx.tenant).map_err(|reason| {
            tracing::debug!(%reason, "refresh token refused");
            AuthError::InvalidGrant
        })
    }

    /// The one successor, as the stored row says it: a replay is the answer
    /// that some instance gave before, byte for byte.
    async fn succeed(&self, presented: &Presented, grant: &Grant) -> Result<TokenPair, AuthError> {
        let Session {
            tenant,
            id,
            generation,
            root,
            ref salt,
            ..
        } = grant.session;
        let secret = presented.successor(salt);
        // Perhaps under a root secret that has not reached this instance yet;
        // another one can repeat the answer.
        let root = self
            .roots
            .find(root)
            .ok_or_else(|| AuthError::unavailable(std::io::Error::other("unknown root secret")))?;
        self.issue(
            grant,
            RefreshToken::encode(root, tenant, id, generation, &secret),
        )
        .await
    }

    /// A session was revoked because of a token that should not exist.
    fn alarm(&self, event: &str, presented: &Presented, session: &Session, revoked: &Revocation) {
        self.raise(revoked);
        security_event!(
            event,
            session = %session.id,
            user = %session.user,
            presented = presented.generation(),
            current = session.generation,
            age_seconds = self.clock.now().wall.since(session.rotated_at).as_secs(),
        );
    }
}

/// What an operator must hear of: the target is `auth::events`.
macro_rules! security_event {
    ($event:expr, $($fields:tt)*) => {
        tracing::warn!(target: "auth::events", event = $event, $($fields)*)
    };
}
use security_event;
