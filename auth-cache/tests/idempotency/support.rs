//! Processes that remember requests in Redis.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use auth_cache::idempotency::{RedisIdempotency, RedisIdempotencyError};
use auth_cache::redis::LinkErrorKind;
use auth_core::idempotency::{
    Begun, IdempotencyError, IdempotencyKey, IdempotencyStore, IdempotentRequest, OwnerId,
};
use auth_core::{RootSecrets, Sealed, SystemRandom, TenantId};

pub(super) use super::world::{World, new_root};

/// Nothing here takes as long, on the busiest machine.
pub(super) const HANG_GUARD: Duration = Duration::from_secs(120);

/// More than usual: the machine may be busy.
pub(super) const PATIENT: Duration = Duration::from_secs(10);

/// Longer than any test.
pub(super) const LEASE: Duration = Duration::from_secs(3_600);
pub(super) const KEEP: Duration = Duration::from_secs(24 * 3_600);

impl World {
    /// The store, as a process of its own has it.
    pub(super) fn process(&self) -> Arc<RedisIdempotency> {
        self.process_with(self.root.clone(), PATIENT)
    }

    pub(super) fn process_with(
        &self,
        roots: impl Into<RootSecrets>,
        deadline: Duration,
    ) -> Arc<RedisIdempotency> {
        Arc::new(RedisIdempotency::builder(self.link(deadline), roots).build())
    }

    /// The one name that there is.
    pub(super) fn name(&self) -> String {
        let mut names = self.command(&["KEYS", "*"]);
        assert_eq!(names.len(), 1, "{names:?}");
        names.remove(0)
    }

    /// Of somebody in particular, who asks for something.
    pub(super) fn request(&self, key: &str, body: &str) -> IdempotentRequest {
        request(&RootSecrets::new(self.root.clone()), key, body)
    }
}

pub(super) fn request(roots: &RootSecrets, key: &str, body: &str) -> IdempotentRequest {
    let key = IdempotencyKey::from_header(key.as_bytes()).unwrap();
    let body = [body.as_bytes()];
    IdempotentRequest::new(
        roots,
        TenantId::DEFAULT,
        "POST /orders",
        b"ada",
        &key,
        &body,
    )
}

pub(super) fn owner() -> OwnerId {
    OwnerId::draw(&SystemRandom::new()).unwrap()
}

pub(super) fn answer(text: &str) -> Sealed {
    Sealed::from_bytes(text.as_bytes().to_vec())
}

pub(super) async fn try_begin(
    store: &RedisIdempotency,
    request: &IdempotentRequest,
    owner: OwnerId,
) -> Result<Begun, IdempotencyError> {
    let begun = store.begin_request(request, owner, LEASE, KEEP);
    tokio::time::timeout(HANG_GUARD, begun).await.unwrap()
}

pub(super) async fn begin(
    store: &RedisIdempotency,
    request: &IdempotentRequest,
    owner: OwnerId,
) -> Begun {
    try_begin(store, request, owner).await.unwrap()
}

/// Begins as somebody new, who is to have it.
pub(super) async fn owned(store: &RedisIdempotency, request: &IdempotentRequest) -> OwnerId {
    let owner = owner();
    assert_eq!(begin(store, request, owner).await, Begun::Owned);
    owner
}

pub(super) async fn is_busy(store: &RedisIdempotency, request: &IdempotentRequest) -> bool {
    matches!(begin(store, request, owner()).await, Begun::Busy { .. })
}

pub(super) async fn complete(
    store: &RedisIdempotency,
    request: &IdempotentRequest,
    owner: OwnerId,
    answer: Option<&Sealed>,
) -> Result<bool, IdempotencyError> {
    let completed = store.complete_request(request, owner, answer);
    tokio::time::timeout(HANG_GUARD, completed).await.unwrap()
}

/// What it is, of this store.
pub(super) fn cause(error: &IdempotencyError) -> &RedisIdempotencyError {
    error.source().unwrap().downcast_ref().unwrap()
}

/// What came of the call on the link.
pub(super) fn link_error(error: &IdempotencyError) -> &LinkErrorKind {
    match cause(error) {
        RedisIdempotencyError::Link(error) => error.kind(),
        other => panic!("the link did it, not {other:?}"),
    }
}

/// Waits until Redis answers this process again.
pub(super) async fn until_answered(store: &RedisIdempotency, roots: &RootSecrets) {
    let waiting = async {
        let somebody = request(roots, "somebody", "");
        while try_begin(store, &somebody, owner()).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(HANG_GUARD, waiting).await.unwrap();
}
