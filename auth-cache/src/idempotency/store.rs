use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::idempotency::{
    Begun, IdempotencyError, IdempotencyStore, IdempotentRequest, OwnerId,
};
use auth_core::{Clock, RootSecrets, Sealed};
use redis::Value;

use super::builder::RedisIdempotencyBuilder;
use super::error::RedisIdempotencyError;
use super::local::{Known, Local, Taken};
use super::script::{self, Claim, Completed, Free, Said};
use super::stats::{Counters, RedisIdempotencyStats};
use crate::redis::{Answer, Call, LinkError, RedisLink, RunId};
use crate::tier::redis::keys::{Digest, Root, Roots};
use crate::tier::redis::names::write_hex;
use crate::tiered::ttl::Moment;

/// An [`IdempotencyStore`] of which all processes with the same root secret have one
/// together.
///
/// See the [module](super) for what it promises.
pub struct RedisIdempotency {
    pub(super) link: RedisLink,
    pub(super) roots: Roots,
    pub(super) prefix: String,
    pub(super) largest_answer: usize,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) local: Local,
    pub(super) counters: Counters,
}

/// A request, as it is called.
struct Named {
    /// In the process: under the active root secret.
    digest: Digest,
    /// In Redis, under each root secret.
    names: Vec<String>,
}

impl Named {
    fn names(&self) -> Vec<&[u8]> {
        self.names.iter().map(String::as_bytes).collect()
    }
}

/// How often is asked again because somebody here came or went in between.
const TRIES: usize = 4;

impl RedisIdempotency {
    /// Begins one over `link`, for all processes that have the same root secret.
    pub fn builder(link: RedisLink, roots: impl Into<RootSecrets>) -> RedisIdempotencyBuilder {
        RedisIdempotencyBuilder::new(link, roots.into())
    }

    /// What it has seen.
    pub fn stats(&self) -> RedisIdempotencyStats {
        self.counters.read(self.local.len())
    }

    fn named(&self, request: &IdempotentRequest) -> Named {
        let digest = |root: &Root| {
            let tenant = request.tenant.as_uuid().as_bytes();
            let (prefix, route) = (self.prefix.as_bytes(), request.route.as_bytes());
            root.digest(&[b"request", prefix, tenant, route, &request.key])
        };
        let name = |root| {
            let mut name = format!("{}:idempotency:{{", self.prefix);
            // The same under each root secret: they must be in one slot.
            write_hex(&mut name, &request.key[..1]);
            name.push_str("}:");
            write_hex(&mut name, &digest(root));
            name
        };
        Named {
            digest: digest(self.roots.active()),
            names: self.roots.all().map(name).collect(),
        }
    }

    async fn ask<T>(
        &self,
        call: &Call,
        read: impl FnOnce(Value) -> Result<T, LinkError>,
    ) -> Result<(T, RunId), RedisIdempotencyError> {
        let answered = self.link.call(call).await;
        let read = answered.and_then(|Answer { value, server }| Ok((read(value)?, server)));
        read.map_err(|error| {
            self.counters.failed.one_more();
            error.into()
        })
    }

