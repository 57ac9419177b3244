//! No call reads a table from end to end, however many rows it has.

use std::collections::BTreeMap;
use std::time::Duration;

use auth_core::api_key::ApiKeyHash;
use auth_core::revocation::{Cursor, RevocationLog};
use auth_core::{ApiKeyId, Network, Scope, SessionId, UserId};
use auth_store::{
    ApiKeyRotation, ApiKeyStore, Attempt, AttemptFrom, AttemptStore, Consistency,
    CreateApiKeyOutcome, EndSessions, HashRenewal, Identifier, LookUpStore, NewApiKey,
    PasswordChange, PgStore, PlatformKey, PlatformStore, Purged, Reservation, SessionStore,
    SettingsStore, Settlement, UserStatus, UserStore,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use uuid::Uuid;

use super::support::{TENANT, builder, fresh, run};

const SEED: &str = "
    INSERT INTO {s}.users (tenant, id, identifier, identifier_norm, password_hash)
        SELECT '00000000-0000-0000-0000-000000000000', lpad(to_hex(i), 32, '0')::uuid, 'u' || i, 'u' || i, 'first'
        FROM generate_series(1, 20000) i;
    INSERT INTO {s}.sessions (tenant, id, user_id, epoch, client_id, scope, amr, auth_time, generation, root,
            salt, secret_hash, rotated_at, idle_expires_at, expires_at)
        SELECT u.tenant, u.id, u.id, 1, 'first-party', '', '{}', now(), 0, '\\x01020304', decode(repeat('00', 16), 'hex'),
            sha256('x'), now(), now() + interval '1 day', now() + interval '2 days' FROM {s}.users u;
    INSERT INTO {s}.revocations (tenant, kind, subject, expires_at)
        SELECT s.tenant, 'session', s.id, now() + interval '10 min' FROM {s}.sessions s;
    INSERT INTO {s}.api_keys (id, tenant, user_id, name, scope, hash, created_at)
        SELECT u.id, u.tenant, u.id, 'n', '', sha256('x'), now() FROM {s}.users u;
    INSERT INTO {s}.platform_accounts (tenant, platform, external_id, user_id, linked_at)
        SELECT u.tenant, 'p', u.identifier, u.id, now() FROM {s}.users u;
    INSERT INTO {s}.attempts (tenant, account, budget, failures, wait_until, known_until, expires_at)
        SELECT u.tenant, sha256(u.id::text::bytea), 'others', 1, now(), 'epoch', now() + interval '1 day' FROM {s}.users u;
    VACUUM ANALYZE {s}.users, {s}.sessions, {s}.revocations, {s}.attempts, {s}.api_keys, {s}.platform_accounts";

/// Of each table: rows that were read from end to end, and those that indexes
/// led to.
async fn reads(beside: &mut PgConnection, schema: &str) -> BTreeMap<String, (i64, i64)> {
    // Backends report when they end.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let sql = format!(
        "SELECT t.relname::text, t.seq_tup_read, \
                (SELECT sum(i.idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = t.relid)::bigint \
         FROM pg_stat_user_tables t WHERE t.schemaname = '{schema}' \
           AND t.relname IN ('attempts', 'users', 'sessions', 'revocations', 'api_keys', 'platform_accounts')"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .fetch_all(beside)
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2))))
        .collect()
}

/// What is done with API keys and accounts at platforms in one turn.
async fn keys_and_accounts(store: &PgStore, turn: u32) {
    let id = |n: u32| user_id(turn, n);
    let key = |n: u32| ApiKeyId::from_uuid(*id(n).as_uuid());
    let known = store.find_api_key(key(1)).await.unwrap().unwrap();
    store.api_keys(TENANT, None, Some(key(1)), 3).await.unwrap();
    store.api_keys(TENANT, Some(id(2)), None, 3).await.unwrap();
    assert!(store.note_api_key_use(key(1)).await.unwrap());
    let rotation = ApiKeyRotation {
        tenant: TENANT,
        key: key(1),
        seen: known.hash,
        hash: ApiKeyHash::from_bytes([1; 32]),
        overlap: Duration::ZERO,
    };
    store.rotate_api_key(&rotation).await.unwrap();
    let _ = store.revoke_api_key(TENANT, None, key(7)).await.unwrap();
    let _ = store.revoke_api_keys(TENANT, id(8)).await.unwrap();
    let new = NewApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(u128::MAX - u128::from(turn))),
        tenant: TENANT,
        user: id(9),
        name: "n".to_owned(),
        scope: Scope::empty(),
        hash: ApiKeyHash::from_bytes([9; 32]),
        lifetime: None,
        limit: 2,
    };
    let made = store.create_api_key(new).await.unwrap();
    assert!(matches!(made, CreateApiKeyOutcome::Created(_)));
    let account = |n: u32| PlatformKey::new("p", format!("u{}", turn * 10 + n)).unwrap();
    store.find_by_platform(TENANT, &account(8)).await.unwrap();
    store.platform_accounts(TENANT, id(8)).await.unwrap();
    store
        .link_platform(TENANT, id(8), &account(8))
        .await
        .unwrap();
    let _ = store
        .unlink_platform(TENANT, id(8), &account(8))
        .await
        .unwrap();
}

