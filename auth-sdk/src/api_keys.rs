//! API keys: making, listing, rotating and revoking them.

use std::time::Duration;

use auth_core::api_key::{ApiKey, ApiKeyPrefix, ApiKeySecret};
use auth_core::revocation::{Revocation, Target};
use auth_core::{ApiKeyId, Clock, Scope, TenantId, UserId};
use auth_store::{
    ApiKeyInfo, ApiKeyRotation, ApiKeyStore, CreateApiKeyOutcome, NewApiKey, REVOCATION_MARGIN,
    RevokeApiKeyOutcome, RotateApiKeyOutcome, Store, StoreError, StoreErrorKind, UserRecord,
    UserStatus,
};

use crate::auth::{Auth, MAX_ACCESS_TOKEN, Shared, ask, to_the_end};
use crate::builder::AuthBuilder;
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;

/// A key that is to be made.
///
/// # Defaults
/// - lifetime: 90 days
/// - scope: at most what the user may have
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreateApiKey {
    /// What its owner calls it: 1 to 128 bytes, without control characters.
    pub name: String,
    /// The most that it shall allow.
    pub scope: Scope,
    /// How long it lives; `None`: until it is revoked.
    pub lifetime: Option<Duration>,
    /// What whoever asks for the key was granted, beyond which it cannot go.
    pub granted: Option<Scope>,
}

impl CreateApiKey {
    /// The longest name, in bytes.
    pub const MAX_NAME: usize = 128;

    /// With this name and scope.
    pub fn new(name: impl Into<String>, scope: Scope) -> Self {
        Self {
            name: name.into(),
            scope,
            lifetime: Some(Duration::from_secs(90 * 24 * 3600)),
            granted: None,
        }
    }

    /// Living so long.
    pub const fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Living until it is revoked.
    pub const fn without_end(mut self) -> Self {
        self.lifetime = None;
        self
    }

    /// Not beyond `granted`: the scope of the token with which somebody asks
    /// for the key. Without it whoever has a token for little gets a key for
    /// all that the user may do.
    pub fn within(mut self, granted: Scope) -> Self {
        self.granted = Some(granted);
        self
    }
}

/// A key with a new secret. It is shown once: nobody can read it again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedApiKey {
    /// The key, for its owner.
    pub key: ApiKey,
    /// What is known of it.
    pub info: ApiKeyInfo,
}

/// Some of the keys of a user or tenant, in the order of their ids.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiKeyPage {
    /// The keys.
    pub keys: Vec<ApiKeyInfo>,
    /// After which key the next page begins; `None` if this is the last.
    pub next: Option<ApiKeyId>,
}

/// How many keys a page has.
const PAGE: u32 = 100;

/// The longest that a key may have two secrets.
const MAX_OVERLAP: Duration = Duration::from_secs(30 * 24 * 3600);

impl AuthBuilder {
    /// Accepts API keys that begin with `prefix` wherever an access token is
    /// accepted, and lets users have them. Each use is looked up in the store, or
    /// in what is [kept](Self::with_lookup_cache) of it.
    pub fn with_api_keys(mut self, prefix: ApiKeyPrefix) -> Self {
        self.api_keys = Some(prefix);
        self
    }

    /// A user has no more live API keys than `limit`.
    pub const fn with_api_key_limit(mut self, limit: u32) -> Self {
        self.api_key_limit = limit;
        self
    }
}

