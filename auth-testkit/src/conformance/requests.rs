//! A request is done once, wherever that is remembered.
//!
//! These are cases for every [`IdempotencyStore`]; one that is no store of everything else
//! is handed to [`request_suite!`](crate::request_suite), as `auth-cache` does with the one
//! in Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::idempotency::{Begun, IdempotencyKey, IdempotencyStore, IdempotentRequest, OwnerId};
use auth_core::{RootSecret, RootSecrets, Sealed, SystemRandom, TenantId, Timestamp};

use super::dropped::{ROUNDS, dropped};
use super::race::at_once;
use super::world::{HOUR, MINUTE, holds};

/// Where requests are remembered, fresh, with nobody else in it.
#[async_trait]
pub trait Requests: Send + Sync {
    /// It, as two processes have it.
    async fn processes(&self) -> [Arc<dyn IdempotencyStore>; 2];

    /// Lets time pass for it: advances its clock, or shifts all stored times back.
    async fn pass(&self, time: Duration);

    /// Another tenant than the default one.
    async fn tenant(&self) -> TenantId {
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        TenantId::draw(now, &SystemRandom::new()).unwrap()
    }
}

const LEASE: Duration = MINUTE;
const KEEP: Duration = Duration::from_secs(24 * 3600);

fn owner() -> OwnerId {
    OwnerId::draw(&SystemRandom::new()).unwrap()
}

#[derive(Clone, Debug)]
struct World {
    processes: [Arc<dyn IdempotencyStore>; 2],
    roots: RootSecrets,
}

impl World {
    async fn new(subject: &dyn Requests) -> Self {
        let draw = || RootSecret::generate(&SystemRandom::new()).unwrap();
        Self {
            processes: subject.processes().await,
            roots: RootSecrets::new(draw()).with_other(draw()).unwrap(),
        }
    }

    fn request_of(
        &self,
        (tenant, route, caller): (TenantId, &str, &str),
        key: &str,
        body: &str,
    ) -> IdempotentRequest {
        let key = IdempotencyKey::from_header(key.as_bytes()).unwrap();
        let (caller, body) = (caller.as_bytes(), body.as_bytes());
        IdempotentRequest::new(&self.roots, tenant, route, caller, &key, &[body])
    }

    fn request(&self, key: &str, body: &str) -> IdempotentRequest {
        self.request_of((TenantId::DEFAULT, "/orders", ""), key, body)
    }

    async fn begin(&self, turn: usize, request: &IdempotentRequest, owner: OwnerId) -> Begun {
        let store = &self.processes[turn % 2];
        let begun = store.begin_request(request, owner, LEASE, KEEP);
        begun.await.unwrap()
    }

