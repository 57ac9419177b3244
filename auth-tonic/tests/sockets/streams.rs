//! A call does not outlive its token: 60.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use auth_core::Requirement;
use auth_tonic::{AuthLayer, MethodPolicy};
use http_body::Body as _;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::{Status, Streaming};
use tower::{Layer, Service, service_fn};

use crate::client::{Client, INVALID, STALE, next, said};
use crate::server::{Backstage, Orders, serve};
use crate::tokens::{Authority, TOKEN_LIFETIME};

const RECHECK: Duration = Duration::from_millis(20);
/// Long enough for many checks.
const A_WHILE: Duration = Duration::from_millis(300);

const HANG: &str = "/shop.v1.Orders/Hang";
const WATCH: &str = "/shop.v1.Orders/Watch";
const FLOOD: &str = "/shop.v1.Orders/Flood";
const UPLOAD: &str = "/shop.v1.Orders/Upload";
const CHAT: &str = "/shop.v1.Orders/Chat";
const ECHO: &str = "/shop.v1.Orders/Echo";
const DEAFEN: &str = "/shop.v1.Orders/Deafen";

struct Stage {
    backstage: Arc<Backstage>,
    readers: mpsc::UnboundedReceiver<Result<(), Status>>,
    client: Client,
}

async fn stage(authority: &Authority) -> Stage {
    stage_with(authority, RECHECK, authority.token("")).await
}

async fn stage_with(authority: &Authority, recheck: Duration, token: String) -> Stage {
    let (sender, readers) = mpsc::unbounded_channel();
    let backstage = Arc::new(Backstage {
        readers: Some(sender),
        ..Backstage::default()
    });
    let recent = Requirement::authenticated().and_logged_in_within(Duration::from_secs(60));
    let policy = MethodPolicy::new()
        .service::<Orders>(Requirement::authenticated())
        .method::<Orders>("Watch", recent);
    let layer = AuthLayer::new(authority.verifier(), policy).with_recheck(recheck);
    let channel = serve(layer, backstage.clone()).await;
    Stage {
        backstage,
        readers,
        client: Client::new(channel).with_token(&token),
    }
}

impl Stage {
    /// All handlers and their answers have been dropped.
    async fn is_empty(&self) {
        let empty = async {
            while self.backstage.running() > 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(10), empty)
            .await
            .expect("a handler lives on");
    }

    /// What the next spawned reader of a request met at its end.
    async fn reader(&mut self) -> Result<(), Status> {
        timeout(Duration::from_secs(10), self.readers.recv())
            .await
            .unwrap()
            .unwrap()
    }

    async fn is_busy(&self) {
        let busy = async {
            while self.backstage.running() == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(10), busy)
            .await
            .expect("no handler has begun");
    }
}

/// With what status a stream ends; it must not end well.
async fn end_of(stream: &mut Streaming<String>) -> Status {
    loop {
        match next(stream).await {
            Ok(message) => assert!(message.is_some(), "it ended as if all were well"),
            Err(status) => return status,
        }
    }
}

/// Messages of a client that sends one every millisecond and never ends.
fn messages() -> impl Stream<Item = String> + Send + 'static {
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while sender.send("message".to_owned()).is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
    });
    UnboundedReceiverStream::new(receiver)
}

/// A client that sends nothing and never ends.
fn silence() -> impl Stream<Item = String> + Send + 'static {
    tokio_stream::pending()
}

#[tokio::test]
async fn log_out_ends_a_silent_server_stream() {
    let (authority, _) = Authority::new();
    let stage = stage(&authority).await;
    let mut stream = stage.client.server_streaming(WATCH).await.unwrap();
    assert_eq!(next(&mut stream).await.unwrap().as_deref(), Some("first"));
    let quiet = timeout(A_WHILE, stream.message()).await;
    assert!(quiet.is_err(), "a good token ended: {quiet:?}");

    authority.log_out();
    let end = next(&mut stream).await.unwrap_err();
    assert_eq!(said(&end), INVALID);
    assert_eq!(end.message(), "The access token is not valid");
    stage.is_empty().await;
}

#[tokio::test]
async fn log_out_ends_a_busy_server_stream() {
    let (authority, _) = Authority::new();
    let stage = stage(&authority).await;
    let mut stream = stage.client.server_streaming(FLOOD).await.unwrap();
    for _ in 0..1000 {
        assert!(next(&mut stream).await.unwrap().is_some());
    }
    authority.log_out();
    assert_eq!(said(&end_of(&mut stream).await), INVALID);
    stage.is_empty().await;
}

#[tokio::test]
async fn log_out_ends_a_client_stream_whether_it_sends_or_not() {
    let (authority, _) = Authority::new();
    let stage = stage(&authority).await;
    let calls = async {
        tokio::join!(
            stage.client.client_streaming(UPLOAD, messages()),
            stage.client.client_streaming(UPLOAD, silence()),
        )
    };
    let log_out = async {
        stage.is_busy().await;
        sleep(A_WHILE).await;
        assert_eq!(stage.backstage.running(), 2);
        authority.log_out();
    };
    let ((busy, silent), ()) = tokio::join!(calls, log_out);
    assert_eq!(said(&busy.unwrap_err()), INVALID);
    assert_eq!(said(&silent.unwrap_err()), INVALID);
    stage.is_empty().await;
}

