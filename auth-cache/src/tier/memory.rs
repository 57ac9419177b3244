//! A second level within one process.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::{Clock, Monotonic, SystemClock};
use tokio::sync::broadcast;

use super::error::TierError;
use super::exchange::{Acquired, Ask, Fill, Invalidated, Namespace, Nonce, Record};
use super::{Tail, Tier};
use crate::tiered::Tag;

/// The protocol of a [`Tier`], kept in memory: what tests of the second level stand on,
/// and what an implementation over a network is to be compared with.
///
/// [`handle`](Self::handle) gives a tier over the same memory to what stands for
/// another process. It holds up to 100 000 values, and drops any when there are more.
pub struct MemoryTier {
    shared: Arc<Shared>,
    /// Who is not told of its own invalidations.
    process: u64,
}

struct Shared {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    told: broadcast::Sender<Told>,
}

#[derive(Default)]
struct State {
    keys: HashMap<(Namespace, Arc<[u8]>), Slot>,
    versions: HashMap<(Namespace, Tag), u64>,
    last_version: u64,
    processes: u64,
}

#[derive(Default)]
struct Slot {
    stored: Option<Stored>,
    lease: Option<(Nonce, Monotonic)>,
}

#[derive(Clone)]
struct Stored {
    value: Vec<u8>,
    tags: Vec<(Tag, u64)>,
    /// When it was stored, and what of it was so then.
    at: Monotonic,
    lives: Duration,
    age: Duration,
    cost: Duration,
}

#[derive(Clone, Debug)]
struct Told {
    by: u64,
    space: Namespace,
    what: Vec<Invalidated>,
}

const MOST_KEYS: usize = 100_000;

impl MemoryTier {
    /// An empty one, by the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty one, by `clock`.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let (told, _) = broadcast::channel(1_024);
        Self {
            shared: Arc::new(Shared {
                state: Mutex::default(),
                clock,
                told,
            }),
            process: 0,
        }
    }

    /// The same memory, for another process.
    pub fn handle(&self) -> Self {
        let mut state = self.shared.state();
        state.processes += 1;
        Self {
            shared: Arc::clone(&self.shared),
            process: state.processes,
        }
    }

    /// Loses everything, as a server does that starts without its data. Nobody is
    /// told.
    pub fn lose_everything(&self) {
        let mut state = self.shared.state();
        state.keys.clear();
        state.versions.clear();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn acquire(&mut self, space: &Namespace, ask: &Ask, now: Monotonic) -> Acquired {
        let versions: Vec<u64> = ask
            .tags
            .iter()
            .map(|tag| self.version(space, tag))
            .collect();
        let key = (space.clone(), Arc::clone(&ask.key));
        let stored = self.keys.get(&key).and_then(|slot| slot.stored.clone());
        let found = stored.and_then(|stored| self.record(space, &stored, now));
        let slot = self.keys.entry(key).or_default();
        let is_held = slot.lease.is_some_and(|(_, until)| now < until);
        match found {
            Some(record) if is_held || record.lives > ask.at_least => Acquired::Found(record),
            _ if is_held => Acquired::Held,
            _ => {
                slot.lease = Some((ask.nonce, now + ask.lease));
                Acquired::Granted(versions)
            }
        }
    }

    /// What is stored, if it is good.
    fn record(&self, space: &Namespace, stored: &Stored, now: Monotonic) -> Option<Record> {
        let passed = now.since(stored.at);
        let is_current = |(tag, version): &(Tag, u64)| {
            let known = self.versions.get(&(space.clone(), tag.clone()));
            known == Some(version)
        };
        let is_good = passed < stored.lives && stored.tags.iter().all(is_current);
        is_good.then(|| Record {
            value: stored.value.clone(),
            lives: stored.lives.saturating_sub(passed),
            age: stored.age.saturating_add(passed),
            cost: stored.cost,
        })
    }

    fn fill(&mut self, space: &Namespace, fill: &Fill, now: Monotonic) -> bool {
        let key = (space.clone(), Arc::clone(&fill.key));
        let Some(slot) = self.keys.get_mut(&key) else {
            return false;
        };
        if slot.lease.is_none_or(|(nonce, _)| nonce != fill.nonce) {
            return false;
        }
        slot.lease = None;
        if let Some(record) = &fill.record {
            slot.stored = Some(Stored {
                value: record.value.clone(),
                tags: fill.tags.clone(),
                at: now,
                lives: record.lives,
                age: record.age,
                cost: record.cost,
            });
        } else if slot.stored.is_none() {
            self.keys.remove(&key);
        }
        self.make_room(now);
        true
    }

    fn invalidate(&mut self, space: &Namespace, what: &Invalidated) {
        match what {
            Invalidated::Key(key) => {
                self.keys.remove(&(space.clone(), Arc::clone(key)));
            }
            Invalidated::Tag(tag) => {
                self.last_version += 1;
                let version = self.last_version;
                self.versions.insert((space.clone(), tag.clone()), version);
            }
            Invalidated::All => self.keys.retain(|(of, _), _| of != space),
        }
    }

    fn version(&mut self, space: &Namespace, tag: &Tag) -> u64 {
        let known = self.versions.entry((space.clone(), tag.clone()));
        *known.or_insert_with(|| {
            self.last_version += 1;
            self.last_version
        })
    }

    fn make_room(&mut self, now: Monotonic) {
        if self.keys.len() <= MOST_KEYS {
            return;
        }
        let is_alive = |slot: &Slot| {
            let stored = slot.stored.as_ref();
            stored.is_some_and(|it| now.since(it.at) < it.lives)
                || slot.lease.is_some_and(|(_, until)| now < until)
        };
        self.keys.retain(|_, slot| is_alive(slot));
        let surplus = self.keys.len().saturating_sub(MOST_KEYS);
        let any: Vec<_> = self.keys.keys().take(surplus).cloned().collect();
        for key in &any {
            self.keys.remove(key);
        }
    }
}

