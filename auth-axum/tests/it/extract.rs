//! Extractors and guards.

use std::time::Duration;

use auth_axum::{
    AuthLayer, Authenticated, NoClaims, Rejection, RequireRole, RequireScope, RoleName, ScopeName,
    require,
};
use auth_core::{Clock, Requirement, SystemClock};
use axum::Router;
use axum::routing::{MethodRouter, get};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::http::{Answer, serve};
use crate::support::log::Log;
use crate::support::token::{Signer, USER};

#[derive(Deserialize)]
struct Plan {
    plan: String,
}

struct Orders;

impl ScopeName for Orders {
    const SCOPE: &'static str = "orders:read orders:write";
}

struct Clerk;

impl RoleName for Clerk {
    const ROLE: &'static str = "clerk";
}

async fn ask(handler: MethodRouter, claims: Value) -> Answer {
    let signer = Signer::new();
    let app = Router::new()
        .route("/", handler)
        .layer(AuthLayer::new(signer.verifier()));
    serve(app)
        .await
        .get("/", Some(&signer.token(&claims)))
        .await
}

#[tokio::test]
async fn a_handler_learns_who_is_calling_and_reads_its_own_claims() {
    async fn handler(plain: Authenticated, user: Authenticated<Plan>) -> String {
        assert_eq!(plain.claims(), &NoClaims::default());
        assert_eq!(user.user().unwrap().to_string(), user.subject());
        assert_eq!(user.session().unwrap().to_string(), USER);
        assert_eq!(user.tenant().unwrap().to_string(), USER);
        assert!(user.scope().contains("a"));
        assert_eq!(user.identity().client().unwrap().as_str(), "app");
        assert!(!format!("{user:?}").contains("gold"));
        format!("{} {}", user.subject(), user.claims().plan)
    }
    let answer = ask(get(handler), json!({ "plan": "gold", "scope": "a b" })).await;
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        format!("{USER} gold")
    );
}

#[tokio::test]
async fn a_token_without_the_claims_is_refused_without_quoting_it() {
    let (log, _guard) = Log::start();
    for claims in [json!({}), json!({ "plan": ["hunter2"] })] {
        let answer = ask(get(|_: Authenticated<Plan>| async {}), claims).await;
        answer.problem(401, "invalid_token");
        assert!(answer.challenges()[0].contains("error=\"invalid_token\""));
        assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"));
    }
    assert!(!log.text().contains("hunter2"));
}

#[tokio::test]
async fn all_tokens_of_a_scope_are_needed_and_named() {
    let handler =
        || get(|scope: RequireScope<Orders>| async move { scope.identity().subject().to_owned() });
    let enough = json!({ "scope": "orders:write a orders:read" });
    assert_eq!(ask(handler(), enough).await.status, 200);
    for scope in [
        "orders:read",
        "orders",
        "orders:writer orders:read",
        "ORDERS:READ ORDERS:WRITE",
    ] {
        let answer = ask(handler(), json!({ "scope": scope })).await;
        answer.problem(403, "insufficient_scope");
        let challenge = answer.challenges()[0];
        assert!(challenge.contains("error=\"insufficient_scope\""));
        assert!(challenge.contains("scope=\"orders:read orders:write\""));
    }
    ask(handler(), json!({}))
        .await
        .problem(403, "insufficient_scope");
}

#[tokio::test]
async fn a_role_is_needed_as_it_is_written() {
    let handler =
        || get(|role: RequireRole<Clerk>| async move { role.identity().subject().to_owned() });
    assert_eq!(
        ask(handler(), json!({ "roles": ["a", "clerk"] }))
            .await
            .status,
        200
    );
    for roles in [json!([]), json!(["Clerk"]), json!(["clerks", ""])] {
        ask(handler(), json!({ "roles": roles }))
            .await
            .problem(403, "permission_denied");
    }
}

