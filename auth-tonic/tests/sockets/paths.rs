//! Rules are found by exact paths: 57, CVE-2026-33186.

use std::sync::Arc;

use auth_core::Requirement;
use auth_tonic::{AuthLayer, MethodPolicy};

use crate::client::{CLOSED, Client, MISSING, said};
use crate::server::{Health, Orders, serve};
use crate::tokens::Authority;

async fn client(authority: &Authority) -> Client {
    let policy = MethodPolicy::new()
        .service::<Orders>(Requirement::authenticated())
        .method::<Orders>("Cancel", Requirement::scope("orders:write").unwrap())
        .public_service::<Health>()
        .method::<Health>("Watch", Requirement::authenticated());
    Client::new(serve(AuthLayer::new(authority.verifier(), policy), Arc::default()).await)
}

const TRICKS: &[&str] = &[
    "//shop.v1.Orders/Cancel",
    "/shop.v1.Orders//Cancel",
    "/shop.v1.Orders/Cancel/",
    "/shop.v1.Orders/Cancel//",
    "/shop.v1.Orders/cancel",
    "/shop.v1.Orders/CANCEL",
    "/shop.v1.orders/Cancel",
    "/Shop.v1.Orders/Cancel",
    "/shop.v1.Orders/%43ancel",
    "/shop.v1.Orders%2FCancel",
    "/shop.v1%2EOrders/Cancel",
    "/shop.v1.Orders/Cancel;x",
    "/shop.v1.Orders/Cancel%00",
    "/shop.v1.Orders/Cancel%20",
    "/shop.v1.Orders/./Cancel",
    "/./shop.v1.Orders/Cancel",
    "/shop.v1.Orders/../shop.v1.Orders/Cancel",
    "/grpc.health.v1.Health/../shop.v1.Orders/Cancel",
    "/grpc.health.v1.Health/watch",
    "/grpc.health.v1.Health/Watch/",
    "/grpc.health.v1.Health/%57atch",
    "/shop.v1.Orders/",
    "/shop.v1.Orders",
    "/",
];

const UNLISTED: &[&str] = &[
    "/shop.v1.Hidden/Get",
    "/no.such.Service/Get",
    "/shop.v1.Order/Cancel",
];

#[tokio::test]
async fn a_path_in_disguise_finds_no_rule() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    let powerful = client.clone().with_token(&authority.token("orders:write"));
    assert!(powerful.unary("/shop.v1.Orders/Cancel", "").await.is_ok());
    assert!(
        powerful
            .unary("/shop.v1.Orders/Cancel?x=/", "")
            .await
            .is_ok()
    );
    for path in TRICKS {
        let denial = powerful.unary(path, "").await.expect_err(path);
        assert_eq!(said(&denial), CLOSED, "{path}");
        let anonymous = client.unary(path, "").await.expect_err(path);
        assert_eq!(said(&anonymous), MISSING, "{path}");
    }
}

/// Nor does an answer tell what exists.
#[tokio::test]
async fn what_is_not_listed_is_denied_to_everybody() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    let caller = client.clone().with_token(&authority.token("orders:write"));
    for path in UNLISTED {
        assert_eq!(
            said(&caller.unary(path, "").await.unwrap_err()),
            CLOSED,
            "{path}"
        );
        let anonymous = client.unary(path, "").await.unwrap_err();
        let protected = client.unary("/shop.v1.Orders/Get", "").await.unwrap_err();
        assert_eq!(said(&anonymous), MISSING, "{path}");
        assert_eq!(anonymous.message(), protected.message());
    }
}

#[tokio::test]
async fn an_empty_policy_denies_everything() {
    let (authority, _) = Authority::new();
    let layer = AuthLayer::new(authority.verifier(), MethodPolicy::new());
    let client = Client::new(serve(layer, Arc::default()).await).with_token(&authority.token(""));
    for path in ["/shop.v1.Orders/Get", "/grpc.health.v1.Health/Check"] {
        assert_eq!(said(&client.unary(path, "").await.unwrap_err()), CLOSED);
    }
}
