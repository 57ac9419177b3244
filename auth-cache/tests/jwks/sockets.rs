//! `HttpFetch` against servers that do not behave.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth_cache::jwks::danger::PlainHttpToLoopback;
use auth_cache::jwks::{Discovery, Fetch, FetchErrorKind, Fetched, HttpFetch, RemoteJwks, Url};
use auth_core::Issuer;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{jwks, new_key};

/// Serves each connection by `serve`, and counts them.
async fn server<F>(
    serve: impl Fn(TcpStream, String) -> F + Send + 'static,
) -> (Url, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/jwks", listener.local_addr().unwrap());
    let hits = Arc::new(AtomicUsize::new(0));
    let count = hits.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            request.truncate(read);
            let request = String::from_utf8_lossy(&request).into_owned();
            tokio::spawn(serve(stream, request));
        }
    });
    (url.parse().unwrap(), hits)
}

async fn says(answer: impl Into<String>) -> Url {
    let answer = answer.into();
    let serve = move |mut stream: TcpStream, _| {
        let answer = answer.clone();
        async move {
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    };
    server(serve).await.0
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn fetcher() -> HttpFetch {
    HttpFetch::builder()
        .with_timeout(Duration::from_millis(800))
        .with_plain_http(PlainHttpToLoopback)
        .build()
        .unwrap()
}

async fn failure(url: &Url) -> FetchErrorKind {
    fetcher().fetch(url).await.map(drop).unwrap_err().kind()
}

#[tokio::test]
async fn an_issuer_is_discovered_and_its_keys_fetched() {
    let key = jwks([&new_key()]);
    let serve = move |mut stream: TcpStream, request: String| {
        let address = stream.local_addr().unwrap();
        let name = format!("http://{address}");
        let body = match request.split(' ').nth(1) {
            Some("/.well-known/oauth-authorization-server") => {
                ok(&json!({ "issuer": name, "jwks_uri": format!("{name}/keys") }).to_string())
            }
            Some("/keys") => ok(&key),
            _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
        };
        async move { stream.write_all(body.as_bytes()).await.unwrap() }
    };
    let (url, hits) = server(serve).await;
    let issuer = Issuer::new(url.origin().ascii_serialization()).unwrap();
    let keys = Discovery::new(&issuer, Arc::new(fetcher()))
        .with_plain_http(PlainHttpToLoopback)
        .find()
        .await
        .unwrap()
        .build()
        .unwrap();
    keys.ready().await.unwrap();
    assert_eq!(keys.stats().keys, 1);
    assert_eq!(hits.load(Ordering::SeqCst), 3);
    // Without being told, it would not have asked there at all.
    RemoteJwks::discover(&issuer).await.unwrap_err();
    assert_eq!(hits.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn c47_an_endless_body_is_cut_off_while_it_streams() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let serve = move |mut stream: TcpStream, _| {
        let count = count.clone();
        async move {
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head).await.unwrap();
            let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
            while stream.write_all(chunk.as_bytes()).await.is_ok() {
                count.fetch_add(chunk.len(), Ordering::SeqCst);
            }
        }
    };
    let (url, _) = server(serve).await;
    assert_eq!(failure(&url).await, FetchErrorKind::TooLarge);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let end = sent.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(sent.load(Ordering::SeqCst), end, "the connection is closed");
}

#[tokio::test]
async fn c47_the_longest_body_is_taken_and_one_byte_more_is_not() {
    let longest = says(ok(&" ".repeat(Fetched::MAX_LEN))).await;
    fetcher().fetch(&longest).await.unwrap();
    let longer = says(ok(&" ".repeat(Fetched::MAX_LEN + 1))).await;
    assert_eq!(failure(&longer).await, FetchErrorKind::TooLarge);
    let close = " ".repeat(Fetched::MAX_LEN + 1);
    let unsaid = says(format!("HTTP/1.0 200 OK\r\n\r\n{close}")).await;
    assert_eq!(failure(&unsaid).await, FetchErrorKind::TooLarge);
}

#[tokio::test]
async fn c47_a_silent_server_is_given_up() {
    let serve = |stream: TcpStream, _| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    };
    let (url, _) = server(serve).await;
    assert_eq!(failure(&url).await, FetchErrorKind::TimedOut);
}

#[tokio::test]
async fn c47_a_body_that_drips_is_given_up() {
    let serve = |mut stream: TcpStream, _| async move {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (url, _) = server(serve).await;
    assert_eq!(failure(&url).await, FetchErrorKind::TimedOut);
}

#[tokio::test]
async fn c47_a_redirect_is_not_followed() {
    let (elsewhere, hits) = server(|_, _| async {}).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: {elsewhere}\r\nContent-Length: 0");
        let url = says(format!("HTTP/1.1 {status} Moved\r\n{location}\r\n\r\n")).await;
        assert_eq!(failure(&url).await, FetchErrorKind::Status(status));
    }
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn another_status_than_200_is_no_document() {
    for status in [201, 203, 204, 206, 304, 404, 500] {
        let url = says(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")).await;
        assert_eq!(failure(&url).await, FetchErrorKind::Status(status));
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_broken() {
    for answer in [
        "HTTP/1.1 abc OK\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        assert_eq!(
            failure(&says(answer).await).await,
            FetchErrorKind::Broken,
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_request_carries_no_more_than_it_must() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let serve = move |mut stream: TcpStream, request: String| {
        sender.send(request).unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n{}", &ok("{}")[17..]);
        async move { stream.write_all(answer.as_bytes()).await.unwrap() }
    };
    let (url, _) = server(serve).await;
    let fetch = fetcher();
    for _ in 0..2 {
        fetch.fetch(&url).await.unwrap();
        let request = receiver.recv().await.unwrap().to_lowercase();
        assert!(request.starts_with("get /jwks http/1.1\r\n"), "{request}");
        for header in ["cookie:", "authorization:", "referer:", "accept-encoding:"] {
            assert!(!request.contains(header), "{request}");
        }
    }
}

#[tokio::test]
async fn c47_plain_http_is_refused_before_anybody_is_asked() {
    let (url, hits) = server(|_, _| async {}).await;
    let refused = HttpFetch::new().unwrap().fetch(&url).await.unwrap_err();
    assert_eq!(refused.kind(), FetchErrorKind::Refused);
    let elsewhere = "http://auth.invalid/".parse().unwrap();
    assert_eq!(failure(&elsewhere).await, FetchErrorKind::Refused);
    assert_eq!(hits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn https_means_tls() {
    let (url, hits) = server(|mut stream: TcpStream, _| async move {
        let _ = stream.write_all(ok("{}").as_bytes()).await;
    })
    .await;
    let mut url = url.to_string();
    url.replace_range(..4, "https");
    assert_eq!(
        failure(&url.parse().unwrap()).await,
        FetchErrorKind::Connect
    );
    assert_eq!(hits.load(Ordering::SeqCst), 1);
}
