use auth_core::{ManualClock, RootSecret, SystemRandom};
use auth_store::{MemoryStore, SettingsStore};

use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const SECOND: Duration = Duration::from_secs(1);

async fn keys() -> (StoredKeys, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(NOW));
    let store = MemoryStore::with_clock(clock.clone());
    store.settings(300 * SECOND).await.unwrap();
    let random = Arc::new(SystemRandom::new());
    let keys = StoredKeys::new(
        Arc::new(store),
        RootSecret::generate(&*random).unwrap().into(),
        random,
        Arc::new(FlooredClock::new(clock.clone())),
        RevocationView::new(),
        KeyRotation::never()
            .with_lead(100 * SECOND)
            .with_reload(SECOND),
    );
    keys.load().await.unwrap();
    (keys, clock)
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
