//! Bodies that end when the caller's token does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::body::Body;

use crate::status::status;
use crate::watch::Watch;

pin_project! {
    /// An answer that ends with the status of the reason once the caller's
    /// token is no longer good.
    #[derive(Debug)]
    pub struct GuardedBody<B> {
        #[pin]
        inner: Option<B>,
        watch: Option<Watch>,
    }
}

impl<B> GuardedBody<B> {
    pub(crate) const fn new(inner: B, watch: Option<Watch>) -> Self {
        Self {
            inner: Some(inner),
            watch,
        }
    }

    pub(crate) const fn empty() -> Self {
        Self {
            inner: None,
            watch: None,
        }
    }
}

impl<B: HttpBody> HttpBody for GuardedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let Some(watch) = this.watch else {
            return inner.poll_frame(cx);
        };
        let frame = match ready!(watch.poll_good(cx)) {
            Ok(()) => inner.poll_frame(cx),
            Err(_) => Poll::Pending,
        };
        // Asked once more: the service may just have met the end of its
        // request, and be ending its answer as if all were well.
        let Some(code) = watch.ended() else {
            return frame;
        };
        // The handler's stream is dropped here.
        this.inner.set(None);
        let mut trailers = HeaderMap::new();
        // It fails on characters that no header may have; ours have none.
        let _ = status(code).add_header(&mut trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            None => SizeHint::with_exact(0),
            // A length that is announced must be kept, and this may be cut.
            Some(_) if self.watch.is_some() => SizeHint::default(),
            Some(inner) => inner.size_hint(),
        }
    }
}

/// A request that ends with an error once the caller's token is no longer
/// good.
pub(crate) fn guarded_request(inner: Body, watch: Watch) -> Body {
    Body::new(GuardedRequest {
        inner: Some(inner),
        watch,
    })
}

struct GuardedRequest {
    inner: Option<Body>,
    watch: Watch,
}

impl HttpBody for GuardedRequest {
    type Data = <Body as HttpBody>::Data;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        let Self { inner, watch } = &mut *self;
        let Some(body) = inner else {
            return Poll::Ready(None);
        };
        if let Err(code) = ready!(watch.poll_good(cx)) {
            *inner = None;
            return Poll::Ready(Some(Err(status(code))));
        }
        Pin::new(body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}