    /// `None` if it is not decided: what is known here has changed meanwhile.
    async fn begin(
        &self,
        named: &Named,
        request: &IdempotentRequest,
        wanted: Claim,
    ) -> Result<Option<Begun>, RedisIdempotencyError> {
        let known = || {
            let now = self.now();
            let known = self.local.known(&named.digest, request, wanted.owner, now);
            (known, now)
        };
        let (knew, asked) = known();
        let claim = match knew {
            Known::Mismatch => return Ok(Some(Begun::Mismatch)),
            Known::Nothing => wanted,
            Known::Taken { .. } => Claim {
                free: Free::Look,
                ..wanted
            },
            Known::Done { owner, keep } => Claim {
                owner,
                keep,
                free: Free::SetDone,
                ..wanted
            },
        };
        let call = script::begin(&named.names(), request, &claim);
        let (said, server) = self.ask(&call, script::said).await?;
        Ok(match (said, claim.free) {
            (Said::Busy(retry_after), _) => Some(Begun::Busy { retry_after }),
            (Said::Mismatch, _) => Some(Begun::Mismatch),
            (Said::Done(answer), _) => Some(Begun::Done(answer)),
            (Said::Free, Free::SetDone) => {
                self.forgotten();
                Some(Begun::Done(None))
            }
            (Said::Free, Free::Look) => {
                let (Known::Taken { owner, lease, keep }, _) = known() else {
                    return Ok(None);
                };
                self.forgotten();
                // For who has it. If that is over in this moment, it is a lease on nothing.
                let free = Free::Take;
                let put_back = Claim {
                    owner,
                    lease,
                    keep,
                    free,
                };
                let call = script::begin(&named.names(), request, &put_back);
                self.ask(&call, script::said).await?;
                let retry_after = lease;
                Some(Begun::Busy { retry_after })
            }
            (Said::Free, Free::Take) => {
                let taken = Taken {
                    owner: claim.owner,
                    lease_until: asked + claim.lease,
                    keep_until: asked + claim.keep,
                    server,
                };
                if self.local.take(&named.digest, request, taken, self.now()) {
                    self.counters.owned.one_more();
                    Some(Begun::Owned)
                } else {
                    // Redis has lost it in between, and who has it here is to complete it.
                    let given_back = script::release(&named.names(), claim.owner);
                    self.ask(&given_back, |_| Ok(())).await?;
                    self.forgotten();
                    None
                }
            }
        })
    }

    async fn complete(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, RedisIdempotencyError> {
        let named = self.named(request);
        // Before anybody is asked: it is done, whatever comes of that.
        let finished = self.local.finish(&named.digest, owner, self.now());
        let keep = finished.as_ref().map_or(Duration::ZERO, |it| it.keep);
        let call = script::complete(&named.names(), request, owner, keep, answer);
        let read = |value: Value| script::completed(&value);
        let (completed, server) = self.ask(&call, read).await?;
        if finished.is_some_and(|it| it.server != server) {
            self.counters.moved.one_more();
        }
        match completed {
            Completed::Done => {}
            Completed::Restored => self.forgotten(),
            Completed::NotOwned => self.counters.lost.one_more(),
        }
        Ok(completed != Completed::NotOwned)
    }

    fn forgotten(&self) {
        self.counters.forgotten.one_more();
        tracing::warn!("redis has forgotten a request that is taken or done");
    }

    fn now(&self) -> Moment {
        Moment::of(self.clock.mono())
    }
}

#[async_trait]
impl IdempotencyStore for RedisIdempotency {
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    ) -> Result<Begun, IdempotencyError> {
        let named = self.named(request);
        let wanted = Claim {
            owner,
            lease,
            keep: keep.max(lease),
            free: Free::Take,
        };
        for _ in 0..TRIES {
            if let Some(begun) = self.begin(&named, request, wanted).await? {
                return Ok(begun);
            }
        }
        let retry_after = Duration::from_secs(1);
        Ok(Begun::Busy { retry_after })
    }

    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError> {
        let most = self.largest_answer;
        let bytes = answer.map_or(0, |it| it.as_bytes().len());
        let kept = answer.filter(|_| bytes <= most);
        let completed = self.complete(request, owner, kept).await?;
        if completed && bytes > most {
            return Err(RedisIdempotencyError::AnswerTooLarge { bytes, most }.into());
        }
        Ok(completed)
    }

    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError> {
        let named = self.named(request);
        self.local.release(&named.digest, owner);
        let call = script::release(&named.names(), owner);
        let (released, _) = self.ask(&call, |_| Ok(())).await?;
        Ok(released)
    }
}

impl fmt::Debug for RedisIdempotency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisIdempotency")
            .field("link", &self.link)
            .field("prefix", &self.prefix)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
