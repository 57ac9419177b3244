use std::time::Duration;

use auth_core::refresh::SecretHash;
use auth_core::revocation::{Cursor, RevocationLog};
use auth_core::{ClientId, ManualClock, RootKeyId, Scope, SessionId, TenantId, UserId};
use uuid::Uuid;

use super::*;
use crate::identifier::Identifier;
use crate::traits::{
    EndSessions, NewSession, NewUser, OpenOutcome, Seen, SessionStore, SettingsStore, UserStore,
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3600);
const USER: UserId = UserId::from_uuid(Uuid::from_u128(1));

async fn store() -> (Arc<ManualClock>, MemoryStore) {
    let clock = Arc::new(ManualClock::at(NOW));
    let store = MemoryStore::with_clock(clock.clone());
    let user = NewUser {
        id: USER,
        tenant: TenantId::DEFAULT,
        identifier: Identifier::new("a@x.org").unwrap(),
        password_hash: None,
        password_policy: None,
        roles: Vec::new(),
    };
    store.create_user(user).await.unwrap();
    (clock, store)
}

async fn open(store: &MemoryStore, number: u128) -> SessionId {
    let id = SessionId::from_uuid(Uuid::from_u128(number));
    let session = NewSession {
        id,
        tenant: TenantId::DEFAULT,
        user: USER,
        seen: Seen {
            ver: 1,
            session_epoch: 1,
            password_hash: None,
        },
        client: ClientId::default(),
        scope: Scope::empty(),
        amr: Vec::new(),
        device: None,
        root: RootKeyId([0; 4]),
        secret_hash: SecretHash::from_bytes([0; 32]),
        idle: HOUR,
        absolute: HOUR,
    };
    assert!(matches!(
        store.open_session(session).await,
        Ok(OpenOutcome::Opened(_))
    ));
    id
}

#[tokio::test]
async fn the_clock_of_the_store_never_goes_back() {
    let (clock, store) = store().await;
    let now = async || store.read_log(&Cursor::start()).await.unwrap().now;
    assert_eq!(now().await, NOW);
    clock.set_wall(NOW + HOUR);
    assert_eq!(now().await, NOW + HOUR);
    clock.set_wall(NOW);
    assert_eq!(now().await, NOW + HOUR);
    clock.advance(Duration::from_secs(1));
    assert_eq!(now().await, NOW + HOUR + Duration::from_secs(1));
}

#[tokio::test]
async fn a_session_that_expired_does_not_live_again_when_the_clock_is_set_back() {
    let (clock, store) = store().await;
    open(&store, 1).await;
    clock.set_wall(NOW + HOUR);
    assert_eq!(store.sessions(TenantId::DEFAULT, USER).await.unwrap(), []);
    clock.set_wall(NOW);
    assert_eq!(store.sessions(TenantId::DEFAULT, USER).await.unwrap(), []);
}

#[tokio::test]
async fn what_has_expired_is_forgotten_and_nothing_else_is() {
    let (clock, store) = store().await;
    store.settings(HOUR).await.unwrap();
    for number in 0..10_000_u64 {
        let id = open(&store, number.into()).await;
        let _ = store
            .end_sessions(TenantId::DEFAULT, EndSessions::One(id))
            .await
            .unwrap();
        clock.advance(Duration::from_secs(30));
        let (state, now) = store.lock();
        let kept = u64::try_from(state.sessions.len()).unwrap();
        // A session an hour, and its last access token another and the margin.
        let due = (2 * HOUR.as_secs() + 120) / 30;
        assert!(kept >= due.min(number) && kept < 1_024 + 2 * due, "{kept}");
        assert_eq!(state.sessions_of.len(), state.sessions.len());
        drop((state, now));
    }
    let live = store.read_log(&Cursor::start()).await.unwrap().rows;
    assert_eq!(
        live.len(),
        123,
        "an hour and 120 s of revocations, two a minute, less the last"
    );
    assert!(store.lock().0.log.len() < 1_024 + 2 * live.len());
}

#[tokio::test]
async fn clones_share_and_stores_do_not() {
    let (_, store) = store().await;
    let (_, other) = self::store().await;
    let identity = async |store: &MemoryStore| store.settings(HOUR).await.unwrap().store;
    assert_eq!(identity(&store).await, identity(&store.clone()).await);
    assert_ne!(identity(&store).await, identity(&other).await);
}
