//! Requests that must not be done twice, in memory.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::idempotency::{
    Begun, IdempotencyError, IdempotencyStore, IdempotentRequest, OwnerId,
};
use auth_core::{Sealed, TenantId, Timestamp};

use super::MemoryStore;

/// The requests of all routes.
#[derive(Default)]
pub(super) struct Requests {
    rows: HashMap<Key, Row>,
    /// The number of rows at which expired ones are looked for again.
    sweep_at: usize,
}

type Key = (TenantId, String, [u8; 32]);

struct Row {
    fingerprint: Vec<u8>,
    owner: OwnerId,
    lease_until: Timestamp,
    expires_at: Timestamp,
    /// Whether it was done, and the answer, if one was kept.
    done: bool,
    answer: Option<Sealed>,
}

const SWEEP_FROM: usize = 1024;

fn key(request: &IdempotentRequest) -> Key {
    (request.tenant, request.route.clone(), request.key)
}

#[async_trait]
impl IdempotencyStore for MemoryStore {
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    ) -> Result<Begun, IdempotencyError> {
        let (mut state, now) = self.lock();
        let requests = &mut state.requests;
        if requests.rows.len() >= requests.sweep_at.max(SWEEP_FROM) {
            requests.rows.retain(|_, row| now < row.expires_at);
            requests.sweep_at = requests.rows.len() * 2;
        }
        let known = requests.rows.get(&key(request));
        if let Some(row) = known.filter(|row| now < row.expires_at) {
            if !request.asks(&row.fingerprint) {
                return Ok(Begun::Mismatch);
            }
            if row.done {
                return Ok(Begun::Done(row.answer.clone()));
            }
            if now < row.lease_until && row.owner != owner {
                let retry_after = row.lease_until.since(now);
                return Ok(Begun::Busy { retry_after });
            }
        }
        let fingerprint = request.fingerprints.first().map(|own| own.to_vec());
        let row = Row {
            fingerprint: fingerprint.unwrap_or_default(),
            owner,
            lease_until: now + lease,
            expires_at: now + keep.max(lease),
            done: false,
            answer: None,
        };
        requests.rows.insert(key(request), row);
        Ok(Begun::Owned)
    }

    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError> {
        let (mut state, _) = self.lock();
        let row = state.requests.rows.get_mut(&key(request));
        Ok(row
            .filter(|row| row.owner == owner)
            .map(|row| {
                row.done = true;
                row.answer = answer.cloned();
            })
            .is_some())
    }

    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError> {
        let (mut state, _) = self.lock();
        let key = key(request);
        let rows = &mut state.requests.rows;
        if rows
            .get(&key)
            .is_some_and(|row| row.owner == owner && !row.done)
        {
            rows.remove(&key);
        }
        Ok(())
    }
}
