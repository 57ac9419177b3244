//! `POST /password`.

use std::sync::Arc;

use auth_core::Code;
use auth_sdk::ChangePassword;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::body::Body;
use super::caller::Caller;
use super::credentials::GivenPassword;
use super::state::Shared;
use super::tokens::logged_in;
use crate::rejection::Rejection;

#[derive(Deserialize)]
pub(super) struct Given {
    current_password: GivenPassword,
    new_password: GivenPassword,
}

pub(super) async fn change_password(
    State(shared): State<Arc<Shared>>,
    Caller {
        user,
        identity,
        context,
    }: Caller,
    Body(given): Body<Given>,
) -> Result<Response, Rejection> {
    let new = given.new_password.0?;
    let wrong = |_| Rejection::new(Code::InvalidCredentials);
    let current = given.current_password.0.map_err(wrong)?;
    // The new session is what the old one was: no other client's, no more
    // scope.
    let request = ChangePassword::new(current, new)
        .with_client(identity.client().unwrap_or_default())
        .with_scope(identity.scope().clone());
    let changed = shared.auth.change_password(&context, user, request).await?;
    Ok(logged_in(&changed))
}
