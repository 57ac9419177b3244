//! `GET /.well-known/jwks.json`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;

use super::state::Shared;

/// The public keys (RFC 7517 §5). A verifier that meets an unknown key asks
/// again, so that five minutes are not too long.
pub(super) async fn jwks(State(shared): State<Arc<Shared>>) -> Response {
    (
        [(CACHE_CONTROL, "public, max-age=300")],
        Json(shared.auth.jwks()),
    )
        .into_response()
}
