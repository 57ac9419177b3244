//! What the cases say to a tier.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::tier::{Acquired, Ask, Fill, Invalidated, Namespace, Nonce, Record, Tier};
use auth_cache::tiered::Tag;

use super::Subject;

/// A process, and what it calls its cache.
pub(super) struct Process {
    pub(super) tier: Arc<dyn Tier>,
    pub(super) space: Namespace,
}

pub(super) const LEASE: Duration = Duration::from_secs(2);
pub(super) const LONG: Duration = Duration::from_secs(600);

pub(super) async fn process(subject: &dyn Subject) -> Process {
    of_space(subject, "names", 1).await
}

pub(super) async fn of_space(subject: &dyn Subject, cache: &str, schema: u32) -> Process {
    Process {
        tier: subject.process().await,
        space: Namespace {
            cache: cache.into(),
            schema,
        },
    }
}

pub(super) fn tag(name: &str) -> Tag {
    Tag::new(name)
}

pub(super) fn record(value: &[u8]) -> Record {
    Record {
        value: value.to_vec(),
        lives: LONG,
        age: Duration::ZERO,
        cost: Duration::from_millis(7),
    }
}

/// Of one key, by a nonce that begins with `nonce`.
pub(super) fn ask(key: &[u8], nonce: u8) -> Ask {
    Ask {
        key: key.into(),
        tags: Vec::new(),
        nonce: Nonce([nonce; 16]),
        lease: LEASE,
        at_least: Duration::ZERO,
    }
}

/// The end of the load that `ask` was granted, with the versions it was given.
pub(super) fn fill(ask: &Ask, versions: &[u64], record: Option<Record>) -> Fill {
    Fill {
        key: Arc::clone(&ask.key),
        nonce: ask.nonce,
        tags: ask
            .tags
            .iter()
            .cloned()
            .zip(versions.iter().copied())
            .collect(),
        record,
    }
}

impl Process {
    pub(super) async fn acquire(&self, ask: &Ask) -> Acquired {
        let asks = std::slice::from_ref(ask);
        let mut answers = self.tier.acquire(&self.space, asks).await.unwrap();
        assert_eq!(answers.len(), 1, "one answer for one ask");
        answers.remove(0)
    }

    /// The versions that go with the lease.
    pub(super) async fn granted(&self, ask: &Ask) -> Vec<u64> {
        match self.acquire(ask).await {
            Acquired::Granted(versions) => versions,
            other => panic!("the lease is free and is granted, not {other:?}"),
        }
    }

    pub(super) async fn found(&self, ask: &Ask) -> Record {
        match self.acquire(ask).await {
            Acquired::Found(record) => record,
            other => panic!("there is a value, not {other:?}"),
        }
    }

    /// Whether the key has a value. If not, the lease is taken and given back.
    pub(super) async fn has(&self, ask: &Ask) -> bool {
        match self.acquire(ask).await {
            Acquired::Found(_) => true,
            Acquired::Held => false,
            Acquired::Granted(versions) => {
                self.fill(&fill(ask, &versions, None)).await;
                false
            }
        }
    }

    pub(super) async fn fill(&self, fill: &Fill) -> bool {
        let fills = std::slice::from_ref(fill);
        let were_held = self.tier.fill(&self.space, fills).await.unwrap();
        assert_eq!(were_held.len(), 1, "one answer for one fill");
        were_held[0]
    }

    /// Loads a key and fills it.
    pub(super) async fn load(&self, ask: &Ask, value: &[u8]) {
        let versions = self.granted(ask).await;
        let filled = self.fill(&fill(ask, &versions, Some(record(value)))).await;
        assert!(filled, "a lease that is held can be filled");
    }

    pub(super) async fn invalidate(&self, what: Invalidated) {
        self.tier.invalidate(&self.space, &[what]).await.unwrap();
    }

    pub(super) async fn invalidate_key(&self, key: &[u8]) {
        self.invalidate(Invalidated::Key(key.into())).await;
    }
}
