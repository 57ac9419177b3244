//! Accounts at other platforms: linking and unlinking them, and logging in by
//! one.

use auth_core::{ClientId, Scope, UserId};
use auth_store::{
    LinkOutcome, PlatformAccount, PlatformKey, PlatformStore, RemoveOutcome, Store, StoreError,
    StoreErrorKind, User, UserRecord,
};

use crate::auth::{Auth, Settled, Shared, ask};
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;
use crate::log_in::{LoggedIn, Opening, TRIES};
use crate::throttle::Limited;

/// An account at another platform whose owner the application has verified.
///
/// **Nothing of it is verified here.** Whoever makes one says: I have run that
/// platform's log-in for this very request (OAuth 2.0 with PKCE, `OpenID`
/// Connect with `state`, `nonce` and the signature of the ID token), and the
/// platform told me, not the client, that this is who is there. Make it from
/// the platform's own answer, in the handler of its redirect. What a client
/// sends in a body is no such answer: with it anybody logs in as anybody.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedPlatformIdentity {
    /// The account.
    pub key: PlatformKey,
    /// How its owner proved who they are, as tokens will say (RFC 8176).
    pub amr: Vec<String>,
    /// The client to bind the session to.
    pub client: ClientId,
    /// The scope the client asks for; all that the user may have, if not said.
    pub scope: Option<Scope>,
}

impl VerifiedPlatformIdentity {
    /// The owner of `key`, whom the application has verified; `amr` says how,
    /// in the words of RFC 8176: what the platform's ID token says in its own
    /// `amr`, or the application's word for it, such as `fed`.
    pub fn i_have_verified<M: Into<String>>(
        key: PlatformKey,
        amr: impl IntoIterator<Item = M>,
    ) -> Self {
        Self {
            key,
            amr: amr.into_iter().map(Into::into).collect(),
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

/// The most ways of proving who one is that a session keeps, and the longest of
/// them, in bytes.
const MAX_AMR: usize = 16;
const MAX_METHOD: usize = 64;

impl Auth {
    /// Opens a session for the user to whom the account is linked.
    ///
    /// **This trusts its caller**: it checks no password and asks no platform.
    /// [`VerifiedPlatformIdentity`] says what must have been done before.
    ///
    /// An account that is linked to nobody, and one whose user or tenant is
    /// disabled, are told apart by nothing. Somebody who comes for the first
    /// time is signed up by the application, with
    /// [`import_user`](Self::import_user) and without a password say, and then
    /// [linked](Self::link_platform).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use auth_sdk::{Audience, Auth, Context, ImportUser, Issuer, MemoryStore, PlatformKey, RootSecret, SystemRandom, VerifiedPlatformIdentity};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let root = RootSecret::generate(&SystemRandom::new())?;
    /// # let store = Arc::new(MemoryStore::new());
    /// # let (issuer, audience) = (Issuer::new("https://a.example")?, Audience::new("https://b.example")?);
    /// # let auth = Auth::builder(issuer, audience, root, store).build().await?;
    /// # let cx = Context::new();
    /// let bob = auth.import_user(&cx, ImportUser::new("bob@example.org", None)).await?;
    /// // `sub` and `iss` of an ID token that was verified a moment ago.
    /// let key = PlatformKey::new("https://accounts.example.com", "248289761001")?;
    /// auth.link_platform(&cx, bob.id, &key).await?;
    ///
    /// let identity = VerifiedPlatformIdentity::i_have_verified(key, ["fed"]);
    /// let logged_in = auth.log_in_with_verified_platform(&cx, identity).await?;
    /// assert_eq!(logged_in.user.id, bob.id);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`]; [`AuthError::InvalidScope`];
    /// [`AuthError::InvalidRequest`] if `amr` does not say how, or says it in
    /// too many words; [`AuthError::NoPlatforms`]; [`AuthError::RateLimited`];
    /// [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn log_in_with_verified_platform(
        &self,
        cx: &Context,
        identity: VerifiedPlatformIdentity,
    ) -> Result<LoggedIn, AuthError> {
        self.shared.charge(cx, Limited::PlatformLogIn).await?;
        let VerifiedPlatformIdentity {
            key,
            amr,
            client,
            scope,
        } = identity;
        let is_method = |method: &String| (1..=MAX_METHOD).contains(&method.len());
        if !(1..=MAX_AMR).contains(&amr.len()) || !amr.iter().all(is_method) {
            return Err(AuthError::InvalidRequest(
                "amr has 1 to 16 words of 1 to 64 bytes",
            ));
        }
        let opening = Opening { client, scope, amr };
        let shared = &*self.shared;
        for _ in 0..TRIES {
            let found = shared
                .platforms()?
                .find_by_platform(cx.tenant, &key)
                .await?;
            let found = found.filter(UserRecord::is_active);
            let record = found.ok_or(AuthError::InvalidCredentials)?;
            if let Some(logged_in) = shared.open(cx, &record, &opening).await? {
                return Ok(logged_in);
            }
        }
        Err(AuthError::InvalidCredentials)
    }

    /// Links an account at another platform to a user, who can then log in by
    /// it. **This trusts its caller** as
    /// [`log_in_with_verified_platform`](Self::log_in_with_verified_platform)
    /// does: whoever owns the account owns the user from here on. Ask for a
    /// recent log-in before. One that is the user's already is no error.
    ///
    /// # Errors
    /// [`AuthError::PlatformAccountTaken`] when it is another user's;
    /// [`AuthError::NotFound`] when there is no such user, or user or tenant is
    /// disabled; [`AuthError::NoPlatforms`]; [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn link_platform(
        &self,
        cx: &Context,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<PlatformAccount, AuthError> {
        self.shared.platforms()?;
        let telling = self.shared.telling(|| Told::PlatformLinked {
            platform: key.platform().to_owned(),
        })?;
        let platforms = platforms(&*telling)?;
        let (linked, _) = ask(|| platforms.link_platform(cx.tenant, user, key)).await;
        match linked? {
            LinkOutcome::Linked(account) | LinkOutcome::Already(account) => Ok(account),
            LinkOutcome::Taken => Err(AuthError::PlatformAccountTaken),
            _ => Err(AuthError::NotFound),
        }
    }

    /// A user's accounts at other platforms.
    ///
    /// # Errors
    /// [`AuthError::NoPlatforms`]; [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn platform_accounts(
        &self,
        cx: &Context,
        user: UserId,
    ) -> Result<Vec<PlatformAccount>, AuthError> {
        let platforms = self.shared.platforms()?;
        Ok(platforms.platform_accounts(cx.tenant, user).await?)
    }

    /// The user to whom an account is linked; disabled ones too.
    ///
    /// # Errors
    /// [`AuthError::NotFound`]; [`AuthError::NoPlatforms`];
    /// [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn user_by_platform(
        &self,
        cx: &Context,
        key: &PlatformKey,
    ) -> Result<User, AuthError> {
        let found = self
            .shared
            .platforms()?
            .find_by_platform(cx.tenant, key)
            .await?;
        found.map(|record| record.user).ok_or(AuthError::NotFound)
    }

