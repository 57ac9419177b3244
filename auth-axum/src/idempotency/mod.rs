//! Requests that a client may send again: the layer.

mod answer;
mod complete;
mod request;
mod service;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::TenantId;
use auth_core::idempotency::Idempotency;
use http::request::Parts;
use tower_layer::Layer;

pub use service::IdempotencyService;

/// What is done once for each `Idempotency-Key`
/// (draft-ietf-httpapi-idempotency-key-header): a client that lost the answer
/// sends the request again with the same key, and gets the answer of the first.
///
/// | the request | answer |
/// |---|---|
/// | without the header, or `GET`, `HEAD`, `OPTIONS` | as without this layer |
/// | the first with its key | is done |
/// | the same again while that is being done | 409 `request_in_progress`, with `Retry-After` |
/// | the same again afterwards | the first answer, with `Idempotent-Replayed: true` |
/// | … if that was not kept | 409 `already_done` |
/// | another one with the same key | 422 `idempotency_key_reused` |
/// | a header that is no key, or two of them | 400 `invalid_request` |
///
/// A key belongs to a tenant, a method and route, and a caller: the identity that an
/// [`AuthLayer`](crate::AuthLayer) outside of this one has let in, else whom
/// [`with_caller`](Self::with_caller) says, else what the headers `Authorization` and
/// `Cookie` say, else nobody. Two callers may use the same key. The
/// same request is the same path, query, content type and body; the path is the whole
/// one, in nested routers too.
///
/// # What is remembered
/// Answers with a status of 2xx or 3xx: status, body, `Content-Type`,
/// `Content-Encoding`, `Content-Language`, `Location`, `ETag`, `Cache-Control` and
/// `Vary`, sealed, so that the store can read none of them. What the request asked for
/// is kept as an HMAC.
///
/// An answer that says `Cache-Control: no-store` or sets a cookie holds a secret and
/// is not kept, and neither is one whose length is not known beforehand or more than
/// 64 KiB: that it was done is remembered all the same. Put no route that answers
/// tokens under this layer; a client that lost those logs in again.
///
/// Refusals and failures (4xx, 5xx) are not remembered: they have done nothing, and
/// the same key may be used again, for a corrected request too. A handler that
/// answers 500 after it has done something is done again.
///
/// # When a client hangs up, or an instance dies
/// The request is seen through in a task of its own, for three quarters of the lease;
/// its answer waits for the next try. An instance that dies leaves its key taken until
/// the lease is over; then the next request with it is done.
///
/// What was done while the store was away is answered, and stored as soon as the store
/// is back. If that is not before the lease is over, the next request with its key is
/// done too.
///
/// ```
/// # use std::sync::Arc;
/// use auth_axum::IdempotencyLayer;
/// use auth_core::idempotency::Idempotency;
/// use auth_core::{RootSecret, SystemRandom};
/// use auth_store::MemoryStore;
/// use axum::{Router, routing::post};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let root = RootSecret::generate(&SystemRandom::new())?; // keep yours
/// let keys = Idempotency::new(Arc::new(MemoryStore::new()), root);
/// let app: Router = Router::new()
///     .route("/orders", post(|| async { "ordered" }))
///     .route_layer(IdempotencyLayer::new(keys)); // and an AuthLayer outside of it
/// # Ok(()) }
/// ```
///
/// # Defaults
/// - remembers a key for 24 h
/// - lease: 60 s
/// - a request's body: 64 KiB at most (413), there within 10 s (408)
/// - tenant: the identity's, else [`TenantId::DEFAULT`]
/// - caller: the identity, else the headers `Authorization` and `Cookie`
/// - a key is not required
#[derive(Clone)]
pub struct IdempotencyLayer {
    settings: Arc<Settings>,
}

/// Says whose a request is.
type Caller = dyn Fn(&Parts) -> Vec<u8> + Send + Sync;

#[derive(Clone)]
pub(crate) struct Settings {
    keys: Idempotency,
    keep: Duration,
    lease: Duration,
    max_body: usize,
    body_timeout: Duration,
    required: bool,
    tenant: Arc<dyn Fn(&Parts) -> TenantId + Send + Sync>,
    caller: Option<Arc<Caller>>,
}

impl IdempotencyLayer {
    /// Remembers requests as `keys` says.
    pub fn new(keys: Idempotency) -> Self {
        Self {
            settings: Arc::new(Settings {
                keys,
                keep: Duration::from_secs(24 * 3600),
                lease: Duration::from_secs(60),
                max_body: 64 * 1024,
                body_timeout: Duration::from_secs(10),
                required: false,
                tenant: Arc::new(|_| TenantId::DEFAULT),
                caller: None,
            }),
        }
    }

    /// Remembers a key for this long, and never for less than the lease.
    pub fn with_retention(self, keep: Duration) -> Self {
        self.set(|settings| settings.keep = keep)
    }

    /// Takes a request for lost when it was not done within this.
    pub fn with_lease(self, lease: Duration) -> Self {
        self.set(|settings| settings.lease = lease)
    }

    /// Takes bodies of at most so many bytes, that arrive within this.
    pub fn with_body_limits(self, bytes: usize, within: Duration) -> Self {
        self.set(|settings| {
            settings.max_body = bytes;
            settings.body_timeout = within;
        })
    }

    /// Refuses requests without a key, with 400 `invalid_request`.
    pub fn required(self) -> Self {
        self.set(|settings| settings.required = true)
    }

    /// Reads the tenant of a request that nobody was let in with from its head, in
    /// which the path is the whole one, in nested routers too.
    pub fn with_tenant(self, tenant: impl Fn(&Parts) -> TenantId + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.tenant = Arc::new(tenant))
    }

    /// Reads whose a request is that nobody was let in with from its head: what
    /// stays the same when it is sent again, such as the user of a log-in by cookie.
    /// Without it that is all of `Authorization` and `Cookie`, and a cookie that
    /// changes between two tries makes them two requests, which are both done.
    ///
    /// Two users that it cannot tell apart get each other's answers.
    ///
    /// ```
    /// # use auth_axum::IdempotencyLayer;
    /// # #[derive(Clone)] struct SessionUser(String);
    /// # fn layer(layer: IdempotencyLayer) -> IdempotencyLayer {
    /// layer.with_caller(|parts| {
    ///     // As a layer outside of this one has left it there.
    ///     let user = parts.extensions.get::<SessionUser>();
    ///     user.map_or_else(Vec::new, |user| user.0.clone().into_bytes())
    /// })
    /// # }
    /// ```
    pub fn with_caller(self, caller: impl Fn(&Parts) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.caller = Some(Arc::new(caller)))
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl fmt::Debug for IdempotencyLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyLayer")
            .field("keep", &self.settings.keep)
            .field("lease", &self.settings.lease)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for IdempotencyLayer {
    type Service = IdempotencyService<S>;

    fn layer(&self, inner: S) -> IdempotencyService<S> {
        IdempotencyService::new(inner, self.settings.clone())
    }
}
