//! The interleavings that were shown to break simpler designs, one by one. (A
//! log-in that read the user before a password change is in `locks.rs`.)

use std::time::Duration;

use auth_core::refresh::RefreshToken;
use auth_core::revocation::{Cursor, RevocationLog, Target};
use auth_store::{EndSessions, RotateOutcome, SessionStore, SettingsStore};

use super::support::{TENANT, blocked, builder, clock, connection, fresh, run, value};

/// A statement that ends all sessions of a user sees those that there were when
/// it began. One that is being opened meanwhile, and for which it waits, is not
/// among them: it dies by its epoch.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_everywhere_that_waits_for_a_log_in_ends_its_session_too() {
    let place = fresh().await;
    let user = place.user().await;
    let (grant, _) = place.open(&user).await;
    let mut beside = place.beside().await;
    // A log-in, not committed yet: the user is share-locked, the row is there.
    let (new, secret) = place.new_session(&user);
    let log_in = format!(
        "BEGIN; SELECT FROM {{s}}.users FOR SHARE; \
         INSERT INTO {{s}}.sessions (tenant, id, user_id, epoch, client_id, scope, amr, auth_time, generation, \
             root, salt, secret_hash, rotated_at, idle_expires_at, expires_at) \
         SELECT tenant, '{}', user_id, epoch, client_id, scope, amr, auth_time, 0, \
             root, salt, sha256('other'), rotated_at, idle_expires_at, expires_at FROM {{s}}.sessions",
        new.id
    );
    run(&mut beside, &place.schema, &log_in).await;
    let ending = {
        let (store, id) = (place.store.clone(), user.id);
        tokio::spawn(async move { store.end_sessions(TENANT, EndSessions::AllOf(id)).await })
    };
    blocked(&mut beside, &place.schema, 1).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    let ended = ending.await.unwrap().unwrap();
    assert_eq!((ended.value, ended.revoked.len()), (1, 1));
    assert_eq!(place.store.sessions(TENANT, user.id).await.unwrap(), []);
    let root = place.roots.active();
    for id in [grant.session.id, new.id] {
        let token = RefreshToken::encode(root, TENANT, id, 0, &secret);
        let outcome = place.store.rotate_session(&place.rotation(&token)).await;
        assert_eq!(outcome.unwrap(), RotateOutcome::Ended);
    }
}

/// The number of its row, or a time, would have been drawn before others that
/// were read long before it was committed.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_that_waits_long_for_its_row_is_read_and_kept_for_its_full_time() {
    const LIFETIME: Duration = Duration::from_secs(300);
    let place = fresh().await;
    place.store.settings(LIFETIME).await.unwrap();
    let user = place.user().await;
    let (grant, _) = place.open(&user).await;
    let (other, _) = place.open(&user).await;
    let patient = builder(&place.url, &place.schema)
        .with_statement_timeout(Duration::from_secs(20))
        .connect()
        .await
        .unwrap();
    let mut beside = place.beside().await;
    let hold = format!(
        "BEGIN; SELECT FROM {{s}}.sessions WHERE id = '{}' FOR UPDATE",
        grant.session.id
    );
    run(&mut beside, &place.schema, &hold).await;
    let ending = {
        let id = grant.session.id;
        tokio::spawn(async move { patient.end_sessions(TENANT, EndSessions::One(id)).await })
    };
    blocked(&mut beside, &place.schema, 1).await;

    // Meanwhile another is ended and read, and the reader goes on.
    let which = EndSessions::One(other.session.id);
    let overtaking = place.store.end_sessions(TENANT, which).await.unwrap();
    let mut read = Vec::new();
    let mut cursor = Cursor::start();
    for _ in 0..16 {
        let page = place.store.read_log(&cursor).await.unwrap();
        read.extend(page.rows);
        cursor = page.next;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(read, overtaking.revoked);
    let released = clock(&mut beside).await;
    run(&mut beside, &place.schema, "COMMIT").await;
    let ended = ending.await.unwrap().unwrap();
    let page = place.store.read_log(&cursor).await.unwrap();
    assert_eq!(page.rows, ended.revoked, "it is read once it is committed");
    assert!(page.rows[0].expires_at >= released + LIFETIME + auth_store::REVOCATION_MARGIN);
}

/// A reader that waited for all older transactions would wait for that one, of
/// an application that it does not know; one that asks for what such a
/// transaction might have hidden would read everything again each time.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_writer_in_another_database_neither_hides_rows_nor_repeats_them() {
    let place = fresh().await;
    let user = place.user().await;
    let mut beside = place.beside().await;
    run(&mut beside, &place.schema, "CREATE DATABASE {s}").await;
    let (server, _) = place.url.rsplit_once('/').unwrap();
    let mut elsewhere = connection(&format!("{server}/{}", place.schema)).await;
    run(&mut elsewhere, "", "BEGIN; CREATE TABLE theirs (n int)").await;
    let mut cursor = place.store.read_log(&Cursor::start()).await.unwrap().next;
    let length = cursor.as_str().len();
    for _ in 0..20 {
        let (grant, _) = place.open(&user).await;
        let session = grant.session.id;
        let ended = place
            .store
            .end_sessions(TENANT, EndSessions::One(session))
            .await;
        assert_eq!(ended.unwrap().value, 1);
        let page = place.store.read_log(&cursor).await.unwrap();
        let targets: Vec<_> = page.rows.iter().map(|row| row.target).collect();
        let ended = Target::Session {
            tenant: TENANT,
            session,
        };
        assert_eq!(targets, [ended], "seen at once, and once");
        cursor = page.next;
    }
    // Others' transactions of the same server may be named, a few at a time.
    assert!(cursor.as_str().len() < length + 400, "{cursor:?}");
    run(&mut elsewhere, "", "ROLLBACK").await;
    let rows = value::<i64>(
        &mut beside,
        &place.schema,
        "SELECT count(*) FROM {s}.revocations",
    )
    .await;
    assert_eq!(rows, 20);
}
