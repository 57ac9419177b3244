//! Requests that are sent again while the store is away or slow. Time is tokio's,
//! and jumps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use auth_axum::IdempotencyLayer;
use auth_core::idempotency::{
    Begun, Idempotency, IdempotencyError, IdempotencyStore, IdempotentRequest, OwnerId,
};
use auth_core::{ManualClock, RootSecret, Sealed, SystemRandom, Timestamp};
use auth_store::MemoryStore;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::post;
use http::Request;
use tokio::time::{Instant, sleep};
use tower_service::Service as _;

const LEASE: Duration = Duration::from_secs(60);

/// A store that is away for a while, or answers late.
#[derive(Debug)]
struct Stalling {
    inner: MemoryStore,
    /// How long it takes from its stamp to its answer.
    begins: Duration,
    /// It completes nothing before.
    back_at: Instant,
    completes: Arc<AtomicUsize>,
}

#[async_trait]
impl IdempotencyStore for Stalling {
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    ) -> Result<Begun, IdempotencyError> {
        let begun = self.inner.begin_request(request, owner, lease, keep).await;
        sleep(self.begins).await;
        begun
    }

    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError> {
        self.completes.fetch_add(1, Ordering::SeqCst);
        if Instant::now() < self.back_at {
            return Err(IdempotencyError("the primary is away".into()));
        }
        self.inner.complete_request(request, owner, answer).await
    }

    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError> {
        self.inner.release_request(request, owner).await
    }
}

struct Shop {
    app: Router,
    orders: Arc<AtomicUsize>,
    completes: Arc<AtomicUsize>,
    clock: Arc<ManualClock>,
}

impl Shop {
    /// Its store takes `begins` to say who owns a request, and completes none for
    /// `away`; an order takes `takes`.
    fn open(begins: Duration, away: Duration, takes: Duration) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
        let (orders, completes) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let store = Stalling {
            inner: MemoryStore::with_clock(clock.clone()),
            begins,
            back_at: Instant::now() + away,
            completes: Arc::clone(&completes),
        };
        let root = RootSecret::generate(&SystemRandom::new()).unwrap();
        let keys = Idempotency::new(Arc::new(store), root);
        let count = Arc::clone(&orders);
        let order = move || {
            let count = Arc::clone(&count);
            async move {
                sleep(takes).await;
                format!("order {}", count.fetch_add(1, Ordering::SeqCst) + 1)
            }
        };
        let layer = IdempotencyLayer::new(keys).with_lease(LEASE);
        Self {
            app: Router::new()
                .route("/orders", post(order))
                .route_layer(layer),
            orders,
            completes,
            clock,
        }
    }

    async fn order(&self) -> (u16, String) {
        let request = Request::post("/orders")
            .header("idempotency-key", "k")
            .body(Body::empty());
        let Ok(answer) = self.app.clone().call(request.unwrap()).await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// The handler has committed; that nobody could be told so must not undo it.
#[tokio::test(start_paused = true)]
async fn an_order_is_made_once_though_the_store_was_away_when_it_was_made() {
    let shop = Shop::open(Duration::ZERO, LEASE / 2, Duration::ZERO);
    assert_eq!(shop.order().await, (200, "order 1".to_owned()));
    sleep(LEASE).await;
    shop.clock.advance(LEASE);
    assert_eq!(shop.order().await, (200, "order 1".to_owned()));
    assert_eq!(shop.orders.load(Ordering::SeqCst), 1);
}

/// Whoever has its answer has no reason to ask again; they do not wait for the
/// store.
#[tokio::test(start_paused = true)]
async fn an_answer_does_not_wait_for_a_store_that_is_away() {
    let shop = Shop::open(Duration::ZERO, LEASE / 2, Duration::ZERO);
    let sent = Instant::now();
    shop.order().await;
    assert_eq!(
        sent.elapsed(),
        Duration::ZERO,
        "no time of the paused clock"
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_away_is_asked_until_the_lease_is_over() {
    let shop = Shop::open(Duration::ZERO, LEASE * 10, Duration::ZERO);
    shop.order().await;
    sleep(LEASE).await;
    let tries = shop.completes.load(Ordering::SeqCst);
    assert!((10..200).contains(&tries), "{tries}");
    sleep(LEASE).await;
    assert_eq!(shop.completes.load(Ordering::SeqCst), tries);
}

/// The store's lease runs from before its answer.
#[tokio::test(start_paused = true)]
async fn a_request_that_was_begun_too_long_ago_is_not_done() {
    let shop = Shop::open(LEASE, Duration::ZERO, Duration::ZERO);
    assert_eq!(shop.order().await.0, 503);
    assert_eq!(shop.orders.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_given_up_by_when_it_was_asked_for() {
    let shop = Shop::open(LEASE / 2, Duration::ZERO, LEASE / 2);
    assert_eq!(shop.order().await.0, 503);
    assert_eq!(shop.orders.load(Ordering::SeqCst), 0);
}