impl Auth {
    /// Makes a key that acts for a user, with a scope that is at most what the
    /// user may have. With each use the key allows what is both in its scope and
    /// in what the user may have by then.
    ///
    /// Ending the user's sessions leaves keys alone; disabling the user or the
    /// tenant stops them for that time. Of live ones a user has at most
    /// [so many](crate::AuthBuilder::with_api_key_limit); those that ended more than
    /// 30 days ago are forgotten.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use auth_sdk::{Audience, Auth, Context, CreateApiKey, Issuer, MemoryStore, Password, RootSecret, Scope, SignUp, SystemRandom};
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let root = RootSecret::generate(&SystemRandom::new())?;
    /// # let store = Arc::new(MemoryStore::new());
    /// # let (issuer, audience) = (Issuer::new("https://a.example")?, Audience::new("https://b.example")?);
    /// let auth = Auth::builder(issuer, audience, root, store)
    ///     .with_api_keys("acme_live".parse()?)
    ///     .build()
    ///     .await?;
    /// # let cx = Context::new();
    /// # let password = Password::new("correct horse battery staple".to_owned())?;
    /// # let ada = auth.sign_up(&cx, SignUp::new("ada@example.org", password)).await?;
    /// let made = auth.create_api_key(&cx, ada.id, CreateApiKey::new("deploys", Scope::empty())).await?;
    ///
    /// // In the same header as a token, through the same verifier, layer and extractors.
    /// let identity = auth.verifier().verify(made.key.expose()).await?;
    /// assert_eq!(identity.user(), Some(ada.id));
    /// assert_eq!(identity.api_key(), Some(made.info.id));
    ///
    /// auth.revoke_api_key(&cx, ada.id, made.info.id).await?;
    /// assert!(auth.verifier().verify(made.key.expose()).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`AuthError::NotFound`] when there is no such user, or user or tenant is
    /// disabled; [`AuthError::TooManyApiKeys`]; [`AuthError::InvalidScope`];
    /// [`AuthError::InvalidRequest`] for a name or lifetime that cannot be; [`AuthError::NoApiKeys`];
    /// [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn create_api_key(
        &self,
        cx: &Context,
        user: UserId,
        request: CreateApiKey,
    ) -> Result<IssuedApiKey, AuthError> {
        let shared = &*self.shared;
        let (prefix, _) = shared.api_keys()?;
        check(&request)?;
        let record = shared.store.user(cx.tenant, user).await?;
        let record = record.filter(UserRecord::is_active);
        let owner = record.ok_or(AuthError::NotFound)?.user;
        let allowed = shared.profile.scope(&owner);
        let is_granted = |granted: &Scope| request.scope.is_subset_of(granted);
        if !is_granted(&allowed) || !request.granted.as_ref().is_none_or(is_granted) {
            return Err(AuthError::InvalidScope);
        }
        let id = ApiKeyId::draw(shared.clock.now().wall, &*shared.random)?;
        let secret = ApiKeySecret::draw(&*shared.random)?;
        let new = NewApiKey {
            id,
            tenant: cx.tenant,
            user,
            name: request.name,
            scope: request.scope,
            hash: secret.hash(id),
            lifetime: request.lifetime,
            limit: shared.api_key_limit,
        };
        let telling = shared.telling(|| Told::ApiKeyCreated {
            api_key: id.to_string(),
        })?;
        let keys = keys_in(&*telling)?;
        let (made, _) = ask(|| keys.create_api_key(new.clone())).await;
        // Somebody may have asked for it before it was there.
        shared.forget_api_key(id).await;
        match made? {
            CreateApiKeyOutcome::Created(info) => Ok(IssuedApiKey {
                key: ApiKey::encode(prefix, id, &secret),
                info,
            }),
            CreateApiKeyOutcome::TooMany => Err(AuthError::TooManyApiKeys),
            _ => Err(AuthError::NotFound),
        }
    }

    /// The keys of the tenant, or of one of its users, revoked and expired ones
    /// too: a hundred of those after `after`. Who goes on with
    /// [`next`](ApiKeyPage::next) meets each key that was there all the time
    /// once.
    ///
    /// # Errors
    /// [`AuthError::NoApiKeys`], [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn api_keys(
        &self,
        cx: &Context,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
    ) -> Result<ApiKeyPage, AuthError> {
        let (_, keys) = self.shared.api_keys()?;
        let keys = keys.api_keys(cx.tenant, user, after, PAGE).await?;
        let is_full = u32::try_from(keys.len()).is_ok_and(|len| len >= PAGE);
        let next = keys.last().filter(|_| is_full).map(|info| info.id);
        Ok(ApiKeyPage { keys, next })
    }

    /// Gives a user's key a new secret. The former one may be used for
    /// `overlap`, 30 days at most and not longer than the key, so that whoever
    /// uses it has time to change; with zero it is dead at once. Of two who
    /// rotate one key at once, one is told [`AuthError::Conflict`].
    ///
    /// A key that somebody else has seen is to be [revoked], not rotated.
    ///
    /// [revoked]: Self::revoke_api_key
    ///
    /// # Errors
    /// [`AuthError::NotFound`] when the user has no such live key;
    /// [`AuthError::Conflict`]; [`AuthError::InvalidRequest`] for a longer
    /// overlap; [`AuthError::NoApiKeys`]; [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn rotate_api_key(
        &self,
        cx: &Context,
        user: UserId,
        key: ApiKeyId,
        overlap: Duration,
    ) -> Result<IssuedApiKey, AuthError> {
        let shared = &*self.shared;
        let (prefix, keys) = shared.api_keys()?;
        if overlap > MAX_OVERLAP {
            return Err(AuthError::InvalidRequest("an overlap of more than 30 days"));
        }
        let known = keys.find_api_key(key).await?.filter(|known| {
            (known.key.tenant, known.key.user) == (cx.tenant, user)
                && known.key.is_live(known.now)
                && known.user.status == UserStatus::Active
                && known.tenant_active
        });
        let known = known.ok_or(AuthError::NotFound)?;
        let secret = ApiKeySecret::draw(&*shared.random)?;
        let rotation = ApiKeyRotation {
            tenant: cx.tenant,
            key,
            seen: known.hash,
            hash: secret.hash(key),
            overlap,
        };
        let telling = shared.telling(|| Told::ApiKeyRotated {
            api_key: key.to_string(),
        })?;
        let rotating = self.shared.clone();
        // To the end, or the former secret would be good for as long as it is kept.
        let rotated = to_the_end(async move {
            let keys = keys_in(&*telling)?;
            let (rotated, _) = ask(|| keys.rotate_api_key(&rotation)).await;
            rotating.forget_api_key(key).await;
            Ok(rotated?)
        });
        match rotated.await? {
            RotateApiKeyOutcome::Rotated(info) => Ok(IssuedApiKey {
                key: ApiKey::encode(prefix, key, &secret),
                info,
            }),
            _ => Err(AuthError::Conflict),
        }
    }

    /// Revokes a user's key for ever, with both its secrets. It is dead in this
    /// process when the call returns, and on every other instance with its next
    /// use; where that keeps look-ups, when it hears of it, and within 60 s
    /// ([`with_lookup_cache`](crate::AuthBuilder::with_lookup_cache)). One that was
    /// revoked before is no error.
    ///
    /// # Errors
    /// [`AuthError::NotFound`] when the user has no such key;
    /// [`AuthError::NoApiKeys`]; [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn revoke_api_key(
        &self,
        cx: &Context,
        user: UserId,
        key: ApiKeyId,
    ) -> Result<(), AuthError> {
        self.shared.api_keys()?;
        let tenant = cx.tenant;
        let telling = self.shared.telling(|| Told::ApiKeyRevoked {
            api_key: key.to_string(),
        })?;
        let revoked = self
            .shared
            .revoking(telling, move |store| async move {
                let keys = keys_in(&*store)?;
                keys.revoke_api_key(tenant, Some(user), key).await
            })
            .await?;
        if revoked.value == RevokeApiKeyOutcome::Unknown {
            return Err(AuthError::NotFound);
        }
        // Whoever revoked it, here or elsewhere: it is dead.
        self.shared.raise_api_key(tenant, key);
        self.shared.forget_api_key(key).await;
        Ok(())
    }

    /// Revokes all of a user's keys, as [`revoke_api_key`](Self::revoke_api_key) does;
    /// how many there were that had not been revoked before.
    ///
    /// Whoever has taken the account over may make another one: change the password,
    /// or disable the user, first.
    ///
    /// # Errors
    /// [`AuthError::NoApiKeys`]; [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn revoke_api_keys(&self, cx: &Context, user: UserId) -> Result<u64, AuthError> {
        self.shared.api_keys()?;
        let tenant = cx.tenant;
        let telling = self.shared.telling(|| Told::ApiKeysRevoked)?;
        let revoked = self
            .shared
            .revoking(telling, move |store| async move {
                let keys = keys_in(&*store)?;
                keys.revoke_api_keys(tenant, user).await
            })
            .await?;
        Ok(revoked.value)
    }
}

