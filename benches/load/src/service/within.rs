//! Log-ins that begin in the service: what the SDK does with many at once, without
//! the cost of carrying them there.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use auth_core::password::Password;
use auth_sdk::{Auth, AuthError, Context};
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;

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

/// `POST /flood` takes a list of [`LogIn`], each of which waits in a task of its own
/// until `POST /flood/begin` begins all of them at once. That answers with a list of
/// [`Answered`], of which there are fewer if some panicked.
pub(super) fn router(auth: Auth, patience: Duration) -> Router {
    let cx = Context::new().with_patience(patience);
    let flood = Flood {
        auth,
        cx,
        ready: Arc::default(),
    };
    Router::new()
        .route("/flood", post(prepare))
        .route("/flood/begin", post(begin))
        .with_state(flood)
}

#[derive(Clone)]
struct Flood {
    auth: Auth,
    cx: Context,
    ready: Arc<Mutex<Option<Ready>>>,
}

struct Ready {
    start: watch::Sender<Option<Instant>>,
    tasks: Vec<JoinHandle<Ended>>,
}

type Ended = (Option<AuthError>, Duration);

async fn prepare(State(flood): State<Flood>, Json(log_ins): Json<Vec<LogIn>>) {
    let (start, started) = watch::channel(None);
    let tasks = log_ins
        .into_iter()
        .map(|log_in| {
            let (auth, cx, mut started) = (flood.auth.clone(), flood.cx.clone(), started.clone());
            tokio::spawn(async move {
                let began = started.wait_for(Option::is_some).await;
                // If it never begins there is nothing to measure.
                let began = began.ok().and_then(|it| *it).unwrap_or_else(Instant::now);
                let refused = once(&auth, &cx.with_client_address(log_in.from), log_in).await;
                (refused, began.elapsed())
            })
        })
        .collect();
    *flood.ready() = Some(Ready { start, tasks });
}

async fn begin(State(flood): State<Flood>) -> Json<Vec<Answered>> {
    let Some(Ready { start, tasks }) = flood.ready().take() else {
        return Json(Vec::new());
    };
    start.send_replace(Some(Instant::now()));
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

impl Flood {
    fn ready(&self) -> MutexGuard<'_, Option<Ready>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn once(auth: &Auth, cx: &Context, log_in: LogIn) -> Option<AuthError> {
    let Ok(password) = Password::new(log_in.password) else {
        return Some(AuthError::InvalidCredentials);
    };
    let log_in = auth_sdk::LogIn::new(log_in.identifier, password);
    auth.log_in(cx, log_in).await.err()
}
