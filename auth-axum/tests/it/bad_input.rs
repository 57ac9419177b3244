//! What must not be let in, slow things down or be repeated.

use std::time::Duration;

use auth_sdk::MemoryStore;
use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::auth::{Client, PASSWORD, problem};
use crate::support::http::{Answer, read};

const PUBLIC: [&str; 4] = [
    "/auth/signup",
    "/auth/login",
    "/auth/refresh",
    "/auth/logout",
];
const JSON: (&str, &[u8]) = ("content-type", b"application/json");

async fn client() -> Client {
    Client::of(MemoryStore::new()).await
}

#[tokio::test]
async fn malformed_bodies_are_refused_and_not_repeated() {
    let client = client().await;
    client.sign_up("ada").await;
    let token = client.log_in("ada").await.access_token;
    let bearer = format!("Bearer {token}");
    let deep = format!("{{\"identifier\":{}", "[".repeat(30_000));
    let bodies: [&[u8]; 19] = [
        b"", b"{", b"hunter2", b"null", b"[]", b"\"hunter2\"", b"{}", b"{\"identifier\":\"hunter2\"}",
        b"[\"hunter2\",\"hunter2\"]",
        b"{\"identifier\":1,\"password\":2,\"refresh_token\":3,\"current_password\":4,\"new_password\":5}",
        b"{\"identifier\":null,\"password\":null,\"refresh_token\":null}",
        b"{\"identifier\":\"\xff\",\"password\":\"\xff\",\"refresh_token\":\"\xff\",\"current_password\":\"\xff\"}",
        b"{\"identifier\":\"\\ud800\",\"password\":\"\\ud800\",\"refresh_token\":\"\\ud800\"}",
        b"\xef\xbb\xbf{\"identifier\":\"hunter2\",\"password\":\"hunter2\",\"refresh_token\":\"hunter2\"}",
        b"{\"identifier\":\"a\",\"identifier\":\"b\",\"password\":\"c\",\"refresh_token\":\"d\",\"refresh_token\":\"e\"}",
        b"{\"identifier\":\"a\",\"password\":\"c\",\"refresh_token\":\"d\"} {}",
        b"{'identifier':'hunter2'}",
        b"{\"identifier\":{\"hunter2\":1},\"password\":[\"hunter2\"],\"refresh_token\":{}}",
        deep.as_bytes(),
    ];
    for path in PUBLIC.into_iter().chain(["/auth/password"]) {
        for body in bodies {
            let headers = [JSON, ("authorization", bearer.as_bytes())];
            let answer = client.server.send("POST", path, &headers, body).await;
            answer.problem(400, "invalid_request");
            assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"));
        }
    }
}

#[tokio::test]
async fn what_is_no_id_or_scope_is_refused() {
    let client = client().await;
    for id in [
        json!(""),
        json!("a\u{0}b"),
        json!("é"),
        json!("x".repeat(129)),
        json!(7),
    ] {
        let body =
            json!({ "identifier": "a", "password": "b", "refresh_token": "c", "client_id": id });
        for path in ["/auth/login", "/auth/refresh"] {
            problem(
                client.post(path, body.clone()).await,
                400,
                "invalid_request",
            )
            .await;
        }
    }
}

#[tokio::test]
async fn only_json_is_read() {
    let client = client().await;
    let body = json!({ "identifier": "ada", "password": PASSWORD }).to_string();
    let send = async |types: &[&str]| {
        let headers: Vec<_> = types
            .iter()
            .map(|t| ("content-type", t.as_bytes()))
            .collect();
        client
            .server
            .send("POST", "/auth/signup", &headers, body.as_bytes())
            .await
    };
    for types in [
        &[][..],
        &["text/plain"],
        &["application/x-www-form-urlencoded"],
        &["application/json2"],
        &[""],
        &["application/problem+json"],
        &["text/plain; application/json"],
        &["application/json", "text/plain"],
    ] {
        send(types).await.problem(415, "unsupported_media_type");
    }
    assert_eq!(
        send(&["Application/JSON ; charset=utf-8"]).await.status,
        201
    );
}

#[tokio::test]
async fn a_large_body_is_refused_announced_or_not() {
    let client = client().await;
    let large = vec![b' '; 64 * 1024 + 1];
    for path in PUBLIC {
        client
            .server
            .send("POST", path, &[JSON], &large)
            .await
            .problem(413, "payload_too_large");
        chunked(&client, path, 64 * 1024 + 1)
            .await
            .problem(413, "payload_too_large");
        // Announced, and never sent.
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999999999\r\n\r\n"
        );
        client
            .server
            .raw(head.as_bytes())
            .await
            .problem(413, "payload_too_large");
    }
    let mut fits = json!({ "identifier": "ada", "password": PASSWORD })
        .to_string()
        .into_bytes();
    fits.resize(64 * 1024, b' ');
    assert_eq!(
        client
            .server
            .send("POST", "/auth/signup", &[JSON], &fits)
            .await
            .status,
        201
    );
    chunked(&client, "/auth/login", 64 * 1024)
        .await
        .problem(400, "invalid_request");
}

/// An endless body is cut off, not collected.
#[tokio::test]
async fn an_endless_body_is_refused_before_it_ends() {
    let client = client().await;
    let answer = chunked(&client, "/auth/login", 64 << 20).await;
    answer.problem(413, "payload_too_large");
}

