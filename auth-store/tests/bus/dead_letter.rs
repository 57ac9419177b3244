//! An event that a bus refuses, with one behind it that it takes.

use std::sync::Arc;
use std::time::Duration;

use auth_core::TenantId;
use auth_core::event::Publisher;
use auth_store::{DeadLetter, Store};

use super::flow::{add, end, event, outbox, relay, until_empty};

/// Of one subject, an event numbered 0 with a text of `large` bytes that the bus does not
/// take, and one numbered 1 behind it.
pub(crate) async fn refused(
    store: &Arc<dyn Store>,
    strict: Arc<dyn Publisher>,
    large: usize,
) -> DeadLetter {
    let large = serde_json::json!({ "n": 0, "text": "x".repeat(large) });
    let small = serde_json::json!({ "n": 1 });
    let both = vec![
        event("flow.told", "s", large),
        event("flow.told", "s", small),
    ];
    let id = both[0].id();
    add(store, both).await;
    let relay = relay(store, strict).with_attempts(2).start().unwrap();
    until_empty(store).await;
    let stats = relay.shut_down(Duration::from_secs(5)).await;
    assert_eq!((stats.published, stats.refused, stats.dead), (1, 2, 1));
    let mut letters = outbox(store).dead_letters(0, 10).await.unwrap();
    assert_eq!((letters.len(), letters[0].event.id), (1, id));
    letters.remove(0)
}

/// Sends it again, to a bus that takes it.
pub(crate) async fn replayed(
    store: &Arc<dyn Store>,
    letter: &DeadLetter,
    lenient: Arc<dyn Publisher>,
) {
    let ids = [letter.event.id];
    let put_back = outbox(store).replay_dead_letters(TenantId::DEFAULT, &ids);
    assert_eq!(put_back.await.unwrap(), 1);
    let relay = relay(store, lenient).start().unwrap();
    until_empty(store).await;
    end(vec![relay]).await;
}
