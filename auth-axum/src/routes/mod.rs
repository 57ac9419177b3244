//! The ready-made routes.

mod body;
mod caller;
mod context;
mod credentials;
mod envelope;
mod failure;
mod log_in;
mod log_out;
mod me;
mod password;
mod password_reset;
mod refresh;
mod sending;
mod sessions;
mod sign_up;
mod state;
mod table;
mod tokens;
mod well_known;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::{TenantId, TrustedProxies};
use auth_sdk::{Auth, SendPasswordReset};
use axum::Router;
use http::request::Parts;

use crate::idempotency::IdempotencyLayer;
use sending::Sending;
use state::{Limits, Shared};

pub use table::{Access, Endpoint};

/// Sign-up, log-in, refresh, log-out, password, sessions and the public keys,
/// as routes to merge into an application.
///
/// | route | for | answer |
/// |---|---|---|
/// | `POST /signup` `{identifier, password}` | everybody | 201 `{user}` |
/// | `POST /login` `{identifier, password, client_id?, scope?, device_token?, refresh_token?}` | everybody | 200 tokens, `user` and `device_token` |
/// | `POST /refresh` `{refresh_token, client_id?}` | everybody | 200 tokens |
/// | `POST /logout` `{refresh_token}` | everybody | 204 |
/// | `POST /logout-all` | bearer | 204 |
/// | `POST /password` `{current_password, new_password}` | bearer | 200 tokens, `user` and `device_token` |
/// | `POST /password/forgot` `{identifier}` | everybody, [where resets are sent](Self::with_password_reset) | 202, whoever it is |
/// | `POST /password/reset` `{token, new_password}` | everybody, likewise | 204 |
/// | `GET /me` | bearer | 200 the user |
/// | `GET /sessions` | bearer | 200 `{sessions}` |
/// | `DELETE /sessions/{id}` | bearer | 204 |
/// | `GET /.well-known/jwks.json`, at the root | everybody | 200 the keys |
///
/// Tokens are answered as RFC 6749 §5.1 says, with `session_id` beside them;
/// points in time are whole seconds since 1970, as in a JWT. Failures are
/// [`Rejection`](crate::Rejection)s. Bodies are JSON objects of at most
/// 64 KiB; members that are not known are ignored.
///
/// Log-out answers 204 whatever the token: a session that has ended, and a
/// text that is no refresh token of ours, leave the client with nothing more
/// to do (RFC 7009 §2.2).
///
/// A client that logs in again brings the `refresh_token` that it holds: the session
/// of that ends, and none is left behind.
///
/// # The client's address
/// Attempts at passwords are counted by network, so the routes must know where a
/// request comes from: serve with
/// [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info),
/// or say [how many proxies](Self::with_trusted_proxies) are in between. Without
/// either, all requests count as one network: then whoever guesses at an account
/// makes its owner wait, unless the owner brings the `device_token` of an earlier
/// log-in. Clients should keep it and send it with each log-in; it opens nothing.
///
/// # Defaults
/// - prefix: `/auth`
/// - trusted proxies: none; `X-Forwarded-For` is not read
/// - `Idempotency-Key`: not looked at; see [`with_idempotency_keys`](Self::with_idempotency_keys)
/// - password reset: no routes
/// - tenant of the public routes: [`TenantId::DEFAULT`]; the bearer routes act
///   in the token's tenant
/// - a body must arrive within 10 s (408), the whole request be answered
///   within 15 s (503)
///
/// # How they sit in an application
/// They bring their own [`AuthLayer`](crate::AuthLayer) where they need one;
/// merge them after the application's own, or log-in asks for a token:
///
/// ```
/// # use auth_sdk::Auth;
/// use auth_axum::{AuthLayer, AuthRoutes};
/// use axum::{Router, routing::get};
///
/// # fn app(auth: Auth) -> Router {
/// Router::new()
///     .route("/orders", get(|| async { "only with a token" }))
///     .layer(AuthLayer::new(auth.verifier()))
///     .merge(AuthRoutes::new(auth).at("/auth"))
/// # }
/// ```
///
/// What has begun to end sessions is finished when the client hangs up or the
/// time is over; what waits for a password to be hashed is not.
#[derive(Clone)]
pub struct AuthRoutes {
    auth: Auth,
    prefix: String,
    tenant: Arc<dyn Fn(&Parts) -> TenantId + Send + Sync>,
    limits: Limits,
    proxies: TrustedProxies,
    once: Option<IdempotencyLayer>,
    resets: Option<Sending>,
}

