//! `POST /logout` and `POST /logout-all`.

use std::sync::Arc;

use auth_sdk::AuthError;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

use super::body::Body;
use super::caller::Caller;
use super::context::Public;
use super::credentials::GivenToken;
use super::state::Shared;
use crate::rejection::Rejection;

#[derive(Deserialize)]
pub(super) struct Given {
    refresh_token: GivenToken,
}

pub(super) async fn log_out(
    State(shared): State<Arc<Shared>>,
    Public(cx): Public,
    Body(given): Body<Given>,
) -> Result<StatusCode, Rejection> {
    match shared.auth.log_out(&cx, &given.refresh_token.0).await {
        // The client could do nothing about it (RFC 7009 §2.2).
        Ok(()) | Err(AuthError::InvalidGrant) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn log_out_everywhere(
    State(shared): State<Arc<Shared>>,
    Caller { user, context, .. }: Caller,
) -> Result<StatusCode, Rejection> {
    let ended = shared.auth.log_out_everywhere(&context, user).await;
    ended.map_err(|error| shared.user_is_gone(error))?;
    Ok(StatusCode::NO_CONTENT)
}
