//! When the source of randomness fails.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use auth_core::{EntropyError, ManualClock, SecureRandom, SystemRandom};
use auth_sdk::{AuthError, BuildError, Context, KeyState, LogIn, MemoryStore, SignUp, Store};
use support::{NOW, PASSWORD, accepts, builder, password, root};

/// The system's, as long as it gives any.
#[derive(Debug)]
struct Source {
    fails: AtomicBool,
    inner: SystemRandom,
}

impl SecureRandom for Source {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(EntropyError);
        }
        self.inner.fill(out)
    }
}

#[tokio::test]
async fn c49_without_randomness_nothing_is_built_opened_rotated_or_revoked_and_it_says_so() {
    let clock = Arc::new(ManualClock::at(NOW));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_clock(clock.clone()));
    let random = Arc::new(Source {
        fails: AtomicBool::new(true),
        inner: SystemRandom::new(),
    });
    let begin = || builder(&store, &clock, root(1)).with_random(random.clone());
    let built = begin().build().await;
    assert!(matches!(built, Err(BuildError::Entropy(_))), "{built:?}");

    random.fails.store(false, Ordering::SeqCst);
    let auth = begin().build().await.unwrap();
    let cx = Context::new();
    let sign_up = |name: &str| auth.sign_up(&cx, SignUp::new(name, password(PASSWORD)));
    let log_in = || auth.log_in(&cx, LogIn::new("ada@example.org", password(PASSWORD)));
    sign_up("ada@example.org").await.unwrap();
    let before = log_in().await.unwrap().tokens;
    let keys = auth.signing_keys().await.unwrap();

    random.fails.store(true, Ordering::SeqCst);
    let refused = [
        sign_up("eve@example.org").await.err(),
        log_in().await.err(),
        auth.refresh(&cx, &before.refresh_token).await.err(),
        auth.rotate_signing_key().await.err(),
        auth.revoke_signing_key(&keys[0].kid).await.err(),
    ];
    for error in refused {
        assert!(
            matches!(error, Some(AuthError::Unavailable(_))),
            "{error:?}"
        );
    }
    assert_eq!(auth.signing_keys().await.unwrap(), keys);
    assert_eq!(keys[0].state, KeyState::Active);
    assert!(accepts(&auth, &before), "what was issued needs none");

    random.fails.store(false, Ordering::SeqCst);
    let after = auth.refresh(&cx, &before.refresh_token).await.unwrap();
    assert!(accepts(&auth, &after));
    log_in().await.unwrap();
}
