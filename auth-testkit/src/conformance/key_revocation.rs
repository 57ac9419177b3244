//! Signing keys that are revoked, and those that are forgotten.

use std::time::Duration;

use auth_core::Timestamp;
use auth_core::revocation::{Cursor, Revocation};
use auth_store::{
    AddKeyOutcome, Committed, KeyState, RevokeKeyOutcome, SealedKey, SigningKeys, Store,
};

use super::Subject;
use super::keys::{add, add_all, key, kid, place, read};
use super::race::{at_once, both};
use super::world::{HOUR, MINUTE, World};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn revoke(
    store: &dyn Store,
    n: usize,
    replacement: Option<usize>,
) -> Committed<RevokeKeyOutcome> {
    let (kid, replacement) = (kid(n), replacement.map(key));
    let keys = place(store).unwrap();
    let revoked = keys.revoke_signing_key(&kid, replacement.as_ref());
    revoked.await.unwrap()
}

fn row(n: usize) -> Revocation {
    Revocation::of_key(kid(n).parse().unwrap())
}

async fn is_logged(world: &World, n: usize) -> bool {
    world.page(&Cursor::start()).await.rows.contains(&row(n))
}

fn find(keys: &SigningKeys, n: usize) -> Option<&SealedKey> {
    keys.keys.iter().find(|key| key.kid == kid(n))
}

/// The keys that sign at the store's time.
fn active(keys: &SigningKeys) -> Vec<&str> {
    let lives = keys.lives();
    let keyed = keys.keys.iter().zip(&lives);
    keyed
        .filter(|(_, life)| life.state(keys.now) == KeyState::Active)
        .map(|(key, _)| key.kid.as_str())
        .collect()
}

/// A revoked key says so, is in the log at once, and both for ever.
pub async fn a_revoked_key_is_revoked_for_ever(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    add_all(&*world.store, &[Duration::ZERO, HOUR]).await;
    let cursor = world.page(&Cursor::start()).await.next;
    let done = revoke(&*world.store, 0, Some(5)).await;
    assert_eq!(done.value, RevokeKeyOutcome::Revoked, "a key is revoked");
    assert_eq!(
        done.revoked,
        [row(0)],
        "revoking a key returns its row of the log"
    );
    assert_eq!(done.revoked[0].expires_at, Timestamp::MAX);
    let rows = world.page(&cursor).await.rows;
    assert_eq!(
        rows,
        [row(0)],
        "a revoked key is in the log from the return on"
    );
    let keys = read(&*world.second).await;
    let revoked_at = find(&keys, 0).unwrap().revoked_at;
    let age = revoked_at.map(|at| keys.now.since(at));
    assert!(
        age.is_some_and(|age| age < MINUTE) && revoked_at <= Some(keys.now),
        "the store's clock says when a key was revoked"
    );
    assert_eq!(
        find(&keys, 1).unwrap().revoked_at,
        None,
        "other keys are not revoked"
    );
    for _ in 0..3 {
        subject.pass(DAY * 400).await;
        place(&*world.store)
            .unwrap()
            .forget_signing_keys()
            .await
            .unwrap();
        assert!(
            is_logged(&world, 0).await,
            "a revoked key stays in the log for ever"
        );
        let keys = read(&*world.second).await;
        let revoked_at = find(&keys, 0).and_then(|key| key.revoked_at);
        assert!(revoked_at.is_some(), "a revoked key is kept for ever");
    }
}

