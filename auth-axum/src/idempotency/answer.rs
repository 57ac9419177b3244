//! Answers that are kept.

use std::pin::Pin;

use axum::body::Body;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, LOCATION, SET_COOKIE,
    VARY,
};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::Body as _;
use serde::{Deserialize, Serialize};

/// The most bytes of a body that are kept.
const MAX: u64 = 64 * 1024;

/// The headers that are kept: what a client needs to read the body, and a cache not
/// to show it to others.
const KEPT: [HeaderName; 7] = [
    CONTENT_TYPE,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    LOCATION,
    ETAG,
    CACHE_CONTROL,
    VARY,
];

/// An answer's first line, as it is kept; its body comes after a line end.
#[derive(Deserialize, Serialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

/// Whether the request was done, so that it must not be done again.
pub(super) fn is_done(response: &Response) -> bool {
    response.status().is_success() || response.status().is_redirection()
}

/// The answer, and what is to be kept of it: nothing if it may hold a secret, or is
/// too large.
pub(super) async fn kept(response: Response) -> (Response, Option<Vec<u8>>) {
    let upper = response.body().size_hint().upper();
    if is_secret(&response) || upper.is_none_or(|upper| upper > MAX) {
        return (response, None);
    }
    let (parts, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame.map(http_body::Frame::into_data) {
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            // Trailers are not kept.
            Ok(Err(_)) => {}
            Err(error) => {
                let broken = Body::new(Broken(Some(error)));
                return (Response::from_parts(parts, broken), None);
            }
        }
    }
    let headers = KEPT.iter().flat_map(|name| {
        let values = parts.headers.get_all(name).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        texts.map(|text| (name.as_str().to_owned(), text.to_owned()))
    });
    let head = Head {
        status: parts.status.as_u16(),
        headers: headers.collect(),
    };
    let stored = serde_json::to_vec(&head).ok().map(|mut head| {
        head.push(b'\n');
        head.extend_from_slice(&bytes);
        head
    });
    (Response::from_parts(parts, Body::from(bytes)), stored)
}

/// A kept answer; `None` if it is none.
pub(super) fn replayed(stored: &[u8]) -> Option<Response> {
    // JSON on one line has no line end in it.
    let end = stored.iter().position(|byte| *byte == b'\n')?;
    let (head, body) = stored.split_at_checked(end)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    let mut response = Response::new(Body::from(body.get(1..)?.to_vec()));
    *response.status_mut() = StatusCode::from_u16(head.status).ok()?;
    let headers = response.headers_mut();
    for (name, value) in head.headers {
        let name = HeaderName::try_from(name).ok()?;
        headers.append(name, HeaderValue::try_from(value).ok()?);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Some(response)
}

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

fn is_secret(response: &Response) -> bool {
    let directives = response.headers().get_all(CACHE_CONTROL).iter();
    let says_so = directives
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-store"));
    says_so || response.headers().contains_key(SET_COOKIE)
}

/// A body that ends as the handler's did.
struct Broken(Option<axum::Error>);

impl http_body::Body for Broken {
    type Data = axum::body::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(Err))
    }
}
