//! The life of signing keys, over several instances of one store.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use auth_core::jwt::insecure::peek;
use auth_core::verifier::VerifyError;
use auth_core::{ManualClock, RootSecrets};
use auth_sdk::{
    Auth, AuthError, Backend, BuildError, Context, KeyRotation, KeyState, LogIn, SignUp, Store,
    TokenPair,
};
use auth_store::{MemoryStore, SigningKeyStore};
use support::unsure::Unsure;
use support::{NOW, PASSWORD, accepts, builder, password, root};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// From when a key begins to sign until the next one is stored.
const MONTH_BUT_AN_HOUR: Duration = Duration::from_secs((30 * 24 - 1) * 3600);
/// From the end of a key's turn until it verifies no more.
const VERIFIES: Duration = Duration::from_secs(300 + 120);

/// Instances of one store that read the keys all the time, each on another
/// cryptographic library as far as there are some.
struct Fleet {
    auths: Vec<Auth>,
    store: Arc<dyn Store>,
    /// What the first instance has between itself and the store.
    unsure: Arc<Unsure>,
    clock: Arc<ManualClock>,
    cx: Context,
}

fn quick() -> KeyRotation {
    KeyRotation::default().with_reload(Duration::from_millis(50))
}

async fn fleet(size: usize) -> Fleet {
    let clock = Arc::new(ManualClock::at(NOW));
    let store: Arc<dyn Store> = Arc::new(MemoryStore::with_clock(clock.clone()));
    let unsure = Unsure::new(store.clone());
    let mut fleet = Fleet {
        auths: Vec::new(),
        store,
        unsure,
        clock,
        cx: Context::new(),
    };
    let first: Arc<dyn Store> = fleet.unsure.clone();
    fleet
        .auths
        .push(fleet.instance(&first, root(1)).await.unwrap());
    for _ in 1..size {
        let auth = fleet.instance(&fleet.store, root(1)).await.unwrap();
        fleet.auths.push(auth);
    }
    let ada = SignUp::new("ada@example.org", password(PASSWORD));
    fleet.auths[0].sign_up(&fleet.cx, ada).await.unwrap();
    fleet
}

impl Fleet {
    async fn instance(
        &self,
        store: &Arc<dyn Store>,
        root: impl Into<RootSecrets>,
    ) -> Result<Auth, BuildError> {
        builder(store, &self.clock, root)
            .with_signing_key_rotation(quick())
            .with_signing_key_backend(Backend::ALL[self.auths.len() % Backend::ALL.len()])
            .build()
            .await
    }

    async fn try_log_in(&self, at: usize) -> Result<TokenPair, AuthError> {
        let ada = LogIn::new("ada@example.org", password(PASSWORD));
        Ok(self.auths[at].log_in(&self.cx, ada).await?.tokens)
    }

    async fn log_in(&self, at: usize) -> TokenPair {
        self.try_log_in(at).await.unwrap()
    }

    /// All instances accept it, without asking anybody.
    fn all_accept(&self, tokens: &TokenPair) -> bool {
        self.auths.iter().all(|auth| accepts(auth, tokens))
    }

    fn published(&self, at: usize) -> Vec<String> {
        published(&self.auths[at])
    }

    async fn kids(&self, state: KeyState) -> Vec<String> {
        let keys = self.auths.last().unwrap().signing_keys().await.unwrap();
        let found = keys.into_iter().filter(|key| key.state == state);
        found.map(|key| key.kid).collect()
    }

    async fn active(&self) -> String {
        self.kids(KeyState::Active).await.pop().unwrap()
    }

    /// Waits until every instance publishes as many keys.
    async fn all_publish(&self, count: usize) {
        eventually(|| (0..self.auths.len()).all(|at| self.published(at).len() == count)).await;
    }
}

