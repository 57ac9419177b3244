//! Counters.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a cache has done since it was built, and what it holds.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct CacheStats {
            $($(#[$doc])* pub $name: u64,)*
            /// Answers from memory: an entry that was fresh.
            pub hits: u64,
            /// Loads that are under way.
            pub in_flight: usize,
            /// Keys that wait for the source.
            pub waiting: usize,
            /// Values that are held, with those that have expired and not yet been
            /// pushed out.
            pub entries: usize,
            /// What they take of the capacity, in bytes: each its own, or an even
            /// share if that is more, since entries are bounded too.
            pub bytes: u64,
            /// Negative entries that are held.
            pub negative_entries: usize,
            /// The state of the breaker before the tier; `None` without a tier.
            pub breaker: Option<BreakerState>,
            /// Whether this process hears of what others invalidate; `None` without a
            /// tier. While it does not, what is in memory is not trusted.
            pub hears: Option<bool>,
        }

        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            hits: Striped,
            $(pub(crate) $name: Count,)*
        }

        impl Counters {
            /// Fills in what is counted here.
            pub(crate) fn read(&self) -> CacheStats {
                CacheStats {
                    hits: self.hits.sum(),
                    $($name: self.$name.get(),)*
                    ..CacheStats::default()
                }
            }
        }
    };
}

counters! {
    /// Look-ups that memory had no answer to, and that waited.
    misses,
    /// Answers "does not exist" from memory
    /// ([negative](super::guard::negative)).
    negative_hits,
    /// Callers that waited for a load that another began
    /// ([single flight](super::guard::single_flight)).
    coalesced,
    /// Keys that the source was asked for.
    loads,
    /// Calls of the loader; fewer than `loads` where keys were
    /// [batched](super::guard::batching).
    load_calls,
    /// Keys that the source could not tell of.
    load_failures,
    /// Loads whose value was not kept, because it was invalidated meanwhile
    /// ([fence](super::guard::fence)).
    rejected,
    /// Loads that were refused because too many waited
    /// ([bulkhead](super::guard::bulkhead)).
    overloaded,
    /// Callers whose own deadline came first
    /// ([deadlines](super::guard::deadlines)).
    deadlines_passed,
    /// Loads that began before expiry
    /// ([early refresh](super::guard::early_refresh)).
    early_refreshes,
    /// Expired values that were served while they were loaded again
    /// ([stale-while-revalidate](super::guard::stale_while_revalidate)).
    stale_served,
    /// Expired values that were served because they could not be loaded again
    /// ([stale-if-error](super::guard::stale_if_error)).
    stale_if_error_served,
    /// Invalidations of keys, of tags, and of everything.
    invalidations,
    /// Of these, those of tags ([tags](super::guard::tags)).
    tag_invalidations,
    /// Values that were given another time than the last of their key
    /// ([adaptive TTL](super::guard::adaptive_ttl)).
    ttl_adapted,
    /// Keys that were warmed up ([warm-up](super::guard::warm_up)).
    warmed_up,
    /// Writes whose value was kept ([write-through](super::guard::write_through)).
    written_through,
    /// Answers that were turned into "no" or a new load, because a revocation
    /// stands against them ([security state](super::guard::security_state)).
    revoked,
    /// Values that the tier had.
    tier_hits,
    /// Keys that the tier did not have.
    tier_misses,
    /// Calls of the tier that failed or took too long.
    tier_failures,
    /// Calls of the tier that were not made, because the
    /// [breaker](super::guard::breaker) was open.
    tier_skipped,
    /// Values from the tier that could not be read: misses, never answers.
    tier_unreadable,
    /// Times that this process waited for another's load
    /// ([lease](super::guard::lease)).
    lease_waits,
    /// Values that were put into the tier.
    tier_fills,
    /// Fills that came too late: the key was invalidated, evicted or loaded by
    /// another process meanwhile.
    tier_fills_refused,
    /// Answers that memory had and was not trusted with, because the tier's tail
    /// was broken.
    untrusted,
}

/// Whether the tier is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// It is.
    Closed,
    /// It is not.
    Open,
    /// One call finds out.
    HalfOpen,
}

impl Counters {
    /// One more answer from memory, of a key with this hash. Says whether the hit is to
    /// be noted at its entry, as one in some dozens is: a number that keys which take
    /// turns do not have in common.
    pub(crate) fn hit(&self, hash: u64) -> bool {
        self.hits.add(hash).is_multiple_of(61)
    }
}

/// Relaxed: they are read by people.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn one(&self) {
        self.many(1);
    }

    pub(crate) fn many(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

const STRIPES: usize = 16;

/// A counter in the way of every hit: in several cache lines, picked by the key,
/// so that hits on different keys do not pass one line from core to core.
#[derive(Debug, Default)]
struct Striped([Line; STRIPES]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Line(AtomicU64);

impl Striped {
    /// Gives how many there were in the line.
    fn add(&self, hash: u64) -> u64 {
        let line = super::key::stripe(hash, STRIPES);
        self.0[line].0.fetch_add(1, Ordering::Relaxed)
    }

    fn sum(&self) -> u64 {
        let lines = self.0.iter().map(|line| line.0.load(Ordering::Relaxed));
        lines.fold(0, u64::wrapping_add)
    }
}
