//! Sealed signing keys, where a store keeps them: storing and sealing anew.

use std::time::Duration;

use auth_core::key::Thumbprint;
use auth_core::{RootSecret, RootSecrets, Sealed, SystemRandom};
use auth_store::{AddKeyOutcome, NewSigningKey, SealedKey, SigningKeyStore, SigningKeys, Store};

use super::Subject;
use super::race::at_once;
use super::world::{HOUR, MINUTE, World};

/// The id of the `n`th key.
pub(super) fn kid(n: usize) -> String {
    let n = u8::try_from(n).unwrap();
    Thumbprint::from_bytes([n; 32]).to_string()
}

pub(super) fn key(n: usize) -> NewSigningKey {
    NewSigningKey {
        kid: kid(n),
        algorithm: "EdDSA".into(),
        private: Sealed::from_bytes(format!("private {n}").into_bytes()),
    }
}

/// Where the keys are. A store that keeps none has nothing to show.
pub(super) fn place(store: &dyn Store) -> Option<&dyn SigningKeyStore> {
    store.signing_key_store()
}

pub(super) async fn read(store: &dyn Store) -> SigningKeys {
    place(store).unwrap().signing_keys().await.unwrap()
}

pub(super) async fn add(
    store: &dyn Store,
    n: usize,
    after: Option<usize>,
    signs_in: Duration,
) -> AddKeyOutcome {
    let (key, after) = (key(n), after.map(kid));
    let keys = place(store).unwrap();
    let added = keys.add_signing_key(&key, after.as_deref(), signs_in);
    added.await.unwrap()
}

/// Adds keys one after the other, each to sign from its time on.
pub(super) async fn add_all(store: &dyn Store, times: &[Duration]) {
    for (n, signs_in) in times.iter().enumerate() {
        let outcome = add(store, n, n.checked_sub(1), *signs_in).await;
        assert_eq!(
            outcome,
            AddKeyOutcome::Stored,
            "a key that comes after the last one is stored"
        );
    }
}

fn kids(keys: &[SealedKey]) -> Vec<&str> {
    keys.iter().map(|key| key.kid.as_str()).collect()
}

/// Of several instances that start at once, one key wins, and all see it.
pub async fn of_8_first_keys_at_once_one_wins(subject: &dyn Subject) {
    one_of_8_wins(subject, None).await;
}

/// Of several instances that find a key's time over, one key wins.
pub async fn of_8_next_keys_at_once_one_wins(subject: &dyn Subject) {
    one_of_8_wins(subject, Some(100)).await;
}

async fn one_of_8_wins(subject: &dyn Subject, after: Option<usize>) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    if let Some(last) = after {
        add(&*world.store, last, None, Duration::ZERO).await;
    }
    let seen = at_once(8, |turn| {
        let store = world.handle(turn);
        async move {
            let outcome = add(&*store, turn, after, HOUR).await;
            (outcome, read(&*store).await.keys)
        }
    })
    .await;
    let won = seen
        .iter()
        .filter(|(outcome, _)| *outcome == AddKeyOutcome::Stored);
    assert_eq!(won.count(), 1, "of several keys after one, one is stored");
    let keys = &seen[0].1;
    assert_eq!(
        keys.len(),
        1 + usize::from(after.is_some()),
        "of several keys after one, one is stored"
    );
    for (turn, (outcome, its)) in seen.iter().enumerate() {
        assert_eq!(
            its, keys,
            "whoever has stored a key, or lost, sees the one that won"
        );
        let is_last = its.last().map(|key| &key.kid) == Some(&kid(turn));
        assert_eq!(
            is_last,
            *outcome == AddKeyOutcome::Stored,
            "who is told that its key is stored has won"
        );
        if is_last {
            let stored = its.last().unwrap();
            assert_eq!(
                stored.private,
                key(turn).private,
                "the key is all of one candidate"
            );
        }
    }
}

/// What was sealed is opened from what the store gives back.
pub async fn a_sealed_key_comes_back_unchanged(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(keys) = place(&*world.store) else {
        return;
    };
    assert_eq!(
        read(&*world.store).await.keys,
        [],
        "a fresh store has no keys"
    );
    let root = RootSecret::generate(&SystemRandom::new()).unwrap();
    let plain: Vec<u8> = (0..=u8::MAX).cycle().take(5_000).collect();
    let sealed = Sealed::seal(&root, b"context", &plain, &SystemRandom::new()).unwrap();
    let new = NewSigningKey {
        private: sealed.clone(),
        ..key(1)
    };
    keys.add_signing_key(&new, None, HOUR).await.unwrap();
    let stored = read(&*world.second).await.keys.remove(0);
    assert_eq!(
        (&stored.kid, stored.algorithm.as_str(), &stored.private),
        (&kid(1), "EdDSA", &sealed)
    );
    let opened = stored
        .private
        .open(&RootSecrets::new(root), b"context")
        .expect("a sealed key opens");
    assert_eq!(*opened.expose(), plain, "a sealed key comes back unchanged");
}

