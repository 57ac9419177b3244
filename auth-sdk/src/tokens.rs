//! From what the store granted to what the client gets.

use std::time::Duration;

use auth_core::jwt::{AccessToken, NewToken};
use auth_core::refresh::RefreshToken;
use auth_core::{Clock, Scope, SessionId, UserId};
use auth_store::Grant;

use crate::auth::Shared;
use crate::error::AuthError;

/// The tokens of one session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenPair {
    /// Opens protected routes.
    pub access_token: AccessToken,
    /// How long it does, from when it was issued.
    pub expires_in: Duration,
    /// Gets the next pair, once.
    pub refresh_token: RefreshToken,
    /// What the access token allows.
    pub scope: Scope,
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
}

impl Shared {
    /// Issues the access token of `grant`, beside `refresh_token`.
    pub(crate) async fn issue(
        &self,
        grant: &Grant,
        refresh_token: RefreshToken,
    ) -> Result<TokenPair, AuthError> {
        let Grant {
            session,
            user,
            tver,
            now,
        } = grant;
        // A token that this process issues must not be from its own future.
        self.clock.observe(*now);
        let scope = session.scope.intersection(&self.profile.scope(user));
        let signer = self.keys.signer().await.map_err(AuthError::unavailable)?;
        let access_token = self.issuer.issue(
            &signer,
            &NewToken {
                subject: user.id,
                tenant: user.tenant,
                session: session.id,
                client: &session.client,
                scope: &scope,
                user_version: user.ver,
                tenant_version: *tver,
                amr: &session.amr,
                auth_time: session.auth_time,
                roles: &user.roles,
                custom: &self.profile.claims(user),
                now: *now,
            },
            &*self.random,
        )?;
        let here = self.clock.now().wall;
        if access_token.expires_at() <= here {
            // The store's clock was ahead of what it says now: a token that
            // verifiers refuse would look like a bad one.
            tracing::error!(store = ?now, ?here, "the store's clock is behind what it said before");
            return Err(AuthError::unavailable(std::io::Error::other(
                "the clocks disagree",
            )));
        }
        Ok(TokenPair {
            expires_in: access_token.expires_at().since(*now),
            access_token,
            refresh_token,
            scope,
            session: session.id,
            user: user.id,
        })
    }
}
