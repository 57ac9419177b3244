//! Logging out, and the user's own sessions.

use auth_core::refresh::RefreshToken;
use auth_core::{SessionId, UserId};
use auth_store::{EndSessions, Session};

use crate::auth::{Auth, Settled};
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;

impl Auth {
    /// Ends the session of a refresh token; its access tokens are dead in this
    /// process when the call returns, whoever ended it. A session that has already ended is no
    /// error; a text that is no refresh token of ours ends nothing.
    ///
    /// # Errors
    /// [`AuthError::InvalidGrant`] for a text that is no refresh token of
    /// ours, [`AuthError::Unavailable`] when the store cannot be reached.
    #[tracing::instrument(skip_all)]
    pub async fn log_out(&self, cx: &Context, token: &RefreshToken) -> Result<(), AuthError> {
        let session = self.shared.opened(cx, token)?.session();
        self.end(cx, EndSessions::One(session)).await?;
        // Whoever ended it, here or elsewhere: it has ended.
        self.shared.raise_session(cx.tenant, session);
        Ok(())
    }

    /// Ends all sessions of a user, and all their access tokens.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] when the tenant has no such user,
    /// [`AuthError::Unavailable`] when the store cannot be reached.
    #[tracing::instrument(skip_all)]
    pub async fn log_out_everywhere(&self, cx: &Context, user: UserId) -> Result<(), AuthError> {
        self.end(cx, EndSessions::AllOf(user)).await.and_then(found)
    }

    /// Ends one session of a user.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] when the user has no such live session,
    /// [`AuthError::Unavailable`] when the store cannot be reached.
    #[tracing::instrument(skip_all)]
    pub async fn end_session(
        &self,
        cx: &Context,
        user: UserId,
        session: SessionId,
    ) -> Result<(), AuthError> {
        self.end(cx, EndSessions::OneOf(user, session))
            .await
            .and_then(found)
    }

    /// The live sessions of a user, newest first.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] when the store cannot be reached.
    #[tracing::instrument(skip_all)]
    pub async fn sessions(&self, cx: &Context, user: UserId) -> Result<Vec<Session>, AuthError> {
        let store = &self.shared.store;
        Ok(match store.look_up_store() {
            Some(copies) => {
                let how = cx.consistency;
                copies.look_up_sessions(cx.tenant, user, how).await?
            }
            None => store.sessions(cx.tenant, user).await?,
        })
    }

    pub(crate) async fn end(
        &self,
        cx: &Context,
        which: EndSessions,
    ) -> Result<Settled<u64>, AuthError> {
        let tenant = cx.tenant;
        let store = self.shared.telling(|| match which {
            EndSessions::One(session) | EndSessions::OneOf(_, session) => Told::Ended {
                session: session.to_string(),
            },
            _ => Told::AllEnded,
        })?;
        self.shared
            .revoking(store, move |store| async move {
                store.end_sessions(tenant, which).await
            })
            .await
    }
}

/// After doubt, nothing to end may mean that the first try ended it.
fn found(ended: Settled<u64>) -> Result<(), AuthError> {
    if ended.value == 0 && !ended.unsure {
        Err(AuthError::NotFound)
    } else {
        Ok(())
    }
}
