//! The times that are kept in the process, in bounded memory.
//!
//! Of each subject there is an entry, until its times are past: then it says no more than
//! none would. When there is no room, subjects that have no entry share one of 1024 places
//! with others of the same limit. What any of them is charged, all of them are, and a
//! place is never lowered: who shares is limited sooner than who does not. Nobody who has
//! an entry loses it. An entry that is made later begins with what its place was charged.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth_core::Clock;
use auth_core::throttle::Charge;

const SHARDS: usize = 16;
/// Of each limit and shard.
const PLACES: usize = 64;
/// More limits than so many share their places too.
const LIMITS: usize = 64;
/// A shard that is full is looked through no more often, in microseconds: an entry more
/// that is past waits for so long, and a flood does not make each request look.
const PAUSE: u64 = 100_000;

/// `N` times of each subject.
pub(super) struct Table<const N: usize> {
    shards: Box<[Mutex<Shard<N>>]>,
    /// Entries of a shard.
    most: usize,
    /// Subjects are hashed under a key that is drawn for this table. Who shares a hash, one
    /// in 2^64, shares a quota.
    key: RandomState,
    clock: Arc<dyn Clock>,
    overflowed: AtomicU64,
}

struct Shard<const N: usize> {
    own: HashMap<u64, [u64; N], foldhash::fast::RandomState>,
    /// By the hash of their limit.
    shared: HashMap<u64, [[u64; N]; PLACES], foldhash::fast::RandomState>,
    /// When it may be looked through again.
    full_until: u64,
}

/// Whose times they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Subject,
    /// It, and others.
    Several,
}

impl<const N: usize> Table<N> {
    /// With room for at least so many subjects.
    pub(super) fn new(subjects: usize, clock: Arc<dyn Clock>) -> Self {
        let shard = || {
            Mutex::new(Shard {
                own: HashMap::default(),
                shared: HashMap::default(),
                full_until: 0,
            })
        };
        Self {
            shards: (0..SHARDS).map(|_| shard()).collect(),
            most: subjects.div_ceil(SHARDS).max(1),
            key: RandomState::new(),
            clock,
            overflowed: AtomicU64::new(0),
        }
    }

    /// Has `step` change the times of the charge's subject, at the time it is told; in one
    /// step, as far as others of the subject see.
    pub(super) fn update<R>(
        &self,
        charge: &Charge<'_>,
        step: impl FnOnce(Owner, &mut [u64; N], u64) -> R,
    ) -> R {
        let limit = self.key.hash_one(charge.limit().name());
        let subject = self.key.hash_one((limit, charge.subject()));
        let mut shard = self.shard(subject);
        let shard = &mut *shard;
        // Within the lock: of two the later one has the later time.
        let now = self.micros();
        if let Some(times) = shard.own.get_mut(&subject) {
            return step(Owner::Subject, times, now);
        }
        let has_room = shard.has_room(self.most, now);
        let place = usize::try_from((subject >> 32) % PLACES as u64).unwrap_or(0);
        let mut times = shard.of(limit).map_or([0; N], |places| places[place]);
        if has_room {
            let result = step(Owner::Subject, &mut times, now);
            if times.iter().any(|time| *time > now) {
                shard.own.insert(subject, times);
            }
            return result;
        }
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        let result = step(Owner::Several, &mut times, now);
        for (kept, time) in shard.place(limit, place).iter_mut().zip(times) {
            *kept = time.max(*kept);
        }
        result
    }

    /// Subjects that have an entry.
    pub(super) fn subjects(&self) -> usize {
        let shards = self.shards.iter();
        shards.map(|shard| lock(shard).own.len()).sum()
    }

    /// How often one had to share a place.
    pub(super) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    pub(super) fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.clock.mono().elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn shard(&self, subject: u64) -> MutexGuard<'_, Shard<N>> {
        let index = usize::try_from(subject % SHARDS as u64).unwrap_or(0);
        lock(&self.shards[index])
    }
}

impl<const N: usize> Shard<N> {
    /// Whether there may be an entry more. What is past goes first.
    fn has_room(&mut self, most: usize, now: u64) -> bool {
        if self.own.len() >= most && now >= self.full_until {
            self.own
                .retain(|_, times| times.iter().any(|time| *time > now));
            self.full_until = now.saturating_add(PAUSE);
        }
        self.own.len() < most
    }

    /// The places of a limit, if anybody ever had to share one.
    fn of(&self, limit: u64) -> Option<&[[u64; N]; PLACES]> {
        self.shared.get(&self.row(limit))
    }

    fn place(&mut self, limit: u64, place: usize) -> &mut [u64; N] {
        let limit = self.row(limit);
        &mut self.shared.entry(limit).or_insert([[0; N]; PLACES])[place]
    }

    const COMMON: u64 = 0;

    fn row(&self, limit: u64) -> u64 {
        let is_known = self.shared.contains_key(&limit);
        if is_known || self.shared.len() < LIMITS {
            limit
        } else {
            Self::COMMON
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<const N: usize> fmt::Debug for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("subjects", &self.subjects())
            .field("overflowed", &self.overflowed())
            .finish_non_exhaustive()
    }
}
