//! Changing a password.

use std::fmt;

use auth_core::password::Password;
use auth_core::{ClientId, Scope, UserId};
use auth_store::{ChangeOutcome, PasswordChange, UserRecord};

use crate::auth::Auth;
use crate::context::Context;
use crate::error::AuthError;
use crate::log_in::{LoggedIn, Opening};

/// A user who changes the password.
#[derive(Clone)]
#[non_exhaustive]
pub struct ChangePassword {
    /// The password as it is.
    pub current: Password,
    /// The password as it shall be.
    pub new: Password,
    /// The client to bind the new session to.
    pub client: ClientId,
    /// The scope of the new session; all that the user may have, if not said.
    pub scope: Option<Scope>,
}

impl ChangePassword {
    /// From `current` to `new`, for the application itself.
    pub fn new(current: Password, new: Password) -> Self {
        Self {
            current,
            new,
            client: ClientId::default(),
            scope: None,
        }
    }

    /// For this client.
    pub fn with_client(mut self, client: ClientId) -> Self {
        self.client = client;
        self
    }

    /// With this scope.
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }
}

impl fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePassword").finish_non_exhaustive()
    }
}

impl Auth {
    /// Changes the password of a user who knows the current one. All of the
    /// user's sessions end, the caller's too, which gets a new one.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] when the current password is wrong,
    /// the account is not active, or it changed meanwhile;
    /// [`AuthError::Password`] when the new one does not meet the policy;
    /// [`AuthError::Overloaded`] and [`AuthError::Unavailable`], after which
    /// the password may have been changed: log in to find out.
    #[tracing::instrument(skip_all)]
    pub async fn change_password(
        &self,
        cx: &Context,
        user: UserId,
        request: ChangePassword,
    ) -> Result<LoggedIn, AuthError> {
        let shared = &self.shared;
        let ChangePassword {
            current,
            new,
            client,
            scope,
        } = request;
        let opening = Opening { client, scope };
        shared.policy.check(&new)?;
        let record = shared.store.user(cx.tenant, user).await?;
        let record = shared.check_password(cx, record, current).await?;
        // Refused now, not after the sessions have ended.
        shared.granted(&record.user, &opening)?;
        let hash = shared
            .pool
            .for_source(cx.source)
            .hash(new, shared.deadline(cx))
            .await?
            .expose_phc()
            .to_owned();
        let change = PasswordChange {
            tenant: cx.tenant,
            user,
            seen_hash: record.password_hash,
            new_hash: hash.clone(),
        };
        let changed = shared
            .revoking(move |store| {
                let change = change.clone();
                async move { store.change_password(change).await }
            })
            .await?;
        let record = match changed.value {
            ChangeOutcome::Changed(user) => UserRecord {
                user,
                password_hash: Some(hash),
            },
            // The first of two tries may have been committed, unknown to us:
            // then the hash is the one we drew, which nobody else can have.
            _ => shared
                .store
                .user(cx.tenant, user)
                .await?
                .filter(|now| now.password_hash.as_ref() == Some(&hash))
                .ok_or(AuthError::InvalidCredentials)?,
        };
        let opened = shared.open(cx, &record, &opening).await?;
        opened.ok_or(AuthError::InvalidCredentials)
    }
}
