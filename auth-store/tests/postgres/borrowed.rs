//! On connections that are not ours alone: pools that are handed in.

use std::time::Duration;

use auth_store::{
    ConnectError, OpenOutcome, PgStore, SessionStore, StoreErrorKind, UserStatus, UserStore,
};
use auth_testkit::servers::{self, Postgres};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor, PgPool};

use super::support::{Place, TENANT, fresh, run, schema, value};

async fn pool(url: &str, settings: &'static [(&'static str, &'static str)]) -> PgPool {
    let options: PgConnectOptions = url.parse().unwrap();
    PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(options.options(settings.iter().copied()))
        .await
        .unwrap()
}

async fn on(pool: &PgPool, place: &Place) -> PgStore {
    PgStore::builder_on(pool.clone())
        .with_schema(place.schema.as_str())
        .connect()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_application_set_on_its_connections_stays_and_means_nothing_to_us() {
    const THEIRS: &[(&str, &str)] = &[
        ("default_transaction_isolation", "serializable"),
        ("default_transaction_read_only", "on"),
        ("search_path", "nowhere"),
        ("statement_timeout", "77s"),
    ];
    let place = fresh().await;
    let pool = pool(&place.url, THEIRS).await;
    let store = on(&pool, &place).await;
    let user = place.user().await;
    let changed = store.set_user_status(TENANT, user.id, UserStatus::Disabled);
    assert_eq!(changed.await.unwrap().revoked.len(), 1);
    let mut theirs = pool.acquire().await.unwrap();
    for (name, set) in THEIRS {
        let now: String = value(&mut theirs, "", &format!("SHOW {name}")).await;
        assert_eq!(now.replace("min", ""), set.replace("min", ""), "{name}");
    }
    let left: i64 = value(
        &mut theirs,
        "",
        "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%session_epoch%' AND statement NOT LIKE '%pg_prepared_statements%'",
    )
    .await;
    assert_eq!(left, 0, "nothing of ours is left on it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_on_it_has_our_time_and_not_the_applications() {
    let place = fresh().await;
    let user = place.user().await;
    let pool = pool(&place.url, &[("statement_timeout", "0")]).await;
    let store = PgStore::builder_on(pool.clone())
        .with_schema(place.schema.as_str())
        .with_statement_timeout(Duration::from_millis(300))
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
    let opened = store.open_session(place.new_session(&user).0).await;
    assert_eq!(opened.unwrap_err().kind(), StoreErrorKind::Timeout);
    run(&mut beside, &place.schema, "ROLLBACK").await;
    let opened = store.open_session(place.new_session(&user).0).await;
    assert!(matches!(opened.unwrap(), OpenOutcome::Opened(_)));
}

/// What we reported as done would be undone with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_the_application_left_open_never_holds_ours() {
    let place = fresh().await;
    let user = place.user().await;
    let pool = pool(&place.url, &[]).await;
    let store = on(&pool, &place).await;
    for left in [
        "BEGIN; CREATE TABLE IF NOT EXISTS {s}.theirs (n int)",
        "BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1",
        "BEGIN; SELECT 1 / 0",
    ] {
        let mut theirs = pool.acquire().await.unwrap();
        let left = left.replace("{s}", &place.schema);
        theirs
            .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(left.clone())))
            .await
            .ok();
        drop(theirs);
        let (session, _) = place.new_session(&user);
        let opened = store.open_session(session.clone()).await.unwrap();
        assert!(matches!(opened, OpenOutcome::Opened(_)), "{left}");
        // Whatever becomes of their connection.
        let mut theirs = pool.acquire().await.unwrap();
        theirs.execute("ROLLBACK").await.unwrap();
        drop(theirs);
        let listed = place.store.sessions(TENANT, user.id).await.unwrap();
        assert!(
            listed.iter().any(|listed| listed.id == session.id),
            "{left}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_of_a_server_that_forgets_is_refused() {
    let url = servers::postgres_url().await.unwrap();
    let pool = pool(&url, &[("synchronous_commit", "off")]).await;
    let builder = || PgStore::builder_on(pool.clone()).with_schema(schema());
    let refused = builder().connect().await;
    assert!(
        matches!(refused, Err(ConnectError::AsynchronousCommit)),
        "{refused:?}"
    );
    let accepted = builder()
        .danger_accept_asynchronous_commit()
        .connect()
        .await;
    accepted.unwrap();
}

/// The pool goes on with whatever its name leads to; no statement of ours does.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_leads_to_a_server_that_forgets_is_unavailable_later_too() {
    let server = Postgres::start().await.unwrap();
    let pool = pool(&server.url(), &[]).await;
    let store = PgStore::builder_on(pool.clone()).connect().await.unwrap();
    let user = auth_core::UserId::from_uuid(uuid::Uuid::from_u128(1));
    assert_eq!(store.user(TENANT, user).await.unwrap(), None);
    let mut theirs = pool.acquire().await.unwrap();
    theirs
        .execute("SET synchronous_commit = off")
        .await
        .unwrap();
    drop(theirs);
    let refused = store.user(TENANT, user).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable);
}
