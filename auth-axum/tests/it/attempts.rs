//! Checklist 79 to 81: guessing over HTTP, on two stores.

use std::sync::Arc;

use auth_core::{Clock, ManualClock, SystemClock};
use auth_sdk::{MemoryStore, SqliteStore, Store};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::auth::{Client, PASSWORD, auth, problem, routes};
use crate::support::http::{serve, serve_with_addresses};

async fn on_each_store(test: impl AsyncFn(Behind)) {
    test(Behind::one_proxy(MemoryStore::with_clock(still())).await).await;
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::builder(folder.path().join("auth.db"));
    let sqlite = sqlite.with_clock(still()).open().await.unwrap();
    test(Behind::one_proxy(sqlite).await).await;
}

/// Time stands still: nobody has waited long enough.
fn still() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(SystemClock.now().wall))
}

/// A client that is the proxy of others.
struct Behind(Client);

impl Behind {
    async fn one_proxy(store: impl Store) -> Self {
        let auth = auth(store).await;
        let client = Client::to(routes(&auth).with_trusted_proxies(1).into()).await;
        client.sign_up("ada").await;
        Self(client)
    }

    async fn log_in(&self, from: &str, password: &str, device: Option<&str>) -> Response {
        let mut body = json!({ "identifier": "ada", "password": password });
        if let Some(device) = device {
            body["device_token"] = device.into();
        }
        let url = self.0.server.url("/auth/login");
        let request = self.0.http.post(url).header("x-forwarded-for", from);
        request.json(&body).send().await.unwrap()
    }
}

async fn wrong(answer: Response) {
    problem(answer, 401, "invalid_credentials").await;
}

async fn too_many(answer: Response) {
    let after = answer.headers()["retry-after"].to_str().unwrap();
    assert!(
        (1..=3600).contains(&after.parse::<u64>().unwrap()),
        "{after}"
    );
    let told = problem(answer, 429, "too_many_attempts").await;
    assert_eq!(told["title"], "Too many attempts; try again later");
}

#[tokio::test]
async fn c79_c80_the_sixth_guess_is_told_to_wait_and_a_known_device_is_not() {
    on_each_store(async |behind| {
        let first = behind.log_in("203.0.113.1", PASSWORD, None).await;
        assert_eq!(first.status(), StatusCode::OK);
        let first: Value = first.json().await.unwrap();
        let device = first["device_token"].as_str().unwrap();
        assert!(device.starts_with("d1."));

        // From another network each, whatever they claim to the left.
        for network in 1..=5 {
            let from = format!("203.0.113.1, 198.51.{network}.1");
            wrong(behind.log_in(&from, "wrong", None).await).await;
        }
        too_many(
            behind
                .log_in("203.0.113.1, 198.51.9.1", "wrong", None)
                .await,
        )
        .await;
        too_many(behind.log_in("192.0.2.1", PASSWORD, None).await).await;
        too_many(
            behind
                .log_in("192.0.2.1", PASSWORD, Some("d1.forged"))
                .await,
        )
        .await;

        let known = behind.log_in("192.0.2.1", PASSWORD, Some(device)).await;
        assert_eq!(known.status(), StatusCode::OK);
        // The owner's network, too, is another matter.
        let known = behind.log_in("203.0.113.77", PASSWORD, None).await;
        assert_eq!(known.status(), StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn c81_nobody_is_told_apart_by_how_often_they_may_guess() {
    on_each_store(async |behind| {
        let mut told = Vec::new();
        for identifier in ["ada", "nobody"] {
            let mut answers = Vec::new();
            for _ in 0..7 {
                let body = json!({ "identifier": identifier, "password": "wrong" });
                let answer = behind.0.post("/auth/login", body).await;
                let mut headers = answer.headers().clone();
                headers.remove("date");
                answers.push((answer.status(), headers, answer.text().await.unwrap()));
            }
            told.push(answers);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0][6].0, StatusCode::TOO_MANY_REQUESTS);
    })
    .await;
}

#[tokio::test]
async fn a_device_token_that_is_no_text_is_a_malformed_request() {
    let behind = Behind::one_proxy(MemoryStore::with_clock(still())).await;
    for device in [json!(7), json!(["d1.x"]), json!({})] {
        let body = json!({ "identifier": "ada", "password": PASSWORD, "device_token": device });
        problem(
            behind.0.post("/auth/login", body).await,
            400,
            "invalid_request",
        )
        .await;
    }
    let body = json!({ "identifier": "ada", "password": PASSWORD, "device_token": null });
    assert_eq!(behind.0.post("/auth/login", body).await.status(), 200);
}

/// What the client claims is not read: the guesses and the owner come from the
/// same place, whatever they say.
#[tokio::test]
async fn c80_without_proxies_the_header_counts_for_nothing() {
    for knows_addresses in [true, false] {
        let auth = auth(MemoryStore::with_clock(still())).await;
        let server = if knows_addresses {
            serve_with_addresses(routes(&auth).into()).await
        } else {
            serve(routes(&auth).into()).await
        };
        let behind = Behind(Client::of_server(server));
        behind.0.sign_up("ada").await;
        let first = behind.log_in("203.0.113.1", PASSWORD, None).await;
        assert_eq!(first.status(), StatusCode::OK);
        for _ in 1..=5 {
            wrong(behind.log_in("203.0.113.1", "wrong", None).await).await;
        }
        too_many(behind.log_in("192.0.2.1", PASSWORD, None).await).await;
    }
}
