//! One thing changes, and a cached token is what an uncached one is.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::token::MemoryTokenCache;
use auth_core::jwt::TokenError;
use auth_core::key::{Algorithm, SigningKey};
use auth_core::revocation::{Revocation, Target};
use auth_core::verifier::{TrustedIssuer, Verifier, VerifyError};
use auth_core::{Audience, Clock, FlooredClock, ManualClock, Timestamp};

use super::support::{
    Keys, NOW, PLAIN, Rig, Twins, audience, issuer, key, key_for, partner, said, session, tenant,
    user,
};

fn is_invalid(verdict: Result<Arc<auth_core::Identity>, VerifyError>, why: &TokenError) -> bool {
    matches!(verdict, Err(VerifyError::Invalid(error)) if error == *why)
}

#[test]
fn a_token_is_checked_once_and_found_from_then_on() {
    let rig = Rig::new();
    let token = rig.token(1);
    assert!(!rig.hits(&token));
    let first = rig.verifier.verify_now(&token).unwrap();
    let second = rig.verifier.verify_now(&token).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert!(first.is_of(&token) && !first.is_of(&rig.token(1)));
    let stats = rig.verifier.stats();
    assert_eq!((stats.hits, stats.misses, stats.rejected_hits), (2, 1, 0));
    let stats = rig.cache.stats();
    assert_eq!((stats.entries, stats.subjects, stats.inserted), (1, 1, 1));
    assert_eq!(stats.bytes, first.bytes());
}

/// Everything of a token counts, though its end alone picks the place.
#[test]
fn c31_a_token_that_differs_in_one_byte_is_another() {
    let rig = Rig::new();
    let token = rig.token(1);
    assert!(rig.accepts(&token));
    for place in 0..token.len() {
        let mut other = token.clone().into_bytes();
        other[place] = if other[place] == b'A' { b'B' } else { b'A' };
        assert!(
            !rig.accepts(std::str::from_utf8(&other).unwrap()),
            "{place}"
        );
    }
    for other in [
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token}A"),
        &format!("A{token}"),
    ] {
        assert!(!rig.accepts(other));
    }
    // And none of these has pushed it out.
    assert!(rig.hits(&token));
}

#[test]
fn c20_a_cached_token_dies_at_exp_to_the_microsecond() {
    let rig = Rig::new();
    let token = rig.token(1);
    assert!(rig.accepts(&token));
    let exp = rig.verifier.verify_now(&token).unwrap().expires_at();
    rig.clock.set_wall(exp - Duration::from_micros(1));
    assert!(rig.hits(&token));
    rig.clock.set_wall(exp);
    assert!(is_invalid(
        rig.verifier.verify_now(&token),
        &TokenError::Expired
    ));
    assert_eq!(rig.cache.stats().entries, 0);
    assert_eq!(rig.verifier.stats().rejected_hits, 1);
}

#[test]
fn c21_c22_a_clock_that_is_set_back_makes_it_a_token_of_the_future() {
    let rig = Rig::new();
    let token = rig.token(1);
    rig.clock.advance(Duration::from_secs(10));
    assert!(rig.accepts(&token) && rig.hits(&token));
    rig.clock.set_wall(NOW - Duration::from_micros(1));
    let verdict = rig.verifier.verify_now(&token);
    assert!(is_invalid(verdict, &TokenError::NotYetValid));
    rig.clock.set_wall(NOW);
    assert!(rig.accepts(&token));
}

/// The floor is of the clock, and a hit asks that same clock.
#[test]
fn c24_a_floored_clock_and_leeway_count_on_a_hit_as_they_do_without() {
    let rig = Rig::new();
    let clock = Arc::new(FlooredClock::new(rig.clock.clone()));
    let cache: Arc<dyn auth_core::verifier::TokenCache> = rig.cache.clone();
    let twins = Twins::build(&cache, || {
        Verifier::builder(&issuer(), &audience(), rig.keys.clone())
            .without_revocations()
            .with_leeway(Duration::from_secs(7))
            .with_clock(clock.clone())
    });
    let token = rig.token(1);
    assert!(twins.agree_on(&token));
    let exp = twins.plain.verify_now(&token).unwrap().expires_at();
    clock.observe(exp + Duration::from_secs(6));
    assert!(twins.agree_on(&token));
    rig.clock.set_wall(Timestamp::default());
    assert!(twins.agree_on(&token));
    assert_eq!(twins.cached.stats().hits, 2);
    rig.clock.advance(Duration::from_secs(1));
    assert!(!twins.agree_on(&token));
    assert_eq!(clock.now().wall, exp + Duration::from_secs(7));
}

