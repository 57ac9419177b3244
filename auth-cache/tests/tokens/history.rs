//! Any history of anything that matters: with a cache and without, the same
//! decision at every step.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::token::MemoryTokenCache;
use auth_core::key::{Algorithm, SigningKey};
use auth_core::revocation::{Revocation, RevocationView, Target};
use auth_core::verifier::{TokenCache, TrustedIssuer, Verifier};
use auth_core::{Audience, FlooredClock, ManualClock, Timestamp};
use auth_testkit::rounds;
use proptest::prelude::*;

use super::support::{
    Keys, NOW, Saying, Twins, audience, issuer, key, key_for, partner, session, tenant, user,
};

/// What can happen.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Advance(u64),
    /// Seconds from the beginning.
    SetWall(i64),
    /// The store says what time it is.
    Observe(i64),
    Revoke(u8, u8, i64),
    /// Which key set an issuer has from here on.
    Keys(bool, u8),
    Clear,
    Expire,
    Verify(Vec<(bool, usize)>),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..200_u64).prop_map(Step::Advance),
        1 => (-200..700_i64).prop_map(Step::SetWall),
        1 => (-200..400_i64).prop_map(Step::Observe),
        2 => (0..5_u8, 1..4_u8, 3..7_i64).prop_map(|(what, who, floor)| Step::Revoke(what, who, floor)),
        3 => (any::<bool>(), 0..6_u8).prop_map(|(own, set)| Step::Keys(own, set)),
        1 => Just(Step::Clear),
        1 => Just(Step::Expire),
        12 => proptest::collection::vec((any::<bool>(), 0..TOKENS), 1..24).prop_map(Step::Verify),
    ]
}

/// How many tokens there are.
pub(crate) const TOKENS: usize = 36;

/// Two verifiers of other policies over one cache, their twins without, and all
/// that their decisions stand on.
#[derive(Debug)]
pub(crate) struct World {
    cache: Option<Arc<MemoryTokenCache>>,
    clock: Arc<ManualClock>,
    floored: Arc<FlooredClock>,
    /// Of our own issuer, and of the partner.
    views: [RevocationView; 2],
    keys: [Arc<Keys>; 2],
    verifiers: [Twins; 2],
    tokens: Vec<String>,
}

fn own_key() -> SigningKey {
    key(1, "one")
}

fn their_key() -> SigningKey {
    key(2, "one")
}

/// A key set, by number: the key, with others, replaced, renamed, gone.
fn key_set(is_own: bool, number: u8) -> Vec<SigningKey> {
    let material = if is_own { 1 } else { 2 };
    let (right, wrong) = (key(material, "one"), key(3 - material, "one"));
    match number {
        0 | 1 => vec![right],
        2 => vec![key(7, "more"), right],
        3 => vec![wrong],
        4 => vec![
            key(material, "renamed"),
            key_for(Algorithm::Hs384, material, "one"),
        ],
        _ => vec![],
    }
}

fn tokens() -> Vec<String> {
    let mut tokens = Vec::new();
    for number in 0..TOKENS {
        let small = u32::try_from(number).unwrap();
        let is_own = number % 3 != 0;
        let saying = Saying {
            user: 1 + small % 3,
            session: 1 + small % 5,
            tenant: if number % 2 == 0 { 1 } else { 2 },
            versions: (4 + i64::from(small % 3), 4 + i64::from(small % 2)),
            issued_at: NOW + Duration::from_secs([0, 0, 60, 180][number % 4]),
            lifetime: [100, 200, 300][number / 2 % 3],
            issuer: if is_own { issuer() } else { partner() },
            audience: match number % 6 {
                5 => Audience::new("https://other.example").unwrap(),
                _ => audience(),
            },
        };
        // Some are forged: by the other issuer's key, which has the same name.
        let right = is_own != (number % 11 == 10);
        tokens.push(saying.by(&if right { own_key() } else { their_key() }));
    }
    tokens
}

