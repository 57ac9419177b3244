//! What is kept of a load.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::guard::fence::{Epoch, TagStripe};
use super::ttl::Moment;

/// A value, or the word that there is none, with what it takes to judge it.
#[derive(Debug)]
pub(crate) struct Entry<V> {
    pub(crate) value: Option<V>,
    /// That its load began in.
    pub(crate) epoch: Epoch,
    pub(crate) tags: Box<[TagStripe]>,
    pub(crate) life: Life,
    /// What it takes of the capacity.
    pub(crate) weight: u64,
    pub(crate) is_from_tier: bool,
    /// Nobody refreshes it before this.
    refresh_from: AtomicU64,
    /// A load of it failed; until this nobody tries again.
    failing_until: AtomicU64,
    /// The generation of the floors at which it was last found to stand.
    pub(crate) checked: AtomicU64,
    /// How often it was hit, as far as hits are counted by key: few are, and the past
    /// counts for half with each load.
    heat: AtomicU32,
}

/// The times of an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// It was asked for.
    pub(crate) asked: Moment,
    /// How old it was then: a process may be younger than what it finds in the tier.
    pub(crate) age: Duration,
    /// It is drawn by lot, from here on, whether it is loaded again.
    pub(crate) early_from: Moment,
    /// It is served.
    pub(crate) fresh_until: Moment,
    /// It is served while it is loaded again.
    pub(crate) stale_until: Moment,
    /// It is served if it cannot be loaded again.
    pub(crate) usable_until: Moment,
    /// It ends in the second level.
    pub(crate) tier_until: Moment,
    /// The time it was given before jitter.
    pub(crate) ttl: Duration,
    /// What loading it took.
    pub(crate) cost: Duration,
}

/// Never checked: generations count from zero and do not get there.
pub(crate) const UNCHECKED: u64 = u64::MAX;

impl<V> Entry<V> {
    pub(crate) fn new(
        value: Option<V>,
        epoch: Epoch,
        tags: Box<[TagStripe]>,
        life: Life,
        weight: u64,
    ) -> Self {
        Self {
            value,
            epoch,
            tags,
            life,
            weight,
            is_from_tier: false,
            refresh_from: AtomicU64::new(0),
            failing_until: AtomicU64::new(0),
            checked: AtomicU64::new(UNCHECKED),
            heat: AtomicU32::new(0),
        }
    }

    pub(crate) fn heat(&self) -> u32 {
        self.heat.load(Ordering::Relaxed)
    }

    /// It was hit, and this hit is one that is counted.
    #[cold]
    pub(crate) fn warms(&self) {
        self.heat.fetch_add(1, Ordering::Relaxed);
    }

    /// It takes the place of `former`.
    pub(crate) fn inherits_heat(&self, former: &Self) {
        self.heat.fetch_add(former.heat() / 2, Ordering::Relaxed);
    }

    /// Whether the caller is the one to refresh it; nobody else is before `pause`
    /// is over, so that a refresh that fails is not tried by every hit.
    pub(crate) fn claims_refresh(&self, now: Moment, pause: Duration) -> bool {
        let from = self.refresh_from.load(Ordering::Relaxed);
        let next = (now + pause).0;
        from <= now.0
            && self
                .refresh_from
                .compare_exchange(from, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    pub(crate) fn note_failure(&self, now: Moment, pause: Duration) {
        self.failing_until.store((now + pause).0, Ordering::Relaxed);
    }

    pub(crate) fn is_failing(&self, now: Moment) -> bool {
        now.0 < self.failing_until.load(Ordering::Relaxed)
    }

    pub(crate) fn age(&self, now: Moment) -> Duration {
        self.life.age.saturating_add(now.since(self.life.asked))
    }
}
