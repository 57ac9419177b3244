//! Requests that are sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use auth_axum::{AuthLayer, AuthRoutes, IdempotencyLayer};
use auth_core::idempotency::Idempotency;
use auth_core::{ManualClock, RootSecret, SystemRandom, Timestamp};
use auth_store::MemoryStore;
use axum::Router;
use axum::body::Body;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::post;
use http::{StatusCode, header};
use serde_json::json;
use tokio::sync::Semaphore;

use super::support::auth::{self, PASSWORD};
use super::support::http::{Answer, Server, serve};

const KEY: (&str, &[u8]) = ("idempotency-key", b"\"8e03978e\"");
const JSON: (&str, &[u8]) = ("content-type", b"application/json");

/// A shop that counts, and may be held up.
#[derive(Clone)]
struct Shop {
    server: Server,
    orders: Arc<AtomicUsize>,
    gate: Arc<Semaphore>,
    /// Handlers that have begun.
    begun: Arc<AtomicUsize>,
    clock: Arc<ManualClock>,
}

impl Shop {
    async fn open(lease: Duration) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
        let store = MemoryStore::with_clock(clock.clone());
        let root = RootSecret::generate(&SystemRandom::new()).unwrap();
        let keys = Idempotency::new(Arc::new(store), root);
        let (orders, gate) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(Semaphore::new(1000)),
        );
        let begun = Arc::new(AtomicUsize::new(0));
        let (count, by, begins) = (orders.clone(), gate.clone(), begun.clone());
        let order = move |body: String| {
            let (count, by) = (count.clone(), by.clone());
            begins.fetch_add(1, Ordering::SeqCst);
            async move {
                let _by = by.acquire().await.unwrap();
                answer(&body, count.fetch_add(1, Ordering::SeqCst) + 1)
            }
        };
        let layer = IdempotencyLayer::new(keys).with_lease(lease);
        let app = Router::new()
            .route("/orders", post(order.clone()).get(order.clone()))
            .route("/other/{id}", post(order))
            .route_layer(layer);
        Self {
            server: serve(app).await,
            orders,
            gate,
            begun,
            clock,
        }
    }

    async fn post(&self, target: &str, headers: &[(&str, &[u8])], body: &str) -> Answer {
        self.server
            .send("POST", target, headers, body.as_bytes())
            .await
    }

    fn orders(&self) -> usize {
        self.orders.load(Ordering::SeqCst)
    }
}

/// What the body asks for.
fn answer(body: &str, n: usize) -> Response {
    match body {
        "taken" => (StatusCode::CONFLICT, "taken").into_response(),
        "fail" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "panic" => panic!("a defect"),
        "token" => ([(header::CACHE_CONTROL, "private, No-Store")], "secret").into_response(),
        "cookie" => ([(header::SET_COOKIE, "a=b")], "secret").into_response(),
        "coded" => (
            [
                (header::CONTENT_ENCODING, "gzip"),
                (header::CONTENT_LANGUAGE, "de"),
                (header::CACHE_CONTROL, "private"),
            ],
            AppendHeaders([(header::VARY, "cookie"), (header::VARY, "accept-language")]),
            "as if zipped",
        )
            .into_response(),
        "large" => "x".repeat(70_000).into_response(),
        "stream" => {
            let body = http_body_of_unknown_length();
            body.into_response()
        }
        _ => (
            StatusCode::CREATED,
            [
                (header::LOCATION, format!("/orders/{n}")),
                (header::VIA, "me".to_owned()),
            ],
            format!("order {n}"),
        )
            .into_response(),
    }
}

