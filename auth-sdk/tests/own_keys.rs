//! Signing keys that the application brings.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth_core::jwt::insecure::peek;
use auth_core::key::{Algorithm, Backend, KeySetError, SigningKey, VerifyingKey};
use auth_core::revocation::Revocation;
use auth_core::verifier::VerifyError;
use auth_core::{ManualClock, SystemRandom};
use auth_sdk::{
    Auth, AuthError, BuildError, Context, KeyRotation, LogIn, MemoryStore, OwnKeys, SignUp, Store,
    TokenPair,
};
use auth_store::{NewSigningKey, SigningKeyStore};
use support::unsure::Unsure;
use support::{NOW, PASSWORD, accepts, builder, password, root};

/// What a secret manager has: a key that is read from its text.
fn kept(algorithm: Algorithm) -> SigningKey {
    let key = SigningKey::generate_for(algorithm, &SystemRandom::new()).unwrap();
    SigningKey::from_jwk(key.expose_jwk().unwrap().expose()).unwrap()
}

fn public(key: &SigningKey) -> VerifyingKey {
    key.verifying_key().clone()
}

struct Place {
    store: Arc<dyn Store>,
    memory: MemoryStore,
    clock: Arc<ManualClock>,
    cx: Context,
}

fn place() -> Place {
    let clock = Arc::new(ManualClock::at(NOW));
    let memory = MemoryStore::with_clock(clock.clone());
    Place {
        store: Arc::new(memory.clone()),
        memory,
        clock,
        cx: Context::new(),
    }
}

impl Place {
    async fn build(&self, keys: impl Into<OwnKeys>) -> Result<Auth, BuildError> {
        self.build_on(&self.store, keys).await
    }

    async fn build_on(
        &self,
        store: &Arc<dyn Store>,
        keys: impl Into<OwnKeys>,
    ) -> Result<Auth, BuildError> {
        let builder = builder(store, &self.clock, root(1));
        builder.with_keys(keys).build().await
    }

    /// One that a restart takes nothing from, as far as it says.
    fn persistent(&self) -> Arc<dyn Store> {
        let store = Unsure::new(self.store.clone());
        assert!(store.is_persistent());
        store
    }

    async fn sign_up(&self, auth: &Auth) {
        let ada = SignUp::new("ada@example.org", password(PASSWORD));
        auth.sign_up(&self.cx, ada).await.unwrap();
    }

    async fn log_in(&self, auth: &Auth) -> TokenPair {
        let ada = LogIn::new("ada@example.org", password(PASSWORD));
        auth.log_in(&self.cx, ada).await.unwrap().tokens
    }
}

fn header(tokens: &TokenPair) -> (String, String) {
    let header = peek(tokens.access_token.expose()).unwrap().header;
    let text = |name: &str| header[name].as_str().unwrap().to_owned();
    (text("kid"), text("alg"))
}

fn published(auth: &Auth) -> Vec<String> {
    let jwks = serde_json::to_value(auth.jwks()).unwrap();
    let kid = |key: &serde_json::Value| key["kid"].as_str().unwrap().to_owned();
    jwks["keys"].as_array().unwrap().iter().map(kid).collect()
}

#[tokio::test]
async fn own_keys_sign_verify_and_are_published_and_the_store_keeps_none() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Es384] {
        let place = place();
        let key = kept(algorithm).with_kid("mine").unwrap();
        let auth = place.build_on(&place.persistent(), key).await.unwrap();
        place.sign_up(&auth).await;
        let tokens = place.log_in(&auth).await;
        let wanted = ("mine".to_owned(), algorithm.as_str().to_owned());
        assert_eq!(header(&tokens), wanted);
        assert!(accepts(&auth, &tokens));
        assert_eq!(published(&auth), ["mine"]);
        let refreshed = auth.refresh(&place.cx, &tokens.refresh_token).await;
        assert!(accepts(&auth, &refreshed.unwrap()));
        auth.log_out(&place.cx, &tokens.refresh_token)
            .await
            .unwrap();
        assert!(!accepts(&auth, &tokens));
        assert!(place.memory.signing_keys().await.unwrap().keys.is_empty());
    }
}

