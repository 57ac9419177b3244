//! From what was asked for to an [`Auth`].

use std::sync::Arc;

use auth_cache::token::MemoryTokenCache;
use auth_core::FlooredClock;
use auth_core::jwt::TokenIssuer;
use auth_core::key::KeySource;
use auth_core::password::{ContextWords, HashPool};
use auth_core::revocation::RevocationView;
use auth_core::verifier::Verifier;

use super::{AuthBuilder, Remembered};
use crate::api_key_lookup::StoredApiKeys;
use crate::auth::{Auth, MAX_ACCESS_TOKEN, Shared, load_revocations};
use crate::build_error::BuildError;
use crate::keys::{Keys, StoredKeys, Tending};
use crate::lookups::Basis;

impl AuthBuilder {
    /// Builds it: makes or unseals the signing keys, seals them anew under the
    /// active root secret, and learns what is revoked. A task that looks after
    /// the keys runs until the last handle is dropped; the application's own
    /// keys have none.
    ///
    /// # Errors
    /// [`BuildError`] names what is unsafe, missing or unreachable.
    pub async fn build(mut self) -> Result<Auth, BuildError> {
        self.check()?;
        let pool = match self.pool.take() {
            Some(pool) => pool,
            None => HashPool::builder()
                .with_clock(self.clock.clone())
                .with_random(self.random.clone())
                .build()?,
        };
        let clock = Arc::new(FlooredClock::new(self.clock.clone()));
        // From here on every revocation outlives a token of this lifetime.
        self.store.settings(self.access_token).await?;
        let view = RevocationView::new();
        load_revocations(&*self.store, &view, &clock)
            .await
            .map_err(BuildError::Log)?;
        let (keys, source) = self.signing_keys(&clock, &view).await?;
        let lookups = self.lookups.build(&Basis {
            store: &self.store,
            has_api_keys: self.api_keys.is_some(),
            roots: &self.roots,
            clock: &clock,
            view: &view,
            random: &self.random,
        })?;
        let verifier = Verifier::builder(&self.issuer, &self.audience, source)
            .with_revocations(view.clone())
            // Not the present maximum: other instances may raise it.
            .with_max_lifetime(MAX_ACCESS_TOKEN)
            .with_clock(clock.clone());
        let verifier = match &self.api_keys {
            Some(prefix) => {
                let (store, profile) = (self.store.clone(), self.profile.clone());
                let lookup = StoredApiKeys::new(store, profile, clock.clone(), lookups.clone());
                verifier.with_api_keys(prefix.clone(), Arc::new(lookup))
            }
            None => verifier,
        };
        let verifier = match self.token_cache {
            Remembered::ByDefault => {
                let cache = MemoryTokenCache::builder().with_clock(clock.clone());
                verifier.with_token_cache(Arc::new(cache.build()))
            }
            Remembered::In(cache) => verifier.with_token_cache(cache),
            Remembered::Nowhere => verifier,
        };
        let verifier = verifier.build()?;
        let service = ContextWords::new().with_domain(host(self.issuer.as_str()));
        Ok(Auth {
            shared: Arc::new(Shared {
                issuer_name: self.issuer.as_str().to_owned(),
                issuer: TokenIssuer::new(self.issuer, self.audience, self.access_token),
                store: self.store,
                roots: self.roots,
                policy: self.policy.with_service_words(&service),
                breaches: self.breaches,
                profile: self.profile,
                random: self.random,
                lifetimes: self.lifetimes,
                resets: crate::reset_limit::ResetLimit::default(),
                response_floor: self.response_floor,
                rate_limits: self.rate_limits,
                api_key_prefix: self.api_keys,
                api_key_limit: self.api_key_limit,
                events: self.events,
                lookups,
                pool,
                clock,
                keys,
                view,
                verifier,
            }),
        })
    }

    /// The signing keys; what is revoked is in view.
    async fn signing_keys(
        &self,
        clock: &Arc<FlooredClock>,
        view: &RevocationView,
    ) -> Result<(Keys, Arc<dyn KeySource>), BuildError> {
        if let Some(own) = &self.keys {
            let set = own.to_set()?;
            // Its tokens would be refused here, and believed by whoever knows
            // the key only because it is published here.
            if let Some(key) = set.iter().find(|key| view.revokes_key(key.thumbprint())) {
                let kid = key.kid().to_owned();
                return Err(BuildError::RevokedKey { kid });
            }
            let source = Arc::new(set.clone());
            let signer = own.signer().clone();
            return Ok((Keys::Own { signer, set }, source));
        }
        let keys = Arc::new(StoredKeys::new(
            self.store.clone(),
            self.roots.clone(),
            self.random.clone(),
            clock.clone(),
            view.clone(),
            self.rotation.unwrap_or_default(),
            self.backend.unwrap_or_default(),
        ));
        keys.load().await?;
        let tending = Tending::begin(&keys);
        let source = keys.clone();
        Ok((Keys::Stored { keys, tending }, source))
    }
}

/// The host of an issuer: it is an https URL.
fn host(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default()
}
