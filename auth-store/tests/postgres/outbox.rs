//! What only PostgreSQL can get wrong about events.

use std::time::Duration;

use auth_core::event::EventKind;
use auth_core::{EventId, SystemRandom, Timestamp};
use auth_store::{
    Claim, ConsumerStore, Delivery, Effects, NewEvent, OutboxStatus, OutboxStore, RelayId,
};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::support::{TENANT, builder, fresh, run, value};

const CLAIM: Claim = Claim {
    subjects: 64,
    of_each: 16,
    lease: Duration::from_secs(60),
};

pub(super) fn event_id() -> EventId {
    EventId::draw(
        Timestamp::from_unix_seconds(1_700_000_000),
        &SystemRandom::new(),
    )
    .unwrap()
}

pub(super) fn effects() -> Effects {
    let kind = EventKind::new("told").unwrap();
    let event = NewEvent::new(event_id(), kind, serde_json::json!({})).unwrap();
    Effects::events("https://auth.example.org/", [event])
}

/// A backlog of one subject that is as large as ten thousand users', and theirs.
const BACKLOG: &str = "
    INSERT INTO {s}.outbox (tenant, id, subject, source, kind, data, time)
        SELECT '00000000-0000-0000-0000-000000000000', gen_random_uuid(),
            CASE WHEN i <= 50000 THEN 'hot' ELSE 'user' || i % 1000 END, 's', 'k', '{}', now()
        FROM generate_series(1, 60000) i;
    VACUUM ANALYZE {s}.outbox";

/// With plans for the values, and with one for all values.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_looks_at_few_rows_however_many_wait() {
    const CLAIMS: i64 = 12;
    let place = fresh().await;
    let mut beside = place.beside().await;
    for sql in BACKLOG.split(";\n") {
        run(&mut beside, &place.schema, sql).await;
    }
    let looked_at = async |beside: &mut sqlx::PgConnection| {
        // Backends report when they end.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let sql = "SELECT seq_tup_read, (SELECT sum(i.idx_tup_read) FROM pg_stat_user_indexes i \
                       WHERE i.relid = t.relid)::bigint \
                   FROM pg_stat_user_tables t WHERE schemaname = '{s}' AND relname = 'outbox'";
        let sql = sql.replace("{s}", &place.schema);
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(beside)
            .await
            .unwrap();
        (row.get::<i64, _>(0), row.get::<i64, _>(1))
    };
    place.store.close().await;
    let before = looked_at(&mut beside).await;
    let store = builder(&place.url, &place.schema)
        .with_max_connections(1)
        .connect()
        .await
        .unwrap();
    let relay = RelayId(Uuid::from_u128(1));
    let mut taken = 0;
    for _ in 0..CLAIMS {
        let claimed = store.claim_events(relay, CLAIM).await.unwrap();
        taken += i64::try_from(claimed.len()).unwrap();
        let published: Vec<_> = claimed
            .iter()
            .map(|claimed| (claimed.event.sequence, Delivery::Published))
            .collect();
        store.settle_events(relay, &published).await.unwrap();
    }
    store.close().await;
    let after = looked_at(&mut beside).await;
    assert!(taken > 0);
    assert_eq!(after.0 - before.0, 0, "the outbox was read from end to end");
    // Eight times as many subjects as it asks for, each in a few steps.
    let found = after.1 - before.1;
    assert!(
        found <= CLAIMS * 8 * 64 * 8 + taken * 8,
        "{found} rows were looked at"
    );
}

/// The relay looks every few seconds: it counts no further than it must.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_the_outbox_counts_no_more_than_its_bound() {
    let place = fresh().await;
    let mut beside = place.beside().await;
    let many = "INSERT INTO {s}.outbox (tenant, id, subject, source, kind, data, time) \
                SELECT '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 's', 's', 'k', '{}', now() \
                FROM generate_series(1, 100050)";
    run(&mut beside, &place.schema, many).await;
    let status = place.store.outbox_status().await.unwrap();
    assert_eq!((status.waiting, status.dead), (OutboxStatus::MOST, 0));
    assert!(status.oldest.is_some());
}

/// One statement, one transaction: no round trip more.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_has_its_changes_transaction() {
    let place = fresh().await;
    let user = place.user().await;
    let mut beside = place.beside().await;
    let (session, _) = place.new_session(&user);
    let id = session.id;
    let telling = place.store.carrying(effects());
    telling.open_session(session).await.unwrap();
    let of_session = format!("SELECT xmin::text FROM {{s}}.sessions WHERE id = '{id}'");
    let of_session: String = value(&mut beside, &place.schema, &of_session).await;
    let of_event = "SELECT xmin::text FROM {s}.outbox";
    let of_event: String = value(&mut beside, &place.schema, of_event).await;
    assert_eq!(of_event, of_session);
}

/// Marks and keys whose time is over go, the others stay.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_expired_is_deleted_and_nothing_else() {
    let place = fresh().await;
    let mut beside = place.beside().await;
    let old = "INSERT INTO {s}.consumed SELECT gen_random_uuid(), 'old', gen_random_uuid(), \
                   now() + (i - 300) * interval '1 hour' - interval '30 min' FROM generate_series(1, 400) i; \
               INSERT INTO {s}.idempotency_keys (tenant, route, key, fingerprint, owner, lease_until, expires_at) \
                   SELECT gen_random_uuid(), 'old', sha256('k'), sha256('f'), \
                       decode(repeat('00', 16), 'hex'), now(), \
                       now() + (i - 300) * interval '1 hour' - interval '30 min' FROM generate_series(1, 400) i";
    run(&mut beside, &place.schema, old).await;
    for _ in 0..129 {
        let hour = Duration::from_secs(3600);
        let first = place.store.first_seen("new", TENANT, event_id(), hour);
        assert!(first.await.unwrap());
    }
    let left = "SELECT (SELECT count(*) FROM {s}.consumed WHERE consumer = 'old') * 1000 \
                + (SELECT count(*) FROM {s}.idempotency_keys)";
    for _ in 0..200 {
        if value::<i64>(&mut beside, &place.schema, left).await == 100_100 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let left: i64 = value(&mut beside, &place.schema, left).await;
    panic!("{left} are left");
}