impl Shared {
    fn api_keys(&self) -> Result<(&ApiKeyPrefix, &dyn ApiKeyStore), AuthError> {
        self.api_key_prefix
            .as_ref()
            .zip(self.store.api_key_store())
            .ok_or(AuthError::NoApiKeys)
    }

    /// Rejects a key in this process, for longer than anything that was read of
    /// it is on its way.
    fn raise_api_key(&self, tenant: TenantId, key: ApiKeyId) {
        self.raise(&Revocation {
            target: Target::ApiKey { tenant, key },
            expires_at: self.clock.now().wall + MAX_ACCESS_TOKEN + REVOCATION_MARGIN,
        });
    }
}

fn keys_in(store: &dyn Store) -> Result<&dyn ApiKeyStore, StoreError> {
    let none = || StoreError::from(StoreErrorKind::Other);
    store.api_key_store().ok_or_else(none)
}

fn check(request: &CreateApiKey) -> Result<(), AuthError> {
    let CreateApiKey { name, lifetime, .. } = request;
    if name.trim().is_empty() || name.len() > CreateApiKey::MAX_NAME {
        return Err(AuthError::InvalidRequest(
            "the name of an API key has 1 to 128 bytes",
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(AuthError::InvalidRequest(
            "the name of an API key has no control characters",
        ));
    }
    if lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
        return Err(AuthError::InvalidRequest("an API key lives for some time"));
    }
    Ok(())
}