#[tokio::test]
async fn a_requirement_is_bound_to_its_route() {
    let needs = Requirement::scope("write")
        .unwrap()
        .and_role("clerk")
        .and_logged_in_within(Duration::from_secs(60));
    let handler = || get(|| async { "in" }).layer(require(needs.clone()));
    let now = SystemClock.now().wall.unix_seconds();
    let fresh = json!({ "scope": "write", "roles": ["clerk"], "auth_time": now - 10 });
    assert_eq!(ask(handler(), fresh).await.status, 200);

    let answer = ask(handler(), json!({ "roles": ["clerk"], "auth_time": now })).await;
    answer.problem(403, "insufficient_scope");
    assert!(answer.challenges()[0].contains("scope=\"write\""));

    let answer = ask(handler(), json!({ "scope": "write", "auth_time": now })).await;
    answer.problem(403, "permission_denied");

    for stale in [json!({}), json!({ "auth_time": now - 100 })] {
        let mut claims = json!({ "scope": "write", "roles": ["clerk"] });
        claims
            .as_object_mut()
            .unwrap()
            .extend(stale.as_object().unwrap().clone());
        let answer = ask(handler(), claims).await;
        answer.problem(401, "insufficient_user_authentication");
        let challenge = answer.challenges()[0];
        assert!(challenge.contains("error=\"insufficient_user_authentication\""));
        assert!(challenge.contains("max_age=\"60\""));
    }
}

#[tokio::test]
async fn a_handler_without_a_layer_is_denied_to_everybody_and_the_log_says_why() {
    let (log, _guard) = Log::start();
    let signer = Signer::new();
    let token = signer.token(&json!({ "scope": "orders:read orders:write", "roles": ["clerk"] }));
    let app = Router::new()
        .route("/layered", get(|| async {}))
        .layer(AuthLayer::new(signer.verifier()))
        .route("/a", get(|_: Authenticated| async {}))
        .route("/b", get(|_: Option<Authenticated>| async {}))
        .route("/c", get(|_: RequireScope<Orders>| async {}))
        .route("/d", get(|_: RequireRole<Clerk>| async {}))
        .route(
            "/e",
            get(|| async {}).layer(require(Requirement::authenticated())),
        );
    let server = serve(app).await;
    for path in ["/a", "/b", "/c", "/d", "/e"] {
        for token in [None, Some(&*token)] {
            server.get(path, token).await.problem(500, "internal_error");
        }
    }
    assert_eq!(
        log.text()
            .matches("auth_axum::AuthLayer is missing")
            .count(),
        10
    );
}

#[tokio::test]
async fn under_an_optional_layer_only_an_option_lets_nobody_in() {
    let signer = Signer::new();
    let app = Router::new()
        .route(
            "/maybe",
            get(|user: Option<Authenticated>| async move { user.is_some().to_string() }),
        )
        .route("/a", get(|_: Authenticated| async {}))
        .route("/c", get(|_: RequireScope<Orders>| async {}))
        .route("/d", get(|_: RequireRole<Clerk>| async {}))
        .route(
            "/e",
            get(|| async {}).layer(require(Requirement::authenticated())),
        )
        .layer(AuthLayer::optional(signer.verifier()).with_realm("r"));
    let server = serve(app).await;
    assert_eq!(server.get("/maybe", None).await.body, b"false");
    assert_eq!(
        server
            .get("/maybe", Some(&signer.token(&json!({}))))
            .await
            .body,
        b"true"
    );
    for path in ["/a", "/c", "/d", "/e"] {
        let answer = server.get(path, None).await;
        answer.problem(401, "missing_credentials");
        assert_eq!(answer.challenges(), ["Bearer realm=\"r\""]);
    }
}

#[tokio::test]
async fn an_application_refuses_with_the_same_words() {
    async fn handler() -> Result<(), Rejection> {
        Err(Rejection::new(auth_core::Code::NotFound))
    }
    ask(get(handler), json!({})).await.problem(404, "not_found");
}
