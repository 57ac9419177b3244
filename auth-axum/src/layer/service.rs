//! The service that the layer makes.

use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use http::Request;
use http::header::AUTHORIZATION;
use tower_service::Service;

use super::future::ResponseFuture;
use super::gate::{Gate, Judgement};

/// A service behind [`AuthLayer`](crate::AuthLayer).
#[derive(Clone, Debug)]
pub struct AuthService<S> {
    inner: S,
    gate: Arc<Gate>,
}

impl<S> AuthService<S> {
    pub(super) const fn new(inner: S, gate: Arc<Gate>) -> Self {
        Self { inner, gate }
    }
}

impl<S, B> Service<Request<B>> for AuthService<S>
where
    S: Service<Request<B>, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // Whoever prints the headers further in does not print the token.
        if let Some(value) = request.headers_mut().get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        match self.gate.judge(&request) {
            Judgement::Admit(identity) => {
                self.gate.mark(request.extensions_mut(), identity);
                ResponseFuture::admitted(self.inner.call(request))
            }
            Judgement::Refuse(rejection) => ResponseFuture::refused(rejection),
            Judgement::Ask(undecided) => {
                let gate = Arc::clone(&self.gate);
                // The one that was polled ready is the one to call.
                let fresh = self.inner.clone();
                let mut inner = mem::replace(&mut self.inner, fresh);
                ResponseFuture::asking(async move {
                    match gate.confirm(undecided).await {
                        Ok(identity) => {
                            gate.mark(request.extensions_mut(), Some(identity));
                            inner.call(request).await
                        }
                        Err(rejection) => Ok(rejection.into_response()),
                    }
                })
            }
        }
    }
}