    /// Takes an account at another platform from a user. All sessions and access
    /// tokens of the user end, since one of them may be of whoever has that
    /// account; API keys are left alone.
    ///
    /// # Errors
    /// [`AuthError::LastLogInMethod`] when the user could not log in any more;
    /// [`AuthError::NotFound`] when it is not the user's;
    /// [`AuthError::NoPlatforms`]; [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn unlink_platform(
        &self,
        cx: &Context,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<(), AuthError> {
        self.shared.platforms()?;
        let (tenant, key) = (cx.tenant, key.clone());
        let telling = self.shared.telling(|| Told::PlatformUnlinked {
            platform: key.platform().to_owned(),
        })?;
        let removed = self
            .shared
            .revoking(telling, move |store| {
                let key = key.clone();
                async move {
                    let platforms = platforms(&*store)?;
                    platforms.unlink_platform(tenant, user, &key).await
                }
            })
            .await;
        removed.and_then(|removed| settled(&removed))
    }

    /// Takes the password from a user who can log in by something else. All
    /// sessions and access tokens of the user end. Ask for a recent log-in
    /// before.
    ///
    /// # Errors
    /// [`AuthError::LastLogInMethod`] when the user could not log in any more;
    /// [`AuthError::NotFound`] when there is no such user, or no password;
    /// [`AuthError::NoPlatforms`]; [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn remove_password(&self, cx: &Context, user: UserId) -> Result<(), AuthError> {
        self.shared.platforms()?;
        let tenant = cx.tenant;
        let telling = self.shared.telling(|| Told::PasswordRemoved)?;
        let removed = self
            .shared
            .revoking(telling, move |store| async move {
                let platforms = platforms(&*store)?;
                platforms.remove_password(tenant, user).await
            })
            .await;
        removed.and_then(|removed| settled(&removed))
    }
}

impl Shared {
    fn platforms(&self) -> Result<&dyn PlatformStore, AuthError> {
        self.store.platform_store().ok_or(AuthError::NoPlatforms)
    }
}

fn platforms(store: &dyn Store) -> Result<&dyn PlatformStore, StoreError> {
    let none = || StoreError::from(StoreErrorKind::Other);
    store.platform_store().ok_or_else(none)
}

/// After doubt, nothing to remove may mean that the first try removed it.
fn settled(removed: &Settled<RemoveOutcome>) -> Result<(), AuthError> {
    match removed.value {
        RemoveOutcome::Removed(_) => Ok(()),
        RemoveOutcome::Unknown if removed.unsure => Ok(()),
        RemoveOutcome::LastMethod => Err(AuthError::LastLogInMethod),
        _ => Err(AuthError::NotFound),
    }
}