fn published(auth: &Auth) -> Vec<String> {
    let jwks = serde_json::to_value(auth.jwks()).unwrap();
    let keys = jwks["keys"].as_array().unwrap();
    keys.iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn signer(tokens: &TokenPair) -> String {
    let header = peek(tokens.access_token.expose()).unwrap().header;
    header["kid"].as_str().unwrap().to_owned()
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

/// 46: the new key verifies everywhere before it signs anywhere; the old one
/// verifies until its last token has expired, and then no more.
#[tokio::test(flavor = "multi_thread")]
async fn c46_a_new_key_is_known_before_it_signs_and_the_old_one_until_its_tokens_are_over() {
    let fleet = fleet(3).await;
    let first = fleet.active().await;
    fleet
        .clock
        .advance(MONTH_BUT_AN_HOUR.saturating_sub(SECOND));
    assert_eq!(signer(&fleet.log_in(1).await), first);
    assert_eq!(fleet.published(2), std::slice::from_ref(&first));

    fleet.clock.advance(SECOND);
    fleet.all_publish(2).await;
    let next = fleet.kids(KeyState::Next).await;
    assert_eq!(next.len(), 1, "of three instances one stores a key");
    for at in 0..3 {
        let tokens = fleet.log_in(at).await;
        assert_eq!(signer(&tokens), first, "a key that is next signs nothing");
        assert!(fleet.all_accept(&tokens));
    }

    // It was stored a moment after the lead began, by a clock that stands.
    fleet.clock.advance(HOUR.saturating_sub(SECOND));
    let old = fleet.log_in(0).await;
    assert_eq!(signer(&old), first);
    fleet.clock.advance(SECOND);
    for at in 0..3 {
        let tokens = fleet.log_in(at).await;
        assert_eq!(signer(&tokens), next[0], "all take turns at one time");
        assert!(
            fleet.all_accept(&tokens),
            "a new key is known before it signs"
        );
        assert!(
            fleet.all_accept(&old),
            "an old key verifies what it has signed"
        );
    }
    fleet.clock.advance(Duration::from_secs(280));
    assert!(fleet.all_accept(&old));

    fleet
        .clock
        .advance(VERIFIES.saturating_sub(Duration::from_secs(281)));
    assert!(fleet.published(0).contains(&first));
    fleet.clock.advance(SECOND);
    for at in 0..3 {
        assert_eq!(
            fleet.published(at),
            next,
            "an old key's time is over for all at once"
        );
    }
    assert_eq!(fleet.kids(KeyState::Expired).await, [first]);
}

/// A key that is over is not kept for ever.
#[tokio::test(flavor = "multi_thread")]
async fn keys_come_and_go_for_a_year() {
    let fleet = fleet(2).await;
    let mut seen = vec![fleet.active().await];
    for _ in 0..12 {
        fleet.clock.advance(MONTH_BUT_AN_HOUR);
        fleet.all_publish(2).await;
        fleet.clock.advance(HOUR);
        let tokens = fleet.log_in(1).await;
        assert!(fleet.all_accept(&tokens));
        assert!(!seen.contains(&signer(&tokens)));
        seen.push(signer(&tokens));
    }
    fleet.clock.advance(2 * DAY);
    let stored = || async { fleet.auths[0].signing_keys().await.unwrap().len() };
    for _ in 0..3000 {
        if stored().await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "expired keys are still there: {:?}",
        fleet.auths[0].signing_keys().await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_instances_that_rotate_at_once_make_one_key() {
    let fleet = fleet(8).await;
    let rotating = fleet
        .auths
        .iter()
        .cloned()
        .map(|auth| tokio::spawn(async move { auth.rotate_signing_key().await.unwrap() }));
    let mut infos = Vec::new();
    for task in rotating.collect::<Vec<_>>() {
        infos.push(task.await.unwrap());
    }
    infos.dedup();
    assert_eq!(infos.len(), 1);
    assert_eq!(
        (infos[0].state, infos[0].active_at),
        (KeyState::Next, NOW + HOUR)
    );
    assert_eq!(fleet.auths[3].signing_keys().await.unwrap().len(), 2);
}

/// Cut off from the keys: what it knows is decided, what it cannot know is
/// unavailable, and in the end it issues nothing that others might refuse.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_cannot_read_the_keys_says_no_to_nobody_and_stops_issuing() {
    let fleet = fleet(2).await;
    let first = fleet.active().await;
    fleet.unsure.set_keys_down(true);
    let next = fleet.auths[1].rotate_signing_key().await.unwrap();
    fleet.clock.advance(HOUR.saturating_sub(SECOND));
    let late = fleet.log_in(0).await;
    assert_eq!(signer(&late), first);
    // Longer than it can know that its key still signs.
    fleet.clock.advance(2 * SECOND);
    let new = fleet.log_in(1).await;
    assert_eq!(signer(&new), next.kid);
    assert!(fleet.all_accept(&late));
    let verdict = fleet.auths[0]
        .verifier()
        .verify(new.access_token.expose())
        .await;
    assert!(
        matches!(verdict, Err(VerifyError::Unavailable(_))),
        "{verdict:?}"
    );
    let refused = fleet.try_log_in(0).await;
    assert!(
        matches!(refused, Err(AuthError::Unavailable(_))),
        "{refused:?}"
    );

    fleet.unsure.set_keys_down(false);
    eventually(|| fleet.published(0).contains(&next.kid)).await;
    assert!(fleet.all_accept(&new));
    assert_eq!(signer(&fleet.log_in(0).await), next.kid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_dead_here_at_once_elsewhere_soon_and_after_a_restart() {
    let fleet = fleet(2).await;
    let tokens = fleet.log_in(0).await;
    let revoked = signer(&tokens);
    fleet.auths[0].revoke_signing_key(&revoked).await.unwrap();
    assert!(!accepts(&fleet.auths[0], &tokens));
    let dead = fleet.auths[0]
        .verifier()
        .verify(tokens.access_token.expose())
        .await;
    assert!(
        matches!(dead, Err(VerifyError::Invalid(_) | VerifyError::Revoked)),
        "{dead:?}"
    );
    eventually(|| !accepts(&fleet.auths[1], &tokens)).await;
    let restarted = fleet.instance(&fleet.store, root(1)).await.unwrap();
    assert!(!accepts(&restarted, &tokens));

    let new = fleet.log_in(0).await;
    assert_ne!(signer(&new), revoked);
    eventually(|| fleet.published(1).contains(&signer(&new))).await;
    assert!(fleet.all_accept(&new));
    // For ever, and once.
    fleet.auths[1].revoke_signing_key(&revoked).await.unwrap();
    assert_eq!(fleet.kids(KeyState::Revoked).await, [revoked]);
    assert_eq!(fleet.auths[1].signing_keys().await.unwrap().len(), 2);
    for unknown in [
        "",
        "nobody's",
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    ] {
        let refused = fleet.auths[0].revoke_signing_key(unknown).await;
        assert!(matches!(refused, Err(AuthError::NotFound)), "{refused:?}");
    }
}

/// The commit went through and its confirmation did not, or it did not either.
#[tokio::test(flavor = "multi_thread")]
async fn an_unconfirmed_change_of_keys_converges() {
    let fleet = fleet(1).await;
    for lose in [Unsure::cut_next, Unsure::lose_next] {
        let tokens = fleet.log_in(0).await;
        lose(&fleet.unsure);
        let next = fleet.auths[0].rotate_signing_key().await.unwrap();
        assert_eq!(
            fleet.kids(KeyState::Next).await,
            std::slice::from_ref(&next.kid)
        );
        lose(&fleet.unsure);
        fleet.auths[0]
            .revoke_signing_key(&signer(&tokens))
            .await
            .unwrap();
        assert!(!accepts(&fleet.auths[0], &tokens));
        fleet.auths[0].revoke_signing_key(&next.kid).await.unwrap();
        assert_eq!(fleet.kids(KeyState::Active).await.len(), 1);
        assert!(fleet.all_accept(&fleet.log_in(0).await));
    }
    let store = MemoryStore::with_clock(fleet.clock.clone());
    let unsure = Unsure::new(Arc::new(store.clone()));
    unsure.cut_next();
    let shared: Arc<dyn Store> = unsure;
    let first = fleet.instance(&shared, root(1)).await.unwrap();
    assert_eq!(store.signing_keys().await.unwrap().keys.len(), 1);
    assert_eq!(published(&first).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_secret_is_dropped_once_every_instance_was_started_under_the_next() {
    let fleet = fleet(1).await;
    fleet.auths[0].rotate_signing_key().await.unwrap();
    let tokens = fleet.log_in(0).await;
    // One that fails to seal anew starts all the same.
    let both = || RootSecrets::new(root(2)).with_other(root(1)).unwrap();
    let unsure = Unsure::new(fleet.store.clone());
    let doubtful: Arc<dyn Store> = unsure.clone();
    unsure.lose_next();
    assert!(accepts(
        &fleet.instance(&doubtful, both()).await.unwrap(),
        &tokens
    ));
    assert!(matches!(
        fleet.instance(&fleet.store, root(2)).await,
        Err(BuildError::ForeignRoot)
    ));

    let between = fleet.instance(&fleet.store, both()).await.unwrap();
    let after = fleet.instance(&fleet.store, root(2)).await.unwrap();
    for auth in [&between, &after] {
        assert_eq!(published(auth).len(), 2);
        assert!(accepts(auth, &tokens));
    }
    assert!(matches!(
        fleet.instance(&fleet.store, root(1)).await,
        Err(BuildError::ForeignRoot)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_task_ends_with_the_last_handle_and_with_shut_down() {
    let fleet = fleet(1).await;
    let uses = || Arc::strong_count(&fleet.store);
    let before = uses();
    let auth = fleet.instance(&fleet.store, root(1)).await.unwrap();
    let another = auth.clone();
    assert!(uses() > before);
    drop(auth);
    drop(another);
    eventually(|| uses() == before).await;

    let auth = fleet.instance(&fleet.store, root(1)).await.unwrap();
    let verifier = auth.verifier();
    auth.shut_down().await;
    drop(verifier);
    eventually(|| uses() == before).await;
}

#[tokio::test]
async fn a_rotation_that_others_could_not_follow_is_refused() {
    let fleet = fleet(1).await;
    let built = builder(&fleet.store, &fleet.clock, root(1))
        .with_signing_key_rotation(KeyRotation::every(HOUR))
        .build()
        .await;
    assert!(matches!(built, Err(BuildError::KeyRotation(_))));
}
