//! What replicas have answered, and what not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::PgStore;

/// What a store's replicas have done since it connected
/// ([`PgStore::replica_stats`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicasStats {
    /// Look-ups that a replica might have answered.
    pub look_ups: u64,
    /// Of these, those that the primary answered, because no replica did.
    pub fell_back: u64,
    /// Each replica, in the order in which they were named.
    pub replicas: Vec<ReplicaStats>,
}

/// What one replica has done. Each look-up asks one after the other until one
/// answers, and counts once with each that it comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplicaStats {
    /// Look-ups that it answered.
    pub answered: u64,
    /// Look-ups that it was not asked, because it was further behind than answers may
    /// be ([`with_max_age`](crate::PgStoreBuilder::with_max_age)).
    pub behind: u64,
    /// Look-ups that it failed or did not answer in time, or for which nobody could
    /// tell how far behind it was.
    pub failed: u64,
    /// Look-ups that it was not asked, because it had failed a moment ago.
    pub resting: u64,
    /// How old its answers may be at present: for how long what it has is known to have
    /// been all. `None` while it has not been seen to catch up. It grows to half of what
    /// it may be before anybody looks again, and while nobody asks.
    pub lag: Option<Duration>,
}

/// Why a replica is asked, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Recent,
    Behind,
    Failed,
    Resting,
}

#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<Counted>);

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    stats: ReplicaStats,
    caught_up: Option<Instant>,
}

impl Counters {
    /// It had everything that was acknowledged before then.
    pub(super) fn caught_up(&self, since: Instant) {
        self.counted().caught_up = Some(since);
    }

    /// It gave no answer to a look-up, for this reason.
    pub(super) fn passed_over(&self, why: Standing) {
        let stats = &mut self.counted().stats;
        match why {
            Standing::Behind => stats.behind += 1,
            Standing::Resting => stats.resting += 1,
            // Asked, and silent.
            Standing::Failed | Standing::Recent => stats.failed += 1,
        }
    }

    pub(super) fn answered(&self) {
        self.counted().stats.answered += 1;
    }

    pub(super) fn read(&self) -> ReplicaStats {
        let Counted { stats, caught_up } = *self.counted();
        ReplicaStats {
            lag: caught_up.map(|since| since.elapsed()),
            ..stats
        }
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PgStore {
    /// What its replicas have done since it connected; all zero without any. It asks
    /// nobody, and is cheap enough for an exporter that reads it every second.
    ///
    /// ```no_run
    /// # fn example(store: auth_store::PgStore) {
    /// let stats = store.replica_stats();
    /// println!("{} of {} look-ups fell back", stats.fell_back, stats.look_ups);
    /// # }
    /// ```
    pub fn replica_stats(&self) -> ReplicasStats {
        let replicas = self.replicas.as_ref();
        replicas.map_or_else(ReplicasStats::default, super::replica::Replicas::stats)
    }
}
