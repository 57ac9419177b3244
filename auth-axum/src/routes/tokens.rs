//! Tokens as they are answered (RFC 6749 §5.1).

use auth_core::{SessionId, UserId};
use auth_sdk::{LoggedIn, TokenPair, User};
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

#[derive(Serialize)]
struct Tokens<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    refresh_token: &'a str,
    scope: String,
    session_id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_token: Option<&'a str>,
}

/// A user, as the user may see it.
#[derive(Serialize)]
pub(super) struct UserView<'a> {
    id: UserId,
    identifier: &'a str,
    roles: &'a [String],
    /// In whole seconds, as a JWT's `NumericDate`: a client meets one notation.
    created_at: i64,
}

impl<'a> From<&'a User> for UserView<'a> {
    fn from(user: &'a User) -> Self {
        let User {
            id,
            identifier,
            roles,
            created_at,
            ..
        } = user;
        Self {
            id: *id,
            identifier,
            roles,
            created_at: created_at.unix_seconds(),
        }
    }
}

pub(super) fn logged_in(logged_in: &LoggedIn) -> Response {
    answer(&logged_in.tokens, Some(logged_in))
}

pub(super) fn refreshed(tokens: &TokenPair) -> Response {
    answer(tokens, None)
}

fn answer(tokens: &TokenPair, logged_in: Option<&LoggedIn>) -> Response {
    Json(Tokens {
        access_token: tokens.access_token.expose(),
        token_type: "Bearer",
        expires_in: tokens.expires_in.as_secs(),
        refresh_token: tokens.refresh_token.expose(),
        scope: tokens.scope.to_string(),
        session_id: tokens.session,
        user: logged_in.map(|logged_in| UserView::from(&logged_in.user)),
        device_token: logged_in.map(|logged_in| logged_in.device.expose()),
    })
    .into_response()
}
