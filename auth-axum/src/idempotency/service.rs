//! The service that the layer makes.

use std::convert::Infallible;
use std::error::Error;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use auth_core::idempotency::{Begun, IdempotencyKey, IdempotentRequest, OwnerId};
use auth_core::{Code, Sealed, Secret};
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::Request;
use http::header::RETRY_AFTER;
use tokio::time::Instant;
use tower_service::Service;
use tracing::Instrument;

use super::{Settings, answer, complete, request};
use crate::body::read;
use crate::rejection::{Rejection, seconds};

/// A service behind [`IdempotencyLayer`](crate::IdempotencyLayer).
#[derive(Clone)]
pub struct IdempotencyService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> IdempotencyService<S> {
    pub(super) const fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S> std::fmt::Debug for IdempotencyService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdempotencyService").finish_non_exhaustive()
    }
}

impl<S> Service<Request<Body>> for IdempotencyService<S>
where
    S: Service<Request<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that was polled ready is the one to call.
        let fresh = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, fresh);
        let settings = Arc::clone(&self.settings);
        Box::pin(async move {
            let key = request::key(&settings, request.method(), request.headers());
            Ok(match key {
                Ok(None) => {
                    let Ok(response) = inner.call(request).await;
                    response.into_response()
                }
                Ok(Some(key)) => once(&settings, &key, inner, request)
                    .await
                    .unwrap_or_else(IntoResponse::into_response),
                Err(code) => Rejection::new(code).into_response(),
            })
        })
    }
}

/// Does the request, or says what came of it before.
async fn once<S>(
    settings: &Arc<Settings>,
    key: &IdempotencyKey,
    inner: S,
    request: Request<Body>,
) -> Result<Response, Rejection>
where
    S: Service<Request<Body>, Error = Infallible> + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    let (mut parts, body) = request.into_parts();
    let body = read(body, settings.max_body, settings.body_timeout)
        .await
        .map_err(Rejection::new)?;
    let remembered = request::remembered(settings, &mut parts, key, body.expose());
    let owner = OwnerId::draw(settings.keys.random()).map_err(|error| unable(&error))?;
    let store = settings.keys.store();
    // The store's lease runs from before its answer, and may have run out by then.
    let asked = Instant::now();
    let begun = store
        .begin_request(&remembered, owner, settings.lease, settings.keep)
        .await
        .map_err(|error| unable(&error))?;
    match begun {
        Begun::Owned => {}
        Begun::Busy { retry_after } => return Ok(busy(retry_after)),
        Begun::Mismatch => return Err(Rejection::new(Code::KeyReused)),
        Begun::Done(Some(sealed)) => return replay(settings, &remembered, &sealed),
        _ => return Err(Rejection::new(Code::AlreadyDone)),
    }
    let request = Request::from_parts(parts, Body::from(Bytes::from_owner(Wiped(body))));
    let doing = Doing {
        settings: Arc::clone(settings),
        remembered,
        owner,
        asked,
    };
    // To its end, even if the client hangs up: it comes back with the same key.
    let done = tokio::spawn(doing.run(inner, request).in_current_span()).await;
    // Nobody knows how far a handler came that panicked: its key stays taken until
    // the lease is over.
    done.unwrap_or_else(|_| Err(Rejection::new(Code::Internal)))
}

/// A body that is wiped when the handler has read it.
struct Wiped(Secret<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// A request that is this one's to do.
pub(super) struct Doing {
    pub(super) settings: Arc<Settings>,
    pub(super) remembered: IdempotentRequest,
    pub(super) owner: OwnerId,
    /// When the store was asked for it.
    asked: Instant,
}

impl Doing {
    async fn run<S>(self, mut inner: S, request: Request<Body>) -> Result<Response, Rejection>
    where
        S: Service<Request<Body>, Error = Infallible>,
        S::Response: IntoResponse,
    {
        // Before somebody else takes it for lost.
        let lease = self.settings.lease.min(YEAR);
        let (in_time, lost_at) = (self.asked + lease.mul_f64(0.75), self.asked + lease);
        if Instant::now() >= in_time {
            tracing::warn!("the store took too long to say whose a request is");
            self.release().await;
            return Err(Rejection::new(Code::Unavailable));
        }
        let answering = async {
            let Ok(response) = inner.call(request).await;
            let response = response.into_response();
            if answer::is_done(&response) {
                let (response, kept) = answer::kept(response).await;
                (response, Some(kept))
            } else {
                (response, None)
            }
        };
        let Ok((response, done)) = tokio::time::timeout_at(in_time, answering).await else {
            tracing::warn!("not answered before another may take the request for lost");
            return Err(Rejection::new(Code::Unavailable));
        };
        match done {
            Some(kept) => complete::complete(self, kept, lost_at).await,
            None => self.release().await,
        }
        Ok(response)
    }

    async fn release(&self) {
        let store = self.settings.keys.store();
        let released = store.release_request(&self.remembered, self.owner).await;
        if let Err(error) = released {
            let error = &error as &dyn Error;
            tracing::warn!(error, "a key stays taken until its lease is over");
        }
    }
}

/// No request takes longer.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn replay(
    settings: &Settings,
    remembered: &IdempotentRequest,
    sealed: &Sealed,
) -> Result<Response, Rejection> {
    let opened = remembered.open(settings.keys.roots(), sealed);
    let answer = opened
        .map_err(|error| tracing::error!(%error, "a kept answer cannot be opened"))
        .ok()
        .and_then(|stored| answer::replayed(stored.expose()));
    // It was done all the same.
    answer.ok_or_else(|| Rejection::new(Code::AlreadyDone))
}

fn busy(retry_after: Duration) -> Response {
    let mut response = Rejection::new(Code::RequestInProgress).into_response();
    // Most are done much sooner than they are given up.
    let after = seconds(Some(retry_after.min(Duration::from_secs(2))));
    response.headers_mut().insert(RETRY_AFTER, after.into());
    response
}

/// What cannot be remembered is not done.
fn unable(error: &(dyn Error + 'static)) -> Rejection {
    tracing::warn!(error, "idempotency keys cannot be looked at");
    Rejection::new(Code::Unavailable)
}
