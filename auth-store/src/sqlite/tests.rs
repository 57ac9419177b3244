//! What cannot be seen from outside: plans, and failures in mid-transaction.

use std::sync::Arc;

use auth_core::{Clock, SystemClock, SystemRandom, TenantId, UserId};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::error::failed;
use super::writer::Tx;
use super::{
    SqliteStore, api_key, consumed, idempotency, log, open, outbox, platform, rotate, session, user,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::identifier::Identifier;
use crate::traits::{CreateOutcome, NewUser, TenantStore, UserStore};

async fn fresh() -> (TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("auth.db"))
        .await
        .unwrap();
    (directory, store)
}

fn new_user(name: &str) -> NewUser {
    NewUser {
        id: UserId::draw(SystemClock.now().wall, &SystemRandom::new()).unwrap(),
        tenant: TenantId::DEFAULT,
        identifier: Identifier::new(name).unwrap(),
        password_hash: Some("hash".repeat(100)),
        password_policy: None,
        roles: Vec::new(),
    }
}

async fn run(store: &SqliteStore, sql: &'static str) -> Result<(), StoreError> {
    store.write(move |tx| Box::pin(execute(tx, sql))).await
}

async fn execute(tx: &mut Tx, sql: &'static str) -> Result<(), StoreError> {
    sqlx::query(sql)
        .execute(&mut tx.connection)
        .await
        .map(drop)
        .map_err(failed)
}

async fn exists(store: &SqliteStore, name: &str) -> bool {
    let name = Identifier::new(name).unwrap();
    store
        .find_user(TenantId::DEFAULT, &name)
        .await
        .unwrap()
        .is_some()
}

/// Keeps the writer busy until the sender is used, so that what is asked
/// meanwhile goes into one transaction.
fn hold(store: &SqliteStore) -> (oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let (release, released) = oneshot::channel();
    let store = store.clone();
    let held = tokio::spawn(async move {
        let work = store.write(|_| {
            Box::pin(async move {
                released.await.ok();
                Ok(())
            })
        });
        work.await.unwrap();
    });
    (release, held)
}

const FILL: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO auth_users SELECT zeroblob(16), randomblob(16), i, i, NULL, 'active', 1, 1, '', 0, NULL FROM n;
    INSERT INTO auth_sessions
        SELECT tenant_id, randomblob(16), id, 1, 'c', '', '', 0, NULL, 0, zeroblob(4), zeroblob(16),
               zeroblob(32), 0, NULL, 9, 9, NULL, NULL FROM auth_users;
    INSERT INTO auth_revocations (kind, tenant_id, subject, floor, expires_at)
        SELECT 'user', tenant_id, id, 1, 9 FROM auth_users;
    INSERT INTO auth_api_keys (id, tenant_id, user_id, name, scope, hash, created_at)
        SELECT randomblob(16), tenant_id, id, 'n', '', zeroblob(32), 0 FROM auth_users;
    INSERT INTO auth_platform_accounts
        SELECT tenant_id, 'p', hex(id), id, 0 FROM auth_users;
    INSERT INTO auth_outbox (tenant_id, id, subject, source, kind, data, time, due_at)
        SELECT tenant_id, id, identifier, '', 'k', '{}', 0, 0 FROM auth_users;
    INSERT INTO auth_consumed SELECT tenant_id, 'c', id, 9 FROM auth_users;
    INSERT INTO auth_idempotency_keys
        SELECT tenant_id, 'r', CAST(id || id AS BLOB), zeroblob(32), zeroblob(16), 0, 0, NULL, 9 FROM auth_users;";

