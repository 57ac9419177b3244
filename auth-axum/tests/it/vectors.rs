//! The sample of HTTP cases in `vectors/`, every one of level MUST or HARDEN.

use auth_axum::{AuthLayer, RequireScope, ScopeName};
use axum::Router;
use axum::routing::{any, get};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::support::http::{Answer, Server, serve};
use crate::support::token::{Outage, Signer, spoiled, verifier};

const CASES: &str = include_str!("../vectors/bearer-http-sample.jsonl");

struct Admin;

impl ScopeName for Admin {
    const SCOPE: &'static str = "admin";
}

fn app(layer: AuthLayer) -> Router {
    Router::new()
        .route("/", any(|| async { "ok" }))
        .route("/admin", get(|_: RequireScope<Admin>| async { "ok" }))
        .layer(layer)
}

#[tokio::test]
async fn the_sample_of_http_cases_is_answered_as_it_says() {
    let signer = Signer::new();
    let healthy = serve(app(AuthLayer::new(signer.verifier()))).await;
    let outage = serve(app(AuthLayer::new(verifier(Arc::new(Outage))))).await;
    let token = signer.token(&json!({ "scope": "read" }));
    let bound =
        signer.token(&json!({ "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }));
    let fill = |text: &str| {
        text.replace("{TOK}", &token)
            .replace("{BAD}", &spoiled(&token))
            .replace("{DPOP}", &bound)
    };
    let mut ran = 0;
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        if !id.starts_with("http-") {
            continue;
        }
        let server = if id == "http-025" { outage } else { healthy };
        for target in targets(id, &case, &fill) {
            for latin in [false, true] {
                let answer = send(server, &case, &target, latin, &fill).await;
                check(&case, &answer);
            }
        }
        ran += 1;
    }
    assert_eq!(ran, 20);
}

fn targets(id: &str, case: &Value, fill: &impl Fn(&str) -> String) -> Vec<String> {
    match (id, case["query"].as_str()) {
        ("http-008", _) => vec!["/admin".to_owned()],
        ("http-028", _) => [
            "//admin", "/admin/", "/%61dmin", "/admin;x", "/ADMIN", "/./admin", "/admin",
        ]
        .map(str::to_owned)
        .into(),
        (_, Some(query)) => vec![format!("/?{}", fill(query))],
        _ => vec!["/".to_owned()],
    }
}

async fn send(
    server: Server,
    case: &Value,
    target: &str,
    latin: bool,
    fill: &impl Fn(&str) -> String,
) -> Answer {
    let headers: Vec<(String, Vec<u8>)> = case["request_headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| {
            let value = fill(pair[1].as_str().unwrap());
            let latin1 = |c| u8::try_from(u32::from(c)).unwrap();
            let bytes = if latin {
                value.chars().map(latin1).collect()
            } else {
                value.into_bytes()
            };
            (pair[0].as_str().unwrap().to_owned(), bytes)
        })
        .collect();
    let headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let body = case["form_body"].as_str().map(fill).unwrap_or_default();
    let method = if body.is_empty() { "GET" } else { "POST" };
    server.send(method, target, &headers, body.as_bytes()).await
}

#[track_caller]
fn check(case: &Value, answer: &Answer) {
    let statuses = match &case["expect_status"] {
        Value::Array(any) => any.clone(),
        one => vec![one.clone()],
    };
    if case["level"] == "EITHER" {
        return println!("{}: {}", case["id"], answer.status);
    }
    assert!(
        statuses.contains(&json!(answer.status)),
        "{case} {answer:?}"
    );
    let challenges = answer.challenges();
    let Some(expected) = case["expect_www_authenticate"].as_str() else {
        return assert!(challenges.is_empty(), "{case} {answer:?}");
    };
    let said = |part: &str| challenges.iter().any(|challenge| challenge.contains(part));
    if expected.starts_with("no invalid_token") {
        assert!(!said("invalid_token"), "{case} {answer:?}");
        assert!(
            answer
                .header("retry-after")
                .unwrap()
                .parse::<u64>()
                .unwrap()
                >= 1
        );
        return;
    }
    assert!(said("Bearer realm=\""), "{case} {answer:?}");
    assert_eq!(
        said("DPoP "),
        expected.starts_with("DPoP"),
        "{case} {answer:?}"
    );
    if expected.to_lowercase().contains("without error") || expected == "Bearer challenge" {
        assert!(!said("error"), "{case} {answer:?}");
    }
    let codes = [
        "\"invalid_request\"",
        "\"invalid_token\"",
        "\"insufficient_scope\"",
    ];
    let mut codes = codes
        .into_iter()
        .filter(|code| expected.contains(code))
        .peekable();
    let none = codes.peek().is_none();
    assert!(
        none || codes.any(|code| said(&format!("error={code}"))),
        "{case} {answer:?}"
    );
    assert_eq!(
        said("scope=\"admin\""),
        expected.contains("scope=\"admin\""),
        "{case} {answer:?}"
    );
}
