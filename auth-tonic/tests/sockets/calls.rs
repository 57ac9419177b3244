//! Who gets in, and what the others are told: 51, 52, 60.

use std::sync::Arc;

use auth_core::{Requirement, Secret};
use auth_tonic::{AuthLayer, MethodPolicy};
use http_body::Body as _;
use tonic::Code;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::client::{CLOSED, Client, INVALID, MALFORMED, MISSING, SCOPE, said};
use crate::server::{Backstage, Careless, Health, Orders, serve};
use crate::tokens::{Authority, TOKEN_LIFETIME};

const WHOAMI: &str = "/shop.v1.Orders/WhoAmI";

fn policy() -> MethodPolicy {
    MethodPolicy::new()
        .method::<Orders>("Cancel", Requirement::scope("orders:write").unwrap())
        .method::<Orders>("Audit", Requirement::authenticated().and_role("auditor"))
        .service::<Orders>(Requirement::authenticated())
        .public_method::<Orders>("Catalogue")
        .public_service::<Health>()
        .method::<Health>("Watch", Requirement::authenticated())
}

async fn client(authority: &Authority) -> Client {
    let layer = AuthLayer::new(authority.verifier(), policy());
    Client::new(serve(layer, Arc::default()).await)
}

#[tokio::test]
async fn a_valid_token_makes_its_subject_the_caller() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    let token = authority.token("");
    for value in [format!("Bearer {token}"), format!("bearer {token}")] {
        let client = client.clone().with("authorization", &value);
        assert_eq!(
            client.unary(WHOAMI, "").await.unwrap(),
            authority.user.to_string()
        );
    }
}

#[tokio::test]
async fn the_token_s_own_claims_reach_the_method() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await.with_token(&authority.token(""));
    assert_eq!(
        client.unary("/shop.v1.Orders/Plan", "").await.unwrap(),
        "gold"
    );
    let absent = client
        .unary("/shop.v1.Orders/Plan", "absent")
        .await
        .unwrap_err();
    assert_eq!(said(&absent), INVALID);
}

#[tokio::test]
async fn without_bearer_credentials_they_are_asked_for() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    let token = authority.token("");
    let bearer = format!("Bearer {token}");
    for client in [
        client.clone(),
        client.clone().with("authorization", "Basic dTpw"),
        client
            .clone()
            .with("authorization", &format!("BearerX {token}")),
        client.clone().with("authorization-bin", "QmVhcmVyIHg"),
        client.clone().with("proxy-authorization", &bearer),
        client.clone().with("grpc-authorization", &bearer),
    ] {
        let denial = client.unary(WHOAMI, "").await.unwrap_err();
        assert_eq!(said(&denial), MISSING);
        assert_eq!(denial.message(), "Credentials are required");
    }
    // In the query it is ignored.
    let denial = client
        .unary(&format!("{WHOAMI}?access_token={token}"), "")
        .await
        .unwrap_err();
    assert_eq!(said(&denial), MISSING);
}

#[tokio::test]
async fn a_bad_token_is_unauthenticated_whatever_is_wrong_with_it() {
    let (authority, clock) = Authority::new();
    let (stranger, _) = Authority::new();
    let client = client(&authority).await;
    let good = authority.token("");
    let cut = &good[..good.len() - 4];
    let (quoted, others) = (format!("\"{good}\""), stranger.token(""));
    for bad in ["x", "a.b.c", "\u{e9}", cut, &quoted, &others] {
        let denial = client
            .clone()
            .with_token(bad)
            .unary(WHOAMI, "")
            .await
            .unwrap_err();
        assert_eq!(said(&denial), INVALID, "{bad}");
        assert_eq!(denial.message(), "The access token is not valid");
    }
    clock.advance(TOKEN_LIFETIME);
    let denial = client
        .with_token(&good)
        .unary(WHOAMI, "")
        .await
        .unwrap_err();
    assert_eq!(said(&denial), INVALID);
}

#[tokio::test]
async fn after_log_out_the_token_is_dead() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await.with_token(&authority.token(""));
    client.unary(WHOAMI, "").await.unwrap();
    authority.log_out();
    assert_eq!(said(&client.unary(WHOAMI, "").await.unwrap_err()), INVALID);
}

#[tokio::test]
async fn ambiguous_or_malformed_credentials_are_an_invalid_argument() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    let token = authority.token("");
    for client in [
        client.clone().with_token(&token).with_token(&token),
        client.clone().with_token("bad").with_token(&token),
        client
            .clone()
            .with("authorization", "Basic dTpw")
            .with_token(&token),
        client
            .clone()
            .with("authorization", &format!("Bearer {token},Bearer {token}")),
        client.clone().with("authorization", "Bearer"),
        client.clone().with("authorization", "Bearer a b"),
    ] {
        assert_eq!(
            said(&client.unary(WHOAMI, "").await.unwrap_err()),
            MALFORMED
        );
    }
}

