//! Authentication for axum: a layer that denies, extractors that say who is
//! calling, and ready-made routes to log in by.
//!
//! [`AuthLayer`] denies everything under it without a valid access token.
//! A handler asks for [`Authenticated`] to learn who is calling, for
//! [`RequireScope`] or [`RequireRole`] to be called for some only; [`require`]
//! puts a [`Requirement`](auth_core::Requirement) on a route, and a [`RateLimitLayer`]
//! limits how often it is called. Refusals are [`Rejection`]s: `application/problem+json`
//! with stable codes, and challenges after RFC 6750.
//!
//! A service that only verifies tokens needs this crate and `auth-core`; it
//! has no database and hashes no password. With the feature `routes`,
//! `AuthRoutes` serves sign-up, log-in, refresh, log-out, password change and reset,
//! sessions and the public keys over `auth-sdk`.
//!
#![cfg_attr(feature = "routes", doc = "```")]
#![cfg_attr(not(feature = "routes"), doc = "```ignore")]
//! use std::sync::Arc;
//! use auth_axum::{AuthLayer, AuthRoutes, Authenticated, RequireScope, ScopeName};
//! use auth_sdk::{Audience, Auth, Issuer, MemoryStore, RootSecret, SystemRandom};
//! use axum::{Router, routing::get};
//!
//! #[derive(serde::Deserialize)]
//! struct Plan {
//!     plan: String,
//! }
//!
//! struct Admin;
//! impl ScopeName for Admin {
//!     const SCOPE: &'static str = "admin";
//! }
//!
//! async fn me(user: Authenticated<Plan>) -> String {
//!     format!("{} {}", user.subject(), user.claims().plan)
//! }
//! async fn admin(_: RequireScope<Admin>) -> &'static str {
//!     "ok"
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let auth = Auth::builder(
//!     Issuer::new("https://auth.example.com")?,
//!     Audience::new("https://api.example.com")?,
//!     RootSecret::generate(&SystemRandom::new())?, // keep yours
//!     Arc::new(MemoryStore::new()),                // or SqliteStore, or PgStore
//! )
//! .build()
//! .await?;
//!
//! let app: Router = Router::new()
//!     .route("/me", get(me))
//!     .route("/admin", get(admin))
//!     .layer(AuthLayer::new(auth.verifier()))            // all above: denied without a valid token
//!     .route("/healthz", get(|| async { "ok" }))         // added after: public
//!     .merge(AuthRoutes::new(auth.clone()).at("/auth")); // and /.well-known at the root
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What holds
//! - What is under the layer is called with a valid token (or API key, where the
//!   verifier knows of them) or not at all, whatever method and spelling of the path: layer and guards are bound to
//!   handlers and routes, never to a path as the client wrote it.
//! - An identity comes from a verified token or key alone. No header, query or body
//!   can name one; a handler that asks for one and has no layer above it is
//!   denied to everybody.
//! - What cannot be judged at present is 503 with `Retry-After`, never 401: a
//!   client keeps its tokens through an outage.
//! - The ready-made routes of an account are for people: an API key, which may
//!   do what its scope says, gets 403 there.
//! - Answers repeat nothing that was sent, and say of a bad token only that it
//!   is bad.
//! - A token that verifies without I/O is let in without awaiting or boxing
//!   anything.
//! - Another site cannot make a browser act: tokens are in no cookie, and a
//!   body that is not `application/json` is refused.
//!
//! # What does not
//! - The layer covers routes that were added before it, and the fallback they
//!   had. [`Router::merge`](axum::Router::merge) takes the fallback of the
//!   router that is merged in: an unknown path is then 404 to everybody.
//! - Time-outs begin when a request's head has arrived. A client that sends
//!   its head slowly, or opens connections and says nothing, is the server's
//!   or the proxy's to drop.
//! - Failed log-ins are not counted here, but in the store; the 429 of the routes is that
//!   of the use-cases. What is limited for each network says `AuthBuilder::with_rate_limits`
//!   for the routes, and a [`RateLimitLayer`] for those of the application.
//! - Wiping covers the buffers of this crate. The copies of a password in the
//!   server's and the parser's buffers are beyond its reach.

mod address;
#[cfg(feature = "idempotency")]
mod body;
mod challenge;
mod extract;
#[cfg(feature = "idempotency")]
mod idempotency;
mod layer;
mod limit;
mod rejection;
mod require;
#[cfg(feature = "routes")]
mod routes;

pub use extract::{Authenticated, NoClaims, RequireRole, RequireScope, RoleName, ScopeName};
#[cfg(feature = "idempotency")]
pub use idempotency::{IdempotencyLayer, IdempotencyService};
pub use layer::{AuthLayer, AuthService, ResponseFuture};
pub use limit::{RateLimitLayer, RateLimitService};
pub use rejection::Rejection;
pub use require::{RequireLayer, RequireService, require};
#[cfg(feature = "routes")]
pub use routes::{Access, AuthRoutes, Endpoint};

/// The README's example compiles.
#[cfg(all(doctest, feature = "routes"))]
#[doc = include_str!("../../README.md")]
struct Readme;
