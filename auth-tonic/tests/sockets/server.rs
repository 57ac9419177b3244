//! Services written carelessly: whatever the layer lets through is answered,
//! however the path is spelt.
#![allow(clippy::unused_async, reason = "methods of a service are async")]

use std::convert::Infallible;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use auth_core::Identity;
use auth_tonic::{AuthLayer, RequestIdentity};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::util::MapRequestLayer;
use tower::{Service, service_fn};

pub(crate) struct Orders;
impl NamedService for Orders {
    const NAME: &'static str = "shop.v1.Orders";
}

/// Served, and in no policy.
pub(crate) struct Hidden;
impl NamedService for Hidden {
    const NAME: &'static str = "shop.v1.Hidden";
}

pub(crate) struct Health;
impl NamedService for Health {
    const NAME: &'static str = "grpc.health.v1.Health";
}

/// What tests see of the handlers, and do to them.
#[derive(Default)]
pub(crate) struct Backstage {
    pub(crate) running: AtomicUsize,
    /// Where spawned readers of a request tell how it ended.
    pub(crate) readers: Option<mpsc::UnboundedSender<Result<(), Status>>>,
    /// An identity that a layer outside gives to every request.
    pub(crate) forged: Option<Arc<Identity>>,
}

impl Backstage {
    /// How many handlers and answers of theirs are not dropped yet.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }
}

/// Serves everything behind `layer`, on a port of its own.
pub(crate) async fn serve(layer: AuthLayer, backstage: Arc<Backstage>) -> Channel {
    let forged = backstage.forged.clone();
    let outside = MapRequestLayer::new(move |mut request: http::Request<Body>| {
        if let Some(forged) = forged.clone() {
            request.extensions_mut().insert(forged);
        }
        request
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder()
        .layer(outside)
        .layer(layer)
        .add_service(Careless::<Orders>::new(&backstage))
        .add_service(Careless::<Hidden>::new(&backstage))
        .add_service(Careless::<Health>::new(&backstage));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect()
        .await
        .unwrap()
}

/// Answers to every spelling of every path.
pub(crate) struct Careless<N> {
    backstage: Arc<Backstage>,
    name: PhantomData<fn() -> N>,
}

impl<N> Careless<N> {
    pub(crate) fn new(backstage: &Arc<Backstage>) -> Self {
        Self {
            backstage: backstage.clone(),
            name: PhantomData,
        }
    }
}

impl<N> Clone for Careless<N> {
    fn clone(&self) -> Self {
        Self::new(&self.backstage)
    }
}

impl<N: NamedService> NamedService for Careless<N> {
    const NAME: &'static str = N::NAME;
}

impl<N> Service<http::Request<Body>> for Careless<N> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let backstage = self.backstage.clone();
        Box::pin(async move {
            let path = request.uri().path().to_ascii_lowercase();
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default());
            Ok(
                match path
                    .rsplit('/')
                    .find(|part| !part.is_empty())
                    .unwrap_or_default()
                {
                    "whoami" => grpc.unary(service_fn(whoami), request).await,
                    "plan" => grpc.unary(service_fn(plan), request).await,
                    "hang" => {
                        let hang = |_: Request<String>| hang(Running::new(&backstage));
                        grpc.unary(service_fn(hang), request).await
                    }
                    "watch" => {
                        let watch = |_: Request<String>| watch(Running::new(&backstage));
                        grpc.server_streaming(service_fn(watch), request).await
                    }
                    "flood" => {
                        let flood = |_: Request<String>| flood(Running::new(&backstage));
                        grpc.server_streaming(service_fn(flood), request).await
                    }
                    "upload" => {
                        let upload = |messages| upload(messages, Running::new(&backstage));
                        grpc.client_streaming(service_fn(upload), request).await
                    }
                    "chat" => {
                        let chat = |messages| chat(messages, backstage.clone());
                        grpc.streaming(service_fn(chat), request).await
                    }
                    "echo" => {
                        let echo = |messages| echo(messages, Running::new(&backstage));
                        grpc.streaming(service_fn(echo), request).await
                    }
                    "deafen" => {
                        let deafen = |messages| deafen(messages, backstage.clone());
                        grpc.streaming(service_fn(deafen), request).await
                    }
                    _ => grpc.unary(service_fn(anything), request).await,
                },
            )
        })
    }
}

