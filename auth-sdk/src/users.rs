//! Looking at users, and changing what they may do.

use auth_core::UserId;
use auth_store::{ChangeOutcome, User, UserStatus};

use crate::auth::{Auth, Settled};
use crate::context::Context;
use crate::error::AuthError;

impl Auth {
    /// A user of the tenant.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn user(&self, cx: &Context, id: UserId) -> Result<User, AuthError> {
        let record = self.shared.store.user(cx.tenant, id).await?;
        record.map(|record| record.user).ok_or(AuthError::NotFound)
    }

    /// Disables a user, or makes one active again. Either way all sessions
    /// and access tokens of the user end.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn set_user_status(
        &self,
        cx: &Context,
        id: UserId,
        status: UserStatus,
    ) -> Result<User, AuthError> {
        let tenant = cx.tenant;
        self.shared
            .revoking(move |store| async move { store.set_user_status(tenant, id, status).await })
            .await
            .and_then(changed)
    }

    /// Gives a user these roles and no others. Access tokens with the old ones
    /// end; sessions live on, and say the new ones from their next refresh.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn set_user_roles(
        &self,
        cx: &Context,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<User, AuthError> {
        let tenant = cx.tenant;
        self.shared
            .revoking(move |store| {
                let roles = roles.clone();
                async move { store.set_user_roles(tenant, id, roles).await }
            })
            .await
            .and_then(changed)
    }
}

fn changed(outcome: Settled<ChangeOutcome>) -> Result<User, AuthError> {
    match outcome.value {
        ChangeOutcome::Changed(user) => Ok(user),
        _ => Err(AuthError::NotFound),
    }
}
