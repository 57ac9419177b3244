//! A shop over gRPC: accounts, a guarded method, a guarded stream.
//! `cargo run -p tonic-service` serves; `-- --demo` walks the path and ends.
#![allow(clippy::print_stdout, reason = "it talks to whoever starts it")]

mod demo;

use auth_sdk::{Audience, Auth, AuthError, Code, Context, DeviceToken, Issuer, LogIn, Password};
use auth_sdk::{RefreshToken, Requirement, SignUp, SqliteStore, TrustedProxies, root_secret_file};
use auth_tonic::{AuthLayer, MethodPolicy, RequestIdentity, client_address, status, status_after};
use proto::{Credentials, Empty, Order, Tokens, shop_server};
use std::{env::args, error::Error, path::Path, pin::Pin, sync::Arc};
use tokio::sync::broadcast::Sender;
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};
use tonic::{Request, Response, Result, async_trait, transport::server};

#[allow(warnings, reason = "generated")]
mod proto {
    tonic::include_proto!("shop.v1");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let demo = args().any(|arg| arg == "--demo");
    let port = if demo { 0 } else { 50051 };
    let incoming = server::TcpIncoming::bind(([127, 0, 0, 1], port).into())?;
    let base = format!("http://{}", incoming.local_addr()?);
    let scratch = tempfile::tempdir()?;
    let home = if demo { scratch.path() } else { Path::new(".") };
    let store = Arc::new(SqliteStore::open(home.join("shop.db")).await?);
    let root = root_secret_file(home.join("shop.secret"))?;
    let (issuer, audience) = (Issuer::new(&base)?, Audience::new(&base)?);
    let auth = Auth::builder(issuer, audience, root, store).build().await?;

    let policy = MethodPolicy::new() // what is not listed is denied
        .service::<Served>(Requirement::authenticated())
        .public_method::<Served>("SignUp")
        .public_method::<Served>("LogIn")
        .public_method::<Served>("LogOut");
    let serving = server::Server::builder()
        .layer(AuthLayer::new(auth.verifier(), policy))
        .add_service(Served::new(Shop(auth, Sender::new(100))))
        .serve_with_incoming(incoming);
    println!("Serving on {base}");
    tokio::select! {
        served = serving => Ok(served?),
        walked = demo::walk(base), if demo => walked,
    }
}

/// The accounts, and to whom orders are told.
struct Shop(Auth, Sender<Order>);
type Served = shop_server::ShopServer<Shop>;

#[async_trait]
impl shop_server::Shop for Shop {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<Order>> + Send>>;

    async fn sign_up(&self, request: Request<Credentials>) -> Result<Response<Empty>> {
        let cx = context(&request);
        let Credentials { name, password, .. } = request.into_inner();
        let user = SignUp::new(name, parsed(password)?);
        told(self.0.sign_up(&cx, user).await)?;
        Ok(Response::new(Empty {}))
    }

    async fn log_in(&self, request: Request<Credentials>) -> Result<Response<Tokens>> {
        let cx = context(&request);
        let given = request.into_inner();
        let device = DeviceToken::from_text(given.device);
        let user = LogIn::new(given.name, parsed(given.password)?).with_device_token(device);
        let user = told(self.0.log_in(&cx, user).await)?;
        Ok(Response::new(Tokens {
            access: user.tokens.access_token.expose().to_owned(),
            refresh: user.tokens.refresh_token.expose().to_owned(),
            device: user.device.expose().to_owned(),
        }))
    }

    async fn log_out(&self, request: Request<Tokens>) -> Result<Response<Empty>> {
        let cx = context(&request);
        let token = RefreshToken::from_text(request.into_inner().refresh);
        told(self.0.log_out(&cx, &token).await)?;
        Ok(Response::new(Empty {}))
    }

    async fn place(&self, request: Request<Order>) -> Result<Response<Empty>> {
        let buyer = request.identity()?.subject().to_owned();
        let item = request.into_inner().item;
        let _ = self.1.send(Order { item, buyer }); // perhaps nobody watches
        Ok(Response::new(Empty {}))
    }

    /// The layer ends it when the caller logs out, or the token expires.
    async fn watch(&self, request: Request<Empty>) -> Result<Response<Self::WatchStream>> {
        let caller = request.identity()?.clone();
        let placed = BroadcastStream::new(self.1.subscribe()).filter_map(Result::ok);
        let own = placed.filter(move |order| order.buyer == caller.subject());
        Ok(Response::new(Box::pin(own.map(Ok))))
    }
}

/// Attempts at passwords are counted by where they come from.
fn context<T>(request: &Request<T>) -> Context {
    let peer = request.remote_addr();
    match client_address(request.metadata(), peer, TrustedProxies::NONE) {
        Some(address) => Context::new().with_client_address(address),
        None => Context::new(),
    }
}

fn parsed(password: String) -> Result<Password> {
    Password::new(password).map_err(|_| status(Code::PasswordRejected))
}

fn told<T>(answer: Result<T, AuthError>) -> Result<T> {
    answer.map_err(|error| status_after(error.code(), error.retry_after()))
}
