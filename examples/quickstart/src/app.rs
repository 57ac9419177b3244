//! The service itself: this is all that an application writes.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use auth_axum::{AuthLayer, AuthRoutes, Authenticated};
use auth_sdk::{Audience, Auth, Issuer, SqliteStore, root_secret_file};
use axum::Router;
use axum::routing::get;

pub(crate) async fn router(base: &str, database: &Path) -> Result<Router, Box<dyn Error>> {
    let store = SqliteStore::open(database).await?;
    let root = root_secret_file(database.with_extension("secret"))?;
    let auth = Auth::builder(
        Issuer::new(base)?,
        Audience::new(base)?,
        root,
        Arc::new(store),
    )
    .build()
    .await?;

    Ok(Router::new()
        .route("/hello", get(hello))
        .layer(AuthLayer::new(auth.verifier())) // all above: denied without a valid token
        .route("/", get(index)) // added after: public
        .merge(AuthRoutes::new(auth).at("/auth")))
}

async fn hello(user: Authenticated) -> String {
    format!("Hello, {}!\n", user.subject())
}

async fn index() -> &'static str {
    "Sign up at /auth/signup, log in at /auth/login, then see /hello.\n"
}