/// Again, the answer is the same row; of what is not there, nothing.
pub async fn a_key_is_revoked_once(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    add_all(&*world.store, &[Duration::ZERO]).await;
    let _ = revoke(&*world.store, 0, Some(5)).await;
    subject.pass(MINUTE).await;
    let before = read(&*world.store).await.keys;
    let again = revoke(&*world.second, 0, Some(6)).await;
    assert_eq!(
        again.value,
        RevokeKeyOutcome::Already,
        "a key is revoked once"
    );
    assert_eq!(
        again.revoked,
        [row(0)],
        "revoking a revoked key returns its row of the log again"
    );
    let unknown = revoke(&*world.second, 9, Some(7)).await;
    assert_eq!(
        unknown.value,
        RevokeKeyOutcome::Unknown,
        "a key that is not there is unknown"
    );
    assert_eq!(
        unknown.revoked,
        [],
        "nothing is revoked of a key that is not there"
    );
    assert_eq!(
        read(&*world.second).await.keys,
        before,
        "a key that cannot be revoked changes nothing, and is not replaced"
    );
    let rows = world.page(&Cursor::start()).await.rows;
    assert_eq!(
        rows,
        [row(0)],
        "a key is in the log once it is revoked, and only then"
    );
}

/// Whoever revokes the signer replaces it; whoever revokes another does not.
pub async fn a_revoked_signer_is_replaced_at_once(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    add_all(&*world.store, &[Duration::ZERO, HOUR, HOUR * 3]).await;
    subject.pass(HOUR * 2).await;
    // Now 0 is retired, 1 signs, 2 is next.
    for (n, replacement) in [(0, 10), (2, 12)] {
        let _ = revoke(&*world.store, n, Some(replacement)).await;
        let keys = read(&*world.second).await;
        assert_eq!(
            find(&keys, replacement),
            None,
            "a key that does not sign is not replaced"
        );
        assert_eq!(active(&keys), [kid(1)], "the signer goes on");
    }
    let _ = revoke(&*world.store, 1, Some(11)).await;
    let keys = read(&*world.second).await;
    let (old, new) = (find(&keys, 1).unwrap(), find(&keys, 11));
    let new = new.expect("a revoked signer is replaced in the same step");
    assert_eq!(active(&keys), [kid(11)], "the replacement signs at once");
    assert_eq!(
        (Some(new.active_at), Some(new.created_at)),
        (old.revoked_at, old.revoked_at),
        "a replacement's turn begins when the signer is revoked"
    );
    assert_eq!((&new.private, new.revoked_at), (&key(11).private, None));
    assert_eq!(keys.keys.last(), Some(new), "a replacement is the last key");
    // Without a replacement nobody signs, and no older key wakes.
    let _ = revoke(&*world.second, 11, None).await;
    let keys = read(&*world.store).await;
    assert_eq!(
        active(&keys),
        [""; 0],
        "after the signer is revoked no older key signs"
    );
    let outcome = add(&*world.store, 12, Some(11), Duration::ZERO).await;
    assert_eq!(
        outcome,
        AddKeyOutcome::Stored,
        "a key may come after a revoked one"
    );
    assert_eq!(active(&read(&*world.store).await), [kid(12)]);
}

/// Several who revoke the signer at once replace it once.
pub async fn of_8_revocations_of_the_signer_one_replaces_it(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    add_all(&*world.store, &[Duration::ZERO]).await;
    let done = at_once(8, |turn| {
        let store = world.handle(turn);
        async move { revoke(&*store, 0, Some(10 + turn)).await }
    })
    .await;
    let first = done
        .iter()
        .filter(|done| done.value == RevokeKeyOutcome::Revoked);
    assert_eq!(first.count(), 1, "of several who revoke a key, one does");
    for done in &done {
        assert_eq!(
            done.revoked,
            [row(0)],
            "whoever revoked the key, its row is returned"
        );
    }
    let keys = read(&*world.second).await;
    assert_eq!(keys.keys.len(), 2, "a signer is replaced once");
    assert_eq!(active(&keys).len(), 1, "one key signs");
    let rows = world.page(&Cursor::start()).await.rows;
    assert_eq!(rows, [row(0)], "a revoked key has one row in the log");
}

