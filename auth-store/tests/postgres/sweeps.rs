//! What has long expired is deleted, a little at a time; what may still matter
//! is not.

use std::time::Duration;

use auth_store::{EndSessions, OpenOutcome, SessionStore, SettingsStore};

use super::support::{TENANT, fresh, run, value};

const OLD: &str = "
    INSERT INTO {s}.sessions (tenant, id, user_id, epoch, client_id, scope, amr, auth_time, generation, root,
            salt, secret_hash, rotated_at, idle_expires_at, expires_at)
        SELECT u.tenant, gen_random_uuid(), u.id, 1, 'old', '', '{}', now(), 0, '\\x01020304',
            decode(repeat('00', 16), 'hex'), sha256('x'), now(), t, t
        FROM {s}.users u, generate_series(1, 400) i,
            LATERAL (SELECT now() - CASE WHEN i <= 300 THEN interval '3 days' ELSE interval '40 hours' END AS t) t;
    INSERT INTO {s}.revocations (tenant, kind, subject, expires_at)
        SELECT s.tenant, 'session', s.id,
            CASE WHEN s.expires_at < now() - interval '2 days' THEN s.expires_at ELSE now() - interval '20 hours' END
        FROM {s}.sessions s";

#[tokio::test(flavor = "multi_thread")]
async fn what_has_long_expired_is_deleted_and_nothing_else() {
    let place = fresh().await;
    let user = place.user().await;
    // A session that expired forty hours ago has a token that lives on.
    place
        .store
        .settings(Duration::from_secs(24 * 3600))
        .await
        .unwrap();
    let mut beside = place.beside().await;
    run(&mut beside, &place.schema, OLD).await;
    let count = "SELECT (SELECT count(*) FROM {s}.sessions WHERE client_id = 'old') * 1000 \
                 + (SELECT count(*) FROM {s}.revocations WHERE expires_at < now())";
    assert_eq!(
        value::<i64>(&mut beside, &place.schema, count).await,
        400_400
    );
    // A log-in and a log-out by turns, as if there were nothing else.
    for _ in 0..66 {
        let (grant, _) = place.open(&user).await;
        let ended = place
            .store
            .end_sessions(TENANT, EndSessions::One(grant.session.id))
            .await;
        assert_eq!(ended.unwrap().value, 1);
    }
    for _ in 0..100 {
        if value::<i64>(&mut beside, &place.schema, count).await == 100_100 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!(
        "{} are left",
        value::<i64>(&mut beside, &place.schema, count).await
    );
}

const MUCH: &str = "
    INSERT INTO {s}.sessions (tenant, id, user_id, epoch, client_id, scope, amr, auth_time, generation, root,
            salt, secret_hash, rotated_at, idle_expires_at, expires_at)
        SELECT u.tenant, gen_random_uuid(), u.id, 1, 'old', '', '{}', now(), 0, '\\x01020304',
            decode(repeat('00', 16), 'hex'), sha256('x'), now(), t, t
        FROM {s}.users u, generate_series(1, 5000) i,
            LATERAL (SELECT now() - interval '30 days' + (i / 3) * interval '1 second' AS t) t;
    INSERT INTO {s}.revocations (tenant, kind, subject, expires_at)
        SELECT s.tenant, 'session', s.id, s.expires_at FROM {s}.sessions s;
    INSERT INTO {s}.attempts (tenant, account, budget, failures, wait_until, known_until, expires_at)
        SELECT s.tenant, sha256(s.id::text::bytea), 'others', 1, now(), 'epoch', s.expires_at FROM {s}.sessions s";

/// Several thousand rows go while others log in; none of those waits for a lock,
/// and no lock is one that they would have to wait for.
#[tokio::test(flavor = "multi_thread")]
async fn a_purge_deletes_everything_old_and_holds_nobody_up() {
    let place = fresh().await;
    let user = place.user().await;
    let (kept, _) = place.open(&user).await;
    let mut beside = place.beside().await;
    run(&mut beside, &place.schema, "DELETE FROM {s}.sessions").await;
    run(&mut beside, &place.schema, MUCH).await;
    // One of the rows is somebody else's at the moment.
    let mut other = place.beside().await;
    let hold = "BEGIN; SELECT FROM {s}.revocations ORDER BY expires_at LIMIT 1 FOR UPDATE";
    run(&mut other, &place.schema, hold).await;
    let purging = {
        let store = place.store.clone();
        tokio::spawn(async move { store.purge().await.unwrap() })
    };
    let heavy = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
                 WHERE c.relnamespace = '{s}'::regnamespace \
                   AND (NOT l.granted OR l.mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock'))";
    let mut opened = 0;
    while !purging.is_finished() {
        let outcome = place.store.open_session(place.new_session(&user).0).await;
        assert!(matches!(outcome.unwrap(), OpenOutcome::Opened(_)));
        opened += 1;
        assert_eq!(value::<i64>(&mut beside, &place.schema, heavy).await, 0);
    }
    let purged = purging.await.unwrap();
    assert!(opened > 5, "{opened} log-ins beside it");
    run(&mut other, &place.schema, "ROLLBACK").await;
    let again = place.store.purge().await.unwrap();
    let left = "SELECT (SELECT count(*) FROM {s}.sessions) + 1000000 * (SELECT count(*) FROM {s}.revocations) \
                + 1000000 * (SELECT count(*) FROM {s}.attempts)";
    let live = value::<i64>(&mut beside, &place.schema, left).await;
    assert_eq!(
        live, opened,
        "what lives is left, and nothing else: {purged:?} {again:?}"
    );
    assert!(purged.sessions > 1000 && purged.revocations > 1000 && purged.attempts > 1000);
    assert_eq!(kept.session.user, user.id);
    assert_eq!(
        place.store.purge().await.unwrap(),
        auth_store::Purged::default()
    );
}

const KEYS: &str = "
    INSERT INTO {s}.api_keys (id, tenant, user_id, name, scope, hash, created_at, expires_at, revoked_at)
        SELECT gen_random_uuid(), u.tenant, u.id, 'old', '', sha256('x'), t, t + interval '1 day',
            CASE WHEN i % 2 = 0 THEN t END
        FROM {s}.users u, generate_series(1, 1000) i,
            LATERAL (SELECT now() - (i % 60) * interval '1 day' AS t) t;
    INSERT INTO {s}.api_keys (id, tenant, user_id, name, scope, hash, created_at)
        SELECT gen_random_uuid(), u.tenant, u.id, 'live', '', sha256('x'), now() - interval '9 years'
        FROM {s}.users u, generate_series(1, 300) i";

/// In several pages; those that live for ever stay, however old, and one that is in use
/// at the moment is left for the next time.
#[tokio::test(flavor = "multi_thread")]
async fn a_purge_deletes_api_keys_that_ended_30_days_ago() {
    let place = fresh().await;
    place.user().await;
    let mut beside = place.beside().await;
    run(&mut beside, &place.schema, KEYS).await;
    let old = "SELECT count(*) FROM {s}.api_keys \
               WHERE LEAST(revoked_at, expires_at) <= now() - interval '30 days'";
    let expected = value::<i64>(&mut beside, &place.schema, old).await;
    assert!((400..600).contains(&expected), "{expected}");
    let mut other = place.beside().await;
    let hold = "BEGIN; SELECT FROM {s}.api_keys WHERE revoked_at < now() - interval '40 days' LIMIT 1 FOR UPDATE";
    run(&mut other, &place.schema, hold).await;
    let first = place.store.purge().await.unwrap().api_keys;
    run(&mut other, &place.schema, "ROLLBACK").await;
    let then = place.store.purge().await.unwrap().api_keys;
    assert_eq!((first, then), (u64::try_from(expected).unwrap() - 1, 1));
    let left = "SELECT count(*) FROM {s}.api_keys";
    let left = value::<i64>(&mut beside, &place.schema, left).await;
    assert_eq!(left, 1300 - expected);
}
