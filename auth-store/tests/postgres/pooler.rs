//! Behind PgBouncer, which lends a connection for one transaction at a time:
//! whatever was set or prepared on it before is on another one now.

use std::time::Duration;

use auth_store::{
    EndSessions, OpenOutcome, PgStore, RotateOutcome, SessionStore, StoreErrorKind, UserStore,
};
use auth_testkit::servers::PgBouncer;

use super::support::{Guest, Place, TENANT, fresh, run, value};

/// Fewer connections to the server than the store has to the pooler.
const FEW: &[(&str, &str)] = &[("default_pool_size", "2")];

async fn behind(place: &Place, settings: &[(&str, &str)]) -> (PgBouncer, PgStore) {
    let pooler = PgBouncer::before(&place.url, settings).await.unwrap();
    let store = PgStore::builder(&place.url)
        .with_schema(place.schema.as_str())
        .through_pooler(pooler.url())
        .with_max_connections(20)
        .connect()
        .await
        .unwrap();
    (pooler, store)
}

/// The whole suite, by way of a pooler whose connections were left in a state of
/// somebody else's making.
mod suite {
    use super::{Guest, PgBouncer, PgStore, fresh};

    async fn guest() -> Guest {
        let place = fresh().await;
        let theirs = "SET default_transaction_isolation = serializable; \
                      SET search_path = nowhere; SET default_transaction_read_only = on";
        let settings = [("default_pool_size", "4"), ("connect_query", theirs)];
        let pooler = PgBouncer::before(&place.url, &settings).await.unwrap();
        let store = PgStore::builder(&place.url)
            .with_schema(place.schema.as_str())
            .through_pooler(pooler.url())
            .connect()
            .await
            .unwrap();
        Guest::new(place, store).behind(pooler)
    }

    auth_testkit::store_suite!(guest);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_share_few_connections_and_each_gets_its_own_answer() {
    let place = fresh().await;
    let (_pooler, store) = behind(&place, FEW).await;
    let mut calls = Vec::new();
    for _ in 0..20 {
        let user = place.user().await;
        let (grant, token) = place.open(&user).await;
        let (store, rotation) = (store.clone(), place.rotation(&token));
        calls.push(tokio::spawn(async move {
            for _ in 0..5 {
                let found = store.user(TENANT, user.id).await.unwrap().unwrap();
                assert_eq!(found.user, user);
                let listed = store.sessions(TENANT, user.id).await.unwrap();
                assert_eq!(listed[0].id, grant.session.id);
            }
            let rotated = store.rotate_session(&rotation).await.unwrap();
            assert!(matches!(rotated, RotateOutcome::Rotated(_)), "{rotated:?}");
            let which = EndSessions::One(grant.session.id);
            let ended = store.end_sessions(TENANT, which).await.unwrap();
            assert_eq!(ended.value, 1);
        }));
    }
    for call in calls {
        call.await.unwrap();
    }
}

/// The server has no time-out of ours on its own there.
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_ended_on_the_server_too() {
    let place = fresh().await;
    let user = place.user().await;
    let pooler = PgBouncer::before(&place.url, FEW).await.unwrap();
    let store = PgStore::builder(&place.url)
        .with_schema(place.schema.as_str())
        .through_pooler(pooler.url())
        .with_statement_timeout(Duration::from_millis(300))
        .connect()
        .await
        .unwrap();
    let mut beside = place.beside().await;
    let hold = "BEGIN; UPDATE {s}.users SET ver = ver";
    run(&mut beside, &place.schema, hold).await;
    for _ in 0..4 {
        let opened = store.open_session(place.new_session(&user).0).await;
        assert_eq!(opened.unwrap_err().kind(), StoreErrorKind::Timeout);
    }
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                   AND query LIKE '%\"{s}\".%'";
    assert_eq!(value::<i64>(&mut beside, &place.schema, waiting).await, 0);
    run(&mut beside, &place.schema, "ROLLBACK").await;
    let opened = store.open_session(place.new_session(&user).0).await;
    assert!(matches!(opened.unwrap(), OpenOutcome::Opened(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_is_killed_is_used_again_when_it_is_back() {
    let place = fresh().await;
    let user = place.user().await;
    let (_, token) = place.open(&user).await;
    let (mut pooler, store) = behind(&place, FEW).await;
    let rotation = place.rotation(&token);
    let rotated = store.rotate_session(&rotation).await.unwrap();
    assert!(matches!(rotated, RotateOutcome::Rotated(_)));
    pooler.kill_9().unwrap();
    let away = store.rotate_session(&rotation).await.unwrap_err();
    assert!(
        matches!(
            away.kind(),
            StoreErrorKind::Unavailable | StoreErrorKind::OutcomeUnknown
        ),
        "{away:?}"
    );
    pooler.restart().await.unwrap();
    let replayed = store.rotate_session(&rotation).await.unwrap();
    assert!(
        matches!(replayed, RotateOutcome::Replayed(_)),
        "{replayed:?}"
    );
}