/// Spaces in chunks of 1000 bytes, without a length, written until the server
/// answers.
async fn chunked(client: &Client, path: &str, size: usize) -> Answer {
    let stream = TcpStream::connect(client.server.address).await.unwrap();
    let (input, mut output) = stream.into_split();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let write = tokio::spawn(async move {
        output.write_all(head.as_bytes()).await?;
        let mut left = size;
        while left > 0 {
            let n = left.min(1_000);
            let chunk = format!("{n:x}\r\n{}\r\n", " ".repeat(n));
            output.write_all(chunk.as_bytes()).await?;
            left -= n;
        }
        output.write_all(b"0\r\n\r\n").await?;
        // A half-closed connection would look like a client that hung up.
        std::future::pending::<std::io::Result<()>>().await
    });
    let answer = read(input).await;
    write.abort();
    answer
}

#[tokio::test]
async fn a_slow_body_times_out_however_it_dawdles() {
    let client = client().await;
    for head in ["content-length: 40", "transfer-encoding: chunked"] {
        for drip in [false, true] {
            let stream = TcpStream::connect(client.server.address).await.unwrap();
            let (input, mut output) = stream.into_split();
            let head = format!(
                "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{head}\r\n\r\n"
            );
            output.write_all(head.as_bytes()).await.unwrap();
            let dripping = tokio::spawn(async move {
                while drip && output.write_all(b"1\r\n{\r\n").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                std::future::pending::<()>().await;
            });
            let answer = tokio::time::timeout(Duration::from_secs(2), read(input))
                .await
                .unwrap();
            dripping.abort();
            // What drips into a fixed length fills it, and is no JSON.
            match (drip, answer.status) {
                (true, 400) => drop(answer.problem(400, "invalid_request")),
                _ => drop(answer.problem(408, "request_timeout")),
            }
        }
    }
}

#[tokio::test]
async fn broken_chunks_are_refused() {
    let client = client().await;
    let head = "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n";
    client
        .server
        .raw(head.as_bytes())
        .await
        .problem(400, "invalid_request");
}

#[tokio::test]
async fn a_password_that_cannot_be_used_is_told_why_and_no_more() {
    let client = client().await;
    let sign_up = async |password: &str| {
        let body = json!({ "identifier": "ada", "password": password });
        problem(
            client.post("/auth/signup", body).await,
            422,
            "password_rejected",
        )
        .await
    };
    let short = sign_up("hunter2").await;
    assert_eq!(short["reason"], "too_short");
    assert_eq!(
        short["detail"],
        "the password must have at least 15 characters"
    );
    assert!(!short.to_string().contains("hunter2"));
    assert_eq!(sign_up(&"x".repeat(1_025)).await["reason"], "too_long");
    assert_eq!(sign_up(&"x".repeat(60_000)).await["reason"], "too_long");
    assert_eq!(
        sign_up("long enough but\u{0}not usable").await["reason"],
        "control_character"
    );
    // Exactly the most that is allowed.
    let body = json!({ "identifier": "ada", "password": PASSWORD.repeat(37)[..1_024] });
    assert_eq!(
        client.post("/auth/signup", body.clone()).await.status(),
        201
    );
    assert_eq!(client.post("/auth/login", body).await.status(), 200);
}

#[tokio::test]
async fn an_identifier_that_cannot_be_used_is_told_why_and_no_more() {
    let client = client().await;
    for identifier in [
        "",
        " ",
        "a\u{0}b",
        "a\u{202e}b",
        &"x".repeat(321),
        &"x".repeat(60_000),
    ] {
        let body = json!({ "identifier": identifier, "password": PASSWORD });
        let problem = problem(
            client.post("/auth/signup", body).await,
            422,
            "invalid_identifier",
        )
        .await;
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .starts_with("the identifier")
        );
    }
}

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_problems_too() {
    let client = client().await;
    for path in [
        "/auth",
        "/auth/nowhere",
        "/auth/me/",
        "/auth/me/x",
        "/auth/sessions/a/b",
        "/auth//me",
        "/auth/%6de/x",
    ] {
        let answer = client.server.get(path, None).await;
        answer.problem(404, "not_found");
    }
    for (method, path, allow) in [
        ("GET", "/auth/login", "POST"),
        ("DELETE", "/auth/signup", "POST"),
        ("OPTIONS", "/auth/login", "POST"),
        ("POST", "/auth/me", "GET,HEAD"),
        ("PUT", "/auth/sessions", "GET,HEAD"),
        (
            "GET",
            "/auth/sessions/0190a5d0-7c3f-7000-8000-0123456789ab",
            "DELETE",
        ),
        ("POST", "/.well-known/jwks.json", "GET,HEAD"),
        ("BREW", "/auth/logout-all", "POST"),
    ] {
        let answer = client.server.send(method, path, &[], b"").await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn a_hostile_device_is_listed_harmlessly() {
    let client = client().await;
    client.sign_up("ada").await;
    let body = json!({ "identifier": "ada", "password": PASSWORD }).to_string();
    for agent in [&b"\xff\xfe"[..], &[b'x'; 4_000], b"<script>\t", b""] {
        let answer = client
            .server
            .send(
                "POST",
                "/auth/login",
                &[JSON, ("user-agent", agent)],
                body.as_bytes(),
            )
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let token = client.log_in("ada").await.access_token;
    let sessions: serde_json::Value = client
        .get("/auth/sessions", &token)
        .await
        .json()
        .await
        .unwrap();
    for session in sessions["sessions"].as_array().unwrap() {
        assert!(
            session["device"]
                .as_str()
                .is_none_or(|device| device.len() <= 256)
        );
    }
}

/// http-029, on the routes.
#[tokio::test]
async fn no_header_names_a_user() {
    let client = client().await;
    for name in [
        "x-user-id",
        "x-auth-claims",
        "x-middleware-subrequest",
        "x-forwarded-user",
        "cookie",
    ] {
        let request = client
            .http
            .request(Method::GET, client.server.url("/auth/me"))
            .header(name, "admin");
        problem(request.send().await.unwrap(), 401, "missing_credentials").await;
    }
}