/// A revocation and a rotation that meet leave a key that signs.
pub async fn a_rotation_racing_a_revocation_leaves_one_signer(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    add_all(&*world.store, &[Duration::ZERO]).await;
    let mut last = 0;
    for round in 1..=30 {
        let (added, replaced) = (round * 2, round * 2 + 1);
        let (store, second) = (world.store.clone(), world.second.clone());
        let (revoked, outcome) = both(
            async move { revoke(&*store, last, Some(replaced)).await },
            async move { add(&*second, added, Some(last), HOUR).await },
        )
        .await;
        assert_eq!(revoked.value, RevokeKeyOutcome::Revoked);
        let keys = read(&*world.second).await;
        assert_eq!(
            active(&keys),
            [kid(replaced)],
            "a revoked signer is replaced, whoever adds a key meanwhile"
        );
        let is_there = find(&keys, added).is_some();
        assert_eq!(
            is_there,
            outcome == AddKeyOutcome::Stored,
            "a stored key is there"
        );
        if is_there {
            let _ = revoke(&*world.store, added, None).await;
        }
        let keys = read(&*world.store).await.keys;
        last = replaced;
        assert_eq!(
            keys.last().map(|key| &key.kid),
            Some(&kid(last)),
            "a replacement comes after all that were stored before it"
        );
    }
}

/// Only what expired a day ago goes, and what is left lives as before.
pub async fn only_expired_keys_are_forgotten(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(keys) = place(&*world.store) else {
        return;
    };
    world.store.settings(HOUR).await.unwrap();
    add_all(
        &*world.store,
        &[Duration::ZERO, HOUR * 2, HOUR * 3, DAY * 900],
    )
    .await;
    let _ = revoke(&*world.store, 1, Some(9)).await;
    // 0 signs until the turn of 2, three hours from its beginning, and verifies
    // for an hour and two minutes more.
    let steps = [
        (HOUR * 3 + MINUTE * 30, 0),
        (MINUTE * 40, 0),
        (HOUR * 23 + MINUTE * 40, 0),
        (MINUTE * 30, 1),
        (DAY * 300, 0),
    ];
    for (time, forgotten) in steps {
        subject.pass(time).await;
        let before = read(&*world.second).await;
        let expected = before.lives();
        assert_eq!(
            keys.forget_signing_keys().await.unwrap(),
            forgotten,
            "a key is forgotten a day after it has expired"
        );
        let after = read(&*world.second).await;
        assert_eq!(
            before.keys.len() - after.keys.len(),
            usize::try_from(forgotten).unwrap()
        );
        for (key, life) in after.keys.iter().zip(after.lives()) {
            let place = before
                .keys
                .iter()
                .position(|known| known.kid == key.kid)
                .unwrap();
            assert_eq!(life, expected[place], "who is left lives as before");
        }
    }
    let left = read(&*world.second).await;
    assert_eq!(find(&left, 0), None, "an expired key is forgotten");
    for n in [1, 2, 3] {
        assert!(
            find(&left, n).is_some(),
            "revoked, active and next keys are kept"
        );
    }
    assert!(is_logged(&world, 1).await);
}

/// A revocation whose caller has gone is made or not, all of it.
pub async fn a_dropped_revocation_is_made_or_not(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    add_all(&*world.store, &[Duration::ZERO]).await;
    let mut signer = 0;
    for round in 0..24 {
        let replacement = round + 1;
        let store = world.handle(round);
        let revoking = async { revoke(&*store, signer, Some(replacement)).await };
        let patience = Duration::from_micros(60 * u64::try_from(round).unwrap());
        let _ = tokio::time::timeout(patience, revoking).await;
        // Whatever is still under way comes first, or is seen.
        let done = revoke(&*world.second, signer, Some(replacement + 100)).await;
        let keys = read(&*world.second).await;
        let (first, second) = (find(&keys, replacement), find(&keys, replacement + 100));
        assert_eq!(
            (first.is_some(), second.is_some()),
            match done.value {
                RevokeKeyOutcome::Already => (true, false),
                _ => (false, true),
            },
            "a signer is revoked and replaced in one step"
        );
        assert!(is_logged(&world, signer).await, "and its row is in the log");
        signer = if first.is_some() {
            replacement
        } else {
            replacement + 100
        };
        assert_eq!(active(&keys), [kid(signer)]);
    }
}
