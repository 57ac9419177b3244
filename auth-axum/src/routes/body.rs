//! The body of a request: one JSON object, bounded in size and time.

use std::pin::Pin;
use std::sync::Arc;

use auth_core::{Code, Secret};
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body::Body as _;
use serde::de::DeserializeOwned;

use super::state::Shared;
use crate::rejection::Rejection;

/// A request's body as a `T`.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

/// The most bytes a body may have.
const MAX: usize = 64 * 1024;

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Body<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Rejection> {
        if !is_json(request.headers()) {
            return Err(Rejection::new(Code::UnsupportedMediaType));
        }
        let mut body = request.into_body();
        // Full size from the start: a buffer that grows leaves copies behind.
        let announced = body
            .size_hint()
            .exact()
            .and_then(|size| usize::try_from(size).ok());
        let mut bytes = Vec::with_capacity(announced.unwrap_or(MAX).min(MAX));
        let arrived = tokio::time::timeout(shared.limits.body, read(&mut body, &mut bytes)).await;
        // There are passwords in it: wiped on drop, whatever came of it.
        let bytes = Secret::new(bytes);
        arrived
            .unwrap_or(Err(Code::RequestTimeout))
            .and_then(|()| parse(bytes.expose()))
            .map(Self)
            .map_err(Rejection::new)
    }
}

/// `application/json`, said once. Most else a web page could send across sites
/// without asking.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let essence = only
        .as_bytes()
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}

/// Keeps no more than [`MAX`] bytes, whatever the client announces.
async fn read(body: &mut axum::body::Body, bytes: &mut Vec<u8>) -> Result<(), Code> {
    if body.size_hint().lower() > MAX as u64 {
        return Err(Code::TooLarge);
    }
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(|_| Code::InvalidRequest)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > MAX {
            return Err(Code::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Code> {
    // Derived types would read themselves from an array too.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Code::InvalidRequest);
    }
    // The reason quotes what was sent, so nobody is told.
    serde_json::from_slice(body).map_err(|_| Code::InvalidRequest)
}
