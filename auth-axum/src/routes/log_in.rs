//! `POST /login`.

use std::sync::Arc;

use auth_core::{ClientId, Code, Scope};
use auth_sdk::LogIn;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::body::Body;
use super::context::Public;
use super::credentials::{GivenDevice, GivenPassword, GivenToken};
use super::state::Shared;
use super::tokens::logged_in;
use crate::rejection::Rejection;

#[derive(Deserialize)]
pub(super) struct Given {
    identifier: String,
    password: GivenPassword,
    client_id: Option<ClientId>,
    scope: Option<String>,
    device_token: Option<GivenDevice>,
    refresh_token: Option<GivenToken>,
}

pub(super) async fn log_in(
    State(shared): State<Arc<Shared>>,
    Public(cx): Public,
    Body(given): Body<Given>,
) -> Result<Response, Rejection> {
    // Too long to be anybody's: wrong, and no account can be told by it.
    let wrong = |_| Rejection::new(Code::InvalidCredentials);
    let mut request = LogIn::new(given.identifier, given.password.0.map_err(wrong)?);
    if let Some(client) = given.client_id {
        request = request.with_client(client);
    }
    if let Some(scope) = given.scope {
        let scope: Scope = scope
            .parse()
            .map_err(|_| Rejection::new(Code::InvalidScope))?;
        request = request.with_scope(scope);
    }
    if let Some(GivenDevice(device)) = given.device_token {
        request = request.with_device_token(device);
    }
    if let Some(GivenToken(former)) = given.refresh_token {
        request = request.replacing(former);
    }
    Ok(logged_in(&shared.auth.log_in(&cx, request).await?))
}