#[tokio::test]
async fn a_method_s_rule_beats_its_service_s() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    let plain = client.clone().with_token(&authority.token("orders:read"));
    let writer = client
        .clone()
        .with_token(&authority.token("orders:read orders:write"));

    assert!(plain.unary("/shop.v1.Orders/Get", "").await.is_ok());
    let denial = plain.unary("/shop.v1.Orders/Cancel", "").await.unwrap_err();
    assert_eq!(said(&denial), SCOPE);
    assert_eq!(denial.message(), "The token does not allow this");
    assert!(writer.unary("/shop.v1.Orders/Cancel", "").await.is_ok());
    assert_eq!(
        said(&writer.unary("/shop.v1.Orders/Audit", "").await.unwrap_err()),
        CLOSED
    );
    let anonymous = client
        .unary("/grpc.health.v1.Health/Watch", "")
        .await
        .unwrap_err();
    assert_eq!(said(&anonymous), MISSING);
}

#[tokio::test]
async fn what_is_public_is_public_with_any_credentials() {
    let (authority, _) = Authority::new();
    let client = client(&authority).await;
    for client in [
        client.clone(),
        client.clone().with_token("bad"),
        client.clone().with_token("a").with_token("b"),
        client.clone().with_token(&authority.token("")),
    ] {
        for path in ["/grpc.health.v1.Health/Check", "/shop.v1.Orders/Catalogue"] {
            assert_eq!(client.unary(path, "").await.unwrap(), "nobody");
        }
        let strict = client
            .unary("/grpc.health.v1.Health/WhoAmI", "")
            .await
            .unwrap_err();
        assert_eq!(said(&strict), MISSING);
    }
}

#[tokio::test]
async fn only_the_layer_says_who_is_calling() {
    let (authority, _) = Authority::new();
    let (other, _) = Authority::new();
    let forged = other.verifier().verify(&other.token("")).await.unwrap();
    let backstage = Backstage {
        forged: Some(forged),
        ..Backstage::default()
    };
    let layer = AuthLayer::new(authority.verifier(), policy());
    let client = Client::new(serve(layer, Arc::new(backstage)).await)
        .with("x-user-id", "admin")
        .with("x-auth-claims", "{\"sub\":\"admin\"}")
        .with("identity", "admin");

    assert_eq!(said(&client.unary(WHOAMI, "").await.unwrap_err()), MISSING);
    assert_eq!(
        client
            .unary("/grpc.health.v1.Health/Check", "")
            .await
            .unwrap(),
        "nobody"
    );
    let token = authority.token("");
    let caller = client.with_token(&token).unary(WHOAMI, "").await.unwrap();
    assert_eq!(caller, authority.user.to_string());
}

#[tokio::test]
async fn no_debug_shows_the_token() {
    let (authority, _) = Authority::new();
    let token = Secret::new(authority.token(""));
    let layer = AuthLayer::new(authority.verifier(), policy());
    let mut guard = layer.layer(tower::service_fn(|_: http::Request<Body>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(Body::empty()))
    }));
    let request = http::Request::post(WHOAMI)
        .header("authorization", format!("Bearer {}", token.expose()))
        .body(Body::empty())
        .unwrap();
    let mut future = std::pin::pin!(guard.call(request));
    let before = format!("{layer:?} {future:?}");
    let response = future.as_mut().await.unwrap();
    let body = response.body();
    assert!(body.is_end_stream());
    assert!(!format!("{before} {response:?}").contains(token.expose().as_str()));
}

#[tokio::test]
async fn a_service_of_a_name_can_be_guarded_alone() {
    use tonic::server::NamedService;
    use tonic::service::LayerExt;

    let (authority, _) = Authority::new();
    let layer = AuthLayer::new(authority.verifier(), policy());
    let guarded = layer.named_layer(Careless::<Orders>::new(&Arc::default()));
    let router = tonic::service::Routes::new(guarded);
    assert_eq!(<Careless<Orders> as NamedService>::NAME, "shop.v1.Orders");

    let mut router = router;
    let request = http::Request::post(WHOAMI).body(Body::empty()).unwrap();
    let response = Service::call(&mut router, request).await.unwrap();
    let status = tonic::Status::from_header_map(response.headers()).unwrap();
    assert_eq!(status.code(), Code::Unauthenticated);
}
