//! How often a route may be called.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use auth_core::throttle::{Charge, Decision, Limit, RateLimiter};
use auth_core::{Code, Identity, Network, TrustedProxies};
use axum::response::{IntoResponse, Response};
use http::Request;
use http::request::Parts;
use tower_layer::Layer;
use tower_service::Service;

use crate::address::client_address;
use crate::rejection::Rejection;

/// Limits how often what is under it is called: by each network, or by
/// [each caller](Self::by_identity). More is answered with 429 `too_many_attempts` and
/// `Retry-After`, as `application/problem+json`, and reaches no handler.
///
/// A network is the /24 of an IPv4 address and the /48 of an IPv6 one
/// ([`Network`]): of the connection's, or of what
/// [trusted proxies](Self::with_trusted_proxies) say. Whatever else stands in
/// `X-Forwarded-For` counts for nothing. Requests whose address is not known, because
/// the service does not [say it][connect-info] or a proxy did not, count as one network.
///
/// Each [`Limit`] is a count of its own, by its name: layers with the same one, in all
/// processes whose limiter is shared, have one together. A request that is limited has
/// not been counted. One that is dropped while the limiter is asked may have been; what
/// it called is dropped with it, as without this layer.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use auth_axum::RateLimitLayer;
/// use auth_core::throttle::{Limit, Quota, QuotaError, RateLimiter};
/// use axum::{Router, routing::post};
///
/// // `MemoryRateLimiter` or `RedisRateLimiter` of `auth-cache`.
/// # fn app(limiter: Arc<dyn RateLimiter>) -> Result<Router, QuotaError> {
/// let searches = Limit::new("search.network", Quota::new(60, Duration::from_secs(60))?);
/// Ok(Router::new()
///     .route("/search", post(|| async { "found" }))
///     .route_layer(RateLimitLayer::new(limiter, searches)))
/// # }
/// ```
///
/// # Defaults
/// - by network
/// - trusted proxies: none
///
/// [connect-info]: axum::Router::into_make_service_with_connect_info
#[derive(Clone)]
pub struct RateLimitLayer {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    limiter: Arc<dyn RateLimiter>,
    limit: Limit,
    proxies: TrustedProxies,
    by_identity: bool,
}

impl RateLimitLayer {
    /// By `limit`, which `limiter` counts.
    pub fn new(limiter: Arc<dyn RateLimiter>, limit: Limit) -> Self {
        Self {
            settings: Arc::new(Settings {
                limiter,
                limit,
                proxies: TrustedProxies::NONE,
                by_identity: false,
            }),
        }
    }

    /// Believes so many proxies in front of the service
    /// ([`TrustedProxies`](auth_core::TrustedProxies)).
    pub fn with_trusted_proxies(self, proxies: u8) -> Self {
        self.set(|settings| settings.proxies = TrustedProxies::new(proxies))
    }

    /// Counts for each identity that an [`AuthLayer`](crate::AuthLayer) outside of this one
    /// has let in, by issuer, tenant and subject, wherever it comes from. Who comes
    /// without one counts by network, so that leaving a token out gains nothing but that.
    pub fn by_identity(self) -> Self {
        self.set(|settings| settings.by_identity = true)
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Settings {
    async fn check(&self, subject: &[u8]) -> Result<(), Rejection> {
        match self.limiter.check(Charge::new(&self.limit, subject)).await {
            Decision::Allowed { .. } => Ok(()),
            Decision::Limited { retry_after } => {
                // Not louder: a flood would fill the log.
                tracing::debug!(limit = self.limit.name(), "limited");
                Err(Rejection::new(Code::TooManyAttempts).with_retry_after(Some(retry_after)))
            }
        }
    }

    /// No kind of subject can be taken for another.
    fn subject(&self, parts: &Parts) -> Vec<u8> {
        let identity = parts.extensions.get::<Arc<Identity>>();
        if let Some(identity) = identity.filter(|_| self.by_identity) {
            let (issuer, subject) = (identity.issuer(), identity.subject());
            let tenant = identity.tenant().map(|tenant| tenant.to_string());
            let tenant = tenant.unwrap_or_default();
            return format!("identity {} {issuer} {tenant} {subject}", issuer.len()).into_bytes();
        }
        let address = client_address(parts, self.proxies);
        let network = address.map_or(Network::UNKNOWN, Network::of);
        format!("network {network}").into_bytes()
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer")
            .field("limit", &self.settings.limit)
            .field("by_identity", &self.settings.by_identity)
            .finish_non_exhaustive()
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimitService<S>;

    fn layer(&self, inner: S) -> RateLimitService<S> {
        RateLimitService {
            inner,
            settings: Arc::clone(&self.settings),
        }
    }
}

/// A service behind [`RateLimitLayer`].
#[derive(Clone)]
pub struct RateLimitService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> fmt::Debug for RateLimitService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitService").finish_non_exhaustive()
    }
}

impl<S, B> Service<Request<B>> for RateLimitService<S>
where
    S: Service<Request<B>> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was polled ready is the one to call.
        let fresh = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, fresh);
        let settings = Arc::clone(&self.settings);
        // In the caller's own task: dropped with it, whatever it waits for.
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let subject = settings.subject(&parts);
            if let Err(rejection) = settings.check(&subject).await {
                return Ok(rejection.into_response());
            }
            let response = inner.call(Request::from_parts(parts, body)).await?;
            Ok(response.into_response())
        })
    }
}
