//! What a request asks, and whose it is.

use std::mem;

use auth_core::idempotency::{IdempotencyKey, IdempotentRequest};
use auth_core::{Code, Identity};
use axum::extract::{MatchedPath, OriginalUri};
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
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

/// The request, as it is remembered: with its whole path, of which a nested router
/// sees a part only.
pub(super) fn remembered(
    settings: &Settings,
    parts: &mut Parts,
    key: &IdempotencyKey,
    body: &[u8],
) -> IdempotentRequest {
    let whole = parts.extensions.get::<OriginalUri>();
    let whole = whole.map_or_else(|| parts.uri.clone(), |OriginalUri(uri)| uri.clone());
    let seen = mem::replace(&mut parts.uri, whole);
    let remembered = with_whole_path(settings, parts, &seen, key, body);
    parts.uri = seen;
    remembered
}

fn with_whole_path(
    settings: &Settings,
    parts: &Parts,
    seen: &Uri,
    key: &IdempotencyKey,
    body: &[u8],
) -> IdempotentRequest {
    let identity = parts.extensions.get::<Arc<Identity>>();
    let tenant = identity.and_then(|identity| identity.tenant());
    let tenant = tenant.unwrap_or_else(|| (settings.tenant)(parts));
    let route = parts.extensions.get::<MatchedPath>();
    let route = route.map_or(parts.uri.path(), MatchedPath::as_str);
    let content = header(parts, CONTENT_TYPE.as_str());
    IdempotentRequest::new(
        settings.keys.roots(),
        tenant,
        format!("{} {route}", parts.method),
        &caller(settings, identity, parts),
        key,
        // What the handler sees too: a layer in between may have made it of a header.
        &[target(&parts.uri), target(seen), content, body],
    )
}

fn target(uri: &Uri) -> &[u8] {
    let target = uri.path_and_query();
    target.map_or(uri.path(), PathAndQuery::as_str).as_bytes()
}

/// No kind of caller can be taken for another. Only a hash of it is stored.
fn caller(settings: &Settings, identity: Option<&Arc<Identity>>, parts: &Parts) -> Vec<u8> {
    if let Some(identity) = identity {
        let (issuer, subject) = (identity.issuer(), identity.subject());
        return format!("identity {} {issuer} {subject}", issuer.len()).into_bytes();
    }
    if let Some(caller) = &settings.caller {
        return [b"named ", &caller(parts)[..]].concat();
    }
    let credential = headers(parts, &AUTHORIZATION);
    let cookies = headers(parts, &COOKIE);
    match (&credential[..], &cookies[..]) {
        ([], []) => Vec::new(),
        (credential, []) => [b"credential ", credential].concat(),
        (credential, cookies) => {
            let length = credential.len().to_string();
            [b"cookies ", length.as_bytes(), b" ", credential, cookies].concat()
        }
    }
}

/// All of this name: HTTP/2 has each cookie in a line of its own (RFC 9113 §8.2.3).
fn headers(parts: &Parts, name: &HeaderName) -> Vec<u8> {
    let all = parts.headers.get_all(name).iter();
    let all: Vec<_> = all.map(HeaderValue::as_bytes).collect();
    all.join(&b"; "[..])
}

fn header<'p>(parts: &'p Parts, name: &str) -> &'p [u8] {
    let value = parts.headers.get(name);
    value.map_or(&[], HeaderValue::as_bytes)
}
