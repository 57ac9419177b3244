//! The routes as part of an application.

use auth_axum::AuthRoutes;
use auth_core::TenantId;
use auth_sdk::MemoryStore;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use http::request::Parts;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::auth::{Client, PASSWORD, Tokens, auth, problem, routes};
use crate::support::log::Log;
use crate::support::store::Faulty;

const KEYS: &str = "/.well-known/jwks.json";

#[tokio::test]
async fn the_public_keys_are_public() {
    let client = Client::of(MemoryStore::new()).await;
    let answer = client.call(Method::GET, KEYS, None, None).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    assert!(!answer.headers().contains_key("pragma"));
    assert_eq!(answer.headers()["content-type"], "application/json");
    let keys: Value = answer.json().await.unwrap();
    let key = keys["keys"][0].as_object().unwrap();
    assert_eq!(
        (&key["kty"], &key["crv"]),
        (&json!("OKP"), &json!("Ed25519"))
    );
    assert!(!key.contains_key("d"));
}

#[tokio::test]
async fn public_routes_are_for_the_tenant_that_the_application_names() {
    let store = MemoryStore::new();
    let other: TenantId = "0190a5d0-7c3f-7000-8000-0123456789ab".parse().unwrap();
    auth_store::TenantStore::create_tenant(&store, other)
        .await
        .unwrap();
    let tenant = move |parts: &Parts| match parts.headers.get("x-tenant") {
        Some(_) => other,
        None => TenantId::DEFAULT,
    };
    let routes = AuthRoutes::new(auth(store).await).with_tenant(tenant);
    let client = Client::to(routes.into()).await;
    let body = json!({ "identifier": "ada", "password": PASSWORD });
    let post = async |path| {
        let request = client.http.post(client.server.url(path));
        request
            .header("x-tenant", "1")
            .json(&body)
            .send()
            .await
            .unwrap()
    };
    assert_eq!(post("/auth/signup").await.status(), 201);
    problem(
        client.post("/auth/login", body.clone()).await,
        401,
        "invalid_credentials",
    )
    .await;
    let tokens: Tokens = post("/auth/login").await.json().await.unwrap();
    // The bearer routes need no hint.
    assert_eq!(
        client.get("/auth/me", &tokens.access_token).await.status(),
        200
    );
    let list: Value = client
        .get("/auth/sessions", &tokens.access_token)
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(list["sessions"].as_array().unwrap().len(), 1);
    problem(
        client.refresh(&tokens.refresh_token).await,
        400,
        "invalid_grant",
    )
    .await;
}

#[tokio::test]
async fn the_routes_live_under_any_prefix_and_under_none() {
    let auth = auth(MemoryStore::new()).await;
    for (at, prefix) in [
        ("/auth", "/auth"),
        ("v1/auth/", "/v1/auth"),
        ("/", ""),
        ("", ""),
    ] {
        let mine = Router::new().route("/mine", get(|| async { "mine" }));
        let client = Client::to(mine.merge(routes(&auth).at(at))).await;
        let call = async |method, path: &str| client.call(method, path, None, None).await;
        problem(
            call(Method::GET, &format!("{prefix}/me")).await,
            401,
            "missing_credentials",
        )
        .await;
        let session = format!("{prefix}/sessions/x");
        problem(
            call(Method::DELETE, &session).await,
            401,
            "missing_credentials",
        )
        .await;
        problem(call(Method::GET, &session).await, 405, "method_not_allowed").await;
        assert_eq!(call(Method::GET, KEYS).await.status(), 200);
        assert_eq!(call(Method::GET, "/mine").await.status(), 200);
    }
}

#[tokio::test]
async fn the_applications_own_state_and_fallback_are_left_alone() {
    let auth = auth(MemoryStore::new()).await;
    let app: Router = Router::new()
        .route(
            "/n",
            get(|State(n): State<u8>| async move { n.to_string() }),
        )
        .fallback(|| async { (StatusCode::IM_A_TEAPOT, "mine") })
        .merge(routes(&auth))
        .with_state(7);
    let client = Client::to(app).await;
    let call = async |path: &str| client.call(Method::GET, path, None, None).await;
    assert_eq!(call("/n").await.text().await.unwrap(), "7");
    let mine = call("/nowhere").await;
    assert_eq!(mine.status(), 418);
    assert!(!mine.headers().contains_key("cache-control"));
    problem(call("/auth/nowhere").await, 404, "not_found").await;
}

/// Checklist 48, 87.
#[tokio::test]
async fn no_password_and_no_token_is_logged() {
    let (log, _guard) = Log::start();
    let store = Faulty::default();
    let client = Client::of(store.clone()).await;
    client.sign_up("ada").await;
    let tokens = client.log_in("ada").await;
    let next: Tokens = client
        .refresh(&tokens.refresh_token)
        .await
        .json()
        .await
        .unwrap();
    let wrong = json!({ "identifier": "ada", "password": "not the right one" });
    client.post("/auth/login", wrong.clone()).await;
    store.set_down(true);
    problem(
        client.post("/auth/login", wrong).await,
        503,
        "temporarily_unavailable",
    )
    .await;

    // Other crates' lines are theirs.
    let text = log.text();
    let ours: Vec<_> = text.lines().filter(|line| line.contains("auth")).collect();
    let text = ours.join("\n");
    assert!(
        text.contains("WARN") && text.contains("connection refused"),
        "{text}"
    );
    assert!(text.contains("route=\"/auth/login\""), "{text}");
    let signature = next.access_token.rsplit_once('.').unwrap().1;
    let (old, new) = (&*tokens.refresh_token, &*next.refresh_token);
    for secret in [PASSWORD, "not the right one", old, new, signature] {
        assert!(!text.contains(secret), "{text}");
    }
}
