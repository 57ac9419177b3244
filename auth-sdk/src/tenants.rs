//! Tenants: making them, and what they may do.

use auth_core::TenantId;
use auth_store::{Tenant, TenantStatus};

use crate::auth::Auth;
use crate::error::AuthError;
use crate::events::Told;

impl Auth {
    /// Makes a tenant; one that is there already stays as it is.
    /// [`TenantId::DEFAULT`] need not be made.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn create_tenant(&self, tenant: TenantId) -> Result<(), AuthError> {
        Ok(self.shared.store.create_tenant(tenant).await?)
    }

    /// A tenant.
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn tenant(&self, tenant: TenantId) -> Result<Tenant, AuthError> {
        let found = self.shared.store.tenant(tenant).await?;
        found.ok_or(AuthError::NotFound)
    }

    /// Disables a tenant, or makes one active again. Either way all access
    /// tokens of its users end: in this process when the call returns.
    ///
    /// While it is disabled its users are told what a disabled user is told:
    /// a log-in that the password is wrong, a refresh that the token is not
    /// valid, an API key that it is not valid, a sign-up that there is no such
    /// tenant. Once it is active again, sessions that have not expired go on
    /// with their next refresh, and so do API keys; to end sessions for good
    /// end those of each user.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use auth_sdk::{Audience, Auth, AuthError, Context, Issuer, LogIn, MemoryStore, Password, RootSecret, SignUp, SystemRandom, TenantId, TenantStatus};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let root = RootSecret::generate(&SystemRandom::new())?;
    /// # let store = Arc::new(MemoryStore::new());
    /// # let (issuer, audience) = (Issuer::new("https://a.example")?, Audience::new("https://b.example")?);
    /// # let auth = Auth::builder(issuer, audience, root, store).build().await?;
    /// # let cx = Context::new();
    /// # let password = Password::new("correct horse battery staple".to_owned())?;
    /// # auth.sign_up(&cx, SignUp::new("ada@example.org", password.clone())).await?;
    /// let ada = auth.log_in(&cx, LogIn::new("ada@example.org", password.clone())).await?;
    /// auth.set_tenant_status(TenantId::DEFAULT, TenantStatus::Disabled).await?;
    ///
    /// assert!(auth.verifier().verify(ada.tokens.access_token.expose()).await.is_err());
    /// let refused = auth.log_in(&cx, LogIn::new("ada@example.org", password)).await;
    /// assert!(matches!(refused, Err(AuthError::InvalidCredentials)));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AuthError::NotFound`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn set_tenant_status(
        &self,
        tenant: TenantId,
        status: TenantStatus,
    ) -> Result<Tenant, AuthError> {
        let telling = self.shared.telling(|| Told::TenantStatusChanged {
            status: status.as_str(),
        })?;
        let changed = self
            .shared
            .revoking(telling, move |store| async move {
                store.set_tenant_status(tenant, status).await
            })
            .await?;
        changed.value.ok_or(AuthError::NotFound)
    }
}
