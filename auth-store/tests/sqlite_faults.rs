//! Cancelled calls, damage, and others that write to the same file.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite_support;

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use auth_core::refresh::{RefreshToken, Salt, TokenSecret};
use auth_core::revocation::{Cursor, RevocationLog};
use auth_core::{ClientId, RootSecret, RootSecrets, Sealed, SystemRandom, TenantId, UserId};
use auth_store::{
    EndSessions, Identifier, NewSession, NewSigningKey, PasswordChange, RotateOutcome, Rotation,
    SessionStore, SettingsStore, SigningKeyStore, SqliteStore, StoreErrorKind, TenantStore,
    UserStatus, UserStore,
};
use sqlite_support::{connect, create, execute, fresh, new_session, new_user};
use uuid::Uuid;

const TENANT: TenantId = TenantId::DEFAULT;

/// Asks, and goes away at once.
fn poll_once<T>(mut future: Pin<Box<dyn Future<Output = T> + Send + '_>>) {
    let _ = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
}

fn rotation(root: &RootSecret, token: &RefreshToken) -> Rotation {
    Rotation {
        tenant: TENANT,
        client: ClientId::default(),
        presented: token.open(&RootSecrets::new(root.clone()), TENANT).unwrap(),
        root: root.id(),
        salt: Salt::draw(&SystemRandom::new()).unwrap(),
        grace: Duration::from_secs(30),
        idle: Duration::from_secs(3600),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_go_away_leave_the_store_usable() {
    let (_directory, _, store) = fresh().await;
    let user = create(&store, "ada").await;
    let root = RootSecret::generate(&SystemRandom::new()).unwrap();
    let secret = TokenSecret::draw(&SystemRandom::new()).unwrap();
    for round in 0..200 {
        let session = NewSession {
            root: root.id(),
            secret_hash: secret.hash(),
            ..new_session(&user)
        };
        let token = RefreshToken::encode(&root, TENANT, session.id, 0, &secret);
        let rotation = rotation(&root, &token);
        let key = NewSigningKey {
            kid: "k".to_owned(),
            algorithm: "EdDSA".to_owned(),
            private: Sealed::from_bytes(vec![1]),
        };
        poll_once(store.create_tenant(TenantId::from_uuid(Uuid::from_u128(round))));
        poll_once(store.create_user(new_user(&format!("user{round}"))));
        poll_once(store.open_session(session.clone()));
        poll_once(store.rotate_session(&rotation));
        poll_once(store.end_sessions(TENANT, EndSessions::One(session.id)));
        poll_once(store.settings(Duration::from_secs(300)));
        poll_once(store.add_signing_key(&key, None, Duration::ZERO));
        let unknown = UserId::from_uuid(Uuid::nil());
        poll_once(store.set_user_roles(TENANT, unknown, Vec::new()));
        poll_once(store.set_user_status(TENANT, unknown, UserStatus::Disabled));
        poll_once(store.change_password(PasswordChange {
            tenant: TENANT,
            user: unknown,
            seen_hash: None,
            seen_epoch: None,
            new_hash: String::new(),
            new_policy: None,
        }));
        poll_once(store.find_user(TENANT, &Identifier::new("ada").unwrap()));
        poll_once(store.sessions(TENANT, user.id));
        poll_once(store.read_log(&Cursor::start()));
    }
    let session = NewSession {
        root: root.id(),
        secret_hash: secret.hash(),
        ..new_session(&user)
    };
    let token = RefreshToken::encode(&root, TENANT, session.id, 0, &secret);
    store.open_session(session).await.unwrap();
    let rotated = store
        .rotate_session(&rotation(&root, &token))
        .await
        .unwrap();
    assert!(matches!(rotated, RotateOutcome::Rotated(_)));
    assert!(store.read_log(&Cursor::start()).await.is_ok());
    assert!(
        store
            .find_user(TENANT, &Identifier::new("ada").unwrap())
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writers_at_once_are_all_answered() {
    let (_directory, _, store) = fresh().await;
    let tasks: Vec<_> = (0..500)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { create(&store, &format!("user{number}")).await })
        })
        .collect();
    for task in tasks {
        let user = task.await.unwrap();
        assert_eq!(
            store.user(TENANT, user.id).await.unwrap().unwrap().user,
            user
        );
    }
}

#[tokio::test]
async fn a_write_waits_for_the_application_and_then_says_so() {
    let (_directory, path, store) = fresh().await;
    let mut theirs = connect(&path).await;
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut theirs)
        .await
        .unwrap();
    let late = store.create_user(new_user("ada")).await.unwrap_err();
    assert_eq!(late.kind(), StoreErrorKind::Timeout);
    // Reading goes on meanwhile.
    assert!(store.read_log(&Cursor::start()).await.is_ok());
    sqlx::raw_sql("COMMIT").execute(&mut theirs).await.unwrap();
    create(&store, "ada").await;
}