fn http_body_of_unknown_length() -> Body {
    struct Unknown(bool);
    impl http_body::Body for Unknown {
        type Data = axum::body::Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
            let first = !std::mem::replace(&mut self.0, true);
            let frame = first.then(|| Ok(http_body::Frame::data("streamed".into())));
            std::task::Poll::Ready(frame)
        }
    }
    Body::new(Unknown(false))
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_same_request_again_gets_the_first_answer() {
    let shop = Shop::open(MINUTE).await;
    let first = shop.post("/orders", &[KEY], "a").await;
    assert_eq!((first.status, &first.body[..]), (201, &b"order 1"[..]));
    assert_eq!(first.header("idempotent-replayed"), None);
    // Quoted or not, it is one key.
    for key in [&b"\"8e03978e\""[..], b"8e03978e"] {
        let again = shop.post("/orders", &[("Idempotency-Key", key)], "a").await;
        assert_eq!((again.status, &again.body), (201, &first.body));
        assert_eq!(again.header("location"), Some("/orders/1"));
        assert_eq!(again.header("content-type"), first.header("content-type"));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.header("via"), None, "what is not needed is not kept");
    }
    assert_eq!(shop.orders(), 1);
    shop.clock.advance(MINUTE * 60 * 25);
    assert_eq!(shop.post("/orders", &[KEY], "a").await.body, b"order 2");
}

