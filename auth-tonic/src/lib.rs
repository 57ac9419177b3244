//! Authentication for tonic: one layer, a policy per method, the caller's
//! identity in the request.
//!
//! The [`AuthLayer`] stands before all services of a server. It verifies the
//! bearer token in the call's `authorization` metadata with the same
//! [`Verifier`](auth_core::verifier::Verifier) and
//! [`Requirement`](auth_core::Requirement) as everywhere else, and asks the
//! [`MethodPolicy`] what the method wants. What is not listed there is denied.
//! A method meets the caller through [`RequestIdentity`]. Where the verifier
//! knows of API keys they are credentials like tokens; one is looked up when the
//! call begins and at each re-check.
//!
//! ```no_run
//! use auth_core::{Requirement, verifier::Verifier};
//! use auth_tonic::{AuthLayer, MethodPolicy, RequestIdentity};
//! use tonic::{Request, Response, Status, transport::Server};
//! # use std::convert::Infallible;
//! # use std::future::{Ready, ready};
//! # use std::task::{Context, Poll};
//! # use tonic::{body::Body, server::NamedService};
//! # #[derive(Clone)]
//! # struct OrdersServer;
//! # impl NamedService for OrdersServer { const NAME: &'static str = "shop.v1.Orders"; }
//! # impl tower_service::Service<http::Request<Body>> for OrdersServer {
//! #     type Response = http::Response<Body>;
//! #     type Error = Infallible;
//! #     type Future = Ready<Result<Self::Response, Infallible>>;
//! #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
//! #         Poll::Ready(Ok(()))
//! #     }
//! #     fn call(&mut self, _: http::Request<Body>) -> Self::Future {
//! #         ready(Ok(http::Response::new(Body::empty())))
//! #     }
//! # }
//!
//! async fn serve(verifier: Verifier, orders: OrdersServer) -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = MethodPolicy::new()
//!         .service::<OrdersServer>(Requirement::authenticated())
//!         .method::<OrdersServer>("Cancel", Requirement::scope("orders:write")?);
//!     Server::builder()
//!         .layer(AuthLayer::new(verifier, policy))
//!         .add_service(orders)
//!         .serve("127.0.0.1:50051".parse()?)
//!         .await?;
//!     Ok(())
//! }
//!
//! async fn get(request: Request<String>) -> Result<Response<String>, Status> {
//!     let caller = request.identity()?;
//!     Ok(Response::new(format!("{} asks for {}", caller.subject(), request.get_ref())))
//! }
//! ```
//!
//! # What a caller is told
//! The status comes from core's one table ([`Code`](auth_core::Code)): its
//! gRPC code, its title as `grpc-message`, the code itself in the metadata
//! `auth-code`. An outage is `UNAVAILABLE`, never `UNAUTHENTICATED`, and says
//! in `grpc-retry-pushback-ms` (gRFC A6) when to try again.
//!
//! | the call | is answered |
//! |---|---|
//! | without a bearer token; `authorization-bin` is none | `UNAUTHENTICATED`, `missing_credentials` |
//! | with two `authorization` values, or not one word after `Bearer` | `INVALID_ARGUMENT`, `invalid_request` |
//! | with a token that is bad, expired or revoked | `UNAUTHENTICATED`, `invalid_token` |
//! | to a method that wants more scope | `PERMISSION_DENIED`, `insufficient_scope` |
//! | to a method that wants another role, or is not listed | `PERMISSION_DENIED`, `permission_denied` |
//! | to a method that wants a more recent log-in | `UNAUTHENTICATED`, `insufficient_user_authentication` |
//! | while its token cannot be judged | `UNAVAILABLE`, `temporarily_unavailable` |
//!
//! # Guarantees
//! - No call reaches a service unless the policy lists its method, and the
//!   caller meets what is listed. Without credentials an unlisted method and a
//!   protected one look the same.
//! - The [`Identity`](auth_core::Identity) of a request is the layer's: one
//!   that was there before is removed, and no metadata makes one.
//! - A call does not outlive its token. One that lasts is verified again
//!   [every second](AuthLayer::with_recheck), and when its token expires; once
//!   the token is revoked or has expired, or the requirement is no longer met,
//!   the answer ends with that status, the handler's future and streams are
//!   dropped, and a task that still reads the request gets the status as an
//!   error. That holds for calls of all four kinds, whether messages flow or
//!   not.
//! - No token appears in a status or a `Debug`.
//!
//! # What is not guaranteed
//! - A name in the policy is not checked against the service: tonic's
//!   generated code does not tell what methods there are. Beside a rule for
//!   the whole service, a misspelt method leaves the real one to that rule;
//!   without such a rule, the real one is denied.
//! - What was handed to the connection before a call ended may still arrive,
//!   up to the client's window.
//! - A task that a handler has spawned is not stopped; it only reads no more.
//! - A call whose token ends while its handler runs may have had its effect:
//!   as with a cancelled call, the client cannot tell.
//! - The metadata stays as it is: handlers can read the token there.
//! - CORS and gRPC-Web pre-flights carry no token; their layers go outside
//!   this one.

mod address;
mod body;
mod future;
mod layer;
mod pass;
mod policy;
mod request;
mod service;
mod status;
mod watch;

pub use address::client_address;
pub use body::GuardedBody;
pub use future::ResponseFuture;
pub use layer::AuthLayer;
pub use policy::MethodPolicy;
pub use request::RequestIdentity;
pub use service::Guard;
pub use status::{AUTH_CODE, RETRY_PUSHBACK, status, status_after};
