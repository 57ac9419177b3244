//! A revocation is remembered for as long as a token that it concerns lives.

use std::time::Duration;

use auth_core::Timestamp;
use auth_core::revocation::{Cursor, Revocation};
use auth_store::{EndSessions, RotateOutcome};

use super::Subject;
use super::log::revoke_in_every_way;
use super::race::{a_while, at_once, both};
use super::world::{HOUR, MINUTE, World};

const MARGIN: Duration = Duration::from_secs(120);

async fn now(world: &World) -> Timestamp {
    world.page(&Cursor::start()).await.now
}

/// Every revocation outlives the longest token by 120 s.
pub async fn a_revocation_outlives_the_longest_token(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for lifetime in [5 * MINUTE, HOUR] {
        world.store.settings(lifetime).await.unwrap();
        let before = now(&world).await;
        for row in revoke_in_every_way(&world).await {
            let least = before + lifetime + MARGIN;
            assert!(
                row.expires_at >= least,
                "a revocation is kept for the longest lifetime and 120 s: {row:?}"
            );
        }
    }
}

/// The longest lifetime rises and never falls, and all instances agree on it.
pub async fn the_longest_lifetime_rises_and_never_falls(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let odd = HOUR + Duration::from_micros(1_500_001);
    let first = world.store.settings(odd).await.unwrap();
    assert!(
        first.max_token_lifetime >= odd,
        "the longest lifetime covers the one that was asked for"
    );
    let lower = world.second.settings(MINUTE).await.unwrap();
    assert_eq!(
        lower, first,
        "the longest lifetime never falls, and the store stays itself"
    );
    let higher = world.second.settings(100 * HOUR).await.unwrap();
    assert_eq!(
        higher.max_token_lifetime,
        100 * HOUR,
        "a longer lifetime raises it"
    );
    assert_eq!(
        world.store.settings(Duration::ZERO).await.unwrap(),
        higher,
        "every instance sees it"
    );
}

/// Lifetimes raised at once: the longest wins.
pub async fn of_lifetimes_raised_at_once_the_longest_wins(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let seen = at_once(16, |turn| {
        let (store, lifetime) = (
            world.handle(turn),
            HOUR + MINUTE * u32::try_from((turn * 7) % 16).unwrap(),
        );
        async move {
            let settings = store.settings(lifetime).await.unwrap();
            assert!(
                settings.max_token_lifetime >= lifetime,
                "from the return on, the lifetime is covered"
            );
            settings.store
        }
    })
    .await;
    assert!(
        seen.iter().all(|store| *store == seen[0]),
        "a store has one identity"
    );
    let settings = world.second.settings(Duration::ZERO).await.unwrap();
    assert_eq!(
        settings.max_token_lifetime,
        HOUR + 15 * MINUTE,
        "the longest lifetime wins"
    );
}

/// An instance raises the lifetime and mints, while another revokes: the
/// revocation outlives the longer token.
pub async fn a_revocation_racing_a_longer_lifetime_outlives_it(subject: &dyn Subject) {
    let world = World::new(subject).await;
    for round in 1..=64_u8 {
        let lifetime = u32::from(round) * HOUR;
        let (user, held) = world.logged_in().await;
        let (store, rotation) = (
            world.store.clone(),
            world.rotation(&held.grant, &held.token),
        );
        let minting = async move {
            a_while(usize::from(round)).await;
            store.settings(lifetime).await.unwrap();
            match store.rotate_session(&rotation).await.unwrap() {
                RotateOutcome::Rotated(grant) => Some(grant.now + lifetime),
                _ => None,
            }
        };
        let (store, which) = (
            world.second.clone(),
            EndSessions::One(held.grant.session.id),
        );
        let ending = async move {
            a_while(usize::from(round / 8)).await;
            store
                .end_sessions(user.tenant, which)
                .await
                .unwrap()
                .revoked
        };
        let (expires, revoked) = both(minting, ending).await;
        if let Some(expires) = expires {
            // The lifetimes differ by hours; a second is not what is asked.
            let kept = revoked
                .iter()
                .map(|row| row.expires_at + Duration::from_secs(1))
                .max();
            assert!(
                kept >= Some(expires + MARGIN),
                "a revocation outlives every token that was minted before it"
            );
        }
    }
}

/// A row is there until it expires and not longer.
pub async fn a_revocation_is_forgotten_when_no_token_is_left(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let longest = world.store.settings(HOUR).await.unwrap().max_token_lifetime;
    let revoked = revoke_in_every_way(&world).await;
    let is_there = async |row: &Revocation| {
        world
            .log()
            .await
            .iter()
            .any(|(target, _)| *target == row.target)
    };
    subject.pass(longest + MINUTE).await;
    for row in &revoked {
        assert!(
            is_there(row).await,
            "a revocation is remembered until it expires"
        );
    }
    subject.pass(2 * MINUTE).await;
    for row in &revoked {
        assert!(!is_there(row).await, "an expired revocation is not given");
    }
}

/// A reader whose cursor is older than everything that has expired still gets
/// what came after.
pub async fn a_revocation_after_all_others_expired_is_not_missed(subject: &dyn Subject) {
    let world = World::new(subject).await;
    world.store.settings(HOUR).await.unwrap();
    revoke_in_every_way(&world).await;
    let cursor = world.page(&Cursor::start()).await.next;
    for _ in 0..3 {
        subject.pass(2 * HOUR).await;
        let (user, held) = world.logged_in().await;
        let which = EndSessions::One(held.grant.session.id);
        let ended = world.store.end_sessions(user.tenant, which).await.unwrap();
        let page = world.page(&cursor).await;
        let contract = "forgetting what has expired does not hide what comes after";
        assert!(page.rows.contains(&ended.revoked[0]), "{contract}");
    }
}