#[test]
fn c66_whatever_is_revoked_ends_it_at_once_and_nothing_else_does() {
    let targets = [
        (
            Target::Session {
                tenant: tenant(1),
                session: session(1),
            },
            true,
        ),
        (
            Target::Session {
                tenant: tenant(2),
                session: session(1),
            },
            false,
        ),
        (
            Target::User {
                tenant: tenant(1),
                user: user(1),
                floor: 6,
            },
            true,
        ),
        (
            Target::User {
                tenant: tenant(1),
                user: user(1),
                floor: 5,
            },
            false,
        ),
        (
            Target::Tenant {
                tenant: tenant(1),
                floor: 6,
            },
            true,
        ),
        (
            Target::Tenant {
                tenant: tenant(1),
                floor: 5,
            },
            false,
        ),
    ];
    for (target, ends_it) in targets {
        let rig = Rig::new();
        let token = rig.token(1);
        assert!(rig.accepts(&token));
        rig.revoke(target);
        let verdict = rig.verifier.verify_now(&token);
        assert_eq!(
            matches!(verdict, Err(VerifyError::Revoked)),
            ends_it,
            "{target:?}"
        );
        assert_eq!(rig.verifier.stats().hits, u64::from(!ends_it));
    }
}

#[test]
fn a_signing_key_that_is_revoked_ends_what_it_signed() {
    let rig = Rig::new();
    let token = rig.token(1);
    assert!(rig.accepts(&token));
    let revoked = Revocation::of_key(rig.key.verifying_key().thumbprint());
    rig.view.raise(&revoked, Timestamp::MAX);
    assert!(matches!(
        rig.verifier.verify_now(&token),
        Err(VerifyError::Revoked)
    ));
}

/// Each key set, and whether a token of the key "one" is good by it.
fn key_sets() -> [(Vec<SigningKey>, bool); 7] {
    [
        (vec![key(1, "one"), key(2, "two")], true),
        (vec![key(2, "two"), key(1, "one")], true),
        (vec![], false),
        (vec![key(2, "two")], false),
        // Its id names other material, or the same under another algorithm.
        (vec![key(2, "one")], false),
        (vec![key_for(Algorithm::Hs384, 1, "one")], false),
        // The material is there under another name.
        (vec![key(1, "two")], false),
    ]
}

#[test]
fn c46_a_key_that_left_the_set_or_lost_its_id_ends_what_it_signed() {
    for (set, is_good) in key_sets() {
        let rig = Rig::new();
        let token = rig.token(1);
        assert!(rig.accepts(&token));
        rig.keys.become_these(&set.iter().collect::<Vec<_>>());
        assert_eq!(rig.accepts(&token), is_good, "{set:?}");
        // What finds its key again is not verified again.
        assert_eq!(rig.verifier.stats().hits, u64::from(is_good));
        let plain = Verifier::builder(&issuer(), &audience(), rig.keys.clone())
            .without_revocations()
            .with_clock(rig.clock.clone())
            .build()
            .unwrap();
        assert_eq!(said(&rig.verifier, &token), said(&plain, &token));
        rig.keys.become_these(&[&rig.key]);
        assert!(rig.accepts(&token));
    }
}

/// The next set must be asked again, though this one let it live.
#[test]
fn a_token_that_outlives_one_key_set_does_not_outlive_the_next() {
    let rig = Rig::new();
    let token = rig.token(1);
    assert!(rig.accepts(&token));
    for _ in 0..3 {
        rig.keys.become_these(&[&rig.key, &key(2, "two")]);
        assert!(rig.hits(&token) && rig.hits(&token));
    }
    rig.keys.become_these(&[&key(2, "two")]);
    assert!(!rig.accepts(&token));
}

