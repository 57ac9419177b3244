//! What the tests of the file store have in common.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use auth_core::refresh::SecretHash;
use auth_core::{
    ClientId, Clock, RootKeyId, SessionId, SystemClock, SystemRandom, TenantId, UserId,
};
use auth_store::{
    CreateOutcome, Identifier, NewSession, NewUser, Seen, SqliteStore, User, UserStore,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tempfile::TempDir;

/// A directory, and the path of a database in it that is not there yet.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("auth.db");
    (directory, path)
}

/// A new store.
pub(crate) async fn fresh() -> (TempDir, PathBuf, SqliteStore) {
    let (directory, path) = place();
    let store = SqliteStore::open(&path).await.unwrap();
    (directory, path, store)
}

/// A connection of the application's own.
pub(crate) async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap()
}

/// Runs statements on a connection of the application's own.
pub(crate) async fn execute(path: &Path, sql: &str) {
    let mut connection = connect(path).await;
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&mut connection)
        .await
        .unwrap();
}

pub(crate) fn user_id() -> UserId {
    UserId::draw(SystemClock.now().wall, &SystemRandom::new()).unwrap()
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        id: user_id(),
        tenant: TenantId::DEFAULT,
        identifier: Identifier::new(name).unwrap(),
        password_hash: Some("$hash".to_owned()),
        password_policy: None,
        roles: vec![
            "reader, writer".to_owned(),
            String::new(),
            "5:admin,".to_owned(),
        ],
    }
}

pub(crate) async fn create(store: &SqliteStore, name: &str) -> User {
    match store.create_user(new_user(name)).await.unwrap() {
        CreateOutcome::Created(user) => user,
        other => panic!("{name}: {other:?}"),
    }
}

/// A session of a user who is as `create` made it, but for `ver` and epoch.
pub(crate) fn new_session(user: &User) -> NewSession {
    NewSession {
        id: SessionId::from_uuid(*user_id().as_uuid()),
        tenant: user.tenant,
        user: user.id,
        seen: Seen {
            ver: user.ver,
            session_epoch: user.session_epoch,
            password_hash: Some("$hash".to_owned()),
        },
        client: ClientId::default(),
        scope: "read".parse().unwrap(),
        amr: vec!["pwd".to_owned()],
        device: None,
        root: RootKeyId([0; 4]),
        secret_hash: SecretHash::from_bytes([0; 32]),
        idle: Duration::from_secs(3600),
        absolute: Duration::from_secs(7200),
    }
}
