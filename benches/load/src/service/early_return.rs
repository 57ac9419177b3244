//! The mistake that most services make: who is not there is not hashed for.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use sqlx::PgPool;

use super::{Options, ours};
use crate::Failure;

#[derive(Deserialize)]
struct Named {
    identifier: String,
}

/// Ours, behind that mistake.
pub(super) async fn router(options: &Options) -> Result<Router, Failure> {
    let users = PgPool::connect(&options.database).await?;
    Ok(ours::router(options)
        .await?
        .layer(from_fn_with_state(users, known_users)))
}

async fn known_users(State(users): State<PgPool>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, 1 << 16).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if let Ok(Named { identifier }) = serde_json::from_slice(&body) {
        let found = sqlx::query_scalar("SELECT true FROM auth.users WHERE identifier = $1")
            .bind(&identifier)
            .fetch_optional(&users)
            .await;
        if matches!(found, Ok(None::<bool>)) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
    }
    next.run(Request::from_parts(head, Body::from(body))).await
}
