//! Statements that wait for a lock, and what they find when they have it.

use std::time::Duration;

use auth_store::{
    EndSessions, NewSession, OpenOutcome, PgStore, RotateOutcome, Rotation, SessionStore,
    SettingsStore, StoreError, StoreErrorKind, UserStore,
};
use tokio::task::JoinHandle;

use super::support::{Place, TENANT, blocked, builder, clock, fresh, run};

const HELD: Duration = Duration::from_millis(300);

fn opening(store: &PgStore, session: NewSession) -> JoinHandle<Result<OpenOutcome, StoreError>> {
    let store = store.clone();
    tokio::spawn(async move { store.open_session(session).await })
}

fn rotating(store: &PgStore, rotation: Rotation) -> JoinHandle<RotateOutcome> {
    let store = store.clone();
    tokio::spawn(async move { store.rotate_session(&rotation).await.unwrap() })
}

async fn rows(place: &Place, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {{s}}.{table}");
    super::support::value(&mut place.beside().await, &place.schema, &sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_that_waits_for_a_password_change_opens_nothing() {
    let place = fresh().await;
    let user = place.user().await;
    let (session, _) = place.new_session(&user);
    let mut beside = place.beside().await;
    let change = "BEGIN; UPDATE {s}.users SET password_hash = 'second', ver = ver + 1, session_epoch = session_epoch + 1";
    run(&mut beside, &place.schema, change).await;
    let opening = opening(&place.store, session);
    blocked(&mut beside, &place.schema, 1).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    assert_eq!(opening.await.unwrap().unwrap(), OpenOutcome::Moved);
    assert_eq!(rows(&place, "sessions").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_that_waits_for_a_change_that_is_undone_opens_then() {
    let place = fresh().await;
    let user = place.user().await;
    let mut beside = place.beside().await;
    for hold in [
        "UPDATE {s}.users SET ver = ver + 1",
        "SELECT FROM {s}.users FOR UPDATE",
    ] {
        let (session, _) = place.new_session(&user);
        run(&mut beside, &place.schema, &format!("BEGIN; {hold}")).await;
        let opening = opening(&place.store, session);
        blocked(&mut beside, &place.schema, 1).await;
        tokio::time::sleep(HELD).await;
        let released = clock(&mut beside).await;
        run(&mut beside, &place.schema, "ROLLBACK").await;
        let OpenOutcome::Opened(grant) = opening.await.unwrap().unwrap() else {
            panic!("the user had not moved")
        };
        assert!(
            grant.now >= released,
            "the clock is read after the lock is held"
        );
        assert_eq!(
            (grant.session.auth_time, grant.session.rotated_at),
            (grant.now, grant.now)
        );
        assert_eq!(
            grant.session.expires_at,
            grant.now + Duration::from_secs(7200)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_reads_the_clock_after_it_has_the_lock() {
    let place = fresh().await;
    let user = place.user().await;
    let (_, token) = place.open(&user).await;
    let mut beside = place.beside().await;
    run(
        &mut beside,
        &place.schema,
        "BEGIN; SELECT FROM {s}.sessions FOR UPDATE",
    )
    .await;
    let rotating = rotating(&place.store, place.rotation(&token));
    blocked(&mut beside, &place.schema, 1).await;
    tokio::time::sleep(HELD).await;
    let released = clock(&mut beside).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    let RotateOutcome::Rotated(grant) = rotating.await.unwrap() else {
        panic!("it was current")
    };
    assert!(grant.now >= released);
    assert_eq!(grant.session.rotated_at, grant.now);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_expires_while_its_rotation_waits_has_ended() {
    let place = fresh().await;
    let user = place.user().await;
    for columns in ["idle_expires_at = t", "idle_expires_at = t, expires_at = t"] {
        let (_, token) = place.open(&user).await;
        let mut beside = place.beside().await;
        let expire = format!(
            "UPDATE {{s}}.sessions SET {columns} \
             FROM (SELECT clock_timestamp() + interval '300 ms' AS t) t; \
             BEGIN; SELECT FROM {{s}}.sessions FOR UPDATE"
        );
        run(&mut beside, &place.schema, &expire).await;
        let rotating = rotating(&place.store, place.rotation(&token));
        blocked(&mut beside, &place.schema, 1).await;
        tokio::time::sleep(HELD).await;
        run(&mut beside, &place.schema, "COMMIT").await;
        assert_eq!(rotating.await.unwrap(), RotateOutcome::Ended, "{columns}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_waits_for_a_log_out_has_ended() {
    let place = fresh().await;
    let user = place.user().await;
    let (_, token) = place.open(&user).await;
    let mut beside = place.beside().await;
    let end = "BEGIN; UPDATE {s}.sessions SET revoked_at = now(), revoked_reason = 'ended'";
    run(&mut beside, &place.schema, end).await;
    let rotating = rotating(&place.store, place.rotation(&token));
    blocked(&mut beside, &place.schema, 1).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    assert_eq!(rotating.await.unwrap(), RotateOutcome::Ended);
}

/// Its snapshot is older than the change, and it commits after it: the grant
/// that it gives is as dead as all of that time.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_overlaps_a_log_out_everywhere_gives_nothing_that_lives() {
    let place = fresh().await;
    let user = place.user().await;
    let (_, token) = place.open(&user).await;
    let mut beside = place.beside().await;
    run(
        &mut beside,
        &place.schema,
        "BEGIN; SELECT FROM {s}.sessions FOR UPDATE",
    )
    .await;
    let rotation = place.rotation(&token);
    let rotating = rotating(&place.store, rotation.clone());
    blocked(&mut beside, &place.schema, 1).await;
    let ended = place
        .store
        .end_sessions(TENANT, EndSessions::AllOf(user.id))
        .await
        .unwrap();
    assert_eq!((ended.value, ended.revoked.len()), (1, 1));
    let floor = place
        .store
        .user(TENANT, user.id)
        .await
        .unwrap()
        .unwrap()
        .user
        .ver;
    run(&mut beside, &place.schema, "COMMIT").await;

    if let RotateOutcome::Rotated(grant) = rotating.await.unwrap() {
        assert!(
            grant.user.ver < floor,
            "its access token is below the floor"
        );
        let next = place.rotation(&place.successor(&rotation, &grant));
        assert_eq!(
            place.store.rotate_session(&next).await.unwrap(),
            RotateOutcome::Ended
        );
    }
    assert_eq!(place.store.sessions(TENANT, user.id).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_lock_that_is_held_too_long_is_a_timeout_that_changes_nothing() {
    let place = fresh().await;
    let user = place.user().await;
    let store = builder(&place.url, &place.schema)
        .with_statement_timeout(Duration::from_millis(400))
        .connect()
        .await
        .unwrap();
    let mut beside = place.beside().await;
    run(
        &mut beside,
        &place.schema,
        "BEGIN; UPDATE {s}.users SET ver = ver",
    )
    .await;
    let (session, _) = place.new_session(&user);
    let opened = store.open_session(session.clone()).await;
    assert_eq!(opened.unwrap_err().kind(), StoreErrorKind::Timeout);
    let ended = store
        .end_sessions(TENANT, EndSessions::AllOf(user.id))
        .await;
    assert_eq!(ended.unwrap_err().kind(), StoreErrorKind::Timeout);
    run(&mut beside, &place.schema, "ROLLBACK").await;
    assert!(matches!(
        store.open_session(session).await.unwrap(),
        OpenOutcome::Opened(_)
    ));
}

/// Eight times on one connection: from the sixth on, the plan is a kept one,
/// and its locks are taken elsewhere in the server.
#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_waits_for_a_longer_lifetime_is_kept_for_it() {
    let place = fresh().await;
    let user = place.user().await;
    let store = builder(&place.url, &place.schema)
        .with_max_connections(1)
        .connect()
        .await
        .unwrap();
    let mut beside = place.beside().await;
    for hours in 1..=8_u32 {
        let raise = format!(
            "BEGIN; LOCK TABLE {{s}}.revocations IN SHARE MODE; \
             UPDATE {{s}}.settings SET max_token_lifetime = {hours} * 3600000000"
        );
        run(&mut beside, &place.schema, &raise).await;
        let revoking = {
            let (store, id) = (store.clone(), user.id);
            tokio::spawn(async move {
                store
                    .end_sessions(TENANT, EndSessions::AllOf(id))
                    .await
                    .unwrap()
                    .revoked
            })
        };
        blocked(&mut beside, &place.schema, 1).await;
        let before = clock(&mut beside).await;
        run(&mut beside, &place.schema, "COMMIT").await;
        let kept = revoking.await.unwrap()[0].expires_at;
        assert!(
            kept >= before + Duration::from_secs(3600) * hours,
            "round {hours}"
        );
    }
    let asked = place.store.settings(Duration::from_secs(1)).await.unwrap();
    assert_eq!(asked.max_token_lifetime, Duration::from_secs(8 * 3600));
}

/// The other side: who raises it waits for revocations that may have read the
/// old one.
#[tokio::test(flavor = "multi_thread")]
async fn a_longer_lifetime_waits_for_the_revocations_that_are_being_written() {
    let place = fresh().await;
    let mut beside = place.beside().await;
    let writing = "BEGIN; INSERT INTO {s}.revocations (tenant, kind, floor, expires_at) \
                   VALUES ('00000000-0000-0000-0000-000000000000', 'tenant', 2, now())";
    run(&mut beside, &place.schema, writing).await;
    let raising = {
        let store = place.store.clone();
        tokio::spawn(async move { store.settings(Duration::from_secs(60)).await })
    };
    blocked(&mut beside, &place.schema, 1).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    let raised = raising.await.unwrap().unwrap();
    assert_eq!(raised.max_token_lifetime, Duration::from_secs(60));
}

/// Somebody else's change of what does not matter: what waited for it goes on,
/// with the row as it is then.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_change_that_does_not_matter_sees_it_and_goes_on() {
    let place = fresh().await;
    let user = place.user().await;
    let (_, token) = place.open(&user).await;
    let mut beside = place.beside().await;

    let device = "BEGIN; UPDATE {s}.sessions SET device = 'renamed'";
    run(&mut beside, &place.schema, device).await;
    let rotating = rotating(&place.store, place.rotation(&token));
    blocked(&mut beside, &place.schema, 1).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    let RotateOutcome::Rotated(grant) = rotating.await.unwrap() else {
        panic!("it was current")
    };
    assert_eq!(
        (grant.session.generation, grant.session.device.as_deref()),
        (1, Some("renamed"))
    );

    let name = "BEGIN; UPDATE {s}.users SET identifier = 'Renamed'";
    run(&mut beside, &place.schema, name).await;
    let opening = opening(&place.store, place.new_session(&user).0);
    blocked(&mut beside, &place.schema, 1).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    let OpenOutcome::Opened(grant) = opening.await.unwrap().unwrap() else {
        panic!("the user had not moved")
    };
    assert_eq!(grant.user.identifier, "Renamed");
}
