//! The cache itself.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use auth_core::verifier::{TokenCache, VerifierId};
use auth_core::{Identity, Timestamp};

use super::builder::MemoryTokenCacheBuilder;
use super::hash::Keyed;
use super::set::{Entry, Gone, Set, WAYS};
use super::stats::{Counters, TokenCacheStats};
use super::subjects::Subjects;

/// Verified tokens in the memory of the process, within bounds.
///
/// [The module](crate::token) says what is guaranteed, and what is not.
pub struct MemoryTokenCache {
    hash: Keyed,
    /// A power of two of them.
    sets: Box<[Set]>,
    subjects: Subjects,
    limits: MemoryTokenCacheBuilder,
    entries: AtomicUsize,
    bytes: AtomicUsize,
    /// Where room is made next.
    hand: AtomicUsize,
    counters: Counters,
}

/// How many sets each insertion rids of what has expired: all of them, by the
/// time that the cache could have been filled twice.
const SWEPT: usize = 1;

impl MemoryTokenCache {
    /// Begins one with other bounds than the [default](Self::default).
    pub fn builder() -> MemoryTokenCacheBuilder {
        MemoryTokenCacheBuilder::new()
    }

    pub(super) fn new(limits: MemoryTokenCacheBuilder) -> Self {
        // Twice as many places as entries, so that few sets are ever full.
        let sets = limits.entries.get().saturating_mul(2).div_ceil(WAYS);
        let sets = sets.next_power_of_two();
        Self {
            hash: Keyed::new(),
            sets: (0..sets).map(|_| Set::default()).collect(),
            subjects: Subjects::new(),
            limits,
            entries: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            hand: AtomicUsize::new(0),
            counters: Counters::default(),
        }
    }

    /// Takes out what has expired, and wipes the tokens. It need not be called:
    /// what has expired is accepted by nobody, and goes when there is need for
    /// room.
    pub fn expire(&self) {
        let now = self.limits.clock.now().wall;
        for set in &self.sets {
            self.expire_in(set, now);
        }
    }

    /// Takes everything out. What is verified meanwhile may stay.
    pub fn clear(&self) {
        let mut gone = Vec::new();
        for set in &self.sets {
            set.clear(&mut gone);
            for gone in gone.drain(..) {
                self.account_for(gone);
            }
        }
    }

    /// What it holds, and what became of what it held.
    pub fn stats(&self) -> TokenCacheStats {
        let mut stats = self.counters.read();
        stats.entries = self.entries.load(Ordering::Relaxed);
        stats.bytes = self.bytes.load(Ordering::Relaxed);
        stats.subjects = self.subjects.count();
        stats
    }

    fn set(&self, hash: u64) -> &Set {
        // The number of sets is a power of two, and the lower bits of a hash
        // are as good as any.
        #[expect(clippy::cast_possible_truncation, reason = "the lower bits are wanted")]
        let place = hash as usize & (self.sets.len() - 1);
        &self.sets[place]
    }

    fn next_set(&self) -> &Set {
        let hand = self.hand.fetch_add(1, Ordering::Relaxed);
        &self.sets[hand & (self.sets.len() - 1)]
    }

    fn is_over(&self) -> bool {
        self.entries.load(Ordering::Relaxed) > self.limits.entries.get()
            || self.bytes.load(Ordering::Relaxed) > self.limits.bytes
    }

    /// Until there is room: the first time round goes what was not used lately,
    /// the second time what was not used since the first.
    fn make_room(&self) {
        // Others may insert meanwhile, and make room for themselves.
        for _ in 0..3 * self.sets.len() {
            if !self.is_over() {
                return;
            }
            if let Some(gone) = self.next_set().evict() {
                self.account_for(gone);
            }
        }
    }

    fn expire_in(&self, set: &Set, now: Timestamp) {
        let mut gone = Vec::new();
        set.expire(now, &mut gone);
        for gone in gone {
            self.account_for(gone);
        }
    }

    /// An entry was taken out of its set, by whoever holds no lock.
    fn account_for(&self, gone: Gone) {
        self.subjects.forget(gone.entry.subject, gone.entry.hash);
        self.discount(gone);
    }

    fn discount(&self, gone: Gone) {
        self.entries.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(gone.entry.bytes, Ordering::Relaxed);
        self.counters.gone(gone.why);
        // Here nobody holds a lock.
        drop(gone.identity);
    }
}

impl TokenCache for MemoryTokenCache {
    fn get(&self, verifier: VerifierId, token: &str) -> Option<Arc<Identity>> {
        let hash = self.hash.token(verifier, token);
        self.set(hash).get(hash)
    }

    fn insert(&self, verifier: VerifierId, token: &str, identity: &Arc<Identity>) {
        let now = self.limits.clock.now().wall;
        let entry = Entry {
            hash: self.hash.token(verifier, token),
            subject: self.hash.subject(identity),
            bytes: identity.bytes(),
            dead_from: identity.dead_from(),
        };
        if entry.bytes > self.limits.bytes {
            self.counters.too_large.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.counters.inserted.fetch_add(1, Ordering::Relaxed);
        self.entries.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(entry.bytes, Ordering::Relaxed);
        let (replaced, displaced) = {
            let mut part = self.subjects.part_of(entry.subject);
            let replaced = self.set(entry.hash).insert(entry, identity.clone(), now);
            if replaced.as_ref().is_some_and(|gone| gone.is_for(&entry)) {
                part.renew(entry.subject, entry.hash);
                (replaced, None)
            } else {
                let most = self.limits.per_subject.get();
                let oldest = part.push(entry.subject, entry.hash, most);
                let displaced =
                    oldest.and_then(|oldest| self.set(oldest).displace(oldest, entry.subject));
                (replaced, displaced)
            }
        };
        // It is in the books of its subject no more.
        if let Some(displaced) = displaced {
            self.discount(displaced);
        }
        match replaced {
            Some(gone) if gone.is_for(&entry) => self.discount(gone),
            Some(gone) => self.account_for(gone),
            None => {}
        }
        for _ in 0..SWEPT {
            self.expire_in(self.next_set(), now);
        }
        self.make_room();
    }

    fn remove(&self, verifier: VerifierId, token: &str, identity: &Arc<Identity>) {
        let hash = self.hash.token(verifier, token);
        if let Some(gone) = self.set(hash).remove(hash, identity) {
            self.account_for(gone);
        }
    }
}

/// 10 000 tokens, 32 MiB, 64 of one subject.
impl Default for MemoryTokenCache {
    fn default() -> Self {
        Self::builder().build()
    }
}

/// How much is in it, and nothing of what.
impl fmt::Debug for MemoryTokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTokenCache")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
