//! `POST /refresh`.

use std::sync::Arc;

use auth_core::ClientId;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::body::Body;
use super::context::Public;
use super::credentials::GivenToken;
use super::state::Shared;
use super::tokens::refreshed;
use crate::rejection::Rejection;

#[derive(Deserialize)]
pub(super) struct Given {
    refresh_token: GivenToken,
    client_id: Option<ClientId>,
}

pub(super) async fn refresh(
    State(shared): State<Arc<Shared>>,
    Public(cx): Public,
    Body(given): Body<Given>,
) -> Result<Response, Rejection> {
    let client = given.client_id.unwrap_or_default();
    let token = given.refresh_token.0;
    let tokens = shared.auth.refresh_for(&cx, &client, &token).await?;
    Ok(refreshed(&tokens))
}