struct Running(Arc<Backstage>);

impl Running {
    fn new(backstage: &Arc<Backstage>) -> Self {
        backstage.running.fetch_add(1, Ordering::SeqCst);
        Self(backstage.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

type Answer<T> = Result<Response<T>, Status>;
type Messages = Pin<Box<dyn Stream<Item = Result<String, Status>> + Send>>;

async fn whoami(request: Request<String>) -> Answer<String> {
    Ok(Response::new(request.identity()?.subject().to_owned()))
}

async fn anything(request: Request<String>) -> Answer<String> {
    let caller = request
        .identity()
        .map_or("nobody", |caller| caller.subject());
    Ok(Response::new(caller.to_owned()))
}

#[derive(Deserialize)]
struct Plan {
    plan: String,
}

#[derive(Deserialize)]
struct Absent {
    #[serde(rename = "no_such_claim")]
    _it: String,
}

/// The caller's plan, or claims that no token has.
async fn plan(request: Request<String>) -> Answer<String> {
    if request.get_ref() == "absent" {
        request.claims::<Absent>()?;
    }
    Ok(Response::new(request.claims::<Plan>()?.plan.clone()))
}

async fn hang(_running: Running) -> Answer<String> {
    std::future::pending().await
}

/// One message, then silence.
async fn watch(running: Running) -> Answer<Messages> {
    let messages = tokio_stream::once(Ok("first".to_owned())).chain(tokio_stream::pending());
    Ok(Response::new(Box::pin(messages.map(move |message| {
        let _ = &running;
        message
    }))))
}

/// Messages without end or pause.
async fn flood(running: Running) -> Answer<Messages> {
    Ok(Response::new(Box::pin(tokio_stream::iter(
        std::iter::repeat_with(move || {
            let _ = &running;
            Ok("x".repeat(1000))
        }),
    ))))
}

/// How many messages there were, however they ended.
async fn upload(messages: Request<Streaming<String>>, _running: Running) -> Answer<String> {
    let mut messages = messages.into_inner();
    let mut count = 0;
    while let Ok(Some(_)) = messages.message().await {
        count += 1;
    }
    Ok(Response::new(count.to_string()))
}

/// An echo, by a task. It ends well however the messages end.
async fn chat(messages: Request<Streaming<String>>, backstage: Arc<Backstage>) -> Answer<Messages> {
    let (out, echo) = mpsc::unbounded_channel();
    let running = Running::new(&backstage);
    read_in_a_task(messages, backstage, Some(out));
    Ok(Response::new(Box::pin(
        UnboundedReceiverStream::new(echo).map(move |message| {
            let _ = &running;
            Ok(message)
        }),
    )))
}

/// An echo, without a task, that ends well however the messages end.
async fn echo(messages: Request<Streaming<String>>, running: Running) -> Answer<Messages> {
    let messages = messages.into_inner().take_while(Result::is_ok);
    Ok(Response::new(Box::pin(messages.map(move |message| {
        let _ = &running;
        message
    }))))
}

/// A flood to a client that need not read it, while a task reads the client.
async fn deafen(
    messages: Request<Streaming<String>>,
    backstage: Arc<Backstage>,
) -> Answer<Messages> {
    let running = Running::new(&backstage);
    read_in_a_task(messages, backstage, None);
    flood(running).await
}

fn read_in_a_task(
    messages: Request<Streaming<String>>,
    backstage: Arc<Backstage>,
    out: Option<mpsc::UnboundedSender<String>>,
) {
    tokio::spawn(async move {
        let mut messages = messages.into_inner();
        let end = loop {
            match messages.message().await {
                Ok(Some(message)) => {
                    let _ = out.as_ref().map(|out| out.send(message));
                }
                Ok(None) => break Ok(()),
                Err(status) => break Err(status),
            }
        };
        let _ = backstage.readers.as_ref().map(|readers| readers.send(end));
    });
}
