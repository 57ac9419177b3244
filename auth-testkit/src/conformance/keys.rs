//! Sealed signing keys, where a store keeps them.

use auth_core::{RootSecret, RootSecrets, Sealed, SystemRandom, Timestamp};
use auth_store::SealedKey;

use super::Subject;
use super::race::at_once;
use super::world::{MINUTE, World};

fn key(name: &str, private: Sealed) -> SealedKey {
    SealedKey {
        kid: name.into(),
        algorithm: "EdDSA".into(),
        private,
        created_at: Timestamp::MAX,
    }
}

/// Of several instances that start at once, one key wins, and all see it.
pub async fn of_8_first_keys_at_once_one_wins(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let seen = at_once(8, |turn| {
        let store = world.handle(turn);
        async move {
            let keys = store.signing_key_store()?;
            let bytes = format!("private {turn}").into_bytes();
            keys.store_first_signing_key(&key(&format!("key-{turn}"), Sealed::from_bytes(bytes)))
                .await
                .unwrap();
            Some(keys.signing_keys().await.unwrap())
        }
    })
    .await;
    if seen.iter().all(Option::is_none) {
        return; // This store keeps no keys.
    }
    let winner = seen[0].clone();
    assert_eq!(
        winner.as_ref().map(Vec::len),
        Some(1),
        "of several first keys, one is stored"
    );
    for keys in &seen {
        assert_eq!(
            *keys, winner,
            "whoever has stored a first key sees the one that won"
        );
    }
    let stored = &winner.unwrap()[0];
    let turn = stored.kid.strip_prefix("key-").expect("the key id is kept");
    assert_eq!(
        stored.private.as_bytes(),
        format!("private {turn}").as_bytes(),
        "the key is all of one candidate"
    );
}

/// What was sealed is opened from what the store gives back.
pub async fn a_sealed_key_comes_back_unchanged(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (Some(keys), Some(second)) = (
        world.store.signing_key_store(),
        world.second.signing_key_store(),
    ) else {
        return;
    };
    assert_eq!(
        keys.signing_keys().await.unwrap(),
        [],
        "a fresh store has no keys"
    );
    let root = RootSecret::generate(&SystemRandom::new()).unwrap();
    let plain: Vec<u8> = (0..=u8::MAX).cycle().take(5_000).collect();
    let sealed = Sealed::seal(&root, b"context", &plain, &SystemRandom::new()).unwrap();
    let kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    keys.store_first_signing_key(&key(kid, sealed.clone()))
        .await
        .unwrap();
    let stored = second.signing_keys().await.unwrap().remove(0);
    assert_eq!(
        (
            stored.kid.as_str(),
            stored.algorithm.as_str(),
            &stored.private
        ),
        (kid, "EdDSA", &sealed)
    );
    let opened = stored
        .private
        .open(&RootSecrets::new(root), b"context")
        .expect("a sealed key opens");
    assert_eq!(*opened.expose(), plain, "a sealed key comes back unchanged");
    let now = world
        .page(&auth_core::revocation::Cursor::start())
        .await
        .now;
    let age = now.since(stored.created_at);
    assert!(
        stored.created_at <= now && age < MINUTE,
        "the store's clock says when a key was stored"
    );
}

/// A later key changes nothing.
pub async fn a_first_key_stays_the_first(subject: &dyn Subject) {
    let world = World::new(subject).await;
    let (Some(keys), Some(second)) = (
        world.store.signing_key_store(),
        world.second.signing_key_store(),
    ) else {
        return;
    };
    keys.store_first_signing_key(&key("first", Sealed::from_bytes(vec![1])))
        .await
        .unwrap();
    let before = keys.signing_keys().await.unwrap();
    for name in ["second", "first"] {
        second
            .store_first_signing_key(&key(name, Sealed::from_bytes(vec![2])))
            .await
            .unwrap();
    }
    assert_eq!(
        second.signing_keys().await.unwrap(),
        before,
        "a store that has a key takes no first one"
    );
}
