//! Opening: what is made, what is refused, and what is left alone.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite_support;

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use auth_core::TenantId;
use auth_core::revocation::{Cursor, RevocationLog};
use auth_store::{OpenError, SettingsStore, SqliteStore, UserStore};
use sqlite_support::{connect, create, execute, fresh, place};
use sqlx::Connection;

async fn refused(path: impl AsRef<Path>) -> OpenError {
    let path = path.as_ref();
    let error = SqliteStore::open(path).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains(&path.display().to_string()), "{message}");
    error
}

#[tokio::test]
async fn what_was_stored_is_there_when_the_file_is_opened_again() {
    let (_directory, path, store) = fresh().await;
    let user = create(&store, "ada").await;
    let settings = store.settings(Duration::from_secs(300)).await.unwrap();
    drop(store);

    let store = SqliteStore::open(&path).await.unwrap();
    let found = store
        .user(TenantId::DEFAULT, user.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.user, user);
    assert_eq!(store.settings(Duration::ZERO).await.unwrap(), settings);
}

#[tokio::test]
async fn two_stores_have_two_identities() {
    let ((_a, _, a), (_b, _, b)) = (fresh().await, fresh().await);
    let (a, b) = (
        a.settings(Duration::ZERO).await.unwrap(),
        b.settings(Duration::ZERO).await.unwrap(),
    );
    assert_ne!(a.store, b.store);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, _, store) = fresh().await;
    create(&store, "ada").await;
    let files: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(files.iter().any(|file| file.file_name() == "auth.db-wal"));
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
}

#[tokio::test]
async fn a_file_in_use_is_refused_under_any_name_and_free_once_the_store_is_dropped() {
    let (directory, path, mut store) = fresh().await;
    assert!(matches!(refused(&path).await, OpenError::InUse { .. }));
    assert!(matches!(
        refused(directory.path().join("./auth.db")).await,
        OpenError::InUse { .. }
    ));
    #[cfg(unix)]
    {
        let link = directory.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(refused(&link).await, OpenError::InUse { .. }));
    }
    for round in 0..100 {
        create(&store, &format!("user{round}")).await;
        drop(store);
        store = SqliteStore::open(&path).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_no_file_path_is_refused_by_name() {
    for url in [
        "sqlite:auth.db",
        "sqlite://auth.db",
        "file:auth.db?mode=memory",
        ":memory:",
        "",
    ] {
        assert!(
            matches!(refused(url).await, OpenError::NotAPath { .. }),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_place_that_cannot_hold_a_database_is_refused_by_name() {
    let (directory, path) = place();
    assert!(matches!(
        refused(directory.path()).await,
        OpenError::NotAFile { .. }
    ));
    assert!(matches!(
        refused(path.join("none/auth.db")).await,
        OpenError::NoDirectory { .. }
    ));
    std::fs::write(&path, "").unwrap();
    assert!(matches!(
        refused(path.join("auth.db")).await,
        OpenError::NoDirectory { .. }
    ));
    #[cfg(target_os = "linux")]
    {
        assert!(matches!(
            refused("/dev/null").await,
            OpenError::NotAFile { .. }
        ));
        // Nobody makes files here, not even root.
        assert!(matches!(
            refused("/sys/auth.db").await,
            OpenError::NotWritable { .. }
        ));
    }
}

#[tokio::test]
async fn a_read_only_file_is_refused_by_name() {
    let (_directory, path, store) = fresh().await;
    drop(store);
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    if std::fs::OpenOptions::new().write(true).open(&path).is_ok() {
        return; // Root writes what is read-only.
    }
    assert!(matches!(
        refused(&path).await,
        OpenError::NotWritable { .. }
    ));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let (_directory, path) = place();
    let garbage = "not a database. ".repeat(1000);
    std::fs::write(&path, &garbage).unwrap();
    let error = refused(&path).await;
    assert!(matches!(error, OpenError::NotADatabase { .. }));
    assert!(error.source().is_some());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), garbage);
}

#[tokio::test]
async fn the_applications_own_tables_are_left_alone() {
    const OWN: &str = "SELECT group_concat(name || sql) FROM sqlite_schema WHERE name NOT LIKE 'auth\\_%' \
                       ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let (_directory, path) = place();
    execute(
        &path,
        "PRAGMA user_version = 7;
         CREATE TABLE users (name TEXT);
         INSERT INTO users VALUES ('theirs');
         CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT);
         INSERT INTO counted VALUES (41);
         CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, checksum BLOB NOT NULL);
         INSERT INTO _sqlx_migrations VALUES (20260101, x'00');",
    )
    .await;
    let schema = || async {
        let mut connection = connect(&path).await;
        let schema: String = sqlx::query_scalar(OWN)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let version: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let rows: String = sqlx::query_scalar(
            "SELECT (SELECT name FROM users) || (SELECT max(id) FROM counted) || \
                    (SELECT count(*) || max(version) FROM _sqlx_migrations)",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        connection.close().await.unwrap();
        (schema, version, rows)
    };
    let before = schema().await;
    let store = SqliteStore::open(&path).await.unwrap();
    create(&store, "ada").await;
    assert_eq!(store.read_log(&Cursor::start()).await.unwrap().rows, []);
    assert_eq!(schema().await, before);
    assert_eq!(before.1, 7);
}

#[tokio::test]
async fn tables_of_others_with_our_names_are_refused() {
    for foreign in ["auth_users", "auth_migrations"] {
        let (_directory, path) = place();
        execute(
            &path,
            &format!("CREATE TABLE {foreign} (theirs); INSERT INTO {foreign} VALUES (1)"),
        )
        .await;
        assert!(
            matches!(refused(&path).await, OpenError::ForeignSchema { .. }),
            "{foreign}"
        );
        execute(&path, &format!("DELETE FROM {foreign} WHERE theirs = 1")).await;
    }
}

#[tokio::test]
async fn a_schema_that_is_newer_or_altered_is_refused() {
    let (_directory, path, store) = fresh().await;
    drop(store);
    execute(&path, "UPDATE auth_migrations SET checksum = x'00'").await;
    assert!(matches!(
        refused(&path).await,
        OpenError::ForeignSchema { .. }
    ));
    execute(
        &path,
        "INSERT INTO auth_migrations (version, description, success, checksum, execution_time) \
         VALUES (1000, 'from the future', TRUE, x'00', 0)",
    )
    .await;
    assert!(matches!(
        refused(&path).await,
        OpenError::NewerSchema { schema: 1000, .. }
    ));
}

#[tokio::test]
async fn a_database_that_the_application_holds_locked_is_refused_in_time() {
    let (_directory, path) = place();
    let mut theirs = connect(&path).await;
    sqlx::raw_sql("CREATE TABLE theirs (id); BEGIN EXCLUSIVE")
        .execute(&mut theirs)
        .await
        .unwrap();
    assert!(matches!(refused(&path).await, OpenError::Locked { .. }));
    sqlx::raw_sql("COMMIT").execute(&mut theirs).await.unwrap();
    assert!(SqliteStore::open(&path).await.is_ok());
}
