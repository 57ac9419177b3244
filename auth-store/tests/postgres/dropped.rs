//! Futures that are dropped leave the pool as it was.

use std::time::Duration;

use auth_core::revocation::{Cursor, RevocationLog};
use auth_store::{EndSessions, RotateOutcome, SessionStore};

use super::support::{TENANT, builder, fresh, value};

/// One connection: whatever a dropped call left behind, the next call gets.
#[tokio::test(flavor = "multi_thread")]
async fn f17_calls_dropped_at_any_moment_leave_every_connection_clean() {
    let place = fresh().await;
    let store = builder(&place.url, &place.schema)
        .with_max_connections(1)
        .connect()
        .await
        .unwrap();
    let user = place.user().await;
    let (_, mut token) = place.open(&user).await;
    for round in 0..200_u64 {
        // From before anything is sent until after everything is answered.
        let moment = Duration::from_micros(round % 50 * 40);
        let rotation = place.rotation(&token);
        match round % 4 {
            0 => drop(tokio::time::timeout(moment, store.rotate_session(&rotation)).await),
            1 => drop(
                tokio::time::timeout(moment, store.open_session(place.new_session(&user).0)).await,
            ),
            2 => {
                let id = place.new_session(&user).0.id;
                drop(
                    tokio::time::timeout(moment, store.end_sessions(TENANT, EndSessions::One(id)))
                        .await,
                );
            }
            _ => drop(tokio::time::timeout(moment, store.read_log(&Cursor::start())).await),
        }
        let rotation = place.rotation(&token);
        let outcome = store.rotate_session(&rotation).await.unwrap();
        let (RotateOutcome::Rotated(grant) | RotateOutcome::Replayed(grant)) = outcome else {
            panic!("round {round}: {outcome:?}")
        };
        assert_eq!(u64::from(grant.session.generation), round + 1);
        token = place.successor(&rotation, &grant);
    }
    let mut beside = place.beside().await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' \
                AND query LIKE '%\"{s}\".%'";
    assert_eq!(value::<i64>(&mut beside, &place.schema, open).await, 0);
}

/// A caller that waits for a connection and goes away has asked for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn f17_a_call_dropped_before_it_has_a_connection_does_nothing() {
    let place = fresh().await;
    let store = builder(&place.url, &place.schema)
        .with_max_connections(1)
        .connect()
        .await
        .unwrap();
    let user = place.user().await;
    let mut beside = place.beside().await;
    super::support::run(
        &mut beside,
        &place.schema,
        "BEGIN; UPDATE {s}.users SET ver = ver",
    )
    .await;
    let (first, second) = (place.new_session(&user).0, place.new_session(&user).0);
    let opening = {
        let (store, first) = (store.clone(), first.clone());
        tokio::spawn(async move { store.open_session(first).await })
    };
    super::support::blocked(&mut beside, &place.schema, 1).await;
    let waiting = tokio::time::timeout(Duration::from_millis(50), store.open_session(second)).await;
    assert!(waiting.is_err());
    super::support::run(&mut beside, &place.schema, "ROLLBACK").await;
    opening.await.unwrap().unwrap();
    let listed = store.sessions(TENANT, user.id).await.unwrap();
    assert_eq!(
        listed.iter().map(|session| session.id).collect::<Vec<_>>(),
        [first.id]
    );
}