/// Who verifies by a shared secret can issue: it is shown to nobody.
#[tokio::test]
async fn a_shared_secret_signs_and_is_not_published() {
    let place = place();
    let auth = place.build(kept(Algorithm::Hs256)).await.unwrap();
    place.sign_up(&auth).await;
    assert!(accepts(&auth, &place.log_in(&auth).await));
    assert!(published(&auth).is_empty());
}

/// 46, for keys that the application changes: in three starts nobody is told
/// that a good token is bad.
#[tokio::test]
async fn c46_own_keys_are_changed_without_anybody_noticing() {
    let place = place();
    let (old, new) = (kept(Algorithm::EdDsa), kept(Algorithm::Es256));
    let (old_half, new_half) = (public(&old), public(&new));
    let [old_again, new_again] =
        [&old, &new].map(|key| SigningKey::from_jwk(key.expose_jwk().unwrap().expose()).unwrap());
    let steps = [
        place.build(old_again).await.unwrap(),
        place
            .build(OwnKeys::new(old).with_other(new_half.clone()))
            .await
            .unwrap(),
        place
            .build(OwnKeys::new(new).with_other(old_half.clone()))
            .await
            .unwrap(),
        place.build(new_again).await.unwrap(),
    ];
    place.sign_up(&steps[0]).await;
    // While one step is rolled out, its instances stand beside the last one's.
    for pair in steps.windows(2) {
        for issuer in pair {
            let tokens = place.log_in(issuer).await;
            assert!(pair.iter().all(|auth| accepts(auth, &tokens)));
        }
    }
    assert_eq!(published(&steps[2]), [new_half.kid(), old_half.kid()]);
    let tokens = place.log_in(&steps[0]).await;
    assert!(
        !accepts(&steps[3], &tokens),
        "a key that is left out is none"
    );
}

