//! An application with all routes, and a client of it.

use std::sync::Arc;
use std::time::Duration;

use auth_axum::{AuthLayer, AuthRoutes, Authenticated};
use auth_core::password::danger::argon2_params;
use auth_core::{Scope, SystemRandom};
use auth_sdk::{Audience, Auth, AuthBuilder, HashPool, Issuer, RootSecret, Store, User};
use axum::Router;
use axum::routing::get;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Map, Value, json};

use super::http::{Server, serve};
use super::token::{AUDIENCE, ISSUER};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Users may read; clerks may write.
#[derive(Debug)]
struct Profile;

impl auth_sdk::TokenProfile for Profile {
    fn scope(&self, user: &User) -> Scope {
        let clerk = user.roles.iter().any(|role| role == "clerk");
        if clerk { "read write" } else { "read" }.parse().unwrap()
    }

    fn claims(&self, _user: &User) -> Map<String, Value> {
        json!({ "plan": "gold" }).as_object().unwrap().clone()
    }
}

pub(crate) async fn auth(store: impl Store) -> Auth {
    auth_with(store, |builder| builder).await
}

pub(crate) async fn auth_with(
    store: impl Store,
    configure: impl FnOnce(AuthBuilder) -> AuthBuilder,
) -> Auth {
    let random = SystemRandom::new();
    let pool = HashPool::builder()
        .with_threads(1)
        .with_params(argon2_params(8, 1, 1).unwrap())
        .build()
        .unwrap();
    let builder = Auth::builder(
        Issuer::new(ISSUER).unwrap(),
        Audience::new(AUDIENCE).unwrap(),
        RootSecret::generate(&random).unwrap(),
        Arc::new(store),
    )
    .with_hash_pool(pool)
    .with_token_profile(Arc::new(Profile))
    .with_api_keys("acme_live".parse().unwrap());
    configure(builder).build().await.unwrap()
}

/// The application of the crate's documentation, impatient.
pub(crate) fn app(auth: &Auth) -> Router {
    Router::new()
        .route(
            "/protected",
            get(|user: Authenticated| async move { user.subject().to_owned() }),
        )
        .layer(AuthLayer::new(auth.verifier()))
        .route("/healthz", get(|| async { "ok" }))
        .merge(routes(auth))
}

pub(crate) fn routes(auth: &Auth) -> AuthRoutes {
    AuthRoutes::new(auth.clone())
        .at("/auth")
        .with_body_timeout(Duration::from_millis(300))
        .with_timeout(Duration::from_millis(1_000))
}

/// A client of an application's routes.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) server: Server,
}

/// The tokens of an answer.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
    pub(crate) session_id: String,
}

impl Client {
    pub(crate) async fn of(store: impl Store) -> Self {
        Self::to(app(&auth(store).await)).await
    }

    pub(crate) async fn to(app: Router) -> Self {
        Self::of_server(serve(app).await)
    }

    pub(crate) fn of_server(server: Server) -> Self {
        let http = reqwest::Client::builder()
            .user_agent("test/1")
            .build()
            .unwrap();
        Self { http, server }
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
    ) -> Response {
        let mut request = self.http.request(method, self.server.url(path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.call(Method::POST, path, None, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Response {
        self.call(Method::GET, path, Some(token), None).await
    }

    pub(crate) async fn sign_up(&self, identifier: &str) {
        let body = json!({ "identifier": identifier, "password": PASSWORD });
        assert_eq!(
            self.post("/auth/signup", body).await.status(),
            StatusCode::CREATED
        );
    }

    pub(crate) async fn log_in(&self, identifier: &str) -> Tokens {
        let body = json!({ "identifier": identifier, "password": PASSWORD });
        let answer = self.post("/auth/login", body).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.unwrap()
    }

    pub(crate) async fn refresh(&self, token: &str) -> Response {
        self.post("/auth/refresh", json!({ "refresh_token": token }))
            .await
    }

    /// The status of a protected route for this access token.
    pub(crate) async fn status(&self, token: &str) -> u16 {
        self.get("/protected", token).await.status().as_u16()
    }
}

/// Asserts that it is the problem of this code, and returns it.
#[track_caller]
pub(crate) fn problem(
    answer: Response,
    status: u16,
    code: &'static str,
) -> impl Future<Output = Value> {
    assert_eq!(answer.status(), status, "{answer:?}");
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    async move {
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        problem
    }
}