/// The store's clock says when a key was stored, and when it signs.
pub async fn a_key_signs_when_it_was_told_to(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    world.store.settings(HOUR).await.unwrap();
    let before = read(&*world.store).await.now;
    add_all(&*world.store, &[Duration::ZERO, HOUR]).await;
    let keys = read(&*world.second).await;
    for (key, signs_in) in keys.keys.iter().zip([Duration::ZERO, HOUR]) {
        let age = keys.now.since(key.created_at);
        assert!(
            before <= key.created_at && key.created_at <= keys.now && age < MINUTE,
            "the store's clock says when a key was stored"
        );
        assert_eq!(
            key.active_at,
            key.created_at + signs_in,
            "a key signs from when it was told to"
        );
        assert_eq!(key.revoked_at, None, "a new key is not revoked");
    }
    let now = world
        .page(&auth_core::revocation::Cursor::start())
        .await
        .now;
    assert!(
        now.since(keys.now) < MINUTE,
        "keys come with the store's clock"
    );
    assert!(
        keys.max_token_lifetime >= HOUR,
        "keys come with the longest lifetime of a token"
    );
    subject.pass(MINUTE * 10).await;
    let later = read(&*world.second).await;
    let aged = later.now.since(later.keys[0].created_at);
    assert!(aged >= MINUTE * 10, "keys come with the store's clock");
}

/// Only after the last stored key, whatever its turn, and only once.
pub async fn a_key_after_any_but_the_last_is_lost(subject: &dyn Subject) {
    let world = World::new(subject).await;
    if place(&*world.store).is_none() {
        return;
    }
    // The last stored is not the last to sign.
    add_all(&*world.store, &[Duration::ZERO, HOUR, MINUTE]).await;
    let before = read(&*world.store).await.keys;
    assert_eq!(
        kids(&before),
        [kid(0), kid(1), kid(2)],
        "keys come in the order in which they were stored"
    );
    for (n, after) in [
        (9, None),
        (9, Some(0)),
        (9, Some(1)),
        (9, Some(8)),
        (0, Some(2)),
        (2, Some(2)),
    ] {
        let outcome = add(&*world.second, n, after, HOUR).await;
        assert_eq!(
            outcome,
            AddKeyOutcome::Lost,
            "a key that comes not after the last one, or is there already, is lost"
        );
    }
    assert_eq!(
        read(&*world.second).await.keys,
        before,
        "a lost key changes nothing"
    );
}

/// A sealed form is replaced by whoever saw it, once.
pub async fn a_key_is_sealed_anew_if_it_is_as_seen(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let Some(keys) = place(&*world.store) else {
        return;
    };
    add_all(&*world.store, &[Duration::ZERO, HOUR]).await;
    let before = read(&*world.store).await.keys;
    let bytes = |text: &str| Sealed::from_bytes(text.as_bytes().to_vec());
    let (seen, new) = (before[0].private.clone(), bytes("new"));
    for (kid, from) in [(kid(0), &new), (kid(1), &seen), (kid(7), &seen)] {
        assert!(
            !keys
                .reseal_signing_key(&kid, from, &bytes("wrong"))
                .await
                .unwrap(),
            "a key that is not sealed as it was seen stays as it is"
        );
    }
    assert_eq!(
        read(&*world.second).await.keys,
        before,
        "a lost race changes nothing"
    );
    assert!(
        keys.reseal_signing_key(&kid(0), &seen, &new).await.unwrap(),
        "a key that is sealed as it was seen is sealed anew"
    );
    let mut expected = before;
    expected[0].private = new.clone();
    assert_eq!(
        read(&*world.second).await.keys,
        expected,
        "sealing a key anew changes nothing else"
    );
    let won = at_once(8, |turn| {
        let (store, from) = (world.handle(turn), new.clone());
        async move {
            let to = Sealed::from_bytes(format!("turn {turn}").into_bytes());
            let keys = place(&*store).unwrap();
            keys.reseal_signing_key(&kid(0), &from, &to).await.unwrap()
        }
    })
    .await;
    let winners: Vec<usize> = (0..8).filter(|turn| won[*turn]).collect();
    assert_eq!(
        winners.len(),
        1,
        "of several who seal one key anew, one does"
    );
    let stored = read(&*world.second).await.keys.remove(0);
    assert_eq!(
        stored.private,
        bytes(&format!("turn {}", winners[0])),
        "who is told that it sealed the key has"
    );
}
