//! `POST /signup`.

use std::sync::Arc;

use auth_sdk::SignUp;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::context::Public;
use super::credentials::GivenPassword;
use super::state::Shared;
use super::tokens::UserView;
use crate::rejection::Rejection;

#[derive(Deserialize)]
pub(super) struct Given {
    identifier: String,
    password: GivenPassword,
}

#[derive(Serialize)]
struct Made<'a> {
    user: UserView<'a>,
}

pub(super) async fn sign_up(
    State(shared): State<Arc<Shared>>,
    Public(cx): Public,
    Body(given): Body<Given>,
) -> Result<Response, Rejection> {
    let request = SignUp::new(given.identifier, given.password.0?);
    let user = shared.auth.sign_up(&cx, request).await?;
    Ok((
        StatusCode::CREATED,
        Json(Made {
            user: UserView::from(&user),
        }),
    )
        .into_response())
}
