//! What a request asks, and whose it is.

use std::pin::Pin;

use auth_core::idempotency::{IdempotencyKey, IdempotentRequest};
use auth_core::{Code, Identity, Secret};
use axum::body::Body;
use axum::extract::MatchedPath;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use http_body::Body as _;
use std::sync::Arc;

use super::Settings;

const HEADER: &str = "idempotency-key";

/// The key of a request, if it has one.
///
/// # Errors
/// It has something else, two of them, or none where one must be.
pub(super) fn key(
    settings: &Settings,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<IdempotencyKey>, Code> {
    // They change nothing, and are sent again anyway.
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(None);
    }
    let mut all = headers.get_all(HEADER).iter();
    match (all.next(), all.next()) {
        (None, _) if settings.required => Err(Code::InvalidRequest),
        (None, _) => Ok(None),
        (Some(only), None) => IdempotencyKey::from_header(only.as_bytes())
            .map(Some)
            .map_err(|_| Code::InvalidRequest),
        (Some(_), Some(_)) => Err(Code::InvalidRequest),
    }
}

/// The request, as it is remembered.
pub(super) fn remembered(
    settings: &Settings,
    parts: &Parts,
    key: &IdempotencyKey,
    body: &[u8],
) -> IdempotentRequest {
    let identity = parts.extensions.get::<Arc<Identity>>();
    let tenant = identity.and_then(|identity| identity.tenant());
    let tenant = tenant.unwrap_or_else(|| (settings.tenant)(parts));
    let route = parts.extensions.get::<MatchedPath>();
    let route = route.map_or(parts.uri.path(), MatchedPath::as_str);
    let content = header(parts, CONTENT_TYPE.as_str());
    let path = parts.uri.path_and_query();
    let path = path.map_or(parts.uri.path(), http::uri::PathAndQuery::as_str);
    IdempotentRequest::new(
        settings.keys.roots(),
        tenant,
        format!("{} {route}", parts.method),
        &caller(identity, parts),
        key,
        &[path.as_bytes(), content, body],
    )
}

/// The three kinds of callers cannot be taken for each other. Only a hash of it is
/// stored.
fn caller(identity: Option<&Arc<Identity>>, parts: &Parts) -> Vec<u8> {
    match identity {
        Some(identity) => {
            let (issuer, subject) = (identity.issuer(), identity.subject());
            format!("identity {} {issuer} {subject}", issuer.len()).into_bytes()
        }
        None => match header(parts, AUTHORIZATION.as_str()) {
            [] => Vec::new(),
            credential => [b"credential ", credential].concat(),
        },
    }
}

fn header<'p>(parts: &'p Parts, name: &str) -> &'p [u8] {
    let value = parts.headers.get(name);
    value.map_or(&[], http::HeaderValue::as_bytes)
}

/// The whole body, which is wiped when it is dropped: there may be a password in
/// it.
///
/// # Errors
/// It is too large, too late, or broken.
pub(super) async fn read(settings: &Settings, mut body: Body) -> Result<Secret<Vec<u8>>, Code> {
    let max = settings.max_body;
    if usize::try_from(body.size_hint().lower()).map_or(true, |least| least > max) {
        return Err(Code::TooLarge);
    }
    // Full size from the start: a buffer that grows leaves copies behind.
    let announced = body.size_hint().exact();
    let size = announced.and_then(|size| usize::try_from(size).ok());
    let mut bytes = Vec::with_capacity(size.unwrap_or(max).min(max));
    let reading = async {
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
        {
            let Ok(data) = frame.map_err(|_| Code::InvalidRequest)?.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > max {
                return Err(Code::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(())
    };
    let read = tokio::time::timeout(settings.body_timeout, reading).await;
    let bytes = Secret::new(bytes);
    read.unwrap_or(Err(Code::RequestTimeout)).map(|()| bytes)
}
