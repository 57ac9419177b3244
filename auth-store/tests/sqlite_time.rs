//! What time does to the file.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite_support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use auth_core::revocation::{Cursor, RevocationLog};
use auth_core::{ManualClock, TenantId, Timestamp};
use auth_store::{OpenOutcome, SessionStore, SqliteStore, User, UserStore};
use sqlite_support::{connect, create, new_session, place};
use sqlx::AssertSqlSafe;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn count(path: &Path, table: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
        .fetch_one(&mut connect(path).await)
        .await
        .unwrap()
}

/// Writes one log row and one session.
async fn turn(store: &SqliteStore, user: &mut User) {
    let roles = user.roles.clone();
    let changed = store
        .set_user_roles(user.tenant, user.id, roles)
        .await
        .unwrap();
    assert_eq!(changed.revoked.len(), 1);
    user.ver += 1;
    let opened = store.open_session(new_session(user)).await.unwrap();
    assert!(matches!(opened, OpenOutcome::Opened(_)));
}

#[tokio::test]
async fn what_expired_a_day_ago_is_deleted_a_bounded_number_at_a_time() {
    let (_directory, path) = place();
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
    let store = SqliteStore::builder(&path)
        .with_clock(clock.clone())
        .open()
        .await
        .unwrap();
    let mut user = create(&store, "ada").await;
    for _ in 0..150 {
        turn(&store, &mut user).await;
    }
    let cursor = store.read_log(&Cursor::start()).await.unwrap().next;
    let counts = async || {
        (
            count(&path, "auth_sessions").await,
            count(&path, "auth_revocations").await,
        )
    };
    // Each time one more of both is written, and as many as may be deleted.
    let steps = [
        (Duration::from_secs(24 * 60 * 60 - 1), (151, 151)),
        (DAY, (52, 52)),
        (Duration::ZERO, (3, 3)),
    ];
    for (passed, left) in steps {
        clock.advance(passed);
        turn(&store, &mut user).await;
        assert_eq!(counts().await, left, "{passed:?}");
    }
    assert_eq!(
        store
            .sessions(TenantId::DEFAULT, user.id)
            .await
            .unwrap()
            .len(),
        2
    );
    // The cursor from before all that is still true.
    assert_eq!(store.read_log(&cursor).await.unwrap().rows.len(), 2);
}

#[tokio::test]
async fn the_stores_clock_does_not_go_back() {
    let (_directory, path) = place();
    let start = Timestamp::from_unix_seconds(1_800_000_000);
    let clock = Arc::new(ManualClock::at(start));
    let store = SqliteStore::builder(&path)
        .with_clock(clock.clone())
        .open()
        .await
        .unwrap();
    create(&store, "ada").await;
    clock.set_wall(Timestamp::from_unix_seconds(0));
    clock.advance(Duration::from_secs(5));
    assert_eq!(
        create(&store, "bob").await.created_at,
        start + Duration::from_secs(5)
    );
    assert_eq!(
        store.read_log(&Cursor::start()).await.unwrap().now,
        start + Duration::from_secs(5)
    );
}