impl AuthRoutes {
    /// The routes of `auth`.
    pub fn new(auth: Auth) -> Self {
        let tenant = Arc::new(|_: &Parts| TenantId::DEFAULT);
        Self {
            auth,
            prefix: "/auth".to_owned(),
            tenant,
            limits: Limits::default(),
            proxies: TrustedProxies::NONE,
            once: None,
            resets: None,
        }
    }

    /// Puts them under this prefix, which has no captures; `/` is the root.
    /// `/.well-known` stays at the root of the router they are merged into.
    pub fn at(mut self, prefix: &str) -> Self {
        let inside = prefix.trim_matches('/');
        self.prefix = if inside.is_empty() {
            String::new()
        } else {
            format!("/{inside}")
        };
        self
    }

    /// Reads the tenant of a public route's request from its head: its host,
    /// or a header that a proxy sets.
    pub fn with_tenant(
        mut self,
        tenant: impl Fn(&Parts) -> TenantId + Send + Sync + 'static,
    ) -> Self {
        self.tenant = Arc::new(tenant);
        self
    }

    /// Each request passes through `count` proxies of one's own, which append to
    /// `X-Forwarded-For`: the client's address is the `count`th entry from the
    /// right. See [`TrustedProxies`] for what else the header may be.
    pub const fn with_trusted_proxies(mut self, count: u8) -> Self {
        self.proxies = TrustedProxies::new(count);
        self
    }

    /// Signs up once for each `Idempotency-Key`: a client that lost the answer sends
    /// the request again with the same key. `layer` is made with
    /// [`Auth::idempotency`]; its tenant is that of the route. The other routes
    /// answer tokens, or may be sent again as they are.
    pub fn with_idempotency_keys(mut self, layer: IdempotencyLayer) -> Self {
        self.once = Some(layer);
        self
    }

    /// Adds `POST /password/forgot` and `POST /password/reset`; `sender` sends what
    /// was asked for to its user.
    ///
    /// Whoever asks is answered 202 before anything is sent, whether there is such a
    /// user or not, and whether it can be sent or not. At most 64 are being sent at a time, for 30 s
    /// each: what is more, and what takes longer, is given up, and a line in the log
    /// says so. What is being sent when the process ends is lost; its user asks
    /// again. Requests are not counted by network: put a limit in front, or
    /// somebody who knows many addresses writes to all of them.
    pub fn with_password_reset(mut self, sender: Arc<dyn SendPasswordReset>) -> Self {
        self.resets = Some(Sending::by(sender));
        self
    }

    /// Waits for a request's body no longer than this.
    pub const fn with_body_timeout(mut self, within: Duration) -> Self {
        self.limits.body = within;
        self
    }

    /// Lets a password wait to be hashed no longer than this: a request whose
    /// turn would come later is refused at once, with a 503 that says when to come
    /// back. The default is that of [`Context`](auth_sdk::Context), 2 s.
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.limits.hash = Some(patience);
        self
    }

    /// Answers a request within this, its body included.
    pub const fn with_timeout(mut self, within: Duration) -> Self {
        self.limits.answer = within;
        self
    }

    /// All routes, with the prefix they are under and whom they are open to.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        table::endpoints(&self.prefix, self.resets.is_some())
    }
}

/// # Panics
/// With a prefix that axum cannot nest at: one with captures or wildcards.
impl<S: Clone + Send + Sync + 'static> From<AuthRoutes> for Router<S> {
    fn from(routes: AuthRoutes) -> Self {
        let AuthRoutes {
            auth,
            prefix,
            tenant,
            limits,
            proxies,
            once,
            resets,
        } = routes;
        // Of the same tenant as the route.
        let of_tenant = tenant.clone();
        let once = once.map(|layer| layer.with_tenant(move |parts| of_tenant(parts)));
        table::router(
            &prefix,
            Arc::new(Shared::new(auth, tenant, limits, proxies, once, resets)),
        )
    }
}

impl fmt::Debug for AuthRoutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthRoutes")
            .field("auth", &self.auth)
            .field("prefix", &self.prefix)
            .field("limits", &self.limits)
            .field("proxies", &self.proxies)
            .finish_non_exhaustive()
    }
}
