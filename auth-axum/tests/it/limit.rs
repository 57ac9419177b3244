//! Limits of an application's own routes, and of the ready-made ones.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_axum::RateLimitLayer;
use auth_cache::throttle::MemoryRateLimiter;
use auth_core::throttle::{Charge, Decision, Limit, Quota, RateLimiter};
use auth_core::{Clock, ManualClock, SystemClock};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::Request;
use tokio::sync::oneshot;
use tower_service::Service as _;

use super::support::http::{Answer, Server, serve};

fn limit(burst: u32) -> Limit {
    Limit::new("test", Quota::new(burst, Duration::from_secs(600)).unwrap())
}

/// Time stands still: nothing comes back.
fn limiter() -> Arc<dyn RateLimiter> {
    let clock = Arc::new(ManualClock::at(SystemClock.now().wall));
    Arc::new(MemoryRateLimiter::new().with_clock(clock))
}

/// Says how often it was called.
fn counted(layer: RateLimitLayer) -> (Router, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let route = get(move || async move { (count.fetch_add(1, Ordering::SeqCst) + 1).to_string() });
    (Router::new().route("/", route).route_layer(layer), calls)
}

async fn from(server: Server, forwarded: &str) -> Answer {
    let headers = [("x-forwarded-for", forwarded.as_bytes())];
    server.send("GET", "/", &headers, b"").await
}

fn is_limited(answer: &Answer) {
    assert_eq!(answer.status, 429);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    // Two in ten minutes: one is back in five.
    assert_eq!(answer.header("retry-after"), Some("300"));
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["code"], "too_many_attempts");
    assert_eq!(body["status"], 429);
}

#[tokio::test]
async fn a_network_is_limited_and_the_handler_is_not_called() {
    let layer = RateLimitLayer::new(limiter(), limit(2)).with_trusted_proxies(1);
    let (app, calls) = counted(layer);
    let server = serve(app).await;
    for address in ["203.0.113.1", "203.0.113.200"] {
        assert_eq!(from(server, address).await.status, 200);
    }
    is_limited(&from(server, "203.0.113.3").await);
    assert_eq!(calls.load(Ordering::SeqCst), 2);
    assert_eq!(from(server, "198.51.100.1").await.status, 200);
    assert_eq!(from(server, "2001:db8::1").await.status, 200);
}

/// What stands to the left of the proxy's own entry is the client's; without proxies all
/// of it is.
#[tokio::test]
async fn c80_a_made_up_address_chooses_no_network() {
    for (proxies, proxy) in [(1, ", 203.0.113.1"), (0, "")] {
        let layer = RateLimitLayer::new(limiter(), limit(2)).with_trusted_proxies(proxies);
        let (app, calls) = counted(layer);
        let server = serve(app).await;
        for n in 1..=20 {
            let answer = from(server, &format!("198.51.{n}.1{proxy}")).await;
            if n > 2 {
                is_limited(&answer);
            }
        }
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }
}

/// Where it is not known they are one.
#[tokio::test]
async fn requests_without_an_address_are_one_network() {
    let layer = RateLimitLayer::new(limiter(), limit(2)).with_trusted_proxies(1);
    let (app, _) = counted(layer);
    let server = serve(app).await;
    for address in ["unknown", "", "x"] {
        let limited = from(server, address).await;
        if address == "x" {
            is_limited(&limited);
        }
    }
    assert_eq!(from(server, "203.0.113.1").await.status, 200);
}

/// Who hangs up while the limiter is asked, or while the handler works, is gone.
#[tokio::test]
async fn what_is_dropped_drops_what_it_waits_for() {
    #[derive(Debug)]
    struct Slow;
    #[async_trait]
    impl RateLimiter for Slow {
        async fn check_all(&self, _: &[Charge<'_>]) -> Vec<Decision> {
            pending().await
        }
    }
    struct Dropped(Option<oneshot::Sender<()>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            if let Some(sender) = self.0.take() {
                let _ = sender.send(());
            }
        }
    }
    let (dropped, mut is_dropped) = oneshot::channel();
    let guard = Arc::new(std::sync::Mutex::new(Some(Dropped(Some(dropped)))));
    let route = get(move || {
        let guard = guard.lock().unwrap().take();
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    });
    let request = || Request::get("/").body(Body::empty()).unwrap();
    let app = |limiter| {
        let layer = RateLimitLayer::new(limiter, limit(2));
        Router::<()>::new()
            .route("/", route.clone())
            .route_layer(layer)
    };
    let soon = Duration::from_millis(20);
    let mut asking = app(Arc::new(Slow));
    let asked = tokio::time::timeout(soon, asking.call(request())).await;
    assert!(asked.is_err() && is_dropped.try_recv().is_err());
    let mut working = app(limiter());
    let worked = tokio::time::timeout(soon, working.call(request())).await;
    assert!(worked.is_err());
    assert_eq!(is_dropped.try_recv(), Ok(()));
}

