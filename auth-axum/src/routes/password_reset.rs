//! `POST /password/forgot` and `POST /password/reset`.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

use super::body::Body;
use super::context::Public;
use super::credentials::{GivenPassword, GivenReset};
use super::state::Shared;
use crate::rejection::Rejection;

#[derive(Deserialize)]
pub(super) struct Forgotten {
    identifier: String,
}

/// Whoever asks is told nothing: not by the answer, and not by when it comes.
pub(super) async fn forgot(
    State(shared): State<Arc<Shared>>,
    Public(cx): Public,
    Body(given): Body<Forgotten>,
) -> Result<StatusCode, Rejection> {
    let asked = shared.auth.request_password_reset(&cx, &given.identifier);
    let reset = asked.await?;
    if let Some(sending) = &shared.resets {
        sending.begin(reset);
    }
    Ok(StatusCode::ACCEPTED)
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    token: GivenReset,
    new_password: GivenPassword,
}

pub(super) async fn reset(
    State(shared): State<Arc<Shared>>,
    Public(cx): Public,
    Body(given): Body<Chosen>,
) -> Result<StatusCode, Rejection> {
    let new = given.new_password.0?;
    let token = given.token.0;
    shared.auth.reset_password(&cx, &token, new).await?;
    Ok(StatusCode::NO_CONTENT)
}
