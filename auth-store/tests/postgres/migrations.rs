//! The schema, and servers that are refused.

use std::time::Duration;

use auth_core::revocation::{Cursor, RevocationLog};
use auth_core::{PolicyVersion, Sealed, UserId};
use auth_store::{
    AddKeyOutcome, ConnectError, NewSigningKey, PasswordChange, PgStore, SettingsStore,
    SigningKeyStore, UserStore,
};
use auth_testkit::servers::{self, Postgres};
use sqlx::{Connection, PgConnection};

use super::support::{TENANT, builder, connection, fresh, run, schema, value};

async fn server() -> (String, PgConnection) {
    let url = servers::postgres_url().await.unwrap();
    let beside = connection(&url).await;
    (url, beside)
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_instances_may_start_at_once() {
    let (url, mut beside) = server().await;
    for _ in 0..3 {
        let schema = schema();
        let starts: Vec<_> = (0..8)
            .map(|_| tokio::spawn(builder(&url, &schema).with_max_connections(1).connect()))
            .collect();
        let mut identities = Vec::new();
        for start in starts {
            let store = start.await.unwrap().unwrap();
            identities.push(store.settings(Duration::ZERO).await.unwrap().store);
            store.close().await;
        }
        identities.dedup();
        assert_eq!(identities.len(), 1);
        let steps = "SELECT count(*) FROM {s}.migrations";
        let steps: i64 = value(&mut beside, &schema, steps).await;
        let scripts = PgStore::migration_scripts(&schema).unwrap();
        assert_eq!(usize::try_from(steps), Ok(scripts.len()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_applications_stays_as_it_was() {
    let (url, mut beside) = server().await;
    let database = schema();
    run(&mut beside, &database, "CREATE DATABASE {s}").await;
    let (server, _) = url.rsplit_once('/').unwrap();
    let url = format!("{server}/{database}");
    let mut theirs = connection(&url).await;
    let application = "
        CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL,
            installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL,
            checksum bytea NOT NULL, execution_time bigint NOT NULL);
        INSERT INTO _sqlx_migrations VALUES (1, 'theirs', now(), true, '\\x00', 1);
        CREATE TABLE users (name text); INSERT INTO users VALUES ('theirs');
        CREATE TABLE migrations (name text)";
    run(&mut theirs, "", application).await;
    let store = PgStore::connect(&url).await.unwrap();
    store.settings(Duration::from_secs(300)).await.unwrap();
    let tables = "SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c \
                  WHERE c.relnamespace = to_regnamespace('{s}') AND c.relkind = 'r'";
    let public: String = value(&mut theirs, "public", tables).await;
    assert_eq!(public, "_sqlx_migrations migrations users");
    let ours: String = value(&mut theirs, "auth", tables).await;
    assert_eq!(
        ours,
        "api_keys attempts consumed idempotency_keys lives migrations outbox outbox_dead platform_accounts revocations sessions settings signing_keys tenants users"
    );
    let rows: i64 = value(
        &mut theirs,
        "",
        "SELECT (SELECT count(*) FROM _sqlx_migrations) + (SELECT count(*) FROM users) + (SELECT count(*) FROM migrations)",
    )
    .await;
    assert_eq!(rows, 2);
}

/// What the first version wrote goes on under the second.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_schema_keeps_its_keys_and_its_log() {
    let (url, mut beside) = server().await;
    let schema = schema();
    let first = PgStore::migration_scripts(&schema).unwrap().swap_remove(0);
    run(&mut beside, &schema, &first).await;
    let old = "INSERT INTO {s}.signing_keys (kid, algorithm, private, first) VALUES ('kid', 'EdDSA', '\\x01', true);
        INSERT INTO {s}.revocations (tenant, kind, subject, expires_at)
            VALUES (gen_random_uuid(), 'session', gen_random_uuid(), now() + interval '1 hour')";
    run(&mut beside, &schema, old).await;
    let store = builder(&url, &schema).connect().await.unwrap();
    let keys = store.signing_keys().await.unwrap().keys;
    assert_eq!((keys.len(), keys[0].kid.as_str()), (1, "kid"));
    assert_eq!(
        (keys[0].active_at, keys[0].revoked_at),
        (keys[0].created_at, None)
    );
    let page = store.read_log(&Cursor::start()).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    let next = NewSigningKey {
        kid: "next".to_owned(),
        algorithm: "EdDSA".to_owned(),
        private: Sealed::from_bytes(vec![2]),
    };
    let added = store.add_signing_key(&next, Some("kid"), Duration::ZERO);
    assert_eq!(added.await.unwrap(), AddKeyOutcome::Stored);
}

/// The schema as it was before policy versions were kept, with a user.
async fn before_policy_versions(beside: &mut PgConnection, schema: &str) {
    let scripts = PgStore::migration_scripts(schema).unwrap();
    for script in &scripts[..3] {
        run(beside, schema, script).await;
    }
    let old = "INSERT INTO {s}.users (tenant, id, identifier, identifier_norm, password_hash)
        SELECT id, id, 'old', 'old', 'first' FROM {s}.tenants";
    run(beside, schema, old).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c78_who_was_there_before_versions_were_kept_has_none_until_the_next_password() {
    // What an operator asks for.
    const OLDER: &str = "SELECT count(*) FROM {s}.users \
         WHERE password_hash IS NOT NULL AND password_policy IS DISTINCT FROM 1";
    let (url, mut beside) = server().await;
    let schema = schema();
    before_policy_versions(&mut beside, &schema).await;
    let store = builder(&url, &schema).connect().await.unwrap();
    let old = UserId::from_uuid(*TENANT.as_uuid());
    let found = store.user(TENANT, old).await.unwrap().unwrap();
    assert_eq!(found.user.password_policy, None);
    assert_eq!(value::<i64>(&mut beside, &schema, OLDER).await, 1);
    // An instance of the version before writes what it knows of.
    let old_sign_up = "INSERT INTO {s}.users (tenant, id, identifier, identifier_norm)
        SELECT id, gen_random_uuid(), 'new', 'new' FROM {s}.tenants";
    run(&mut beside, &schema, old_sign_up).await;
    let change = PasswordChange {
        tenant: TENANT,
        user: old,
        seen_hash: Some("first".to_owned()),
        seen_epoch: None,
        new_hash: "second".to_owned(),
        new_policy: Some(PolicyVersion::CURRENT),
    };
    let _ = store.change_password(change).await.unwrap();
    let found = store.user(TENANT, old).await.unwrap().unwrap();
    assert_eq!(found.user.password_policy, Some(PolicyVersion::CURRENT));
    assert_eq!(value::<i64>(&mut beside, &schema, OLDER).await, 0);
}

/// Everybody who logs in would wait behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_migration_does_not_wait_long_for_the_users() {
    let (url, mut beside) = server().await;
    let schema = schema();
    before_policy_versions(&mut beside, &schema).await;
    // A backup, say.
    let reading = "BEGIN; LOCK TABLE {s}.users IN ACCESS SHARE MODE";
    run(&mut beside, &schema, reading).await;
    let gave_up = builder(&url, &schema).connect().await;
    assert!(
        matches!(gave_up, Err(ConnectError::Migration { version: 4, .. })),
        "{gave_up:?}"
    );
    run(&mut beside, &schema, "COMMIT").await;
    builder(&url, &schema).connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_another_version_is_refused() {
    let place = fresh().await;
    let again = || builder(&place.url, &place.schema).connect();
    let mut beside = place.beside().await;
    run(
        &mut beside,
        &place.schema,
        "INSERT INTO {s}.migrations VALUES (99, 'later', '\\x00')",
    )
    .await;
    assert!(matches!(
        again().await,
        Err(ConnectError::Newer { version: 99 })
    ));
    let altered = "DELETE FROM {s}.migrations WHERE version = 99; UPDATE {s}.migrations SET checksum = '\\x00'";
    run(&mut beside, &place.schema, altered).await;
    assert!(matches!(
        again().await,
        Err(ConnectError::Altered { version: 1 })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_changes_nothing() {
    let (url, mut beside) = server().await;
    let schema = schema();
    run(
        &mut beside,
        &schema,
        "CREATE SCHEMA {s}; CREATE TABLE {s}.signing_keys ()",
    )
    .await;
    let failed = builder(&url, &schema).connect().await;
    assert!(
        matches!(failed, Err(ConnectError::Migration { version: 1, .. })),
        "{failed:?}"
    );
    let made = "SELECT count(*) FROM pg_class WHERE relnamespace = '{s}'::regnamespace";
    assert_eq!(value::<i64>(&mut beside, &schema, made).await, 1);
    run(&mut beside, &schema, "DROP TABLE {s}.signing_keys").await;
    builder(&url, &schema).connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_change_no_schema_is_enough_once_others_have() {
    let (url, mut beside) = server().await;
    let schema = schema();
    run(&mut beside, &schema, "CREATE ROLE {s} LOGIN PASSWORD 'x'").await;
    let (_, host) = url.rsplit_once('@').unwrap();
    let limited =
        || builder(&format!("postgres://{schema}:x@{host}"), &schema).without_migrations();
    let missing = limited().connect().await;
    assert!(
        matches!(missing, Err(ConnectError::Outdated { version: 1 })),
        "{missing:?}"
    );

    for script in PgStore::migration_scripts(&schema).unwrap() {
        run(&mut beside, &schema, &script).await;
    }
    let grants = "GRANT USAGE ON SCHEMA {s} TO {s}; \
                  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {s} TO {s}; \
                  REVOKE INSERT, UPDATE, DELETE ON {s}.migrations FROM {s}";
    run(&mut beside, &schema, grants).await;
    for store in [
        limited().connect().await,
        builder(&format!("postgres://{schema}:x@{host}"), &schema)
            .connect()
            .await,
    ] {
        let lifetime = Duration::from_secs(300);
        assert_eq!(
            store
                .unwrap()
                .settings(lifetime)
                .await
                .unwrap()
                .max_token_lifetime,
            lifetime
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_sql_may_name_the_schema_and_nothing_else_may_be_in_it() {
    let (url, _) = server().await;
    let store = PgStore::builder(&url)
        .with_schema("order")
        .connect()
        .await
        .unwrap();
    store.settings(Duration::ZERO).await.unwrap();
    for bad in ["public", "pg_catalog", "Auth", "a\"b", "a b", ""] {
        let refused = PgStore::builder(&url).with_schema(bad).connect().await;
        assert!(matches!(refused, Err(ConnectError::Schema(name)) if name == bad));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_what_it_acknowledged_is_refused() {
    let (url, _) = server().await;
    let url = format!("{url}?options=-c%20synchronous_commit%3Doff");
    let refused = builder(&url, &schema()).connect().await;
    assert!(
        matches!(refused, Err(ConnectError::AsynchronousCommit)),
        "{refused:?}"
    );
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("synchronous_commit")
    );
    builder(&url, &schema())
        .danger_accept_asynchronous_commit()
        .connect()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_refused() {
    let mut server = Postgres::start().await.unwrap();
    let url = server.url();
    PgStore::connect(&url).await.unwrap().close().await;
    let mut beside = connection(&url).await;
    run(
        &mut beside,
        "",
        "COPY (SELECT) TO PROGRAM 'touch standby.signal'",
    )
    .await;
    beside.close().await.unwrap();
    let restarting = tokio::spawn(async move {
        // It never becomes a primary that is ready.
        let _ = server.restart().await;
        server
    });
    for _ in 0..200 {
        match PgStore::connect(&url).await {
            Err(ConnectError::Standby) => return restarting.abort(),
            Err(ConnectError::Failed(_)) => tokio::time::sleep(Duration::from_millis(50)).await,
            other => panic!("{other:?}"),
        }
    }
    panic!("the standby does not answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_cannot_be_read_is_named_and_not_shown() {
    let refused = PgStore::connect("postgres://user:hunter2@host:port/")
        .await
        .unwrap_err();
    assert!(matches!(refused, ConnectError::Url(_)));
    assert!(!format!("{refused:?}").contains("hunter2"));
    let builder = PgStore::builder("postgres://user:hunter2@127.0.0.1:1/");
    assert!(!format!("{builder:?}").contains("hunter2"));
    let unreachable = builder.connect().await.unwrap_err();
    assert!(matches!(unreachable, ConnectError::Failed(_)));
    assert!(!format!("{unreachable:?}").contains("hunter2"));
}