#[tokio::test]
async fn a_key_is_of_one_request_one_route_and_one_caller() {
    let shop = Shop::open(MINUTE).await;
    shop.post("/orders", &[KEY], "a").await;
    for (target, headers, body) in [
        ("/orders", &[KEY][..], "b"),
        ("/orders?x=1", &[KEY], "a"),
        ("/orders", &[KEY, JSON], "a"),
    ] {
        let reused = shop.post(target, headers, body).await;
        reused.problem(422, "idempotency_key_reused");
    }
    assert_eq!(shop.orders(), 1);
    let ada: (&str, &[u8]) = ("authorization", b"Basic YWRh");
    let bob: (&str, &[u8]) = ("authorization", b"Basic Ym9i");
    for (n, (target, headers)) in [
        ("/other/1", &[KEY][..]),
        ("/orders", &[KEY, ada]),
        ("/orders", &[KEY, bob]),
    ]
    .into_iter()
    .enumerate()
    {
        let other = shop.post(target, headers, "a").await;
        assert_eq!(other.status, 201, "{target} {n}");
        assert_eq!(shop.orders(), n + 2);
    }
    // The route has seen the key with another path.
    let reused = shop.post("/other/2", &[KEY], "a").await;
    reused.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn without_a_key_nothing_is_remembered_and_what_is_none_is_refused() {
    let shop = Shop::open(MINUTE).await;
    for _ in 0..2 {
        shop.post("/orders", &[], "a").await;
        shop.server.send("GET", "/orders", &[KEY], b"").await;
    }
    assert_eq!(shop.orders(), 4);
    for bad in [
        &[("idempotency-key", &b""[..])][..],
        &[("idempotency-key", b"a b")],
        &[KEY, KEY],
    ] {
        shop.post("/orders", bad, "a")
            .await
            .problem(400, "invalid_request");
    }
    let large = "x".repeat(65 * 1024);
    shop.post("/orders", &[KEY], &large)
        .await
        .problem(413, "payload_too_large");
    assert_eq!(shop.orders(), 4);
}

#[tokio::test]
async fn what_may_be_secret_and_what_is_too_large_is_done_once_and_not_kept() {
    let shop = Shop::open(MINUTE).await;
    for (n, (body, said)) in [
        ("token", "secret"),
        ("cookie", "secret"),
        ("stream", "streamed"),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("k{n}");
        let key = [("idempotency-key", key.as_bytes())];
        let first = shop.post("/orders", &key, body).await;
        assert_eq!(first.status, 200, "{body}");
        assert!(String::from_utf8_lossy(&first.body).contains(said));
        let again = shop.post("/orders", &key, body).await;
        again.problem(409, "already_done");
    }
    let key = [("idempotency-key", &b"large"[..])];
    assert_eq!(shop.post("/orders", &key, "large").await.body.len(), 70_000);
    shop.post("/orders", &key, "large")
        .await
        .problem(409, "already_done");
    assert_eq!(shop.orders(), 4);
}

/// Without them a client cannot read it, and a cache shows it to others.
#[tokio::test]
async fn what_says_how_to_read_an_answer_is_kept() {
    let shop = Shop::open(MINUTE).await;
    for _ in 0..2 {
        let answer = shop.post("/orders", &[KEY], "coded").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-encoding"), Some("gzip"));
        assert_eq!(answer.header("content-language"), Some("de"));
        assert_eq!(answer.header("cache-control"), Some("private"));
        assert_eq!(answer.all("vary"), ["cookie", "accept-language"]);
    }
    assert_eq!(shop.orders(), 1);
}

#[tokio::test]
async fn what_was_refused_or_failed_may_be_tried_again() {
    let shop = Shop::open(MINUTE).await;
    for status in [
        ("taken", 409),
        ("fail", 500),
        ("corrected", 201),
        ("corrected", 201),
    ] {
        let (body, status) = status;
        assert_eq!(shop.post("/orders", &[KEY], body).await.status, status);
    }
    assert_eq!(shop.orders(), 3);
}

/// Nobody knows how far it came: it is tried again when it counts as lost.
#[tokio::test]
async fn a_handler_that_panics_keeps_its_key_until_the_lease_is_over() {
    let shop = Shop::open(MINUTE).await;
    shop.post("/orders", &[KEY], "panic")
        .await
        .problem(500, "internal_error");
    let again = shop.post("/orders", &[KEY], "panic").await;
    again.problem(409, "request_in_progress");
    shop.clock.advance(MINUTE * 2);
    shop.post("/orders", &[KEY], "panic")
        .await
        .problem(500, "internal_error");
    assert_eq!(shop.orders(), 2);
}

#[tokio::test]
async fn while_a_request_is_done_the_same_one_waits_outside() {
    let shop = Shop::open(MINUTE).await;
    let held = shop.gate.acquire_many(1000).await.unwrap();
    let first = tokio::spawn({
        let shop = shop.clone();
        async move { shop.post("/orders", &[KEY], "a").await }
    });
    while shop.begun.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let answer = shop.post("/orders", &[KEY], "a").await;
    answer.problem(409, "request_in_progress");
    assert!(answer.header("retry-after").is_some());
    drop(held);
    assert_eq!(first.await.unwrap().body, b"order 1");
    assert_eq!(shop.post("/orders", &[KEY], "a").await.body, b"order 1");
    assert_eq!(shop.orders(), 1);
}

/// A client that hangs up finds the answer when it comes back.
#[tokio::test]
async fn a_request_is_seen_through_when_its_client_hangs_up() {
    let shop = Shop::open(MINUTE).await;
    let held = shop.gate.acquire_many(1000).await.unwrap();
    let hung_up = shop.post("/orders", &[KEY], "a");
    let _ = tokio::time::timeout(Duration::from_millis(100), hung_up).await;
    drop(held);
    let mut answer = shop.post("/orders", &[KEY], "a").await;
    while answer.status == 409 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer = shop.post("/orders", &[KEY], "a").await;
    }
    assert_eq!(answer.body, b"order 1");
    assert_eq!(shop.orders(), 1);
}

/// Before another one may begin, the first is given up.
#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_before_the_next_may_begin() {
    let shop = Shop::open(Duration::from_millis(200)).await;
    let held = shop.gate.acquire_many(1000).await.unwrap();
    let late = shop.post("/orders", &[KEY], "a").await;
    late.problem(503, "temporarily_unavailable");
    drop(held);
    shop.post("/orders", &[KEY], "a")
        .await
        .problem(409, "request_in_progress");
    shop.clock.advance(Duration::from_secs(1));
    assert_eq!(shop.post("/orders", &[KEY], "a").await.body, b"order 1");
}