/// c30: what one verifier accepts is nothing to another.
#[test]
fn c30_verifiers_that_share_a_cache_share_no_decision() {
    let rig = Rig::new();
    let other_audience = Audience::new("https://other.example").unwrap();
    let build = |audience: &Audience, types: &[&str]| {
        Verifier::builder(&issuer(), audience, rig.keys.clone())
            .without_revocations()
            .with_clock(rig.clock.clone())
            .with_types(types.iter().copied())
            .with_token_cache(rig.cache.clone())
            .build()
            .unwrap()
    };
    let strict = [
        build(&other_audience, &["at+jwt"]),
        build(&audience(), &["logout+jwt"]),
    ];
    let token = rig.token(1);
    assert!(rig.accepts(&token));
    for verifier in &strict {
        assert!(verifier.verify_now(&token).is_err());
        assert_eq!(verifier.stats().hits, 0);
    }
    // The same policy built again is another verifier; both have their entry.
    let again = build(&audience(), &["at+jwt"]);
    assert!(again.verify_now(&token).is_ok() && again.verify_now(&token).is_ok());
    assert_eq!((again.stats().misses, again.stats().hits), (1, 1));
    assert!(rig.hits(&token));
    assert_eq!(again.clone().stats(), again.stats());
}

/// Of two issuers each has its keys, its epoch and its floors.
#[test]
fn c26_a_cached_token_stands_on_its_own_issuers_keys() {
    let rig = Rig::new();
    let theirs = key(9, "theirs");
    let their_keys = Keys::of(&[&theirs]);
    let verifier = Verifier::builder(&issuer(), &audience(), rig.keys.clone())
        .with_issuer(
            TrustedIssuer::new(&partner(), &audience(), their_keys.clone()).without_revocations(),
        )
        .with_revocations(rig.view.clone())
        .with_clock(rig.clock.clone())
        .with_token_cache(rig.cache.clone())
        .build()
        .unwrap();
    let ours = rig.token(1);
    let token = auth_token_of_partner(&theirs);
    assert!(verifier.verify_now(&ours).is_ok() && verifier.verify_now(&token).is_ok());
    // Our floors say nothing of their users, nor our keys of theirs.
    rig.revoke(Target::Tenant {
        tenant: tenant(1),
        floor: 9,
    });
    assert!(verifier.verify_now(&ours).is_err() && verifier.verify_now(&token).is_ok());
    rig.keys.become_these(&[]);
    let theirs_now = verifier.verify_now(&token).unwrap();
    assert_eq!((theirs_now.user(), verifier.stats().hits), (None, 2));
    their_keys.become_these(&[&rig.key]);
    assert!(verifier.verify_now(&token).is_err());
}

fn auth_token_of_partner(key: &SigningKey) -> String {
    let saying = super::support::Saying {
        issuer: partner(),
        ..PLAIN(1)
    };
    saying.by(key)
}

/// c48: a token is a credential.
#[test]
fn c48_nothing_shows_a_token() {
    let rig = Rig::new();
    let token = rig.token(1);
    let identity = rig.verifier.verify_now(&token).unwrap();
    let shown = format!("{rig:?} {identity:?} {:?}", rig.cache);
    for part in token.split('.') {
        assert!(!shown.contains(part), "{shown}");
    }
}

#[test]
fn what_was_not_verified_is_not_kept() {
    let rig = Rig::new();
    let unknown = PLAIN(1).by(&key(7, "unknown"));
    let verdict = rig.verifier.verify_now(&unknown);
    assert!(matches!(verdict, Err(VerifyError::Undecided(_))));
    let forged = PLAIN(1).by(&key(7, "one"));
    let expired = super::support::Saying {
        issued_at: NOW - Duration::from_secs(400),
        ..PLAIN(1)
    };
    for token in [
        forged,
        expired.by(&rig.key),
        "junk".to_owned(),
        String::new(),
    ] {
        assert!(!rig.accepts(&token));
    }
    let stats = rig.cache.stats();
    assert_eq!((stats.entries, stats.inserted), (0, 0));
}

#[test]
fn a_cache_outlives_its_verifiers_and_clones_share_it() {
    let clock = Arc::new(ManualClock::at(NOW));
    let cache = Arc::new(MemoryTokenCache::builder().with_clock(clock).build());
    let rig = Rig::new();
    let token = rig.token(1);
    for _ in 0..3 {
        let verifier = Verifier::builder(&issuer(), &audience(), rig.keys.clone())
            .without_revocations()
            .with_clock(rig.clock.clone())
            .with_token_cache(cache.clone())
            .build()
            .unwrap();
        assert!(verifier.verify_now(&token).is_ok() && verifier.clone().verify_now(&token).is_ok());
        assert_eq!(verifier.stats().hits, 1);
    }
    cache.clear();
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.bytes, stats.subjects), (0, 0, 0));
}
