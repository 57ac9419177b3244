//! Processes that use Redis.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::tier::redis::RedisTier;
use auth_cache::tier::{Acquired, Ask, Fill, Namespace, Nonce, Record, Tier};
use auth_cache::tiered::Tag;
use auth_core::{RootSecrets, SystemRandom, draw};
use redis::aio::MultiplexedConnection;

pub(super) use super::world::{World, new_root};

/// More than usual: the machine may be busy.
pub(super) const PATIENT: Duration = Duration::from_secs(2);

impl World {
    /// The tier, as a process of its own has it.
    pub(super) fn process(&self) -> Arc<RedisTier> {
        self.process_with(self.root.clone())
    }

    pub(super) fn process_with(&self, roots: impl Into<RootSecrets>) -> Arc<RedisTier> {
        Arc::new(
            RedisTier::builder(self.link(PATIENT), roots)
                .build()
                .unwrap(),
        )
    }

    /// Somebody else who has the server's password.
    pub(super) async fn stranger(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.server.url()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

pub(super) fn space() -> Namespace {
    of_cache("users")
}

pub(super) fn of_cache(cache: &str) -> Namespace {
    Namespace {
        cache: cache.into(),
        schema: 1,
    }
}

/// Of one key, by a nonce of its own.
pub(super) fn ask(key: &[u8], tags: &[&str]) -> Ask {
    Ask {
        key: key.into(),
        tags: tags.iter().map(|name| Tag::new(*name)).collect(),
        nonce: Nonce(draw(&SystemRandom::new()).unwrap()),
        lease: Duration::from_secs(2),
        at_least: Duration::ZERO,
    }
}

pub(super) fn record(value: &[u8]) -> Record {
    Record {
        value: value.to_vec(),
        lives: Duration::from_secs(600),
        age: Duration::ZERO,
        cost: Duration::from_millis(7),
    }
}

pub(super) fn fill(ask: &Ask, versions: &[u64], record: Option<Record>) -> Fill {
    let tags = ask.tags.iter().cloned().zip(versions.iter().copied());
    Fill {
        key: Arc::clone(&ask.key),
        nonce: ask.nonce,
        tags: tags.collect(),
        record,
    }
}

pub(super) async fn acquire(tier: &dyn Tier, space: &Namespace, ask: &Ask) -> Acquired {
    let asks = std::slice::from_ref(ask);
    tier.acquire(space, asks).await.unwrap().remove(0)
}

pub(super) async fn granted(tier: &dyn Tier, space: &Namespace, ask: &Ask) -> Vec<u64> {
    match acquire(tier, space, ask).await {
        Acquired::Granted(versions) => versions,
        other => panic!("the lease is free, not {other:?}"),
    }
}

/// Loads a key, tags and all.
pub(super) async fn load(tier: &dyn Tier, key: &[u8], tags: &[&str], value: &[u8]) {
    let (space, ask) = (space(), ask(key, tags));
    let versions = granted(tier, &space, &ask).await;
    let fills = [fill(&ask, &versions, Some(record(value)))];
    assert_eq!(tier.fill(&space, &fills).await.unwrap(), [true]);
}

/// Whether a key was loaded, as far as is known.
pub(super) async fn try_load(tier: &dyn Tier, key: &[u8], tags: &[&str], value: &[u8]) -> bool {
    let (space, ask) = (space(), ask(key, tags));
    let Ok(mut answers) = tier.acquire(&space, std::slice::from_ref(&ask)).await else {
        return false;
    };
    let Acquired::Granted(versions) = answers.remove(0) else {
        return false;
    };
    let fills = [fill(&ask, &versions, Some(record(value)))];
    tier.fill(&space, &fills)
        .await
        .is_ok_and(|were| were == [true])
}

/// What there is of a key. If there is nothing, the lease that was granted is given back.
pub(super) async fn found(tier: &dyn Tier, key: &[u8], tags: &[&str]) -> Option<Vec<u8>> {
    let (space, ask) = (space(), ask(key, tags));
    match acquire(tier, &space, &ask).await {
        Acquired::Found(record) => Some(record.value),
        Acquired::Held => None,
        Acquired::Granted(versions) => {
            let end = [fill(&ask, &versions, None)];
            tier.fill(&space, &end).await.unwrap();
            None
        }
    }
}

/// Waits until it is so.
pub(super) async fn eventually<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let came = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    assert!(came.is_ok(), "it never came to that");
}