#[tokio::test]
async fn hot_queries_use_indexes_when_new_and_at_scale() {
    let (directory, store) = fresh().await;
    for prepare in ["SELECT 1", FILL, "ANALYZE"] {
        run(&store, prepare).await.unwrap();
        // Opened now: EXPLAIN does not look for statistics that are new.
        let options = super::options(&directory.path().join("auth.db"));
        let mut connection = options.connect().await.unwrap();
        for sql in [
            user::BY_ID,
            user::BY_IDENTIFIER,
            open::USER,
            session::LIST,
            open::FORGET,
            rotate::FIND,
            api_key::FIND,
            api_key::OF_TENANT,
            api_key::OF_USER,
            platform::FIND,
            platform::OF_USER,
            log::READ,
            log::FORGET,
            outbox::HEADS,
            outbox::BEHIND,
            consumed::FORGET,
            idempotency::FIND,
            idempotency::FORGET,
        ] {
            let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let plan = sqlx::query(explain)
                .fetch_all(&mut connection)
                .await
                .unwrap();
            for step in plan.iter().map(|row| row.get::<String, _>("detail")) {
                // One row, and one row for each AUTOINCREMENT table.
                let small = ["SCAN auth_settings", "SCAN sqlite_sequence"];
                // What a walk over the outbox has found, and its one start; the next
                // row in an index's own order.
                let found = [
                    "SCAN w",
                    "SCAN t",
                    "SCAN f",
                    "SCAN walk",
                    "SCAN again",
                    "SCAN start",
                ];
                let next = "SCAN o USING COVERING INDEX auth_outbox_by_subject";
                let small = small.contains(&step.as_str())
                    || found.contains(&step.as_str())
                    || step == next;
                assert!(small || !step.contains("SCAN"), "{step}: {sql}");
                assert!(!step.contains("TEMP B-TREE FOR ORDER"), "{step}: {sql}");
                // A whole tenant is not to be walked through.
                assert!(!step.ends_with("(tenant_id=?)"), "{step}: {sql}");
            }
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_leaves_nothing_half_written() {
    let (_directory, store) = fresh().await;
    run(&store, "PRAGMA max_page_count = 60").await.unwrap();
    let mut created = Vec::new();
    let error = loop {
        let name = format!("user{}", created.len());
        match store.create_user(new_user(&name)).await {
            Ok(_) => created.push(name),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(!exists(&store, &format!("user{}", created.len())).await);
    for name in &created {
        assert!(exists(&store, name).await, "{name}");
    }
    run(&store, "PRAGMA max_page_count = 100000").await.unwrap();
    let again = store
        .create_user(new_user(&format!("user{}", created.len())))
        .await;
    assert!(matches!(again, Ok(CreateOutcome::Created(_))));
}

#[tokio::test]
async fn a_database_that_became_read_only_is_unavailable_until_it_is_writable() {
    let (_directory, store) = fresh().await;
    run(&store, "PRAGMA query_only = ON").await.unwrap();
    let refused = store.create_user(new_user("ada")).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
    assert!(!exists(&store, "ada").await);
    run(&store, "PRAGMA query_only = OFF").await.unwrap();
    assert!(matches!(
        store.create_user(new_user("ada")).await,
        Ok(CreateOutcome::Created(_))
    ));
}

#[tokio::test]
async fn a_command_that_fails_leaves_no_trace_and_its_neighbours_alone() {
    let (_directory, store) = fresh().await;
    let (release, held) = hold(&store);
    let asked = tokio::spawn({
        let store = store.clone();
        async move {
            let failing = store.write(|tx| {
                Box::pin(async move {
                    execute(tx, "DELETE FROM auth_settings").await?;
                    execute(tx, "INSERT INTO no_such_table VALUES (1)").await
                })
            });
            let (ada, failed, bob) = tokio::join!(
                store.create_user(new_user("ada")),
                failing,
                store.create_user(new_user("bob"))
            );
            assert!(ada.is_ok() && bob.is_ok());
            assert_eq!(failed.unwrap_err().kind(), StoreErrorKind::Corrupt);
        }
    });
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    held.await.unwrap();
    asked.await.unwrap();
    assert!(exists(&store, "ada").await && exists(&store, "bob").await);
    let settings: i64 = sqlx::query_scalar("SELECT count(*) FROM auth_settings")
        .fetch_one(&store.readers)
        .await
        .unwrap();
    assert_eq!(settings, 1);
}

#[test]
fn a_runtime_that_ends_in_mid_transaction_leaves_the_store_usable() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let (first, second) = (runtime(), runtime());
    let (_directory, store) = first.block_on(fresh());
    let (begun, has_begun) = oneshot::channel();
    let half = store.clone();
    first.spawn(async move {
        half.write(|tx| {
            Box::pin(async move {
                execute(tx, "DELETE FROM auth_settings").await?;
                begun.send(()).ok();
                std::future::pending::<Result<(), _>>().await
            })
        })
        .await
    });
    first.block_on(has_begun).unwrap();
    drop(first);
    second.block_on(async {
        store.create_tenant(TenantId::DEFAULT).await.unwrap();
        let settings: i64 = sqlx::query_scalar("SELECT count(*) FROM auth_settings")
            .fetch_one(&store.readers)
            .await
            .unwrap();
        assert_eq!(settings, 1);
    });
}

#[tokio::test]
async fn a_panic_in_a_command_is_the_end_of_that_command_alone() {
    let (_directory, store) = fresh().await;
    let panicking: Result<(), _> = store
        .write(|_| Box::pin(async { panic!("on purpose") }))
        .await;
    assert_eq!(
        panicking.unwrap_err().kind(),
        StoreErrorKind::OutcomeUnknown
    );
    assert!(store.create_user(new_user("ada")).await.is_ok());
    assert_eq!(Arc::strong_count(&store.writer), 1);
}
