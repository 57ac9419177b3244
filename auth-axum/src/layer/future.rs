//! The future of a guarded response.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::response::{IntoResponse, Response};
use pin_project_lite::pin_project;

use crate::rejection::Rejection;

pin_project! {
    /// The response of a guarded service, or the refusal.
    pub struct ResponseFuture<F>
    where
        F: Future,
    {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F>
    where
        F: Future,
    {
        Admitted { #[pin] response: F },
        Refused { response: Ready<Response> },
        Asking { response: Pin<Box<dyn Future<Output = F::Output> + Send>> },
    }
}

impl<F: Future> ResponseFuture<F> {
    pub(crate) const fn admitted(response: F) -> Self {
        Self {
            state: State::Admitted { response },
        }
    }

    pub(crate) fn refused(rejection: Rejection) -> Self {
        Self {
            state: State::Refused {
                response: ready(rejection.into_response()),
            },
        }
    }

    pub(super) fn asking(response: impl Future<Output = F::Output> + Send + 'static) -> Self {
        Self {
            state: State::Asking {
                response: Box::pin(response),
            },
        }
    }
}

impl<F, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = Result<Response, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Admitted { response } => response.poll(cx),
            StateProj::Refused { response } => Pin::new(response).poll(cx).map(Ok),
            StateProj::Asking { response } => response.as_mut().poll(cx),
        }
    }
}

impl<F: Future> std::fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