    async fn complete(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> bool {
        let store = &self.processes[1];
        let completed = store.complete_request(request, owner, answer);
        completed.await.unwrap()
    }
}

/// Of several who send one request at once, one does it.
pub async fn of_32_requests_with_one_key_one_is_done(subject: &dyn Requests) {
    let world = World::new(subject).await;
    for round in 0..4 {
        let request = world.request(&format!("k{round}"), "body");
        let begun = at_once(32, |turn| {
            let (world, request) = (world.clone(), request.clone());
            async move { world.begin(turn, &request, owner()).await }
        })
        .await;
        let owned = begun.iter().filter(|begun| **begun == Begun::Owned).count();
        assert_eq!(owned, 1, "of several requests with one key one is done");
        for begun in begun.iter().filter(|begun| **begun != Begun::Owned) {
            let contract = "the others hear that somebody is at it, and for how long";
            let retry_after = holds!(begun, Begun::Busy { retry_after } => *retry_after, contract);
            assert!(retry_after <= LEASE, "{contract}");
        }
    }
}

/// What was answered is answered again, sealed as it was.
pub async fn a_request_that_was_done_gets_its_answer(subject: &dyn Requests) {
    let world = World::new(subject).await;
    let request = world.request("k", "body");
    let own = owner();
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(70_000).collect();
    let answer = Sealed::from_bytes(bytes);
    assert_eq!(world.begin(0, &request, own).await, Begun::Owned);
    assert_eq!(
        world.begin(1, &request, own).await,
        Begun::Owned,
        "whoever owns a request may ask again"
    );
    for _ in 0..2 {
        assert!(world.complete(&request, own, Some(&answer)).await);
    }
    subject.pass(HOUR).await;
    for turn in 0..2 {
        let begun = world.begin(turn, &request, owner()).await;
        assert_eq!(
            begun,
            Begun::Done(Some(answer.clone())),
            "a request that was done gets its answer"
        );
    }
    let silent = world.request("silent", "body");
    assert_eq!(world.begin(0, &silent, own).await, Begun::Owned);
    assert!(world.complete(&silent, own, None).await);
    assert_eq!(
        world.begin(1, &silent, owner()).await,
        Begun::Done(None),
        "what was done is done, even if its answer was not kept"
    );
}

/// The same key for something else is refused, while it is done and after.
pub async fn a_key_is_of_one_request_only(subject: &dyn Requests) {
    let world = World::new(subject).await;
    let (request, other) = (world.request("k", "body"), world.request("k", "other"));
    let own = owner();
    assert_eq!(world.begin(0, &request, own).await, Begun::Owned);
    let contract = "a key that was used for another request is refused";
    assert_eq!(
        world.begin(1, &other, owner()).await,
        Begun::Mismatch,
        "{contract}"
    );
    subject.pass(LEASE * 2).await;
    assert_eq!(
        world.begin(1, &other, owner()).await,
        Begun::Mismatch,
        "{contract}"
    );
    assert!(world.complete(&request, own, None).await);
    assert_eq!(
        world.begin(0, &other, own).await,
        Begun::Mismatch,
        "{contract}"
    );
}

/// Of another tenant, route or caller, it is another key.
pub async fn a_key_is_of_one_tenant_route_and_caller(subject: &dyn Requests) {
    let world = World::new(subject).await;
    let (tenant, default) = (subject.tenant().await, TenantId::DEFAULT);
    for place in [
        (default, "/orders", "ada"),
        (tenant, "/orders", "ada"),
        (default, "/Orders", "ada"),
        (default, "/orders", "bob"),
    ] {
        let request = world.request_of(place, "k", "body");
        assert_eq!(
            world.begin(0, &request, owner()).await,
            Begun::Owned,
            "a key is of one tenant, route and caller"
        );
    }
}

/// Who does not come back in time loses the request to whoever asks next, and
/// cannot answer it any more.
pub async fn a_lost_request_is_done_by_the_next(subject: &dyn Requests) {
    let world = World::new(subject).await;
    let request = world.request("k", "body");
    let (lost, next) = (owner(), owner());
    assert_eq!(world.begin(0, &request, lost).await, Begun::Owned);
    subject.pass(LEASE * 2).await;
    let begun = at_once(8, |turn| {
        let (world, request) = (world.clone(), request.clone());
        async move {
            let own = if turn == 0 { next } else { owner() };
            (own, world.begin(turn, &request, own).await)
        }
    })
    .await;
    let owners: Vec<_> = begun
        .iter()
        .filter(|(_, begun)| *begun == Begun::Owned)
        .collect();
    assert_eq!(owners.len(), 1, "a lost request is done by one other");
    let answer = Sealed::from_bytes(b"late".to_vec());
    assert!(
        !world.complete(&request, lost, Some(&answer)).await,
        "who lost a request cannot answer it"
    );
    let store = &world.processes[0];
    store.release_request(&request, lost).await.unwrap();
    holds!(
        world.begin(1, &request, owner()).await,
        Begun::Busy { .. },
        "who lost a request cannot give it away"
    );
    assert!(world.complete(&request, owners[0].0, None).await);
}

/// A request that was not done is done by the next, whatever it asks.
pub async fn a_released_request_begins_anew(subject: &dyn Requests) {
    let world = World::new(subject).await;
    let store = &world.processes[0];
    let (request, other) = (world.request("k", "body"), world.request("k", "other"));
    let (own, next) = (owner(), owner());
    assert_eq!(world.begin(0, &request, own).await, Begun::Owned);
    store.release_request(&request, own).await.unwrap();
    assert_eq!(
        world.begin(1, &other, next).await,
        Begun::Owned,
        "a released request begins anew"
    );
    assert!(!world.complete(&request, own, None).await);
    assert!(world.complete(&other, next, None).await);
    store.release_request(&other, next).await.unwrap();
    assert_eq!(
        world.begin(0, &other, owner()).await,
        Begun::Done(None),
        "what is done cannot be released"
    );
}

/// A key is remembered as long as was asked, and no longer.
pub async fn a_key_is_remembered_for_its_time(subject: &dyn Requests) {
    let world = World::new(subject).await;
    let (request, other) = (world.request("k", "body"), world.request("k", "other"));
    let own = owner();
    assert_eq!(world.begin(0, &request, own).await, Begun::Owned);
    assert!(world.complete(&request, own, None).await);
    subject.pass(KEEP.saturating_sub(HOUR)).await;
    assert_eq!(world.begin(0, &request, owner()).await, Begun::Done(None));
    subject.pass(HOUR * 2).await;
    assert_eq!(
        world.begin(1, &other, owner()).await,
        Begun::Owned,
        "a key is forgotten after its time"
    );
    holds!(
        world.begin(1, &other, owner()).await,
        Begun::Busy { .. },
        "and then somebody else's"
    );
}

/// However short it is to be remembered, a request is its owner's for the lease.
pub async fn a_key_is_remembered_while_it_is_owned(subject: &dyn Requests) {
    let world = World::new(subject).await;
    let store = &world.processes[0];
    let (request, own) = (world.request("k", "body"), owner());
    let begun = store.begin_request(&request, own, HOUR, MINUTE).await;
    assert_eq!(begun.unwrap(), Begun::Owned);
    subject.pass(MINUTE * 30).await;
    holds!(
        world.begin(1, &request, owner()).await,
        Begun::Busy { .. },
        "a request is its owner's until its lease is over, however short its key is to be remembered"
    );
    assert!(world.complete(&request, own, None).await);
    assert_eq!(world.begin(0, &request, owner()).await, Begun::Done(None));
}

/// A dropped begin took the request or did not; its owner can tell by asking.
pub async fn a_dropped_begin_is_made_or_not(subject: &dyn Requests) {
    let world = World::new(subject).await;
    for round in 0..ROUNDS {
        let request = world.request(&format!("k{round}"), "body");
        let own = owner();
        dropped(round, world.begin(round / 2, &request, own)).await;
        assert_eq!(
            world.begin(round / 2, &request, own).await,
            Begun::Owned,
            "whoever began a request owns it, or nobody does"
        );
        holds!(
            world.begin(round, &request, owner()).await,
            Begun::Busy { .. },
            "nobody else owns it then"
        );
        assert!(world.complete(&request, own, None).await);
    }
}
