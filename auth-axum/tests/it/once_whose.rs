//! Whose a request is that is sent again, and which one it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_axum::IdempotencyLayer;
use auth_core::idempotency::Idempotency;
use auth_core::{RootSecret, SystemRandom, TenantId};
use auth_store::MemoryStore;
use axum::Router;
use axum::routing::{MethodRouter, post};
use tower_layer::Layer as _;

use super::support::http::{Server, serve};

const KEY: (&str, &[u8]) = ("idempotency-key", b"8e03978e");

fn layer() -> IdempotencyLayer {
    let root = RootSecret::generate(&SystemRandom::new()).unwrap();
    IdempotencyLayer::new(Idempotency::new(Arc::new(MemoryStore::new()), root))
}

/// Counts what is done.
fn order() -> MethodRouter {
    let orders = Arc::new(AtomicUsize::new(0));
    post(move || {
        let n = orders.fetch_add(1, Ordering::SeqCst) + 1;
        async move { format!("order {n}") }
    })
}

async fn said(server: Server, target: &str, headers: &[(&str, &[u8])]) -> String {
    let headers = [&[KEY], headers].concat();
    let answer = server.send("POST", target, &headers, b"").await;
    String::from_utf8(answer.body).unwrap()
}

/// axum cuts the prefix of a nested router off the path.
#[tokio::test]
async fn a_request_is_of_its_whole_path_in_a_nested_router() {
    let orders = Router::new().route("/orders", order()).route_layer(layer());
    let server = serve(Router::new().nest("/projects/{project}", orders)).await;
    for _ in 0..2 {
        assert_eq!(said(server, "/projects/a/orders", &[]).await, "order 1");
    }
    let other = server.send("POST", "/projects/b/orders", &[KEY], b"").await;
    other.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn a_request_is_of_its_whole_path_in_a_nested_service() {
    let orders = layer().layer(Router::new().route("/orders", order()));
    let app = Router::new()
        .nest_service("/a", orders.clone())
        .nest_service("/b", orders);
    let server = serve(app).await;
    for _ in 0..2 {
        assert_eq!(said(server, "/a/orders", &[]).await, "order 1");
        assert_eq!(said(server, "/b/orders", &[]).await, "order 2");
    }
}

#[tokio::test]
async fn a_tenant_is_read_from_the_whole_path() {
    let layer = layer().with_tenant(|parts| {
        let is_default = parts.uri.path().starts_with("/default/");
        let other = "0190163d-8694-739b-aea5-966c26f8ad91";
        if is_default {
            TenantId::DEFAULT
        } else {
            other.parse().unwrap()
        }
    });
    let orders = Router::new().route("/orders", order()).route_layer(layer);
    let server = serve(Router::new().nest("/{tenant}", orders)).await;
    for _ in 0..2 {
        assert_eq!(said(server, "/default/orders", &[]).await, "order 1");
        assert_eq!(said(server, "/other/orders", &[]).await, "order 2");
    }
}

/// The handler sees what it saw without the layer.
#[tokio::test]
async fn a_nested_handler_sees_the_path_without_its_prefix() {
    let echo = post(|uri: http::Uri| async move { uri.to_string() });
    let orders = Router::new().route("/orders", echo).route_layer(layer());
    let server = serve(Router::new().nest("/a", orders)).await;
    assert_eq!(said(server, "/a/orders?x=1", &[]).await, "/orders?x=1");
}

/// Who is logged in by a cookie does not get another one's answer.
#[tokio::test]
async fn a_key_is_of_whom_the_cookies_are_of() {
    let app = Router::new().route("/orders", order()).route_layer(layer());
    let server = serve(app).await;
    let ada: (&str, &[u8]) = ("cookie", b"session=ada");
    let bob: (&str, &[u8]) = ("cookie", b"session=bob");
    let tracked: (&str, &[u8]) = ("cookie", b"seen=1");
    // As a gate in front of all users has it.
    let gate: (&str, &[u8]) = ("authorization", b"Basic Z2F0ZQ==");
    for _ in 0..2 {
        for (n, headers) in [
            &[][..],
            &[ada],
            &[bob],
            &[tracked, ada],
            &[tracked, bob],
            &[gate],
            &[gate, ada],
            &[gate, bob],
        ]
        .into_iter()
        .enumerate()
        {
            let order = said(server, "/orders", headers).await;
            assert_eq!(order, format!("order {}", n + 1));
        }
    }
}

/// A cookie that changes between two tries does not make them two requests.
#[tokio::test]
async fn a_key_is_of_the_caller_that_the_application_names() {
    let layer = layer().with_caller(|parts| {
        let cookies = parts.headers.get("cookie");
        let cookies = cookies.map_or("", |cookies| cookies.to_str().unwrap());
        let user = cookies
            .split("; ")
            .find_map(|cookie| cookie.strip_prefix("user="));
        format!("{} {}", parts.uri.path(), user.unwrap_or_default()).into_bytes()
    });
    let orders = Router::new().route("/orders", order()).route_layer(layer);
    let server = serve(Router::new().nest("/shop", orders)).await;
    for seen in 0..2 {
        for (n, user) in ["ada", "bob"].into_iter().enumerate() {
            let cookies = format!("seen={seen}; user={user}");
            let order = said(server, "/shop/orders", &[("cookie", cookies.as_bytes())]).await;
            assert_eq!(order, format!("order {}", n + 1));
        }
    }
    assert_eq!(said(server, "/shop/orders", &[]).await, "order 3");
}