#[cfg(feature = "routes")]
mod with_routes {
    use auth_axum::AuthLayer;
    use auth_sdk::{Limited, MemoryStore, RateLimits};
    use serde_json::json;

    use super::*;
    use crate::support::auth::{Client, PASSWORD, auth_with, problem, routes};

    /// One who guesses at many accounts, one guess at each, and signs up others.
    #[tokio::test]
    async fn one_guess_at_each_of_many_accounts_is_limited_by_network() {
        let limits = RateLimits::new(limiter()).with_quota(Limited::LogIn, 3, MINUTE);
        let limits = limits.unwrap().with_quota(Limited::SignUp, 1, MINUTE);
        let limits = limits.unwrap();
        let auth = auth_with(MemoryStore::new(), |it| it.with_rate_limits(limits)).await;
        let client = Client::to(routes(&auth).with_trusted_proxies(1).into()).await;
        let post = async |from: &str, path: &str, identifier: &str| {
            let url = client.server.url(path);
            let request = client.http.post(url).header("x-forwarded-for", from);
            let body = json!({ "identifier": identifier, "password": PASSWORD });
            request.json(&body).send().await.unwrap()
        };
        assert_eq!(
            post("203.0.113.1", "/auth/signup", "ada").await.status(),
            201
        );
        problem(
            post("203.0.113.2", "/auth/signup", "bob").await,
            429,
            "too_many_attempts",
        )
        .await;
        assert_eq!(
            post("198.51.100.1", "/auth/signup", "bob").await.status(),
            201
        );

        assert_eq!(
            post("203.0.113.1", "/auth/login", "ada").await.status(),
            200
        );
        for identifier in ["x", "y"] {
            problem(
                post("203.0.113.9", "/auth/login", identifier).await,
                401,
                "invalid_credentials",
            )
            .await;
        }
        // One that there is, one that there is not, one that cannot be.
        let mut told = Vec::new();
        for identifier in ["ada", "nobody", ""] {
            let from = format!("192.0.2.{}, 203.0.113.5", told.len());
            let answer = post(&from, "/auth/login", identifier).await;
            assert_eq!(answer.headers()["retry-after"], "20");
            let mut headers = answer.headers().clone();
            headers.remove("date");
            told.push((answer.status(), headers, answer.text().await.unwrap()));
        }
        assert_eq!(told[0].0, 429);
        assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
        assert_eq!(
            post("198.51.100.1", "/auth/login", "ada").await.status(),
            200
        );
    }

    const MINUTE: Duration = Duration::from_secs(60);

    /// A user's requests are one count, wherever they come from; those of another one, and
    /// of nobody, others.
    #[tokio::test]
    async fn by_identity_each_user_has_a_count() {
        let auth = auth_with(MemoryStore::new(), |it| it).await;
        let layer = RateLimitLayer::new(limiter(), limit(2));
        let (limited, calls) = counted(layer.with_trusted_proxies(1).by_identity());
        let limited = limited.layer(AuthLayer::optional(auth.verifier()));
        let client = Client::to(limited.merge(routes(&auth))).await;
        let mut tokens = Vec::new();
        for name in ["ada", "bob"] {
            client.sign_up(name).await;
            tokens.push(client.log_in(name).await.access_token);
        }
        let get = async |from: &str, token: Option<&str>| {
            let request = client.http.get(client.server.url("/"));
            let request = request.header("x-forwarded-for", from);
            let request = match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            request.send().await.unwrap().status().as_u16()
        };
        for token in &tokens {
            let mut told = Vec::new();
            for from in ["203.0.113.1", "198.51.100.1", "192.0.2.1"] {
                told.push(get(from, Some(token)).await);
            }
            assert_eq!(told, [200, 200, 429]);
        }
        let mut told = Vec::new();
        for from in ["203.0.113.1", "203.0.113.2", "203.0.113.3", "192.0.2.1"] {
            told.push(get(from, None).await);
        }
        assert_eq!(told, [200, 200, 429, 200]);
        assert_eq!(calls.load(Ordering::SeqCst), 7);
    }
}
