//! Which events were handled, in memory.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::{EventId, TenantId, Timestamp};

use super::MemoryStore;
use crate::error::StoreError;
use crate::traits::ConsumerStore;

/// Until when each event counts as handled.
#[derive(Default)]
pub(super) struct Consumed {
    marks: HashMap<(String, TenantId, EventId), Timestamp>,
    /// The number of marks at which expired ones are looked for again.
    sweep_at: usize,
}

const SWEEP_FROM: usize = 1024;

#[async_trait]
impl ConsumerStore for MemoryStore {
    async fn first_seen(
        &self,
        consumer: &str,
        tenant: TenantId,
        event: EventId,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let (mut state, now) = self.lock();
        let Consumed { marks, sweep_at } = &mut state.consumed;
        if marks.len() >= (*sweep_at).max(SWEEP_FROM) {
            marks.retain(|_, until| now < *until);
            *sweep_at = marks.len() * 2;
        }
        let until = marks
            .entry((consumer.to_owned(), tenant, event))
            .or_default();
        if now < *until {
            return Ok(false);
        }
        *until = now + keep;
        Ok(true)
    }
}
