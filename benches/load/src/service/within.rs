//! Log-ins that begin in the service: what the SDK does with many at once, without
//! the cost of carrying them there.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use auth_core::password::Password;
use auth_sdk::{Auth, AuthError, Context};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::Barrier;

/// A user who wants to log in.
#[derive(Serialize, Deserialize)]
pub(crate) struct LogIn {
    pub(crate) identifier: String,
    pub(crate) password: String,
    pub(crate) from: IpAddr,
}

/// How it ended.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answered {
    /// As the ready-made route would say it.
    pub(crate) status: u16,
    /// Whether it was told when to come again.
    pub(crate) says_when: bool,
    /// From when all began.
    pub(crate) took_us: u64,
}

/// `POST /flood` with a list of [`LogIn`] begins all of them at once, and answers
/// with a list of [`Answered`], of which there are fewer if some panicked.
pub(super) fn router(auth: Auth, patience: Duration) -> Router {
    let cx = Context::new().with_patience(patience);
    Router::new()
        .route("/flood", post(flood))
        .with_state((auth, cx))
}

async fn flood(
    State((auth, cx)): State<(Auth, Context)>,
    Json(log_ins): Json<Vec<LogIn>>,
) -> Json<Vec<Answered>> {
    let start = Arc::new(Barrier::new(log_ins.len()));
    // All have come by the time that the first is looked at.
    let began = Arc::new(OnceLock::new());
    let tasks: Vec<_> = log_ins
        .into_iter()
        .map(|log_in| {
            let (auth, cx) = (auth.clone(), cx.clone());
            let (start, began) = (Arc::clone(&start), Arc::clone(&began));
            tokio::spawn(async move {
                start.wait().await;
                let began = *began.get_or_init(Instant::now);
                let refused = once(&auth, &cx.with_client_address(log_in.from), log_in).await;
                (refused, began.elapsed())
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        let Ok((refused, took)) = task.await else {
            continue;
        };
        answers.push(Answered {
            status: refused
                .as_ref()
                .map_or(200, |error| error.code().http_status()),
            says_when: refused.is_some_and(|error| error.retry_after().is_some()),
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        });
    }
    Json(answers)
}

async fn once(auth: &Auth, cx: &Context, log_in: LogIn) -> Option<AuthError> {
    let Ok(password) = Password::new(log_in.password) else {
        return Some(AuthError::InvalidCredentials);
    };
    let log_in = auth_sdk::LogIn::new(log_in.identifier, password);
    auth.log_in(cx, log_in).await.err()
}
