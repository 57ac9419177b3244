//! The future of a guarded answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use auth_core::Code;
use http::Response;
use pin_project_lite::pin_project;

use crate::body::GuardedBody;
use crate::status::status;
use crate::watch::Watch;

/// A call that is let in once I/O has decided so.
type Asking<F> = Pin<Box<dyn Future<Output = Result<(F, Watch), Code>> + Send>>;

pin_project! {
    /// The answer of a [`Guard`](crate::Guard): a denial, or the service's own
    /// for as long as the caller's token is good.
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Denied { code: Code },
        Asking { asking: Asking<F> },
        Answering { #[pin] answer: F, watch: Option<Watch> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn denied(code: Code) -> Self {
        Self {
            state: State::Denied { code },
        }
    }

    pub(crate) const fn asking(asking: Asking<F>) -> Self {
        Self {
            state: State::Asking { asking },
        }
    }

    pub(crate) const fn guarded(answer: F, watch: Watch) -> Self {
        Self {
            state: State::Answering {
                answer,
                watch: Some(watch),
            },
        }
    }

    pub(crate) const fn unguarded(answer: F) -> Self {
        Self {
            state: State::Answering {
                answer,
                watch: None,
            },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<GuardedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Denied { code } => {
                    let denial = status(*code).into_http::<()>();
                    return Poll::Ready(Ok(denial.map(|()| GuardedBody::empty())));
                }
                StateProjection::Asking { asking } => match ready!(asking.as_mut().poll(cx)) {
                    Ok((answer, watch)) => State::Answering {
                        answer,
                        watch: Some(watch),
                    },
                    Err(code) => State::Denied { code },
                },
                StateProjection::Answering { answer, watch } => {
                    let good = match watch {
                        Some(watch) => ready!(watch.poll_good(cx)),
                        None => Ok(()),
                    };
                    match good {
                        Ok(()) => {
                            let answer = ready!(answer.poll(cx))?;
                            let watch = watch.take();
                            return Poll::Ready(Ok(
                                answer.map(|body| GuardedBody::new(body, watch))
                            ));
                        }
                        // The handler is dropped here.
                        Err(code) => State::Denied { code },
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Denied { .. } => "denied",
            State::Asking { .. } => "asking",
            State::Answering { .. } => "answering",
        };
        f.debug_struct("ResponseFuture")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
