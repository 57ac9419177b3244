//! The routes by which a user rules over sessions and password.

use std::time::Duration;

use auth_sdk::{Context, MemoryStore};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::auth::{Client, PASSWORD, Tokens, app, auth, problem};
use crate::support::store::Faulty;

const NEW: &str = "a completely different one";
const STRANGE: &str = "0190a5d0-7c3f-7000-8000-0123456789ab";

/// Checklist 70.
#[tokio::test]
async fn a_user_sees_and_ends_the_own_sessions_and_no_others() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    client.sign_up("eve").await;
    let (here, there) = (client.log_in("ada").await, client.log_in("ada").await);
    let eve = client.log_in("eve").await;

    let answer = client.get("/auth/sessions", &here.access_token).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let list: Value = answer.json().await.unwrap();
    let list = list["sessions"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    for session in list {
        assert_eq!(session["current"], session["id"] == here.session_id);
        assert_eq!(session["client_id"], "first-party");
        assert_eq!(session["device"], "test/1");
        assert_eq!(session["scope"], "read");
        assert!(session["expires_at"].as_i64() > session["created_at"].as_i64());
        assert!(session["refreshed_at"].as_i64() >= session["created_at"].as_i64());
        assert_eq!(session.as_object().unwrap().len(), 8, "{session}");
    }

    let end = async |id: &str, token: &str| {
        let path = format!("/auth/sessions/{id}");
        client.call(Method::DELETE, &path, Some(token), None).await
    };
    let upper = there.session_id.to_uppercase();
    for odd in ["x", "%ff", "%00", &upper, STRANGE, &eve.session_id] {
        problem(end(odd, &here.access_token).await, 404, "not_found").await;
    }
    assert_eq!(
        end(&there.session_id, &here.access_token).await.status(),
        204
    );
    problem(
        end(&there.session_id, &here.access_token).await,
        404,
        "not_found",
    )
    .await;
    assert_eq!(client.status(&there.access_token).await, 401);
    assert_eq!(client.status(&here.access_token).await, 200);
    assert_eq!(client.status(&eve.access_token).await, 200);
    assert_eq!(
        end(&here.session_id, &here.access_token).await.status(),
        204
    );
    assert_eq!(client.status(&here.access_token).await, 401);
}

/// Checklist 69.
#[tokio::test]
async fn log_out_everywhere_ends_all_sessions() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    let (a, b) = (client.log_in("ada").await, client.log_in("ada").await);
    let token = Some(&*a.access_token);
    let answer = client
        .call(Method::POST, "/auth/logout-all", token, None)
        .await;
    assert_eq!(answer.status(), 204);
    for dead in [&a, &b] {
        assert_eq!(client.status(&dead.access_token).await, 401);
        problem(
            client.refresh(&dead.refresh_token).await,
            400,
            "invalid_grant",
        )
        .await;
    }
    client.log_in("ada").await;
}

/// Checklist 86.
#[tokio::test]
async fn a_new_password_needs_the_current_one_and_ends_all_sessions() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    let (a, b) = (client.log_in("ada").await, client.log_in("ada").await);
    let change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        client
            .call(
                Method::POST,
                "/auth/password",
                Some(&a.access_token),
                Some(body),
            )
            .await
    };
    let long = "x".repeat(1_025);
    for wrong in ["wrong", "", &long] {
        let answer = change(wrong, NEW).await;
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(!challenge.contains("error"));
        problem(answer, 401, "invalid_credentials").await;
    }
    let short = problem(change(PASSWORD, "short").await, 422, "password_rejected").await;
    assert_eq!(short["reason"], "too_short");
    let long = problem(change(PASSWORD, &long).await, 422, "password_rejected").await;
    assert_eq!(long["reason"], "too_long");
    assert_eq!(client.status(&a.access_token).await, 200);

    let answer = change(PASSWORD, NEW).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let fresh: Tokens = answer.json().await.unwrap();
    assert_eq!(client.status(&fresh.access_token).await, 200);
    for dead in [&a, &b] {
        assert_eq!(client.status(&dead.access_token).await, 401);
        problem(
            client.refresh(&dead.refresh_token).await,
            400,
            "invalid_grant",
        )
        .await;
    }
    let old = json!({ "identifier": "ada", "password": PASSWORD });
    problem(
        client.post("/auth/login", old).await,
        401,
        "invalid_credentials",
    )
    .await;
}

#[tokio::test]
async fn a_new_password_gives_no_client_more_scope() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    let mut body = json!({ "identifier": "ada", "password": PASSWORD, "scope": "" });
    body["client_id"] = json!("other");
    let narrow: Tokens = client.post("/auth/login", body).await.json().await.unwrap();
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let token = Some(&*narrow.access_token);
    let answer = client
        .call(Method::POST, "/auth/password", token, Some(body))
        .await;
    let fresh: Value = answer.json().await.unwrap();
    assert_eq!(fresh["scope"], "");
    let token = fresh["refresh_token"].as_str().unwrap();
    problem(client.refresh(token).await, 400, "invalid_grant").await;
    let body = json!({ "refresh_token": token, "client_id": "other" });
    assert_eq!(client.post("/auth/refresh", body).await.status(), 200);
}

/// Checklist 28.
#[tokio::test]
async fn a_token_whose_user_is_gone_is_no_token() {
    let store = Faulty::default();
    let client = Client::of(store.clone()).await;
    client.sign_up("ada").await;
    let token = client.log_in("ada").await.access_token;
    store.set_deserted(true);
    for (method, path) in [
        (Method::GET, "/auth/me"),
        (Method::POST, "/auth/logout-all"),
    ] {
        let answer = client.call(method, path, Some(&token), None).await;
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(challenge.contains("error=\"invalid_token\""));
        problem(answer, 401, "invalid_token").await;
    }
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let auth = auth(MemoryStore::new()).await;
    let client = Client::to(app(&auth)).await;
    client.sign_up("ada").await;
    let tokens = client.log_in("ada").await;
    let user = auth
        .verifier()
        .verify(&tokens.access_token)
        .await
        .unwrap()
        .user()
        .unwrap();
    let disabled = auth_sdk::UserStatus::Disabled;
    auth.set_user_status(&Context::new(), user, disabled)
        .await
        .unwrap();
    problem(
        client.get("/auth/me", &tokens.access_token).await,
        401,
        "invalid_token",
    )
    .await;
    problem(
        client.refresh(&tokens.refresh_token).await,
        400,
        "invalid_grant",
    )
    .await;
}

/// A client that hangs up, or a time-out, must not leave a revocation that is
/// committed and unknown to this process.
#[tokio::test]
async fn a_log_out_is_finished_when_the_client_hangs_up() {
    let store = Faulty::default();
    let client = Client::of(store.clone()).await;
    client.sign_up("ada").await;
    let tokens = client.log_in("ada").await;
    store.set_lag(Duration::from_millis(300));
    let body = json!({ "refresh_token": tokens.refresh_token }).to_string();
    let request = format!(
        "POST /auth/logout HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(client.server.address)
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(stream);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(client.status(&tokens.access_token).await, 401);
}

#[tokio::test]
async fn a_log_out_is_finished_when_the_time_is_over() {
    let store = Faulty::default();
    let client = Client::of(store.clone()).await;
    client.sign_up("ada").await;
    let token = client.log_in("ada").await.access_token;
    store.set_lag(Duration::from_millis(1_300));
    let answer = client
        .call(Method::POST, "/auth/logout-all", Some(&token), None)
        .await;
    assert_eq!(answer.headers()["retry-after"], "1");
    problem(answer, 503, "temporarily_unavailable").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(client.status(&token).await, 401);
}
