//! The layer.

use std::sync::Arc;

use auth_axum::AuthLayer;
use auth_core::Identity;
use axum::routing::{any, get};
use axum::{Extension, Router};
use serde_json::json;

use crate::support::http::serve;
use crate::support::log::Log;
use crate::support::token::{ISSUER, Late, Outage, Signer, spoiled, verifier};

async fn whoami(identity: Option<Extension<Arc<Identity>>>) -> String {
    identity.map_or("nobody".to_owned(), |identity| {
        identity.subject().to_owned()
    })
}

fn app(layer: AuthLayer) -> Router {
    Router::new().route("/", any(whoami)).layer(layer)
}

/// Checklist 50, 57: whatever the method.
#[tokio::test]
async fn every_method_is_denied_without_a_token_a_preflight_too() {
    let server = serve(app(AuthLayer::new(Signer::new().verifier()))).await;
    for method in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
    ] {
        let answer = server
            .send(method, "/", &[("origin", b"https://evil.example")], b"")
            .await;
        assert_eq!(answer.status, 401, "{method}");
        assert_eq!(
            answer.challenges(),
            ["Bearer realm=\"https://auth.example.com\""]
        );
    }
    server
        .get("/", None)
        .await
        .problem(401, "missing_credentials");
}

#[tokio::test]
async fn the_realm_is_the_applications_and_cannot_break_out_of_its_quotes() {
    let layer = AuthLayer::new(Signer::new().verifier());
    let server = serve(app(layer.clone().with_realm("a\" b\r\n"))).await;
    assert_eq!(
        server.get("/", None).await.challenges(),
        ["Bearer realm=\"a\\\" b??\""]
    );
}

