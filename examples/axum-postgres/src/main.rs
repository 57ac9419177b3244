//! The quickstart's service on PostgreSQL, with the root secret in the
//! environment. Started with `DATABASE_URL` and `AUTH_ROOT_SECRET` (made by
//! `openssl rand -base64 32`); `PORT` is 3000 unless it is set.
#![allow(clippy::print_stdout, reason = "it says where it listens")]

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use auth_axum::{AuthLayer, AuthRoutes, Authenticated, Rejection, RequireRole, RoleName, require};
use auth_sdk::{
    Audience, Auth, Code, Context, CreateApiKey, Issuer, PgStore, Requirement, RootSecret,
};
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let base = format!("http://{}", listener.local_addr()?);

    let store = PgStore::connect(&env("DATABASE_URL")?).await?;
    let root = RootSecret::from_base64(&env("AUTH_ROOT_SECRET")?)?;
    let auth = Auth::builder(
        Issuer::new(&base)?,
        Audience::new(&base)?,
        root,
        Arc::new(store),
    )
    .with_api_keys("example".parse()?)
    .build()
    .await?;

    // A key for scripts, for whoever has just logged in; a key gets no key.
    let recent = Requirement::authenticated().and_logged_in_within(Duration::from_secs(600));
    let app = Router::new()
        .route("/hello", get(hello))
        .route("/admin", get(admin))
        .route("/keys", post(new_key).layer(require(recent)))
        .with_state(auth.clone())
        .layer(AuthLayer::new(auth.verifier()))
        .merge(AuthRoutes::new(auth.clone()).at("/auth"));

    println!("Serving on {base}");
    // Attempts at passwords are counted by where they come from. Behind a proxy:
    // `AuthRoutes::with_trusted_proxies(1)`.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app)
        .with_graceful_shutdown(async {
            let _ = tokio::signal::ctrl_c().await;
        })
        .await?;
    auth.shut_down().await;
    Ok(())
}

fn env(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("{name} must be set"))
}

async fn hello(user: Authenticated) -> String {
    format!("Hello, {}!\n", user.subject())
}

async fn new_key(State(auth): State<Auth>, caller: Authenticated) -> Result<String, Rejection> {
    let (Some(user), Some(tenant)) = (caller.user(), caller.tenant()) else {
        return Err(Rejection::new(Code::InvalidToken));
    };
    let request = CreateApiKey::new("scripts", caller.scope().clone());
    let cx = Context::new().with_tenant(tenant);
    let made = auth.create_api_key(&cx, user, request).await?;
    // It is shown once; the store has only a hash of it.
    Ok(made.key.expose().to_owned())
}

struct Admin;

impl RoleName for Admin {
    const ROLE: &'static str = "admin";
}

async fn admin(_: RequireRole<Admin>) -> &'static str {
    "Hello, administrator!\n"
}
