//! Checklist 57: every route is open to somebody by name, or to nobody.

use auth_axum::Access;
use auth_sdk::MemoryStore;
use http::Method;

use crate::support::auth::{app, auth, routes};
use crate::support::http::serve;
use crate::support::token::USER;

#[tokio::test]
async fn every_route_is_public_by_name_or_asks_for_a_token() {
    let auth = auth(MemoryStore::new()).await;
    let server = serve(app(&auth)).await;
    let public = [
        "POST /auth/signup",
        "POST /auth/login",
        "POST /auth/refresh",
        "POST /auth/logout",
        "GET /.well-known/jwks.json",
    ];
    let endpoints = routes(&auth).endpoints();
    assert_eq!(endpoints.len(), 10);
    for endpoint in &endpoints {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        assert_eq!(
            public.contains(&&*name),
            endpoint.access == Access::Public,
            "{name}"
        );

        let path = endpoint.path.replace("{session}", USER);
        let answer = server.send(endpoint.method.as_str(), &path, &[], b"").await;
        match endpoint.access {
            Access::Bearer => {
                answer.problem(401, "missing_credentials");
                assert_eq!(
                    answer.challenges(),
                    ["Bearer realm=\"https://auth.example.com\""]
                );
                let answer = server
                    .send(
                        endpoint.method.as_str(),
                        &path,
                        &[("authorization", b"Bearer a.b.c")],
                        b"",
                    )
                    .await;
                answer.problem(401, "invalid_token");
            }
            _ if endpoint.method == Method::GET => assert_eq!(answer.status, 200, "{name}"),
            // Served, and without a body of use.
            _ => drop(answer.problem(415, "unsupported_media_type")),
        }
    }
}

/// http-028: whatever else is asked for, nothing answers but with a refusal.
#[tokio::test]
async fn no_spelling_of_a_route_gets_around_its_layer() {
    let auth = auth(MemoryStore::new()).await;
    let server = serve(app(&auth)).await;
    let bearer = routes(&auth)
        .endpoints()
        .into_iter()
        .filter(|e| e.access == Access::Bearer);
    for endpoint in bearer {
        let path = endpoint.path.replace("{session}", USER);
        let (head, last) = path.rsplit_once('/').unwrap();
        for spelling in [
            format!("/{path}"),
            format!("{path}/"),
            format!("{path};x"),
            path.to_uppercase(),
            format!("{head}//{last}"),
            format!("{head}/./{last}"),
            format!("{head}/%{:02x}{}", last.as_bytes()[0], &last[1..]),
            format!("/auth/login/../{last}"),
            format!("{path}?access_token=x"),
            format!("{path}%00"),
            format!("http://x{path}"),
        ] {
            for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "BREW"] {
                let answer = server.send(method, &spelling, &[], b"").await;
                assert!(
                    [400, 401, 404, 405].contains(&answer.status),
                    "{method} {spelling} {answer:?}"
                );
            }
        }
    }
}
