//! What one writes by hand with axum, sqlx, argon2 and jsonwebtoken: sound, and
//! not more than its job asks for.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Semaphore;

use super::Options;
use crate::Failure;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS users (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        identifier text NOT NULL UNIQUE,
        password_hash text NOT NULL
    );
    CREATE TABLE IF NOT EXISTS sessions (
        refresh_token bytea PRIMARY KEY,
        user_id bigint NOT NULL REFERENCES users
    );";

struct Service {
    users: PgPool,
    key: EncodingKey,
    permits: Option<Semaphore>,
    random: SystemRandom,
}

#[derive(Deserialize)]
struct Credentials {
    identifier: String,
    password: String,
}

#[derive(Deserialize)]
struct Refresh {
    refresh_token: String,
}

#[derive(Serialize)]
struct Claims {
    iss: &'static str,
    aud: &'static str,
    sub: String,
    iat: u64,
    exp: u64,
}

/// Answered for whatever goes wrong.
struct Refused(StatusCode);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl<E: std::error::Error> From<E> for Refused {
    fn from(_: E) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

const WRONG: Refused = Refused(StatusCode::UNAUTHORIZED);

/// The same routes as ours, with so many hashes at a time.
pub(super) async fn router(options: &Options, permits: Option<usize>) -> Result<Router, Failure> {
    let users = PgPoolOptions::new()
        .max_connections(10)
        .connect(&options.database)
        .await?;
    sqlx::raw_sql(TABLES).execute(&users).await?;
    let random = SystemRandom::new();
    let key = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| "no key")?;
    let service = Service {
        users,
        key: EncodingKey::from_ed_der(key.as_ref()),
        permits: permits.map(Semaphore::new),
        random,
    };
    Ok(Router::new()
        .route("/auth/signup", post(sign_up))
        .route("/auth/login", post(log_in))
        .route("/auth/refresh", post(refresh))
        .route("/auth/logout", post(log_out))
        .with_state(Arc::new(service)))
}

impl Service {
    /// Where async code does what takes long.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let _permit = match &self.permits {
            Some(permits) => Some(permits.acquire().await?),
            None => None,
        };
        Ok(tokio::task::spawn_blocking(work).await?)
    }

    async fn open_session(&self, user: i64) -> Result<Json<serde_json::Value>, Refused> {
        let token = self.refresh_token()?;
        sqlx::query("INSERT INTO sessions (refresh_token, user_id) VALUES ($1, $2)")
            .bind(hashed(&token))
            .bind(user)
            .execute(&self.users)
            .await?;
        self.answer(user, &token)
    }

    fn answer(&self, user: i64, refresh_token: &str) -> Result<Json<serde_json::Value>, Refused> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = Claims {
            iss: "http://127.0.0.1",
            aud: "http://127.0.0.1",
            sub: user.to_string(),
            iat: now,
            exp: now + 900,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.key)?;
        Ok(Json(
            json!({ "access_token": token, "refresh_token": refresh_token }),
        ))
    }

    fn refresh_token(&self) -> Result<String, Refused> {
        let mut bytes = [0; 32];
        self.random.fill(&mut bytes).map_err(|_| WRONG)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn hashed(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

async fn sign_up(
    State(service): State<Arc<Service>>,
    Json(given): Json<Credentials>,
) -> Result<StatusCode, Refused> {
    let hash = service
        .blocking(move || {
            let hash = Argon2::default().hash_password(given.password.as_bytes());
            hash.map(|hash| hash.to_string())
        })
        .await??;
    sqlx::query("INSERT INTO users (identifier, password_hash) VALUES ($1, $2)")
        .bind(&given.identifier)
        .bind(&hash)
        .execute(&service.users)
        .await?;
    Ok(StatusCode::CREATED)
}

async fn log_in(
    State(service): State<Arc<Service>>,
    Json(given): Json<Credentials>,
) -> Result<Json<serde_json::Value>, Refused> {
    let found: Option<(i64, String)> =
        sqlx::query_as("SELECT id, password_hash FROM users WHERE identifier = $1")
            .bind(&given.identifier)
            .fetch_optional(&service.users)
            .await?;
    let (user, hash) = found.ok_or(WRONG)?;
    let matches = service
        .blocking(move || {
            let hash = PasswordHash::new(&hash)?;
            Argon2::default().verify_password(given.password.as_bytes(), &hash)
        })
        .await?;
    matches.map_err(|_| WRONG)?;
    service.open_session(user).await
}

async fn refresh(
    State(service): State<Arc<Service>>,
    Json(given): Json<Refresh>,
) -> Result<Json<serde_json::Value>, Refused> {
    let next = service.refresh_token()?;
    let user: Option<i64> = sqlx::query_scalar(
        "UPDATE sessions SET refresh_token = $2 WHERE refresh_token = $1 RETURNING user_id",
    )
    .bind(hashed(&given.refresh_token))
    .bind(hashed(&next))
    .fetch_optional(&service.users)
    .await?;
    service.answer(user.ok_or(WRONG)?, &next)
}

async fn log_out(
    State(service): State<Arc<Service>>,
    Json(given): Json<Refresh>,
) -> Result<StatusCode, Refused> {
    sqlx::query("DELETE FROM sessions WHERE refresh_token = $1")
        .bind(hashed(&given.refresh_token))
        .execute(&service.users)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
