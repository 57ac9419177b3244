//! Rows in a cache, and when they are believed.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::tier::{Codec, Tier};
use auth_cache::tiered::{
    BoxError, Cache, CacheBuildError, Floors, Loaded, Lookup, Reason, SecurityState, each,
};
use auth_core::revocation::Anchor;
use auth_core::{Clock, SecureRandom};
use auth_store::StoreError;

use super::source::{Row, Source};

/// The rows of a source.
#[derive(Debug)]
pub(crate) struct Kept<S: Source> {
    pub(crate) cache: Cache<S::Key, Held<S::Row>>,
    source: Arc<S>,
}

/// A row as it was read.
#[derive(Debug)]
pub(crate) struct Held<R>(Arc<Read<R>>);

#[derive(Debug)]
struct Read<R> {
    row: R,
    /// The number of the store's changes, from before it was read.
    changes: Option<u64>,
}

/// What a cache is made of.
pub(crate) struct Made {
    pub(crate) ttl: Duration,
    pub(crate) entries: u64,
    pub(crate) floors: Arc<dyn Floors>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn SecureRandom>,
    pub(crate) tier: Option<Arc<dyn Tier>>,
}

/// How often the cache is asked. What it has may have been changed since: it forgets
/// it then, and loads; and that may have been changed while it was loaded.
const TRIES: usize = 2;

/// Longer than any load takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all rows of a cache take at the most.
const BYTES: u64 = 64 << 20;

impl<S: Source> Kept<S> {
    pub(crate) fn new(
        source: S,
        made: Made,
        codec: impl Codec<S::Key, Held<S::Row>>,
    ) -> Result<Self, CacheBuildError> {
        let source = Arc::new(source);
        let (asked, ttl) = (Arc::clone(&source), made.ttl);
        let load = move |key: S::Key| {
            let source = Arc::clone(&asked);
            async move { load(&*source, &key, ttl).await }
        };
        let mut builder = Cache::builder(S::NAME, each(load))
            .with_capacity(made.entries)
            .with_capacity_bytes(BYTES, |_, held: &Held<S::Row>| held.row().behind())
            .with_revocations(made.floors)
            .with_clock(made.clock)
            .with_random(made.random);
        if !S::REMEMBERS_ABSENCE {
            builder = builder.without_negative_entries();
        }
        if let Some(tier) = made.tier {
            builder = builder.with_tier(tier, codec);
        }
        let cache = builder.build()?;
        Ok(Self { cache, source })
    }

    /// The row of a key, as it is now, as far as this process can know.
    pub(crate) async fn get(&self, key: &S::Key) -> Result<Option<Held<S::Row>>, BoxError> {
        for _ in 0..TRIES {
            let by = self.cache.deadline(PATIENCE);
            match self.cache.get_by(key, by).await {
                Ok(Lookup {
                    value: Some(held), ..
                }) if held.0.changes == self.source.store().changes() => return Ok(Some(held)),
                Ok(Lookup {
                    value: None,
                    is_revoked: false,
                    ..
                }) => return Ok(None),
                // It was read before a change that this process knows of, here or by
                // another process: that is no answer, and least of all "no".
                Ok(_) => drop(self.cache.invalidate(key)),
                // The runtime that this was built on is gone, the store is not.
                Err(error) if error.reason() == Reason::ShutDown => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(read(&*self.source, key).await?)
    }
}

async fn read<S: Source>(source: &S, key: &S::Key) -> Result<Option<Held<S::Row>>, StoreError> {
    // Before the row: a change that is made meanwhile has another number.
    let changes = source.store().changes();
    let row = source.ask(key).await?;
    Ok(row.map(|row| Held::new(row, changes)))
}

async fn load<S: Source>(
    source: &S,
    key: &S::Key,
    ttl: Duration,
) -> Result<Option<Loaded<Held<S::Row>>>, StoreError> {
    let held = read(source, key).await?;
    Ok(held.map(|held| {
        let mut loaded = Loaded::new(held.clone()).with_ttl(ttl);
        loaded.tags = held.row().tags();
        loaded
    }))
}

impl<R> Held<R> {
    pub(crate) fn new(row: R, changes: Option<u64>) -> Self {
        Self(Arc::new(Read { row, changes }))
    }

    pub(crate) fn row(&self) -> &R {
        &self.0.row
    }
}

impl<R> Clone for Held<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: Row> SecurityState for Held<R> {
    fn anchors(&self) -> impl Iterator<Item = Anchor> {
        self.row().anchors()
    }
}
