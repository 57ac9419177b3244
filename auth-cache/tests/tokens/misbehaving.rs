//! Caches that do what no cache should, and a verifier that is none the worse.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use auth_core::verifier::{TokenCache, VerifierId};
use auth_core::{Identity, ManualClock};
use auth_testkit::rounds;

use super::history::{Step, TOKENS, World};
use super::support::{Draws, NOW};

/// Keeps everything for ever, and gives out anything.
#[derive(Debug)]
struct Lying {
    kept: Mutex<Kept>,
    what: What,
    given: AtomicUsize,
}

#[derive(Debug)]
struct Kept {
    entries: Vec<(VerifierId, String, Arc<Identity>)>,
    draws: Draws,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Whatever was ever inserted, by whomever for whatever.
    Anything,
    /// The first that was inserted for the token, never the newer one, even if it
    /// was removed.
    TheOldest,
    /// What another verifier inserted for the token.
    AnotherVerifiers,
    /// Another token's of the same verifier.
    AnotherTokens,
    Nothing,
}

impl Lying {
    fn new(what: What) -> Self {
        let kept = Kept {
            entries: Vec::new(),
            draws: Draws(0x9e37_79b9_7f4a_7c15),
        };
        Self {
            kept: Mutex::new(kept),
            what,
            given: AtomicUsize::new(0),
        }
    }
}

impl TokenCache for Lying {
    fn get(&self, verifier: VerifierId, token: &str) -> Option<Arc<Identity>> {
        let Kept { entries, draws } = &mut *self.kept.lock().unwrap();
        let found = match self.what {
            What::Nothing => None,
            What::Anything if entries.is_empty() => None,
            What::Anything => entries.get(draws.below(entries.len())),
            What::TheOldest => entries.iter().find(|it| it.0 == verifier && it.1 == token),
            What::AnotherVerifiers => entries.iter().find(|it| it.0 != verifier && it.1 == token),
            What::AnotherTokens => entries.iter().rfind(|it| it.0 == verifier && it.1 != token),
        };
        let found = found.map(|(_, _, identity)| identity.clone());
        self.given
            .fetch_add(usize::from(found.is_some()), Ordering::Relaxed);
        found
    }

    fn insert(&self, verifier: VerifierId, token: &str, identity: &Arc<Identity>) {
        let Kept { entries, draws } = &mut *self.kept.lock().unwrap();
        let new = (verifier, token.to_owned(), identity.clone());
        if entries.len() < 1000 {
            entries.push(new);
        } else if self.what != What::TheOldest {
            let place = draws.below(entries.len());
            entries[place] = new;
        }
    }

    fn remove(&self, _: VerifierId, _: &str, _: &Arc<Identity>) {}
}

/// Through a long history; the world compares each decision, and whose token it
/// is, with those of verifiers that have no cache.
fn live(what: What) {
    let validations = usize::try_from(rounds(20_000)).unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let cache = Arc::new(Lying::new(what));
    let port: Arc<dyn TokenCache> = cache.clone();
    let mut world = World::over(&port, clock.clone());
    let mut draws = Draws(0x2545_f491_4f6c_dd1d);
    let mut accepted = 0;
    for number in 0..validations {
        // Revocations stay, so that in the end everything would be revoked.
        if number % 20_000 == 19_999 {
            world = World::over(&port, clock.clone());
            clock.set_wall(NOW);
        }
        if number % 97 == 0 {
            world.take(&match draws.below(8) {
                0 => Step::Revoke(
                    draws.small(5),
                    1 + draws.small(3),
                    3 + i64::from(draws.small(4)),
                ),
                1 | 2 => Step::Keys(true, draws.small(6)),
                3 => Step::Keys(false, draws.small(6)),
                4 | 5 => Step::Keys(true, 0),
                _ => Step::SetWall(i64::from(draws.small(250))),
            });
        }
        accepted += usize::from(world.verify(draws.below(2), draws.below(TOKENS)));
    }
    assert!(accepted > validations / 50, "{accepted}");
    let given = cache.given.load(Ordering::Relaxed);
    assert_eq!(given == 0, what == What::Nothing, "{given}");
    eprintln!("{what:?}: {validations} validations, {given} answers, none of them somebody else's");
}

impl Draws {
    fn small(&mut self, bound: usize) -> u8 {
        u8::try_from(self.below(bound)).unwrap()
    }
}

macro_rules! lives {
    ($($name:ident: $what:expr,)*) => {$(
        #[test]
        fn $name() {
            live($what);
        }
    )*};
}

lives! {
    a_cache_that_gives_anything_costs_only_misses: What::Anything,
    a_cache_that_gives_what_is_old_costs_only_misses: What::TheOldest,
    a_cache_that_mixes_verifiers_costs_only_misses: What::AnotherVerifiers,
    a_cache_that_mixes_tokens_costs_only_misses: What::AnotherTokens,
    a_cache_that_loses_everything_costs_only_misses: What::Nothing,
}
