//! Looking at users, and changing what they may do.

use auth_core::UserId;
use auth_store::{ChangeOutcome, User, UserStatus};

use crate::auth::{Auth, Settled};
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;

impl Auth {
    /// A user of the tenant, as the store has it, or a replica if the context
    /// [says so](Context::with_consistency): for whatever is decided by it.
    /// [`cached_user`](Self::cached_user) is for showing.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn user(&self, cx: &Context, id: UserId) -> Result<User, AuthError> {
        let store = &self.shared.store;
        let found = match store.look_up_store() {
            Some(copies) => copies.look_up_user(cx.tenant, id, cx.consistency).await?,
            None => store.user(cx.tenant, id).await?.map(|record| record.user),
        };
        found.ok_or(AuthError::NotFound)
    }

    /// A user of the tenant, to be shown to somebody, as `GET /me` does. It may be from
    /// memory where there is a
    /// [look-up cache](crate::AuthBuilder::with_lookup_cache), and otherwise is what
    /// [`user`](Self::user) gives. What this instance has changed is in it; what
    /// another one has, after some milliseconds with a shared tier and after 60 s at
    /// the latest. **Decide nothing by it**: roles may have been taken away, or the
    /// user disabled, so long ago. How consistent the context asks it to be has no say.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn cached_user(&self, cx: &Context, id: UserId) -> Result<User, AuthError> {
        let Some(lookups) = &self.shared.lookups else {
            return self.user(cx, id).await;
        };
        let found = lookups.user(cx.tenant, id).await;
        let found = found.map_err(AuthError::Unavailable)?;
        found
            .map(|held| held.row().clone())
            .ok_or(AuthError::NotFound)
    }

    /// Whether the user's password was chosen here, under the rules and the
    /// blocklist of today ([`User::password_policy`]). If not, the password works
    /// all the same: it is for the application to ask for another one, at a log-in
    /// say, when there is a newer list. Of an imported password, and where there is
    /// none, nobody knows.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use auth_core::password::PasswordHash;
    /// # use auth_sdk::{Audience, Auth, Context, ImportUser, Issuer, MemoryStore, Password, RootSecret, SignUp, SystemRandom};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let root = RootSecret::generate(&SystemRandom::new())?;
    /// # let store = Arc::new(MemoryStore::new());
    /// # let (issuer, audience) = (Issuer::new("https://a.example")?, Audience::new("https://b.example")?);
    /// # let auth = Auth::builder(issuer, audience, root, store).build().await?;
    /// # let cx = Context::new();
    /// # let password = Password::new("correct horse battery staple".to_owned())?;
    /// # let old_hash = PasswordHash::from_phc("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA".to_owned());
    /// let ada = auth.sign_up(&cx, SignUp::new("ada@example.org", password)).await?;
    /// assert!(auth.password_is_current(&ada));
    ///
    /// let bob = auth.import_user(&cx, ImportUser::new("bob", Some(old_hash))).await?;
    /// assert!(!auth.password_is_current(&bob)); // ask Bob for another one
    /// # Ok(())
    /// # }
    /// ```
    pub fn password_is_current(&self, user: &User) -> bool {
        self.shared.policy.is_current(user.password_policy)
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
        let told = || Told::StatusChanged {
            status: status.as_str(),
        };
        let store = self.shared.telling(told)?;
        self.shared
            .revoking(store, move |store| async move {
                store.set_user_status(tenant, id, status).await
            })
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
        let (tenant, told) = (cx.tenant, roles.clone());
        let told = || Told::RolesChanged { roles: told };
        let store = self.shared.telling(told)?;
        self.shared
            .revoking(store, move |store| {
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
