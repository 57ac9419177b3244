//! Events that are handled twice, and requests that are done twice.

use std::time::Duration;

use async_trait::async_trait;
use auth_core::idempotency::{
    Begun, IdempotencyError, IdempotencyStore, IdempotentRequest, OwnerId,
};
use auth_core::{EventId, Sealed, TenantId};
use auth_store::{ConsumerStore, StoreError};

use super::{DAY, Flaw, Flawed};

#[async_trait]
impl ConsumerStore for Flawed {
    async fn first_seen(
        &self,
        consumer: &str,
        tenant: TenantId,
        event: EventId,
        keep: Duration,
    ) -> Result<bool, StoreError> {
        let consumer = match self.flaw {
            Flaw::MarkIgnoresConsumer => "",
            _ => consumer,
        };
        let keep = match self.flaw {
            Flaw::MarkIsForEver => DAY * 1000,
            _ => keep,
        };
        if self.has(Flaw::MarkIsReadThenWritten) {
            let mark = format!("{consumer} {event}");
            let known = self.rows.lock().await.reserved.contains(&mark);
            self.meanwhile().await;
            self.rows.lock().await.reserved.insert(mark);
            return Ok(!known);
        }
        self.inner.first_seen(consumer, tenant, event, keep).await
    }
}

impl Flawed {
    fn confused(&self, request: &IdempotentRequest) -> IdempotentRequest {
        let mut request = request.clone();
        match self.flaw {
            Flaw::FingerprintIsIgnored => request.fingerprints = vec![[0; 32]],
            Flaw::KeyIsOfAllRoutes => {
                request.route.clear();
                request.tenant = TenantId::DEFAULT;
            }
            _ => {}
        }
        request
    }
}

#[async_trait]
impl IdempotencyStore for Flawed {
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    ) -> Result<Begun, IdempotencyError> {
        let request = self.confused(request);
        let mark = format!("{:?}", request.key);
        let (lease, keep) = match self.flaw {
            Flaw::RequestLeaseIsEternal => (keep, keep),
            Flaw::KeyIsForEver => (lease, keep * 1000),
            Flaw::KeyExpiresUnderItsOwner => (lease.min(keep), keep),
            _ => (lease, keep),
        };
        match self.flaw {
            Flaw::BeginReservesFirst => {
                let taken = !self.rows.lock().await.reserved.insert(mark);
                self.meanwhile().await;
                if taken {
                    let begun = self.inner.begin_request(&request, owner, lease, keep);
                    return match begun.await? {
                        Begun::Owned => Ok(Begun::Busy { retry_after: lease }),
                        begun => Ok(begun),
                    };
                }
            }
            Flaw::BeginIsReadThenWritten => {
                let taken = self.rows.lock().await.reserved.contains(&mark);
                self.meanwhile().await;
                self.rows.lock().await.reserved.insert(mark);
                if !taken {
                    return Ok(Begun::Owned);
                }
            }
            _ => {}
        }
        self.inner.begin_request(&request, owner, lease, keep).await
    }

    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError> {
        let request = self.confused(request);
        let cut = answer.map(|answer| {
            let bytes = answer.as_bytes().iter().copied().take(1000).collect();
            Sealed::from_bytes(bytes)
        });
        let answer = match self.flaw {
            Flaw::AnswerIsCut => cut.as_ref(),
            _ => answer,
        };
        let done = self.inner.complete_request(&request, owner, answer).await?;
        Ok(done || self.has(Flaw::AnybodyMayAnswer))
    }

    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError> {
        if self.has(Flaw::NothingIsReleased) {
            return Ok(());
        }
        let request = self.confused(request);
        self.inner.release_request(&request, owner).await
    }
}
