//! The body of a request: one JSON object, bounded in size and time.

use std::sync::Arc;

use auth_core::Code;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use super::state::Shared;
use crate::body::read;
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
        read(request.into_body(), MAX, shared.limits.body)
            .await
            .and_then(|bytes| parse(bytes.expose()))
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

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Code> {
    // Derived types would read themselves from an array too.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Code::InvalidRequest);
    }
    // The reason quotes what was sent, so nobody is told.
    serde_json::from_slice(body).map_err(|_| Code::InvalidRequest)
}
