//! 48, 87: the log of a whole run at trace level holds no secret.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::fs;
use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use support::{PASSWORD, Quickstart, credentials};

const NEW_PASSWORD: &str = "a longer horse, a better battery";

#[tokio::test(flavor = "multi_thread")]
async fn no_password_token_or_key_is_in_the_log_at_trace_level() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    let service = Quickstart::start(&database, "trace").await;
    let http = Client::new();
    let mut secrets = vec![PASSWORD.to_owned(), NEW_PASSWORD.to_owned()];

    let call = async |method: Method, path: &str, token: &str, body: Value| -> (u16, Value) {
        let request = http
            .request(method, service.url(path))
            .bearer_auth(token)
            .json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    };
    let post =
        async |path: &str, token: &str, body: Value| call(Method::POST, path, token, body).await;
    let mut keep = |answer: &Value| {
        let token = |name: &str| answer[name].as_str().unwrap().to_owned();
        let pair = (token("access_token"), token("refresh_token"));
        secrets.extend([pair.0.clone(), pair.1.clone()]);
        pair
    };

    post("/auth/signup", "none", credentials("ada")).await;
    let wrong = json!({ "identifier": "ada", "password": NEW_PASSWORD });
    assert_eq!(post("/auth/login", "none", wrong).await.0, 401);
    let (_, first) = post("/auth/login", "none", credentials("ada")).await;
    let (access, refresh) = keep(&first);
    assert_eq!(
        call(Method::GET, "/hello", &access, Value::Null).await.0,
        200
    );
    assert_eq!(
        call(Method::GET, "/hello", &format!("{access}x"), Value::Null)
            .await
            .0,
        401
    );
    assert_eq!(
        call(Method::GET, "/hello", &refresh, Value::Null).await.0,
        401
    );
    let (_, second) = post("/auth/refresh", "none", json!({ "refresh_token": refresh })).await;
    let (access, _) = keep(&second);
    let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
    let (_, third) = post("/auth/password", &access, change).await;
    let (access, refresh) = keep(&third);
    call(Method::GET, "/auth/sessions", &access, Value::Null).await;
    // A mangled body whose parts could be quoted by an error.
    post(
        "/auth/login",
        "none",
        json!({ "identifier": 7, "password": [PASSWORD] }),
    )
    .await;
    post(
        "/auth/refresh",
        "none",
        json!({ "refresh_token": format!("{refresh}x") }),
    )
    .await;
    assert_eq!(
        post("/auth/logout", "none", json!({ "refresh_token": refresh }))
            .await
            .0,
        204
    );

    let root = fs::read_to_string(database.with_extension("secret")).unwrap();
    secrets.push(root.trim().to_owned());
    secrets.push("$argon2id$".to_owned());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let log = service.log.clone();
    service.kill_9().await;
    let log = String::from_utf8_lossy(&log.lock().unwrap()).into_owned();

    assert!(
        log.lines().count() > 50,
        "the log is not at trace level: {log}"
    );
    for secret in &secrets {
        // Half of a token is as telling as the whole.
        let telling = &secret[secret.len() / 2..];
        for part in [secret.as_str(), telling] {
            let line = log.lines().find(|line| line.contains(part));
            assert_eq!(line, None, "{part:?} is in the log");
        }
    }
}
