//! Checklist 71, 86 to 88: a forgotten password over HTTP.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::{Clock, ManualClock, SystemClock};
use auth_sdk::{MemoryStore, PasswordReset, SendPasswordReset, Store, UserStatus};
use axum::Router;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use crate::support::auth::{Client, PASSWORD, auth, problem, routes};
use crate::support::log::Log;
use crate::support::store::Faulty;

const NEW: &str = "a completely different one";
const HANG_GUARD: Duration = Duration::from_secs(60);

/// Puts what it is to send into a box; may hang, or fail, after that.
#[derive(Debug)]
struct Mail {
    sent: mpsc::UnboundedSender<PasswordReset>,
    until: Option<Arc<Notify>>,
    fails: bool,
}

#[async_trait]
impl SendPasswordReset for Mail {
    async fn send(&self, reset: PasswordReset) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.sent.send(reset)?;
        if let Some(until) = &self.until {
            until.notified().await;
        }
        if self.fails {
            return Err("the mailbox is full".into());
        }
        Ok(())
    }
}

struct Letters {
    client: Client,
    letters: mpsc::UnboundedReceiver<PasswordReset>,
}

impl Letters {
    async fn of(store: impl Store, until: Option<Arc<Notify>>, fails: bool) -> Self {
        let (sent, letters) = mpsc::unbounded_channel();
        let mail = Mail { sent, until, fails };
        let auth = auth(store).await;
        let app: Router = routes(&auth).with_password_reset(Arc::new(mail)).into();
        Self {
            client: Client::to(app).await,
            letters,
        }
    }

    async fn letter(&mut self) -> PasswordReset {
        let letter = tokio::time::timeout(HANG_GUARD, self.letters.recv()).await;
        letter.unwrap().unwrap()
    }

    async fn forgot(&self, identifier: &str) -> Response {
        let body = json!({ "identifier": identifier });
        self.client.post("/auth/password/forgot", body).await
    }

    async fn reset(&self, token: &str, to: &str) -> Response {
        let body = json!({ "token": token, "new_password": to });
        self.client.post("/auth/password/reset", body).await
    }
}