async fn corrupt(store: &SqliteStore, path: &Path, sql: &str) -> StoreErrorKind {
    execute(
        path,
        &format!("PRAGMA ignore_check_constraints = ON; {sql}"),
    )
    .await;
    store
        .find_user(TENANT, &Identifier::new("ada").unwrap())
        .await
        .unwrap_err()
        .kind()
}

#[tokio::test]
async fn what_cannot_be_understood_is_an_error_and_not_a_guess() {
    let (_directory, path, store) = fresh().await;
    let user = create(&store, "ada").await;
    for sql in [
        "UPDATE auth_users SET status = 'locked'",
        "UPDATE auth_users SET status = 'active', roles = '9:x,'",
        "UPDATE auth_users SET roles = '', id = x'00'",
        "DROP TABLE auth_sessions; DROP TABLE auth_users",
    ] {
        assert_eq!(
            corrupt(&store, &path, sql).await,
            StoreErrorKind::Corrupt,
            "{sql}"
        );
    }
    let write = store.set_user_roles(TENANT, user.id, Vec::new()).await;
    assert_eq!(write.unwrap_err().kind(), StoreErrorKind::Corrupt);

    let unknown = "INSERT INTO auth_revocations (kind, tenant_id, expires_at) \
                   VALUES ('planet', zeroblob(16), 9223372036854775807)";
    execute(
        &path,
        &format!("PRAGMA ignore_check_constraints = ON; {unknown}"),
    )
    .await;
    assert!(
        store.read_log(&Cursor::start()).await.is_err(),
        "a log row is never skipped"
    );
}

#[tokio::test]
async fn a_damaged_page_is_an_error_and_not_an_answer() {
    let (_directory, path, store) = fresh().await;
    for number in 0..200 {
        create(&store, &format!("user{number}")).await;
    }
    drop(store);
    // What waits in the write-ahead log goes into the file.
    execute(&path, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096 * 4..].fill(0x55);
    std::fs::write(&path, bytes).unwrap();
    let kind = match SqliteStore::open(&path).await {
        Ok(store) => {
            let damaged = store
                .find_user(TENANT, &Identifier::new("user150").unwrap())
                .await;
            damaged.unwrap_err().kind()
        }
        Err(auth_store::OpenError::NotADatabase { .. }) => StoreErrorKind::Corrupt,
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(kind, StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn the_log_is_read_in_full_with_a_cursor_that_is_not_of_this_file() {
    let (_directory, _, store) = fresh().await;
    let user = create(&store, "ada").await;
    for _ in 0..3 {
        let _ = store
            .set_user_roles(TENANT, user.id, Vec::new())
            .await
            .unwrap();
    }
    let page = store.read_log(&Cursor::start()).await.unwrap();
    assert_eq!(page.rows.len(), 3);
    assert!(store.read_log(&page.next).await.unwrap().rows.is_empty());

    let settings = store.settings(Duration::ZERO).await.unwrap();
    let from_beyond = format!("sqlite:{}:4", settings.store);
    let from_elsewhere = format!("sqlite:{}:3", Uuid::nil());
    for text in [
        from_beyond.as_str(),
        &from_elsewhere,
        "sqlite::",
        "memory:x:1",
        "sqlite:x:-1",
        "3",
    ] {
        let cursor = Cursor::from_text(text.to_owned());
        assert_eq!(
            store.read_log(&cursor).await.unwrap().rows.len(),
            3,
            "{text}"
        );
    }
}