/// Checklist 51.
#[tokio::test]
async fn all_bad_tokens_get_one_answer_that_repeats_nothing() {
    let signer = Signer::new();
    let good = signer.token(&json!({}));
    let server = serve(app(AuthLayer::new(signer.verifier()))).await;
    assert_eq!(server.get("/", Some(&good)).await.status, 200);
    let bad = [
        spoiled(&good),
        signer.token(&json!({ "exp": 1 })),
        signer.token(&json!({ "aud": "https://other.example.com" })),
        signer.token(&json!({ "iss": format!("{ISSUER}/") })),
        signer.sign("JWT", &json!({ "sub": "x" })),
        Signer::new().token(&json!({})),
        "v1.AAAA".to_owned(),
        "x".repeat(9_000),
    ];
    let mut answers = Vec::new();
    for token in &bad {
        let answer = server.get("/", Some(token)).await;
        answer.problem(401, "invalid_token");
        assert!(answer.challenges()[0].contains("error=\"invalid_token\""));
        answers.push((answer.challenges().join(","), answer.body));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Checklist 53: one parameter twice, in whatever spelling; and never alone.
#[tokio::test]
async fn a_token_in_the_query_is_ignored_alone_and_refused_beside_the_header() {
    let signer = Signer::new();
    let token = signer.token(&json!({}));
    let server = serve(app(AuthLayer::new(signer.verifier()))).await;
    for query in [format!("access_token={token}"), "access%5ftoken".to_owned()] {
        let alone = server.get(&format!("/?{query}"), None).await;
        alone.problem(401, "missing_credentials");
        assert!(!alone.challenges()[0].contains("error"));
        let both = server.get(&format!("/?{query}"), Some(&token)).await;
        both.problem(400, "invalid_request");
        assert!(both.challenges()[0].contains("error=\"invalid_request\""));
    }
    assert_eq!(
        server.get("/?access_tokens=1", Some(&token)).await.status,
        200
    );
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_and_nothing_panics() {
    let server = serve(app(AuthLayer::new(Signer::new().verifier()))).await;
    let send = async |value| {
        server
            .send("GET", "/", &[("authorization", value)], b"")
            .await
    };
    for value in [&b"Bearer \xff\xfe"[..], b"Bearer a\xff", b"Bearer \xc3\xa9"] {
        send(value).await.problem(401, "invalid_token");
    }
    for value in [&b"\xffBearer a"[..], b"\xff"] {
        send(value).await.problem(401, "missing_credentials");
    }
    for value in [
        &b"Bearer"[..],
        b"Bearer a b",
        b"Bearer a, Bearer a",
        b"Bearer \xff \xff",
    ] {
        send(value).await.problem(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_key_that_becomes_known_lets_the_token_in() {
    let signer = Signer::new();
    let late = Late {
        keys: signer.keys(),
        asked: false.into(),
    };
    let server = serve(app(AuthLayer::new(verifier(Arc::new(late))))).await;
    let stranger = Signer::new().token(&json!({}));
    server
        .get("/", Some(&stranger))
        .await
        .problem(401, "invalid_token");
    assert_eq!(
        server
            .get("/", Some(&signer.token(&json!({}))))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_key_that_becomes_known_on_the_first_request_lets_it_in() {
    let signer = Signer::new();
    let late = Late {
        keys: signer.keys(),
        asked: false.into(),
    };
    let server = serve(app(AuthLayer::new(verifier(Arc::new(late))))).await;
    assert_eq!(
        server
            .get("/", Some(&signer.token(&json!({}))))
            .await
            .status,
        200
    );
}

/// Checklist 54.
#[tokio::test]
async fn an_outage_is_503_and_logged_and_never_a_bad_token() {
    let (log, _guard) = Log::start();
    let server = serve(app(AuthLayer::new(verifier(Arc::new(Outage))))).await;
    let answer = server
        .get("/", Some(&Signer::new().token(&json!({}))))
        .await;
    answer.problem(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.challenges().is_empty());
    assert!(log.text().contains("WARN"), "{}", log.text());
    // Without a credential there is nothing to ask.
    server
        .get("/", None)
        .await
        .problem(401, "missing_credentials");
}

/// Checklist 48.
#[tokio::test]
async fn the_token_is_in_no_log_and_in_no_printed_header() {
    let (log, _guard) = Log::start();
    let signer = Signer::new();
    let print = get(|headers: http::HeaderMap| async move { format!("{headers:?}") });
    let app = Router::new()
        .route("/", print)
        .layer(AuthLayer::new(signer.verifier()));
    let server = serve(app).await;
    let token = signer.token(&json!({}));
    let printed = server.get("/", Some(&token)).await.body;
    assert!(
        String::from_utf8(printed)
            .unwrap()
            .contains("\"authorization\": Sensitive")
    );
    server
        .get("/", Some(&spoiled(&token)))
        .await
        .problem(401, "invalid_token");
    let text = log.text();
    assert!(
        text.contains("token refused: error=wrong signature") || text.contains("wrong signature")
    );
    assert!(
        !text.contains(&token[..20]) && !text.contains(token.rsplit_once('.').unwrap().1),
        "{text}"
    );
}

/// http-029: an identity is what a layer verified.
#[tokio::test]
async fn an_optional_layer_lets_in_nobody_as_nobody_and_a_bad_token_never() {
    let signer = Signer::new();
    let token = signer.token(&json!({}));
    let server = serve(app(AuthLayer::optional(signer.verifier()))).await;
    for name in ["x-user-id", "x-auth-claims", "x-middleware-subrequest"] {
        let answer = server.send("GET", "/", &[(name, b"admin")], b"").await;
        assert_eq!((answer.status, &*answer.body), (200, &b"nobody"[..]));
    }
    assert_eq!(
        server.get("/", Some(&token)).await.body,
        crate::support::token::USER.as_bytes()
    );
    server
        .get("/", Some(&spoiled(&token)))
        .await
        .problem(401, "invalid_token");
}

#[tokio::test]
async fn an_identity_of_an_outer_layer_does_not_reach_through_an_inner_one() {
    // Two issuers: what the outer one lets in as somebody, the inner one has
    // to let in itself.
    let (outer, inner) = (Signer::new(), Signer::new());
    let app = app(AuthLayer::new(inner.verifier())).layer(AuthLayer::new(outer.verifier()));
    let server = serve(app).await;
    server
        .get("/", Some(&outer.token(&json!({}))))
        .await
        .problem(401, "invalid_token");

    let forged = Router::new()
        .route("/", any(whoami))
        .layer(AuthLayer::optional(inner.verifier()))
        .layer(Extension(
            outer
                .verifier()
                .verify(&outer.token(&json!({})))
                .await
                .unwrap(),
        ));
    assert_eq!(serve(forged).await.get("/", None).await.body, b"nobody");
}

/// http-028, with a public route beside, and for callers who may do less.
#[tokio::test]
async fn no_spelling_of_a_path_reaches_a_guarded_handler() {
    let signer = Signer::new();
    let app = Router::new()
        .route("/admin", get(|| async { "in" }))
        .layer(AuthLayer::new(signer.verifier()))
        .route("/", get(|| async { "public" }))
        .merge(Router::new().route("/other", get(|| async { "public" })));
    let server = serve(app).await;
    for target in [
        "/admin",
        "//admin",
        "/admin/",
        "/%61dmin",
        "/admin;x",
        "/ADMIN",
        "/./admin",
        "/admin//",
        "/../admin",
        "/other/../admin",
        "/admin%2f",
        "/admin%00",
        "/admin?x",
        "/%2fadmin",
        "/admin/.",
        "http://x/admin",
        "http://x//admin",
        "/\\admin",
        "/admin%20",
        "/other/..%2fadmin",
    ] {
        let answer = server.get(target, None).await;
        assert!(
            [400, 401, 404].contains(&answer.status),
            "{target} {answer:?}"
        );
    }
}
