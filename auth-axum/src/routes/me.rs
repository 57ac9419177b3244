//! `GET /me`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::caller::Caller;
use super::state::Shared;
use super::tokens::UserView;
use crate::rejection::Rejection;

pub(super) async fn me(
    State(shared): State<Arc<Shared>>,
    Caller { user, context, .. }: Caller,
) -> Result<Response, Rejection> {
    let user = shared.auth.cached_user(&context, user).await;
    let user = user.map_err(|error| shared.user_is_gone(error))?;
    Ok(Json(UserView::from(&user)).into_response())
}