async fn attempts(store: &PgStore, turn: u32) {
    let attempt = Attempt {
        tenant: TENANT,
        identifier: Identifier::new(&format!("u{}", turn * 10 + 7)).unwrap(),
        from: AttemptFrom::Network(Network::UNKNOWN),
    };
    let (reservation, _) = store.reserve_attempt(&attempt).await.unwrap();
    let Reservation::Reserved(charge) = reservation else {
        panic!("nobody has tried before")
    };
    for how in [Settlement::Unused, Settlement::Success] {
        store.settle_attempt(&attempt, charge, how).await.unwrap();
    }
    let account = attempt.account();
    store.forget_attempts(TENANT, &account).await.unwrap();
}

async fn look_ups(store: &PgStore, turn: u32) {
    let name = Identifier::new(&format!("u{}", turn * 10 + 1)).unwrap();
    let renewal = HashRenewal {
        tenant: TENANT,
        user: user_id(turn, 7),
        seen_hash: Some("first".into()),
        new_hash: "first".into(),
    };
    assert!(store.renew_password_hash(renewal).await.unwrap());
    for how in [Consistency::Strong, Consistency::Eventual] {
        store
            .look_up_user(TENANT, user_id(turn, 8), how)
            .await
            .unwrap()
            .unwrap();
        let found = store.look_up_identifier(TENANT, &name, how).await;
        found.unwrap().unwrap();
        let listed = store
            .look_up_sessions(TENANT, user_id(turn, 8), how)
            .await
            .unwrap();
        assert_eq!(listed.len(), 1);
    }
}

/// The nth user of a turn.
fn user_id(turn: u32, n: u32) -> UserId {
    UserId::from_uuid(Uuid::from_u128(u128::from(turn * 10 + n)))
}

/// One session of a user, and all of another's.
async fn sessions_end(store: &PgStore, turn: u32) {
    let session = SessionId::from_uuid(*user_id(turn, 2).as_uuid());
    let all = EndSessions::AllOf(user_id(turn, 3));
    for which in [EndSessions::One(session), all] {
        let ended = store.end_sessions(TENANT, which).await.unwrap();
        assert_eq!(ended.value, 1);
    }
}

/// Of what is done, all is done twenty times on one connection: five times with
/// plans for the values, then with one for all values.
#[tokio::test(flavor = "multi_thread")]
async fn every_call_finds_its_rows_by_an_index() {
    const TURNS: u32 = 20;
    let place = fresh().await;
    let mut seeding = place.beside().await;
    for sql in SEED.split(";\n") {
        run(&mut seeding, &place.schema, sql).await;
    }
    // So that it reports what it has read before that is counted.
    seeding.close().await.unwrap();
    let mut beside = place.beside().await;
    let store = builder(&place.url, &place.schema)
        .with_max_connections(1)
        .connect()
        .await
        .unwrap();
    let cursor = store.read_log(&Cursor::start()).await.unwrap().next;
    store.close().await;
    let before = reads(&mut beside, &place.schema).await;

    let store = builder(&place.url, &place.schema)
        .with_max_connections(1)
        .connect()
        .await
        .unwrap();
    let lifetime = Duration::from_secs(300);
    store.settings(lifetime).await.unwrap();
    for turn in 0..TURNS {
        let user = place.user().await;
        let (_, token) = place.open(&user).await;
        let id = |n: u32| user_id(turn, n);
        store.user(TENANT, id(1)).await.unwrap().unwrap();
        let name = Identifier::new(&format!("u{}", turn * 10 + 1)).unwrap();
        store.find_user(TENANT, &name).await.unwrap().unwrap();
        store
            .open_session(place.new_session(&user).0)
            .await
            .unwrap();
        // A rotation, a replay and a reuse.
        for _ in 0..2 {
            store.rotate_session(&place.rotation(&token)).await.unwrap();
        }
        let reused = auth_store::Rotation {
            grace: Duration::ZERO,
            ..place.rotation(&token)
        };
        store.rotate_session(&reused).await.unwrap();
        store.sessions(TENANT, id(1)).await.unwrap();
        sessions_end(&store, turn).await;
        let change = PasswordChange {
            tenant: TENANT,
            user: id(4),
            seen_hash: Some("first".into()),
            seen_epoch: None,
            new_hash: "second".into(),
            new_policy: None,
        };
        let _ = store.change_password(change).await.unwrap();
        let _ = store
            .set_user_status(TENANT, id(5), UserStatus::Disabled)
            .await
            .unwrap();
        let _ = store
            .set_user_roles(TENANT, id(6), vec!["a".into()])
            .await
            .unwrap();
        store.read_log(&cursor).await.unwrap();
        attempts(&store, turn).await;
        look_ups(&store, turn).await;
        // Ends sessions that are looked at before.
        keys_and_accounts(&store, turn).await;
        // There is nothing to delete, and that is found by looking at no more than
        // the API keys.
        assert_eq!(store.purge().await.unwrap(), Purged::default());
    }
    store.close().await;
    place.store.close().await;
    let after = reads(&mut beside, &place.schema).await;

    for (table, (scanned, found)) in after {
        let (scanned, found) = (scanned - before[&table].0, found - before[&table].1);
        assert_eq!(scanned, 0, "{table} was read from end to end");
        // Reading the log gives the eight new rows of each turn so far.
        let bound = if table == "revocations" {
            6 * TURNS * TURNS
        } else {
            40 * TURNS
        };
        // No index says which keys have ended: a purge walks over all, once.
        let walked = if table == "api_keys" {
            20_010 * TURNS
        } else {
            0
        };
        assert!(
            found <= i64::from(bound + walked),
            "{found} rows of {table} were looked at"
        );
        assert!(found > 0, "{table} was not used");
    }
}