#[tokio::test]
async fn c86_a_forgotten_password_is_chosen_again_once() {
    let (log, _guard) = Log::start();
    let mut letters = Letters::of(MemoryStore::new(), None, false).await;
    letters.client.sign_up("ada").await;
    let before = letters.client.log_in("ada").await;
    let answer = letters.forgot(" ADA").await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let letter = letters.letter().await;
    assert_eq!(letter.user.identifier, "ada");
    let token = letter.token.expose();

    let short = problem(
        letters.reset(token, "short").await,
        422,
        "password_rejected",
    )
    .await;
    assert_eq!(short["reason"], "too_short");
    let endless = "x".repeat(2000);
    problem(
        letters.reset(token, &endless).await,
        422,
        "password_rejected",
    )
    .await;
    let mut forged = token.to_owned();
    forged.replace_range(60..61, if &forged[60..61] == "A" { "B" } else { "A" });
    problem(
        letters.reset(&forged, NEW).await,
        400,
        "invalid_reset_token",
    )
    .await;
    let me = letters.client.get("/auth/me", &before.access_token).await;
    assert_eq!(me.status(), StatusCode::OK);

    let done = letters.reset(token, NEW).await;
    assert_eq!(done.status(), StatusCode::NO_CONTENT);
    assert_eq!(done.bytes().await.unwrap(), "");
    let told = problem(
        letters.reset(token, PASSWORD).await,
        400,
        "invalid_reset_token",
    )
    .await;
    assert_eq!(told["title"], "The reset token is not valid");
    assert!(!told.to_string().contains(token));

    let me = letters.client.get("/auth/me", &before.access_token).await;
    problem(me, 401, "invalid_token").await;
    let refresh = letters.client.refresh(&before.refresh_token).await;
    problem(refresh, 400, "invalid_grant").await;
    let log_in = async |password: &str| {
        let body = json!({ "identifier": "ada", "password": password });
        letters.client.post("/auth/login", body).await
    };
    problem(log_in(PASSWORD).await, 401, "invalid_credentials").await;
    assert_eq!(log_in(NEW).await.status(), StatusCode::OK);

    // 87
    let log = log.text();
    assert!(log.contains("/password/reset"));
    for secret in [token, &forged, &token[3..43], NEW, PASSWORD] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn c88_nobody_is_told_apart_by_a_forgotten_password() {
    let store = MemoryStore::new();
    let mut letters = Letters::of(store.clone(), None, false).await;
    letters.client.sign_up("ada").await;
    letters.client.sign_up("bob").await;
    let identifier = auth_store::Identifier::new("bob").unwrap();
    let (tenant, users) = (auth_core::TenantId::DEFAULT, &store as &dyn Store);
    let bob = users.find_user(tenant, &identifier).await.unwrap().unwrap();
    let disabled = users.set_user_status(tenant, bob.user.id, UserStatus::Disabled);
    let _ = disabled.await.unwrap();

    let mut told = Vec::new();
    // Ada asks more often than is sent, too.
    for identifier in [
        "ada", "nobody", "bob", "", "a\0b", "ada", "ada", "ada", "ada", "ada",
    ] {
        let answer = letters.forgot(identifier).await;
        let mut headers = answer.headers().clone();
        headers.remove("date");
        told.push((answer.status(), headers, answer.text().await.unwrap()));
    }
    assert!(told.iter().all(|answer| *answer == told[0]), "{told:?}");
    assert_eq!(told[0].0, StatusCode::ACCEPTED);
    for _ in 0..5 {
        assert_eq!(letters.letter().await.user.identifier, "ada");
    }
    assert!(letters.letters.try_recv().is_err());
}

/// Each is answered at once, and no more than 64 are under way.
#[tokio::test]
async fn c88_a_mail_server_that_hangs_holds_nobody_up() {
    let until = Arc::new(Notify::new());
    let mut letters = Letters::of(MemoryStore::new(), Some(until.clone()), true).await;
    for user in 0..14 {
        let name = format!("user{user}");
        letters.client.sign_up(&name).await;
        for _ in 0..5 {
            assert_eq!(letters.forgot(&name).await.status(), StatusCode::ACCEPTED);
        }
    }
    for _ in 0..64 {
        letters.letter().await;
    }
    assert_eq!(
        letters.forgot("nobody").await.status(),
        StatusCode::ACCEPTED
    );
    assert!(letters.letters.try_recv().is_err());
    // They fail, and make room for others.
    until.notify_waiters();
    letters.client.sign_up("ada").await;
    let asked = async {
        while letters.letters.try_recv().is_err() {
            assert_eq!(letters.forgot("ada").await.status(), StatusCode::ACCEPTED);
        }
    };
    tokio::time::timeout(HANG_GUARD, asked).await.unwrap();
}

/// 54: an outage is one, and whoever asks is told it alike.
#[tokio::test]
async fn c54_a_store_that_is_down_refuses_nobody_a_reset() {
    let store = Faulty::default();
    let mut letters = Letters::of(store.clone(), None, false).await;
    letters.client.sign_up("ada").await;
    letters.forgot("ada").await;
    let letter = letters.letter().await;
    store.set_down(true);
    for identifier in ["ada", "nobody"] {
        let answer = letters.forgot(identifier).await;
        problem(answer, 503, "temporarily_unavailable").await;
    }
    let answer = letters.reset(letter.token.expose(), NEW).await;
    problem(answer, 503, "temporarily_unavailable").await;
    store.set_down(false);
    let answer = letters.reset(letter.token.expose(), NEW).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn without_a_sender_there_are_no_routes_for_it() {
    let auth = auth(MemoryStore::new()).await;
    let sent = mpsc::unbounded_channel().0;
    let mail = Arc::new(Mail {
        sent,
        until: None,
        fails: false,
    });
    let with = routes(&auth).with_password_reset(mail).endpoints();
    let without = routes(&auth).endpoints();
    let more: Vec<_> = with.iter().filter(|e| !without.contains(e)).collect();
    let paths: Vec<_> = more
        .iter()
        .map(|e| (&e.method, &*e.path, e.access))
        .collect();
    let public = auth_axum::Access::Public;
    assert_eq!(
        paths,
        [
            (&http::Method::POST, "/auth/password/forgot", public),
            (&http::Method::POST, "/auth/password/reset", public),
        ]
    );
    let client = Client::to(routes(&auth).into()).await;
    for path in ["/auth/password/forgot", "/auth/password/reset"] {
        problem(client.post(path, json!({})).await, 404, "not_found").await;
    }
}

#[tokio::test]
async fn what_is_no_request_for_a_reset_is_malformed() {
    let letters = Letters::of(MemoryStore::new(), None, false).await;
    for body in [
        json!({}),
        json!({ "identifier": 7 }),
        json!([]),
        json!({ "identifier": null }),
    ] {
        let answer = letters.client.post("/auth/password/forgot", body).await;
        problem(answer, 400, "invalid_request").await;
    }
    for body in [
        json!({}),
        json!({ "token": "r1.x" }),
        json!({ "new_password": NEW }),
        json!({ "token": 7, "new_password": NEW }),
    ] {
        let answer = letters.client.post("/auth/password/reset", body).await;
        problem(answer, 400, "invalid_request").await;
    }
    problem(letters.reset("r1.x", NEW).await, 400, "invalid_reset_token").await;
}

/// 71: a client that logs in again leaves no session behind.
#[tokio::test]
async fn c71_a_log_in_with_the_old_refresh_token_ends_its_session() {
    let clock = Arc::new(ManualClock::at(SystemClock.now().wall));
    let auth = auth(MemoryStore::with_clock(clock)).await;
    let client = Client::to(routes(&auth).into()).await;
    client.sign_up("ada").await;
    let old = client.log_in("ada").await;
    let log_in = async |password: &str, held: Value| {
        let body = json!({ "identifier": "ada", "password": password, "refresh_token": held });
        client.post("/auth/login", body).await
    };
    let refused = log_in(NEW, json!(old.refresh_token)).await;
    problem(refused, 401, "invalid_credentials").await;
    for none in [json!(null), json!("v1.forged")] {
        assert_eq!(log_in(PASSWORD, none).await.status(), StatusCode::OK);
    }
    let me = client.get("/auth/me", &old.access_token).await;
    assert_eq!(me.status(), StatusCode::OK);

    let new = log_in(PASSWORD, json!(old.refresh_token)).await;
    assert_eq!(new.status(), StatusCode::OK);
    let new: Value = new.json().await.unwrap();
    assert_ne!(new["session_id"], old.session_id.as_str());
    let me = client.get("/auth/me", &old.access_token).await;
    problem(me, 401, "invalid_token").await;
    let refresh = client.refresh(&old.refresh_token).await;
    problem(refresh, 400, "invalid_grant").await;
    let access = new["access_token"].as_str().unwrap();
    assert_eq!(
        client.get("/auth/me", access).await.status(),
        StatusCode::OK
    );
    problem(log_in(PASSWORD, json!(7)).await, 400, "invalid_request").await;
}
