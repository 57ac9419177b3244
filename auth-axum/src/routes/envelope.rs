//! What holds for every route: a span, a time limit, and headers.

use std::sync::Arc;

use auth_core::Code;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, PRAGMA, WWW_AUTHENTICATE};
use http::{Extensions, StatusCode};
use tracing::Instrument;

use super::state::Shared;
use crate::rejection::{NO_STORE, Rejection};

pub(super) async fn envelope(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Response {
    let span = tracing::info_span!("auth", route = route(request.extensions()));
    let answer = async {
        let limit = shared.limits.answer;
        tokio::time::timeout(limit, next.run(request))
            .await
            .unwrap_or_else(|_| {
                tracing::warn!(?limit, "not answered in time");
                Rejection::new(Code::Unavailable).into_response()
            })
    };
    let mut response = answer.instrument(span).await;
    let status = response.status();
    let headers = response.headers_mut();
    // Tokens and personal data (RFC 6749 §5.1), but for what says otherwise.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, NO_STORE);
    }
    if headers[CACHE_CONTROL] == NO_STORE {
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    }
    challenge(status, headers, &shared);
    response
}

/// Every 401 has a challenge (RFC 9110 §15.5.2), one for a wrong password too.
fn challenge(status: StatusCode, headers: &mut HeaderMap, shared: &Shared) {
    if status == StatusCode::UNAUTHORIZED && !headers.contains_key(WWW_AUTHENTICATE) {
        headers.insert(WWW_AUTHENTICATE, shared.realm.bare());
    }
}

/// The path as it was declared: what the client sent stays out of the log.
fn route(extensions: &Extensions) -> &str {
    extensions
        .get::<MatchedPath>()
        .map_or("unknown", MatchedPath::as_str)
}
