//! Something is revoked, or a key goes, at every point at which a verifier has asked
//! somebody else and is about to go on. What it decides then may be as of before; what it
//! notes down must not be taken for knowledge of what came after.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auth_cache::token::MemoryTokenCache;
use auth_core::key::{KeySet, KeySource, SigningKey, Unavailable};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::Verifier;
use auth_core::{Clock, ManualClock, Now, Timestamp};

use super::support::{Keys, NOW, PLAIN, audience, issuer, key, session, tenant};

type Event = Box<dyn FnOnce() + Send>;

/// What happens after so many questions have been answered.
#[derive(Default)]
struct Asked {
    left: AtomicUsize,
    then: Mutex<Option<Event>>,
}

impl Asked {
    fn after(&self, questions: usize, event: Event) {
        *self.then.lock().unwrap() = Some(event);
        self.left.store(questions, Ordering::SeqCst);
    }

    fn answered(&self) {
        let left = self.left.load(Ordering::SeqCst);
        self.left.store(left.saturating_sub(1), Ordering::SeqCst);
        if left == 1
            && let Some(event) = self.then.lock().unwrap().take()
        {
            event();
        }
    }

    fn has_happened(&self) -> bool {
        self.then.lock().unwrap().is_none()
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").finish_non_exhaustive()
    }
}

/// Answers, and then lets happen what is to happen.
#[derive(Debug)]
struct Watched<T>(T, Arc<Asked>);

#[async_trait]
impl KeySource for Watched<Arc<Keys>> {
    fn keys(&self) -> KeySet {
        let keys = self.0.keys();
        self.1.answered();
        keys
    }

    fn epoch(&self) -> u64 {
        let epoch = self.0.epoch();
        self.1.answered();
        epoch
    }

    async fn refresh(&self, unknown: &str) -> Result<(), Unavailable> {
        self.0.refresh(unknown).await
    }
}

impl Clock for Watched<ManualClock> {
    fn now(&self) -> Now {
        let now = self.0.now();
        self.1.answered();
        now
    }
}

struct World {
    asked: Arc<Asked>,
    keys: Arc<Keys>,
    view: RevocationView,
    verifier: Verifier,
    token: String,
}

fn own_key() -> SigningKey {
    key(1, "one")
}

impl World {
    fn new() -> Self {
        let asked = Arc::new(Asked::default());
        let keys = Keys::of(&[&own_key()]);
        let view = RevocationView::new();
        let source = Arc::new(Watched(Arc::clone(&keys), Arc::clone(&asked)));
        let clock = Watched(ManualClock::at(NOW), Arc::clone(&asked));
        let verifier = Verifier::builder(&issuer(), &audience(), source)
            .with_revocations(view.clone())
            .with_clock(Arc::new(clock))
            .with_token_cache(Arc::new(MemoryTokenCache::default()))
            .build();
        Self {
            asked,
            keys,
            view,
            verifier: verifier.unwrap(),
            token: PLAIN(1).by(&own_key()),
        }
    }

    fn accepts(&self) -> bool {
        self.verifier.verify_now(&self.token).is_ok()
    }
}

fn revoke(view: &RevocationView, number: u32) {
    let (tenant, session) = (tenant(1), session(number));
    let revocation = Revocation {
        target: Target::Session { tenant, session },
        expires_at: Timestamp::MAX,
    };
    view.raise(&revocation, Timestamp::default());
}

/// What is there of the token before the verification that is watched.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    Cached,
    /// Cached, and others have been revoked since.
    CachedOfAnEarlierGeneration,
    /// Cached, and other keys have come since.
    CachedOfAnEarlierEpoch,
}

fn world(before: Before) -> World {
    let world = World::new();
    if !matches!(before, Before::Nothing) {
        assert!(world.accepts());
    }
    match before {
        Before::CachedOfAnEarlierGeneration => revoke(&world.view, 2),
        Before::CachedOfAnEarlierEpoch => {
            world.keys.become_these(&[&key(2, "two"), &own_key()]);
        }
        Before::Nothing | Before::Cached => {}
    }
    world
}

/// Lets `event` happen after each question of a verification. Gives after how many of
/// them the token was accepted all the same: what counts is that it was not any more by
/// the next.
fn at_every_point(before: Before, event: impl Fn(&World) -> Event) -> usize {
    let mut accepted = 0;
    for questions in 1.. {
        let world = world(before);
        world.asked.after(questions, event(&world));
        accepted += usize::from(world.accepts());
        if !world.asked.has_happened() {
            assert!(questions > 2, "nobody was asked: {before:?}");
            break;
        }
        for _ in 0..2 {
            assert!(!world.accepts(), "after question {questions}: {before:?}");
        }
    }
    accepted
}

const ALL: [Before; 4] = [
    Before::Nothing,
    Before::Cached,
    Before::CachedOfAnEarlierGeneration,
    Before::CachedOfAnEarlierEpoch,
];

#[test]
fn c66_what_is_revoked_during_a_verification_is_known_to_the_next() {
    for before in ALL {
        at_every_point(before, |world| {
            let view = world.view.clone();
            Box::new(move || revoke(&view, 1))
        });
    }
}

#[test]
fn c46_a_key_that_goes_during_a_verification_is_gone_for_the_next() {
    for before in ALL {
        let accepted = at_every_point(before, |world| {
            let keys = Arc::clone(&world.keys);
            Box::new(move || keys.become_these(&[]))
        });
        assert!(accepted > 1, "it went too early to be of use: {before:?}");
    }
}
