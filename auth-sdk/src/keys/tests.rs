use auth_core::{ManualClock, RootSecret, SystemRandom};
use auth_store::{MemoryStore, RevokeKeyOutcome, SettingsStore};

use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);

async fn keys() -> (StoredKeys, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(NOW));
    let store = MemoryStore::with_clock(clock.clone());
    let rotation = KeyRotation::never()
        .with_lead(100 * SECOND)
        .with_reload(SECOND);
    (keys_of(&store, &clock, rotation).await, clock)
}

async fn keys_of(
    store: &MemoryStore,
    clock: &Arc<ManualClock>,
    rotation: KeyRotation,
) -> StoredKeys {
    keys_on(Backend::default(), store, clock, rotation, root(1)).await
}

fn root(n: u8) -> RootSecrets {
    root_secret(n).into()
}

fn root_secret(n: u8) -> RootSecret {
    let mut bytes = *b"0123456789abcdef0123456789abcdef";
    bytes[0] = n;
    RootSecret::from_bytes(&bytes).unwrap()
}

async fn keys_on(
    backend: Backend,
    store: &MemoryStore,
    clock: &Arc<ManualClock>,
    rotation: KeyRotation,
    roots: RootSecrets,
) -> StoredKeys {
    store.settings(300 * SECOND).await.unwrap();
    let keys = StoredKeys::new(
        Arc::new(store.clone()),
        roots,
        Arc::new(SystemRandom::new()),
        Arc::new(FlooredClock::new(clock.clone())),
        RevocationView::new(),
        rotation,
        backend,
    );
    keys.load().await.unwrap();
    keys
}

/// What [`KeySource::epoch`] says of a revocation: in the process that revokes,
/// at once; in another, after one reload.
#[tokio::test(start_paused = true)]
async fn the_epoch_tells_of_a_revocation_here_at_once_and_elsewhere_after_a_reload() {
    let clock = Arc::new(ManualClock::at(NOW));
    let store = MemoryStore::with_clock(clock.clone());
    let here = keys_of(&store, &clock, KeyRotation::default()).await;
    let there = Arc::new(keys_of(&store, &clock, KeyRotation::default()).await);
    let _tending = Tending::begin(&there);
    let kid = here.keys().iter().next().unwrap().kid().to_owned();
    for _ in 0..3 {
        let before = (here.epoch(), there.epoch());
        let kid = here.keys().iter().next().unwrap().kid().to_owned();
        let replacement = here.new_key().unwrap();
        let revoking = store.revoke_signing_key(&kid, Some(&replacement)).await;
        assert_eq!(revoking.unwrap().value, RevokeKeyOutcome::Revoked);
        here.revoke(&kid);
        assert_ne!(here.epoch(), before.0);
        assert!(!here.keys().contains(&kid));
        assert!(there.keys().contains(&kid) && there.epoch() == before.1);
        tokio::time::sleep(31 * SECOND).await;
        assert_ne!(there.epoch(), before.1);
        assert!(!there.keys().contains(&kid));
        here.look_after().await.unwrap();
    }
    assert!(!there.keys().contains(&kid));
}

/// What a token cache relies on: no key goes under an epoch that stays, though
/// nothing but time has passed.
#[tokio::test]
async fn the_epoch_changes_with_the_set_and_else_not() {
    let (keys, clock) = keys().await;
    keys.rotate().await.unwrap();
    let mut seen = vec![keys.epoch()];
    let mut step = |time, same_set| {
        let before = keys.keys();
        clock.advance(time);
        let epoch = keys.epoch();
        let ids = |set: &KeySet| {
            set.iter()
                .map(|key| key.kid().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&before) == ids(&keys.keys()), same_set);
        if same_set {
            return;
        }
        assert!(!seen.contains(&epoch), "{epoch} was there before");
        seen.push(epoch);
    };
    step(99 * SECOND, true);
    step(SECOND, true);
    step(419 * SECOND, true);
    step(SECOND, false);
    step(10_000 * SECOND, true);
    let last = keys.epoch();
    keys.look_after().await.unwrap();
    assert_eq!(keys.epoch(), last, "reading the same keys changes nothing");
    let kid = keys.keys().iter().next().unwrap().kid().to_owned();
    keys.revoke(&kid);
    assert_ne!(keys.epoch(), last);
    assert!(keys.keys().is_empty());
}

/// Signing goes by the store's clock, and stops where it cannot be known.
#[tokio::test]
async fn the_signer_is_whose_turn_it_is() {
    let (keys, clock) = keys().await;
    let kid = |signer: Arc<SigningKey>| signer.verifying_key().kid().to_owned();
    let first = kid(keys.signer().await.unwrap());
    keys.rotate().await.unwrap();
    clock.advance(99 * SECOND);
    assert_eq!(keys.signer_now().map(kid), Some(first.clone()));
    clock.advance(SECOND);
    let second = keys.signer_now().map(kid);
    assert!(second.is_some() && second != Some(first));
    clock.advance(SECOND);
    assert!(
        keys.signer_now().is_none(),
        "not read again for longer than the lead"
    );
    assert_eq!(keys.signer().await.ok().map(kid), second);
    // Revoked, and an answer of the store comes that is older than that.
    keys.revoke(&second.unwrap());
    assert!(keys.signer_now().is_none());
    keys.look_after().await.unwrap();
    assert!(keys.signer().await.is_err());
}

/// Keys that are drawn here, those that others have stored, and those that are
/// sealed anew: whoever holds them, on whatever library, they are the same.
#[tokio::test]
async fn every_stored_key_is_prepared_for_the_chosen_backend() {
    let both = |active, other| {
        let roots = root(active).with_other(root_secret(other));
        roots.unwrap()
    };
    let quick = KeyRotation::never()
        .with_lead(100 * SECOND)
        .with_reload(SECOND);
    for &first in Backend::ALL {
        for &second in Backend::ALL {
            let clock = Arc::new(ManualClock::at(NOW));
            let store = MemoryStore::with_clock(clock.clone());
            drop(keys_on(first, &store, &clock, quick, root(1)).await);
            let there = keys_on(second, &store, &clock, quick, both(2, 1)).await;
            let resealed = store.signing_keys().await.unwrap().keys;
            assert_eq!(
                resealed[0].private.root(),
                Some(root(2).active().id()),
                "the other instance seals under its own root secret"
            );
            let here = keys_on(first, &store, &clock, quick, root(2)).await;
            let all = [here, there];
            all[0].rotate().await.unwrap();
            for keys in &all {
                keys.look_after().await.unwrap();
                assert_eq!(keys.keys().iter().count(), 2);
            }
            for step in 0..2 {
                for keys in &all {
                    let signer = keys.signer().await.unwrap();
                    assert_eq!(signer.verifying_key().backend(), keys.backend, "{step}");
                    let set = keys.keys();
                    assert!(set.iter().all(|key| key.backend() == keys.backend));
                    assert!(set.contains(signer.verifying_key().kid()));
                }
                clock.advance(100 * SECOND);
            }
            assert_eq!(all.map(|keys| keys.backend), [first, second]);
        }
    }
}
