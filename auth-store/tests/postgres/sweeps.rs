//! What has long expired is deleted, a little at a time; what may still matter
//! is not.

use std::time::Duration;

use auth_store::{EndSessions, SessionStore, SettingsStore};

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
    for _ in 0..33 {
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
