//! A requirement bound to a route.

use std::sync::Arc;
use std::task::{Context, Poll};

use auth_core::{Denied, Requirement};
use axum::response::Response;
use http::{Extensions, Request};
use tower_layer::Layer;
use tower_service::Service;

use crate::layer::{Gate, ResponseFuture};
use crate::rejection::Rejection;

/// Denies a route to whoever does not meet `requirement`.
///
/// It is bound to the route it is put on, not to a path. The route must be
/// under an [`AuthLayer`](crate::AuthLayer); without one it is denied to
/// everybody, with a 500 and a word in the log.
///
/// ```
/// # use auth_core::verifier::Verifier;
/// use std::time::Duration;
/// use auth_axum::{AuthLayer, require};
/// use auth_core::{Requirement, ScopeError};
/// use axum::{Router, routing::post};
///
/// # fn app(verifier: Verifier) -> Result<Router, ScopeError> {
/// let clerks = Requirement::scope("orders:write")?
///     .and_role("clerk")
///     .and_logged_in_within(Duration::from_secs(600));
/// Ok(Router::new()
///     .route("/orders", post(|| async { "made" }).layer(require(clerks)))
///     .layer(AuthLayer::new(verifier)))
/// # }
/// ```
pub fn require(requirement: Requirement) -> RequireLayer {
    RequireLayer {
        requirement: Arc::new(requirement),
    }
}

/// What [`require`] puts on a route.
#[derive(Clone, Debug)]
pub struct RequireLayer {
    requirement: Arc<Requirement>,
}

impl<S> Layer<S> for RequireLayer {
    type Service = RequireService<S>;

    fn layer(&self, inner: S) -> RequireService<S> {
        RequireService {
            inner,
            requirement: Arc::clone(&self.requirement),
        }
    }
}

/// A service behind [`RequireLayer`].
#[derive(Clone, Debug)]
pub struct RequireService<S> {
    inner: S,
    requirement: Arc<Requirement>,
}

impl<S, B> Service<Request<B>> for RequireService<S>
where
    S: Service<Request<B>, Response = Response>,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match check(&self.requirement, request.extensions()) {
            Ok(()) => ResponseFuture::admitted(self.inner.call(request)),
            Err(rejection) => ResponseFuture::refused(rejection),
        }
    }
}

fn check(requirement: &Requirement, extensions: &Extensions) -> Result<(), Rejection> {
    let gate = Gate::of(extensions, "auth_axum::require")?;
    let identity = gate.identity(extensions)?;
    requirement.check(identity, gate.now()).map_err(|denied| {
        let code = denied.code();
        let extra = match denied {
            Denied::Scope(scope) => ("scope", scope.to_string()),
            Denied::Stale(age) => ("max_age", age.as_secs().to_string()),
            _ => return Rejection::new(code),
        };
        let challenge = gate.realm().error(code, Some((extra.0, &extra.1)));
        Rejection::new(code).with_challenge(challenge)
    })
}