impl World {
    /// Over a cache so small that tokens push each other out.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let cache = MemoryTokenCache::builder()
            .with_max_entries(40.try_into().unwrap())
            .with_max_entries_per_subject(8.try_into().unwrap())
            .with_clock(clock.clone())
            .build();
        let cache = Arc::new(cache);
        let port: Arc<dyn TokenCache> = cache.clone();
        let mut world = Self::over(&port, clock);
        world.cache = Some(cache);
        world
    }

    pub(crate) fn over(cache: &Arc<dyn TokenCache>, clock: Arc<ManualClock>) -> Self {
        let floored = Arc::new(FlooredClock::new(clock.clone()));
        let views = [RevocationView::new(), RevocationView::new()];
        let keys = [Keys::of(&[&own_key()]), Keys::of(&[&their_key()])];
        let partner_of = || TrustedIssuer::new(&partner(), &audience(), keys[1].clone());
        let first = Twins::build(cache, || {
            Verifier::builder(&issuer(), &audience(), keys[0].clone())
                .with_issuer(partner_of().with_revocations(views[1].clone()))
                .with_revocations(views[0].clone())
                .with_clock(floored.clone())
        });
        let second = Twins::build(cache, || {
            Verifier::builder(&issuer(), &audience(), keys[0].clone())
                .with_audience(&Audience::new("https://other.example").unwrap())
                .with_issuer(partner_of().without_revocations())
                .with_revocations(views[0].clone())
                .with_leeway(Duration::from_secs(30))
                .with_max_lifetime(Duration::from_secs(250))
                .with_clock(clock.clone())
        });
        Self {
            cache: None,
            clock,
            floored,
            views,
            keys,
            verifiers: [first, second],
            tokens: tokens(),
        }
    }

    pub(crate) fn take(&self, step: &Step) {
        let at = |seconds: i64| Timestamp::from_unix_seconds(NOW.unix_seconds() + seconds);
        match step {
            Step::Advance(seconds) => self.clock.advance(Duration::from_secs(*seconds)),
            Step::SetWall(seconds) => self.clock.set_wall(at(*seconds)),
            Step::Observe(seconds) => self.floored.observe(at(*seconds)),
            Step::Revoke(what, who, floor) => self.revoke(*what, *who, *floor),
            Step::Keys(own, set) => {
                let keys = key_set(*own, *set);
                self.keys[usize::from(!own)].become_these(&keys.iter().collect::<Vec<_>>());
            }
            Step::Clear => self.cache.iter().for_each(|cache| cache.clear()),
            Step::Expire => self.cache.iter().for_each(|cache| cache.expire()),
            Step::Verify(tokens) => {
                for (first, token) in tokens {
                    self.verify(usize::from(!first), *token);
                }
            }
        }
    }

    pub(crate) fn verify(&self, verifier: usize, token: usize) -> bool {
        self.verifiers[verifier].agree_on(&self.tokens[token])
    }

    fn revoke(&self, what: u8, who: u8, floor: i64) {
        let target = match what {
            0 => Target::Session {
                tenant: tenant(1),
                session: session(who.into()),
            },
            1 => Target::User {
                tenant: tenant(2),
                user: user(who.into()),
                floor,
            },
            2 => Target::Tenant {
                tenant: tenant(who),
                floor: floor - 1,
            },
            // Rarely: it leaves little to see.
            3 if who == 1 && floor == 3 => Target::SigningKey {
                thumbprint: own_key().verifying_key().thumbprint(),
            },
            _ => Target::User {
                tenant: tenant(1),
                user: user(who.into()),
                floor,
            },
        };
        let revocation = Revocation {
            target,
            expires_at: Timestamp::MAX,
        };
        let view = &self.views[usize::from(what == 4)];
        view.raise(&revocation, Timestamp::default());
    }

    pub(crate) fn hits(&self) -> u64 {
        self.verifiers
            .iter()
            .map(|twins| twins.cached.stats().hits)
            .sum()
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: u32::try_from(rounds(300)).unwrap(),
        ..ProptestConfig::default()
    })]

    #[test]
    fn with_a_cache_and_without_every_token_is_what_it_is(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let world = World::new();
        for step in &steps {
            world.take(step);
        }
        let entries = world.cache.as_ref().unwrap().stats().entries;
        prop_assert!(entries <= 40);
    }
}

/// Otherwise the histories would show nothing.
#[test]
fn the_world_has_hits_and_refusals_of_every_kind() {
    let world = World::new();
    world.take(&Step::Advance(65));
    let (mut good, mut bad) = (0, 0);
    for round in 0..3 {
        for verifier in [0, 1] {
            for token in 0..TOKENS {
                for _ in 0..2 {
                    let is_good = world.verify(verifier, token);
                    if is_good { good += 1 } else { bad += 1 }
                }
            }
        }
        world.take(&Step::Keys(true, round));
    }
    assert!(good > 50 && bad > 50, "{good} {bad}");
    assert!(world.hits() > 10, "{}", world.hits());
}
