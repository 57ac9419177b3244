//! `GET /sessions` and `DELETE /sessions/{session}`.

use std::sync::Arc;

use auth_core::{ClientId, Code, Scope, SessionId};
use auth_sdk::Session;
use axum::Json;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::caller::Caller;
use super::state::Shared;
use crate::rejection::Rejection;

#[derive(Serialize)]
struct Sessions<'a> {
    sessions: Vec<SessionView<'a>>,
}

/// A session, as its user may see it.
#[derive(Serialize)]
struct SessionView<'a> {
    id: SessionId,
    client_id: &'a ClientId,
    scope: &'a Scope,
    device: Option<&'a str>,
    created_at: i64,
    refreshed_at: i64,
    /// Unless it is refreshed.
    expires_at: i64,
    /// Whether the request came from it.
    current: bool,
}

pub(super) async fn sessions(
    State(shared): State<Arc<Shared>>,
    Caller {
        user,
        identity,
        context,
    }: Caller,
) -> Result<Response, Rejection> {
    let sessions = shared.auth.sessions(&context, user).await?;
    let view = |session| view(session, identity.session());
    Ok(Json(Sessions {
        sessions: sessions.iter().map(view).collect(),
    })
    .into_response())
}

fn view(session: &Session, current: Option<SessionId>) -> SessionView<'_> {
    SessionView {
        id: session.id,
        client_id: &session.client,
        scope: &session.scope,
        device: session.device.as_deref(),
        created_at: session.auth_time.unix_seconds(),
        refreshed_at: session.rotated_at.unix_seconds(),
        expires_at: session
            .idle_expires_at
            .min(session.expires_at)
            .unix_seconds(),
        current: current == Some(session.id),
    }
}

pub(super) async fn end_session(
    State(shared): State<Arc<Shared>>,
    Caller { user, context, .. }: Caller,
    params: Result<RawPathParams, RawPathParamsRejection>,
) -> Result<StatusCode, Rejection> {
    let session = named(params).ok_or(Rejection::new(Code::NotFound))?;
    shared.auth.end_session(&context, user, session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// By name: the prefix may have captures of its own.
fn named(params: Result<RawPathParams, RawPathParamsRejection>) -> Option<SessionId> {
    let params = params.ok()?;
    params
        .iter()
        .find(|(name, _)| *name == "session")?
        .1
        .parse()
        .ok()
}
