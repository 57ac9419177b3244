//! Events, marks and users in transactions of the application's own on the same file.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite_support;

use std::time::Duration;

use auth_core::event::EventKind;
use auth_core::{EventId, TenantId};
use auth_store::{
    ConsumerStore, CreateOutcome, Effects, Identifier, NewEvent, NewUser, OutboxStore, UserStore,
};
use sqlite_support::{connect, fresh, user_id};
use sqlx::Executor;

#[tokio::test]
async fn marks_and_events_are_committed_with_the_applications_own_deed_or_not_at_all() {
    let (_directory, path, store) = fresh().await;
    let (tenant, hour) = (TenantId::DEFAULT, Duration::from_secs(3600));
    let event = EventId::from_uuid(*user_id().as_uuid());
    let kind = EventKind::new("told").unwrap();
    let told = NewEvent::new(event, kind, serde_json::json!({})).unwrap();
    let told = Effects::events("https://app.example.org/", [told]);
    let mut own = connect(&path).await;
    for (end, first, waiting) in [
        ("ROLLBACK", true, 0),
        ("COMMIT", true, 1),
        ("COMMIT", false, 1),
    ] {
        own.execute("BEGIN IMMEDIATE").await.unwrap();
        let seen = store.first_seen_in(&mut own, "billing", tenant, event, hour);
        assert_eq!(seen.await.unwrap(), first);
        let added = store.add_events_in(&mut own, tenant, &told);
        added.await.unwrap();
        own.execute(end).await.unwrap();
        let status = store.outbox_status().await.unwrap();
        assert_eq!(status.waiting, waiting);
    }
    let seen = store.first_seen("billing", tenant, event, hour).await;
    assert!(!seen.unwrap());
}

/// The user and its event go with the application's own transaction, either way.
#[tokio::test]
async fn a_user_is_made_with_the_applications_own_deed_or_not_at_all() {
    let (_directory, path, store) = fresh().await;
    let identifier = Identifier::new("ada@example.org").unwrap();
    let mut own = connect(&path).await;
    for (end, is_there) in [("ROLLBACK", false), ("COMMIT", true)] {
        let kind = EventKind::new("told").unwrap();
        let event = EventId::from_uuid(*user_id().as_uuid());
        let told = NewEvent::new(event, kind, serde_json::json!({})).unwrap();
        let told = Effects::events("https://app.example.org/", [told]);
        own.execute("BEGIN IMMEDIATE").await.unwrap();
        let ada = NewUser {
            id: user_id(),
            tenant: TenantId::DEFAULT,
            identifier: identifier.clone(),
            password_hash: None,
            password_policy: None,
            roles: Vec::new(),
        };
        let made = store.create_user_in(&mut own, &ada, &told).await;
        assert!(matches!(made.unwrap(), CreateOutcome::Created(user) if user.id == ada.id));
        let other = NewUser {
            id: user_id(),
            ..ada.clone()
        };
        let taken = store.create_user_in(&mut own, &other, &told).await;
        assert!(matches!(taken.unwrap(), CreateOutcome::Taken));
        own.execute(end).await.unwrap();
        let found = store.find_user(TenantId::DEFAULT, &identifier).await;
        let found = found.unwrap().map(|found| found.user.id);
        assert_eq!(found, is_there.then_some(ada.id));
        let waiting = store.outbox_status().await.unwrap().waiting;
        assert_eq!(waiting, u64::from(is_there));
    }
}
