//! The layer: what is under it is denied without a valid credential.

mod credential;
mod future;
mod gate;
mod service;

use std::sync::Arc;

use auth_core::verifier::Verifier;
use tower_layer::Layer;

pub use future::ResponseFuture;
pub(crate) use gate::Gate;
pub use service::AuthService;

use crate::challenge::Realm;

/// Denies every request without a valid access token or, where the verifier
/// knows of them, API key, whatever its method and path, and tells the handlers under it whose it is: it puts
/// `Arc<`[`Identity`](auth_core::Identity)`>` into the request's extensions,
/// where the [extractors](crate::Authenticated) find it.
///
/// One `Authorization` header with the scheme `Bearer` is read and nothing
/// else: neither query nor body. Answers follow RFC 6750 §3; see
/// [`Rejection`](crate::Rejection).
///
/// # Defaults
/// - realm: the verifier's issuer
/// - no credentials: denied
///
/// # What is under it
/// A layer covers the routes that were added *before* it:
///
/// ```
/// # use auth_core::verifier::Verifier;
/// use auth_axum::AuthLayer;
/// use axum::{Router, routing::get};
///
/// # fn app(verifier: Verifier) -> Router {
/// Router::new()
///     .route("/me", get(|| async { "only with a token" }))
///     .layer(AuthLayer::new(verifier))
///     .route("/healthz", get(|| async { "everybody" }))
/// # }
/// ```
///
/// `OPTIONS` is a method like any other, so a CORS preflight, which never
/// carries credentials, is denied here. A CORS layer answers preflights
/// itself: add it *after* this one, outside it.
#[derive(Clone, Debug)]
pub struct AuthLayer {
    gate: Arc<Gate>,
}

impl AuthLayer {
    /// Lets in what `verifier` accepts.
    pub fn new(verifier: Verifier) -> Self {
        Self::with(verifier, false)
    }

    /// Lets in requests without credentials too, as nobody:
    /// `Option<`[`Authenticated`](crate::Authenticated)`>` is `None` then, and
    /// every other extractor and guard of this crate denies. A bad credential
    /// is denied as ever.
    pub fn optional(verifier: Verifier) -> Self {
        Self::with(verifier, true)
    }

    fn with(verifier: Verifier, optional: bool) -> Self {
        let realm = Realm::new(verifier.issuer());
        Self {
            gate: Arc::new(Gate {
                verifier,
                realm,
                optional,
            }),
        }
    }

    /// Names this realm in challenges. Characters that a header cannot carry
    /// become `?`.
    pub fn with_realm(mut self, realm: &str) -> Self {
        Arc::make_mut(&mut self.gate).realm = Realm::new(realm);
        self
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = AuthService<S>;

    fn layer(&self, inner: S) -> AuthService<S> {
        AuthService::new(inner, Arc::clone(&self.gate))
    }
}
