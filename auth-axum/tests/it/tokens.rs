//! The routes that give tokens and take them back.

use auth_sdk::MemoryStore;
use serde_json::{Value, json};

use crate::support::auth::{Client, PASSWORD, Tokens, problem};

#[tokio::test]
async fn a_user_signs_up_logs_in_refreshes_and_logs_out() {
    let client = Client::of(MemoryStore::new()).await;
    let body = json!({ "identifier": "Ada@Example.org", "password": PASSWORD, "unknown": 1 });
    let answer = client.post("/auth/signup", body.clone()).await;
    assert_eq!(answer.status(), 201);
    let made: Value = answer.json().await.unwrap();
    assert_eq!(made["user"]["identifier"], "Ada@Example.org");
    assert_eq!(made["user"]["roles"], json!([]));
    assert!(made["user"]["created_at"].as_i64().unwrap() > 1_600_000_000);
    assert_eq!(made["user"].as_object().unwrap().len(), 4);
    problem(
        client.post("/auth/signup", body).await,
        409,
        "identifier_taken",
    )
    .await;

    let body = json!({ "identifier": "ada@example.org", "password": PASSWORD });
    let answer = client.post("/auth/login", body).await;
    assert_eq!(answer.status(), 200);
    // Checklist 55.
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["pragma"], "no-cache");
    let tokens: Value = answer.json().await.unwrap();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["scope"], "read");
    assert_eq!(tokens["user"], made["user"]);
    assert!((284..=300).contains(&tokens["expires_in"].as_u64().unwrap()));
    let first: Tokens = serde_json::from_value(tokens).unwrap();
    assert_eq!(client.status(&first.access_token).await, 200);

    let me: Value = client
        .get("/auth/me", &first.access_token)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(me, made["user"]);

    let answer = client.refresh(&first.refresh_token).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let second: Tokens = answer.json().await.unwrap();
    assert_eq!(second.session_id, first.session_id);
    assert_ne!(second.refresh_token, first.refresh_token);
    // A lost answer may be asked for again.
    let again: Tokens = client
        .refresh(&first.refresh_token)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(again.refresh_token, second.refresh_token);

    let log_out = json!({ "refresh_token": second.refresh_token });
    for _ in 0..2 {
        let answer = client.post("/auth/logout", log_out.clone()).await;
        assert_eq!(answer.status(), 204);
        assert!(answer.bytes().await.unwrap().is_empty());
    }
    for dead in [&first, &second, &again] {
        assert_eq!(client.status(&dead.access_token).await, 401);
        problem(
            client.refresh(&dead.refresh_token).await,
            400,
            "invalid_grant",
        )
        .await;
    }
}

/// Checklist 81.
#[tokio::test]
async fn wrong_password_and_unknown_user_get_one_answer_with_a_bare_challenge() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    let mut answers = Vec::new();
    let long = "x".repeat(1_025);
    for (identifier, password) in [
        ("ada", "wrong"),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("a\0b", PASSWORD),
        ("ada", &long),
        ("ada", ""),
    ] {
        let body = json!({ "identifier": identifier, "password": password });
        let answer = client.post("/auth/login", body).await;
        let challenges: Vec<_> = answer
            .headers()
            .get_all("www-authenticate")
            .iter()
            .collect();
        assert_eq!(challenges, ["Bearer realm=\"https://auth.example.com\""]);
        answers.push(problem(answer, 401, "invalid_credentials").await);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn scope_is_granted_within_what_the_user_may_have() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    let log_in = async |scope: &str| {
        let body = json!({ "identifier": "ada", "password": PASSWORD, "scope": scope });
        client.post("/auth/login", body).await
    };
    let granted: Value = log_in("read").await.json().await.unwrap();
    assert_eq!(granted["scope"], "read");
    let nothing: Value = log_in("").await.json().await.unwrap();
    assert_eq!(nothing["scope"], "");
    problem(log_in("read write").await, 400, "invalid_scope").await;
    problem(log_in("re\"ad").await, 400, "invalid_scope").await;
}

/// Checklist 67.
#[tokio::test]
async fn a_refresh_token_is_its_clients() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    let body = json!({ "identifier": "ada", "password": PASSWORD, "client_id": "mobile" });
    let tokens: Tokens = client.post("/auth/login", body).await.json().await.unwrap();
    let refresh = async |id: Value| {
        let body = json!({ "refresh_token": tokens.refresh_token, "client_id": id });
        client.post("/auth/refresh", body).await
    };
    problem(refresh(Value::Null).await, 400, "invalid_grant").await;
    problem(refresh(json!("other")).await, 400, "invalid_grant").await;
    assert_eq!(refresh(json!("mobile")).await.status(), 200);
}

/// Checklist 30.
#[tokio::test]
async fn a_token_of_the_wrong_kind_is_no_token() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    let tokens = client.log_in("ada").await;
    for path in ["/protected", "/auth/me"] {
        problem(
            client.get(path, &tokens.refresh_token).await,
            401,
            "invalid_token",
        )
        .await;
    }
    problem(
        client.refresh(&tokens.access_token).await,
        400,
        "invalid_grant",
    )
    .await;
    // Neither it nor any other text is an error to log out with (RFC 7009 §2.2).
    for text in [&*tokens.access_token, "", "v1.", "\u{0}"] {
        let answer = client
            .post("/auth/logout", json!({ "refresh_token": text }))
            .await;
        assert_eq!(answer.status(), 204);
    }
    assert_eq!(client.status(&tokens.access_token).await, 200);
    assert_eq!(client.refresh(&tokens.refresh_token).await.status(), 200);
}

/// Checklist 63.
#[tokio::test]
async fn a_spent_refresh_token_revokes_the_session() {
    let client = Client::of(MemoryStore::new()).await;
    client.sign_up("ada").await;
    let stolen = client.log_in("ada").await;
    let mut newest = stolen.clone();
    for _ in 0..3 {
        newest = client
            .refresh(&newest.refresh_token)
            .await
            .json()
            .await
            .unwrap();
    }
    problem(
        client.refresh(&stolen.refresh_token).await,
        400,
        "invalid_grant",
    )
    .await;
    problem(
        client.refresh(&newest.refresh_token).await,
        400,
        "invalid_grant",
    )
    .await;
    assert_eq!(client.status(&newest.access_token).await, 401);
}