#[async_trait]
impl Tier for MemoryTier {
    async fn acquire(&self, space: &Namespace, asks: &[Ask]) -> Result<Vec<Acquired>, TierError> {
        let now = self.shared.clock.now().mono;
        let mut state = self.shared.state();
        let answers = asks.iter().map(|ask| state.acquire(space, ask, now));
        Ok(answers.collect())
    }

    async fn fill(&self, space: &Namespace, fills: &[Fill]) -> Result<Vec<bool>, TierError> {
        let now = self.shared.clock.now().mono;
        let mut state = self.shared.state();
        let filled = fills.iter().map(|fill| state.fill(space, fill, now));
        Ok(filled.collect())
    }

    async fn invalidate(&self, space: &Namespace, what: &[Invalidated]) -> Result<(), TierError> {
        let mut state = self.shared.state();
        for what in what {
            state.invalidate(space, what);
        }
        // Under the lock, so that all tails hear of everything in one order. Nobody
        // listening is no error.
        let _ = self.shared.told.send(Told {
            by: self.process,
            space: space.clone(),
            what: what.to_vec(),
        });
        Ok(())
    }

    async fn tail(&self, space: &Namespace) -> Result<Box<dyn Tail>, TierError> {
        Ok(Box::new(Listening {
            told: self.shared.told.subscribe(),
            process: self.process,
            space: space.clone(),
        }))
    }
}

struct Listening {
    told: broadcast::Receiver<Told>,
    process: u64,
    space: Namespace,
}

#[async_trait]
impl Tail for Listening {
    async fn next(&mut self) -> Result<Vec<Invalidated>, TierError> {
        loop {
            let told = self.told.recv().await.map_err(TierError::new)?;
            if told.by != self.process && told.space == self.space {
                return Ok(told.what);
            }
        }
    }
}

impl Default for MemoryTier {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTier")
            .field("process", &self.process)
            .field("keys", &self.shared.state().keys.len())
            .finish_non_exhaustive()
    }
}