/// After a restart the sessions would be there, and the key would not.
#[tokio::test]
async fn a_key_that_would_be_gone_with_the_process_is_refused_beside_a_store_that_stays() {
    let place = place();
    let persistent = place.persistent();
    for algorithm in [Algorithm::EdDsa, Algorithm::Es384, Algorithm::Hs512] {
        let drawn = || {
            let key = SigningKey::generate_for(algorithm, &SystemRandom::new()).unwrap();
            assert!(key.is_ephemeral());
            key
        };
        let backend = drawn().verifying_key().backend();
        let renamed = drawn().with_kid("kept").unwrap().with_backend(backend);
        let other = OwnKeys::new(drawn()).with_other(public(&kept(algorithm)));
        for keys in [drawn().into(), renamed.unwrap().into(), other] {
            let built = place.build_on(&persistent, keys).await;
            assert!(
                matches!(built, Err(BuildError::EphemeralKey)),
                "{algorithm} {built:?}"
            );
        }
        assert!(place.build(drawn()).await.is_ok(), "the store forgets too");
        assert!(place.build_on(&persistent, kept(algorithm)).await.is_ok());
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_file_stays_and_a_drawn_key_beside_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = auth_sdk::SqliteStore::open(folder.path().join("auth.db"));
    let file: Arc<dyn Store> = Arc::new(file.await.unwrap());
    let place = place();
    let drawn = SigningKey::generate(&SystemRandom::new()).unwrap();
    let built = place.build_on(&file, drawn).await;
    assert!(matches!(built, Err(BuildError::EphemeralKey)), "{built:?}");
    assert!(place.build_on(&file, kept(Algorithm::EdDsa)).await.is_ok());
}

#[tokio::test]
async fn keys_that_make_no_set_are_refused_by_name() {
    let place = place();
    let key = kept(Algorithm::EdDsa);
    let twice = public(&key);
    let built = place.build(OwnKeys::new(key).with_other(twice)).await;
    assert!(
        matches!(built, Err(BuildError::OwnKeys(KeySetError::DuplicateKeyId))),
        "{built:?}"
    );
    let built = builder(&place.store, &place.clock, root(1))
        .with_keys(kept(Algorithm::EdDsa))
        .with_signing_key_rotation(KeyRotation::default())
        .build()
        .await;
    assert!(
        matches!(built, Err(BuildError::KeyRotation(_))),
        "{built:?}"
    );
}

/// They are prepared for a library already, and keep it; another one that is
/// asked for besides is not passed over in silence.
#[tokio::test]
async fn own_keys_are_used_by_the_library_they_are_prepared_for() {
    let place = place();
    for &backend in Backend::ALL {
        let key = kept(Algorithm::EdDsa).with_backend(backend).unwrap();
        let auth = place.build(key).await.unwrap();
        if backend == Backend::ALL[0] {
            place.sign_up(&auth).await;
        }
        assert!(accepts(&auth, &place.log_in(&auth).await), "{backend:?}");

        let built = builder(&place.store, &place.clock, root(1))
            .with_keys(kept(Algorithm::EdDsa))
            .with_signing_key_backend(backend)
            .build()
            .await;
        assert!(
            matches!(built, Err(BuildError::OwnKeysBackend)),
            "{built:?}"
        );
    }
}

/// Revoked is for ever, whoever brings the key again and for whatever.
#[tokio::test]
async fn a_key_that_was_revoked_in_the_store_is_not_brought_back() {
    let place = place();
    let auth = builder(&place.store, &place.clock, root(1))
        .build()
        .await
        .unwrap();
    let key = kept(Algorithm::EdDsa);
    let jwk = key.expose_jwk().unwrap();
    let again = || SigningKey::from_jwk(jwk.expose()).unwrap();
    let last = auth.signing_keys().await.unwrap().pop().unwrap().kid;
    // As if the store's own key had been copied out of it.
    let stored = place.memory.signing_keys().await.unwrap().keys;
    let stored = NewSigningKey {
        kid: key.verifying_key().kid().to_owned(),
        algorithm: "EdDSA".to_owned(),
        private: stored[0].private.clone(),
    };
    place
        .memory
        .add_signing_key(&stored, Some(&last), Duration::from_secs(3600))
        .await
        .unwrap();
    assert!(place.build(again()).await.is_ok());
    let revoked = place
        .memory
        .revoke_signing_key(&stored.kid, None)
        .await
        .unwrap();
    let thumbprint = key.verifying_key().thumbprint();
    assert_eq!(revoked.revoked, [Revocation::of_key(thumbprint)]);

    let renamed = again().with_kid("another").unwrap();
    let other = OwnKeys::new(kept(Algorithm::Es256)).with_other(public(&renamed));
    for (keys, name) in [
        (again().into(), stored.kid.as_str()),
        (renamed.into(), "another"),
        (other, "another"),
    ] {
        let built = place.build(keys).await;
        assert!(
            matches!(&built, Err(BuildError::RevokedKey { kid }) if kid == name),
            "{built:?}"
        );
    }
}

#[tokio::test]
async fn own_keys_are_not_the_sdks_to_list_or_change() {
    let place = place();
    let key = kept(Algorithm::EdDsa);
    let kid = key.verifying_key().kid().to_owned();
    let auth = place.build(key).await.unwrap();
    let refused = [
        auth.signing_keys().await.err(),
        auth.rotate_signing_key().await.err(),
        auth.revoke_signing_key(&kid).await.err(),
    ];
    for error in refused {
        assert!(matches!(error, Some(AuthError::OwnKeys)), "{error:?}");
    }
    auth.shut_down().await;
}

/// An unknown key is unknown: there is nobody to ask, and no outage.
#[tokio::test]
async fn a_token_by_a_key_that_was_not_given_is_bad_and_not_unavailable() {
    let place = place();
    let stranger = place.build(kept(Algorithm::EdDsa)).await.unwrap();
    place.sign_up(&stranger).await;
    let tokens = place.log_in(&stranger).await;
    let auth = place.build(kept(Algorithm::EdDsa)).await.unwrap();
    let verdict = auth.verifier().verify(tokens.access_token.expose()).await;
    assert!(
        matches!(verdict, Err(VerifyError::Invalid(_))),
        "{verdict:?}"
    );
}