#[tokio::test]
async fn log_out_ends_both_directions_of_a_bidirectional_call() {
    let (authority, _) = Authority::new();
    let mut stage = stage(&authority).await;
    let mut streams = Vec::new();
    for path in [CHAT, ECHO] {
        let mut busy = stage.client.streaming(path, messages()).await.unwrap();
        for _ in 0..100 {
            assert_eq!(next(&mut busy).await.unwrap().as_deref(), Some("message"));
        }
        streams.push(busy);
        streams.push(stage.client.streaming(path, silence()).await.unwrap());
    }
    authority.log_out();
    for mut stream in streams {
        assert_eq!(said(&end_of(&mut stream).await), INVALID);
    }
    stage.is_empty().await;
    for _ in 0..2 {
        assert_eq!(said(&stage.reader().await.unwrap_err()), INVALID);
    }
}

/// A client that does not read the answer stops the answer, not the clock.
#[tokio::test]
async fn log_out_stops_the_reading_of_a_client_that_does_not_read() {
    let (authority, _) = Authority::new();
    let mut stage = stage(&authority).await;
    let mut stream = stage.client.streaming(DEAFEN, messages()).await.unwrap();
    sleep(A_WHILE).await;
    authority.log_out();
    assert_eq!(said(&stage.reader().await.unwrap_err()), INVALID);
    assert_eq!(said(&end_of(&mut stream).await), INVALID);
    stage.is_empty().await;
}

#[tokio::test]
async fn log_out_ends_a_single_call_that_lasts() {
    let (authority, _) = Authority::new();
    let stage = stage(&authority).await;
    let log_out = async {
        stage.is_busy().await;
        authority.log_out();
    };
    let (answer, ()) = tokio::join!(stage.client.unary(HANG, ""), log_out);
    assert_eq!(said(&answer.unwrap_err()), INVALID);
    stage.is_empty().await;
}

#[tokio::test]
async fn a_call_ends_when_its_token_expires() {
    let (authority, clock) = Authority::new();
    let stage = stage(&authority).await;
    let mut watch = stage.client.server_streaming(WATCH).await.unwrap();
    let mut chat = stage.client.streaming(CHAT, messages()).await.unwrap();
    assert!(next(&mut watch).await.unwrap().is_some());
    assert!(next(&mut chat).await.unwrap().is_some());
    let expire = async {
        stage.is_busy().await;
        sleep(A_WHILE).await;
        clock.advance(TOKEN_LIFETIME);
    };
    let (upload, ()) = tokio::join!(stage.client.client_streaming(UPLOAD, silence()), expire);
    assert_eq!(said(&upload.unwrap_err()), INVALID);
    assert_eq!(said(&end_of(&mut watch).await), INVALID);
    assert_eq!(said(&end_of(&mut chat).await), INVALID);
    stage.is_empty().await;
}

#[tokio::test]
async fn expiry_does_not_wait_for_the_next_check() {
    let authority = Authority::in_real_time();
    let token = authority.token_for("", Duration::from_secs(2));
    let stage = stage_with(&authority, Duration::from_secs(3600), token).await;
    let mut stream = stage.client.server_streaming(WATCH).await.unwrap();
    assert_eq!(next(&mut stream).await.unwrap().as_deref(), Some("first"));
    let end = timeout(Duration::from_secs(4), end_of(&mut stream))
        .await
        .unwrap();
    assert_eq!(said(&end), INVALID);
}

#[tokio::test]
async fn what_the_method_wants_must_hold_while_the_call_lasts() {
    let (authority, clock) = Authority::new();
    let stage = stage(&authority).await;
    let mut recent = stage.client.server_streaming(WATCH).await.unwrap();
    let mut chat = stage.client.streaming(CHAT, messages()).await.unwrap();
    assert!(next(&mut recent).await.unwrap().is_some());
    clock.advance(Duration::from_secs(61));
    assert_eq!(said(&end_of(&mut recent).await), STALE);
    sleep(A_WHILE).await;
    assert!(next(&mut chat).await.unwrap().is_some());
}

#[tokio::test]
async fn a_good_token_keeps_every_call_going_to_its_end() {
    let (authority, _) = Authority::new();
    let stage = stage_with(&authority, Duration::ZERO, authority.token("")).await;
    let thousand = || messages().take(1000);
    let mut chat = stage.client.streaming(CHAT, thousand()).await.unwrap();
    let upload = stage.client.client_streaming(UPLOAD, thousand());
    let echo = async {
        let mut count = 0;
        while next(&mut chat).await.unwrap().is_some() {
            count += 1;
        }
        count
    };
    let (uploaded, echoed) = tokio::join!(upload, echo);
    assert_eq!(uploaded.unwrap(), "1000");
    assert_eq!(echoed, 1000);
}

/// A body of a length that was known before it was cut.
#[tokio::test]
async fn a_cut_answer_breaks_no_promise_and_is_over() {
    let (authority, _) = Authority::new();
    let policy = MethodPolicy::new().service::<Orders>(Requirement::authenticated());
    let layer = AuthLayer::new(authority.verifier(), policy).with_recheck(RECHECK);
    let mut guard = layer.layer(service_fn(|_: http::Request<Body>| async {
        Ok::<_, Infallible>(http::Response::new("of a known length".to_owned()))
    }));
    let request = http::Request::post(HANG)
        .header("authorization", format!("Bearer {}", authority.token("")))
        .body(Body::empty())
        .unwrap();
    let mut body = pin!(guard.call(request).await.unwrap().into_body());
    assert_eq!(body.size_hint().exact(), None);

    authority.log_out();
    sleep(RECHECK * 2).await;
    let cut = poll_fn(|cx| body.as_mut().poll_frame(cx))
        .await
        .unwrap()
        .unwrap();
    let trailers = cut.into_trailers().unwrap();
    assert_eq!(said(&Status::from_header_map(&trailers).unwrap()), INVALID);
    assert!(body.is_end_stream());
    assert!(poll_fn(|cx| body.as_mut().poll_frame(cx)).await.is_none());
}
