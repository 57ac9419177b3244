//! Events and marks in transactions of the application's own on the same file.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite_support;

use std::time::Duration;

use auth_core::event::EventKind;
use auth_core::{EventId, TenantId};
use auth_store::{ConsumerStore, Effects, NewEvent, OutboxStore};
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