#[tokio::test]
async fn of_16_sign_ups_with_one_key_one_is_made_and_all_hear_of_it() {
    let auth = auth::auth(MemoryStore::new()).await;
    let layer = IdempotencyLayer::new(auth.idempotency().unwrap());
    let routes = AuthRoutes::new(auth.clone()).with_idempotency_keys(layer);
    let server = serve(Router::new().merge(routes)).await;
    let body = json!({ "identifier": "ada@example.org", "password": PASSWORD }).to_string();
    let tries = (0..16).map(|_| {
        let body = body.clone();
        tokio::spawn(async move {
            loop {
                let headers = [KEY, JSON];
                let answer = server
                    .send("POST", "/auth/signup", &headers, body.as_bytes())
                    .await;
                assert_eq!(answer.header("cache-control"), Some("no-store"));
                if answer.status != 409 {
                    return answer;
                }
                answer.problem(409, "request_in_progress");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
    });
    let mut ids = std::collections::HashSet::new();
    for answer in tries.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status, 201);
        ids.insert(answer.json()["user"]["id"].to_string());
    }
    assert_eq!(ids.len(), 1);
    // Without a key it is what it was.
    let again = server
        .send("POST", "/auth/signup", &[JSON], body.as_bytes())
        .await;
    again.problem(409, "identifier_taken");
    // A refusal is not remembered.
    let other = [("idempotency-key", &b"other"[..]), JSON];
    for _ in 0..2 {
        let taken = server
            .send("POST", "/auth/signup", &other, body.as_bytes())
            .await;
        taken.problem(409, "identifier_taken");
    }
}

/// What a log-in answers is a secret: the header is not looked at.
#[tokio::test]
async fn other_routes_do_not_look_at_the_key() {
    let auth = auth::auth(MemoryStore::new()).await;
    let layer = IdempotencyLayer::new(auth.idempotency().unwrap());
    let routes = AuthRoutes::new(auth.clone()).with_idempotency_keys(layer);
    let server = serve(Router::new().merge(routes)).await;
    let body = json!({ "identifier": "ada@example.org", "password": PASSWORD }).to_string();
    server
        .send("POST", "/auth/signup", &[JSON], body.as_bytes())
        .await;
    let mut tokens = std::collections::HashSet::new();
    for _ in 0..2 {
        let answer = server
            .send("POST", "/auth/login", &[KEY, JSON], body.as_bytes())
            .await;
        assert_eq!(
            (answer.status, answer.header("idempotent-replayed")),
            (200, None)
        );
        tokens.insert(answer.json()["refresh_token"].to_string());
    }
    assert_eq!(tokens.len(), 2);
}

/// Two users have the same key; a layer outside says who they are.
#[tokio::test]
async fn a_key_is_of_the_identity_that_was_let_in() {
    let auth = auth::auth(MemoryStore::new()).await;
    let orders = Arc::new(AtomicUsize::new(0));
    let count = orders.clone();
    let order = move || {
        let n = count.fetch_add(1, Ordering::SeqCst) + 1;
        async move { format!("order {n}") }
    };
    let app = Router::new()
        .route("/orders", post(order))
        .route_layer(IdempotencyLayer::new(auth.idempotency().unwrap()).required())
        .layer(AuthLayer::new(auth.verifier()))
        .merge(auth::routes(&auth));
    let client = auth::Client::to(app).await;
    let mut bearers = Vec::new();
    for name in ["ada@example.org", "bob@example.org"] {
        client.sign_up(name).await;
        // Another token of the same user is the same caller.
        for _ in 0..2 {
            let tokens = client.log_in(name).await;
            bearers.push(format!("Bearer {}", tokens.access_token));
        }
    }
    let mut answers = Vec::new();
    for bearer in &bearers {
        let headers = [KEY, ("authorization", bearer.as_bytes())];
        let answer = client.server.send("POST", "/orders", &headers, b"").await;
        answers.push(String::from_utf8(answer.body).unwrap());
    }
    assert_eq!(answers, ["order 1", "order 1", "order 2", "order 2"]);
    let headers = [("authorization", bearers[0].as_bytes())];
    let without = client.server.send("POST", "/orders", &headers, b"").await;
    without.problem(400, "invalid_request");
}
