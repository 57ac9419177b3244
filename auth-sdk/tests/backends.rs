//! Instances of one store that sign and verify by different libraries.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth_core::{ManualClock, RootSecrets};
use auth_sdk::{Auth, Backend, Context, KeyRotation, KeyState, LogIn, SignUp, Store, TokenPair};
use auth_store::MemoryStore;
use support::{NOW, PASSWORD, accepts, builder, password, root};

const HOUR: Duration = Duration::from_secs(3600);

struct Place {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    cx: Context,
}

fn place() -> Place {
    let clock = Arc::new(ManualClock::at(NOW));
    Place {
        store: Arc::new(MemoryStore::with_clock(clock.clone())),
        clock,
        cx: Context::new(),
    }
}

impl Place {
    async fn start(&self, backend: Backend, root: impl Into<RootSecrets>) -> Auth {
        let rotation = KeyRotation::never().with_reload(Duration::from_millis(50));
        builder(&self.store, &self.clock, root)
            .with_signing_key_rotation(rotation)
            .with_signing_key_backend(backend)
            .build()
            .await
            .unwrap()
    }

    async fn sign_up(&self, auth: &Auth) {
        let ada = SignUp::new("ada@example.org", password(PASSWORD));
        auth.sign_up(&self.cx, ada).await.unwrap();
    }

    async fn log_in(&self, auth: &Auth) -> TokenPair {
        let ada = LogIn::new("ada@example.org", password(PASSWORD));
        auth.log_in(&self.cx, ada).await.unwrap().tokens
    }

    /// Each accepts what each issues, at once and refreshed by the other.
    async fn agree(&self, one: &Auth, two: &Auth) {
        for (issuer, other) in [(one, two), (two, one)] {
            let tokens = self.log_in(issuer).await;
            let refreshed = other.refresh(&self.cx, &tokens.refresh_token).await;
            for tokens in [&tokens, &refreshed.unwrap()] {
                assert!(accepts(issuer, tokens) && accepts(other, tokens));
            }
        }
    }
}

async fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..3000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to hold");
}

fn kids(auth: &Auth) -> Vec<String> {
    let jwks = serde_json::to_value(auth.jwks()).unwrap();
    let kid = |key: &serde_json::Value| key["kid"].as_str().unwrap().to_owned();
    jwks["keys"].as_array().unwrap().iter().map(kid).collect()
}

/// Keys that the one has drawn and the other has drawn, that were sealed anew
/// by either, and that a restart takes to another library: they are the same.
#[tokio::test(flavor = "multi_thread")]
async fn instances_on_different_libraries_accept_each_others_tokens() {
    for &first in Backend::ALL {
        for &second in Backend::ALL {
            let place = place();
            let one = place.start(first, root(1)).await;
            let two = place.start(second, root(1)).await;
            place.sign_up(&one).await;
            place.agree(&one, &two).await;

            // The second draws the next key, and both sign by it.
            let next = two.rotate_signing_key().await.unwrap().kid;
            eventually(|| kids(&one).contains(&next)).await;
            place.clock.advance(HOUR);
            place.agree(&one, &two).await;
            let keys = one.signing_keys().await.unwrap();
            let active = keys.iter().find(|key| key.state == KeyState::Active);
            assert_eq!(active.map(|key| &key.kid), Some(&next));

            // A restart on the other's library, which seals the keys anew.
            let roots = RootSecrets::from(root(2)).with_other(root(1)).unwrap();
            let anew = place.start(second, roots).await;
            let alone = place.start(first, root(2)).await;
            place.agree(&anew, &alone).await;
            // It does not have the new root secret, and the keys it knows are the same.
            assert!(accepts(&one, &place.log_in(&alone).await));

            // What one no longer believes, neither does the other.
            let last = place.log_in(&anew).await;
            alone.revoke_signing_key(&next).await.unwrap();
            assert!(!accepts(&alone, &last));
            eventually(|| !accepts(&anew, &last)).await;
            eventually(|| kids(&anew) == kids(&alone)).await;
            place.agree(&anew, &alone).await;
        }
    }
}
