//! The service that stands before another.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use auth_core::verifier::{BearerError, VerifyError, bearer_token};
use auth_core::{Code, Identity, Secret};
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tower_service::Service;

use crate::body::{GuardedBody, guarded_request};
use crate::future::ResponseFuture;
use crate::layer::AuthLayer;
use crate::pass::Pass;
use crate::policy::Access;
use crate::watch::Watch;

type Bytes = <Body as http_body::Body>::Data;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A service behind an [`AuthLayer`].
#[derive(Clone, Debug)]
pub struct Guard<S> {
    inner: S,
    layer: AuthLayer,
}

impl<S> Guard<S> {
    pub(crate) const fn new(inner: S, layer: AuthLayer) -> Self {
        Self { inner, layer }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Guard<S>
where
    S: Service<Request<Body>, Response = Response<ResBody>> + Clone + Send + 'static,
    ReqBody: http_body::Body<Data = Bytes> + Send + 'static,
    ReqBody::Error: Into<BoxError>,
{
    type Response = Response<GuardedBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().remove::<Arc<Identity>>();

        let access = self.layer.policy.access(request.uri().path());
        if matches!(access, Access::Public) {
            return ResponseFuture::unguarded(self.inner.call(request));
        }
        let token = match token(request.headers()) {
            Ok(token) => token,
            Err(code) => return ResponseFuture::denied(code),
        };
        let pass = Arc::new(Pass::new(&self.layer, access.clone(), token));
        match pass.verify_now() {
            Err(VerifyError::Undecided(undecided)) => {
                // The clone that is ready takes the call, the other stays.
                let next = self.inner.clone();
                let mut inner = mem::replace(&mut self.inner, next);
                ResponseFuture::asking(Box::pin(async move {
                    let identity = pass.clone().confirm(undecided).await?;
                    let (request, watch) = admit(request, pass, identity);
                    Ok((inner.call(request), watch))
                }))
            }
            decided => match pass.admits(decided) {
                Ok(identity) => {
                    let (request, watch) = admit(request, pass, identity);
                    ResponseFuture::guarded(self.inner.call(request), watch)
                }
                Err(code) => ResponseFuture::denied(code),
            },
        }
    }
}

fn token(headers: &HeaderMap) -> Result<Secret<String>, Code> {
    let values = headers
        .get_all(AUTHORIZATION)
        .iter()
        .map(http::HeaderValue::as_bytes);
    let token = bearer_token(values).map_err(BearerError::code)?;
    token
        .map(|text| Secret::new(text.to_owned()))
        .ok_or(Code::MissingCredentials)
}

/// The two directions of a call are watched separately: a client that stops
/// reading the answer stops the answer's watch, and must not go on sending.
/// What one finds out, both know.
fn admit(
    mut request: Request<Body>,
    pass: Arc<Pass>,
    identity: Arc<Identity>,
) -> (Request<Body>, Watch) {
    let answer = Watch::new(pass.clone(), &identity);
    let question = Watch::new(pass, &identity);
    request.extensions_mut().insert(identity);
    (request.map(|body| guarded_request(body, question)), answer)
}
