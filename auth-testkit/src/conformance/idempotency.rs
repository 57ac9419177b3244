//! A request is done once, in a store that remembers requests. What each case holds it
//! to is said at its like in [`requests`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::idempotency::{
    Begun, IdempotencyError, IdempotencyStore, IdempotentRequest, OwnerId,
};
use auth_core::{Sealed, TenantId};
use auth_store::Store;

use super::Subject;
use super::requests::{self, Requests};
use super::world::World;

/// What a store remembers.
struct OfStore<'a>(&'a dyn Subject);

#[async_trait]
impl Requests for OfStore<'_> {
    async fn processes(&self) -> [Arc<dyn IdempotencyStore>; 2] {
        let (first, second) = (self.0.store(), self.0.second().await);
        [Arc::new(Handle(first)), Arc::new(Handle(second))]
    }

    async fn pass(&self, time: Duration) {
        self.0.pass(time).await;
    }

    async fn tenant(&self) -> TenantId {
        World::new(self.0).await.tenant().await
    }
}

#[derive(Debug)]
struct Handle(Arc<dyn Store>);

impl Handle {
    fn store(&self) -> &dyn IdempotencyStore {
        self.0.idempotency_store().unwrap()
    }
}

#[async_trait]
impl IdempotencyStore for Handle {
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    ) -> Result<Begun, IdempotencyError> {
        let store = self.store();
        store.begin_request(request, owner, lease, keep).await
    }

    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError> {
        let store = self.store();
        store.complete_request(request, owner, answer).await
    }

    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError> {
        self.store().release_request(request, owner).await
    }
}

macro_rules! in_stores {
    ($($(#[$doc:meta])* $case:ident)+) => {
        $(
            $(#[$doc])*
            pub async fn $case(subject: &dyn Subject) {
                if subject.store().idempotency_store().is_some() {
                    requests::$case(&OfStore(subject)).await;
                }
            }
        )+
    };
}

in_stores! {
    /// Of several who send one request at once, one does it.
    of_32_requests_with_one_key_one_is_done
    /// What was answered is answered again, sealed as it was.
    a_request_that_was_done_gets_its_answer
    /// The same key for something else is refused, while it is done and after.
    a_key_is_of_one_request_only
    /// Of another tenant, route or caller, it is another key.
    a_key_is_of_one_tenant_route_and_caller
    /// Who does not come back in time loses the request to whoever asks next, and
    /// cannot answer it any more.
    a_lost_request_is_done_by_the_next
    /// A request that was not done is done by the next, whatever it asks.
    a_released_request_begins_anew
    /// A key is remembered as long as was asked, and no longer.
    a_key_is_remembered_for_its_time
    /// However short it is to be remembered, a request is its owner's for the lease.
    a_key_is_remembered_while_it_is_owned
    /// A dropped begin took the request or did not; its owner can tell by asking.
    a_dropped_begin_is_made_or_not
}
