//! What the README shows, on PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use auth_axum::AuthRoutes;
use auth_core::password::{Argon2Backend, HashPool};
use auth_sdk::{Audience, Auth, Issuer, PgStore, RootSecret};
use axum::Router;

use super::{Options, What, within};
use crate::Failure;

/// The routes, under `/auth`, and [`within`]'s.
pub(super) async fn router(options: &Options) -> Result<Router, Failure> {
    let auth = auth(options).await?;
    let patience = Duration::from_secs(options.patience.into());
    Ok(within::router(auth.clone(), patience).merge(routes(auth, patience)))
}

pub(super) fn routes(auth: Auth, patience: Duration) -> AuthRoutes {
    AuthRoutes::new(auth)
        .with_trusted_proxies(1)
        .with_patience(patience)
}

pub(super) async fn auth(options: &Options) -> Result<Auth, Failure> {
    let backend = match options.what {
        What::OursSimd => Argon2Backend::Simd,
        _ => Argon2Backend::RustCrypto,
    };
    let pool = HashPool::builder()
        .with_threads(options.threads)
        .with_backend(backend)
        .with_niceness(options.niceness)
        .build()?;
    let base = "http://127.0.0.1";
    let store = PgStore::connect(&options.database).await?;
    let root = RootSecret::from_base64("aSByZWFkIHRoaXMgaW4gYSBiZW5jaG1hcmssIHNvcnJ5IQ==")?;
    Ok(Auth::builder(
        Issuer::new(base)?,
        Audience::new(base)?,
        root,
        Arc::new(store),
    )
    .with_hash_pool(pool)
    .build()
    .await?)
}
