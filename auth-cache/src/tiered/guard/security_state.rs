//! # Security state
//!
//! **Prevents** "logged out but not", where what is cached decides who may do what:
//! the state of a session, an API key, the roles of a user.
//!
//! **How.** Such a value says what it [stands on](crate::tiered::SecurityState::anchors), and the
//! cache is built [over](crate::tiered::CacheBuilder::with_revocations) what is known
//! to be revoked. Then
//! - it is checked against the floors every time it is served, whichever way it
//!   came: the same instant that ends a token ends it. While nothing new was revoked
//!   that is one atomic load;
//! - it lives for 60 s from when its load began, in both levels. Adaptive TTL does
//!   not touch it, and both kinds of staleness stay within the 60 s;
//! - they are given only while the floors are known to be up to date
//!   ([`Floors::is_live`]): an outage of the source must not be a way to keep what was
//!   revoked during it.
//!
//! What is found revoked is loaded again: the user may have a new version by now. If
//! what is loaded is revoked too, as from a replica that lags, the answer is "no".
//!
//! **Switch**: [`with_revocations`](crate::tiered::CacheBuilder::with_revocations);
//! it takes the place of `build`'s freedom, so a cache of security state that was
//! built without it is a cache without these promises.
//!
//! **Metric**: [`CacheStats::revoked`](crate::tiered::CacheStats::revoked).
//!
//! **What it does not do.** What is revoked elsewhere counts from when this process
//! hears of it. Log-in, sign-up, reset, refresh and minting ask the store and no
//! cache at all: roles in it are those of a minute ago, and a negative entry tells
//! who has an account.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use auth_core::Monotonic;

use crate::tiered::entry::Entry;
use crate::tiered::floors::{Floors, SecurityState};

/// The longest life of a value, from when its load began.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

/// The floors that the values of a cache are held against.
pub(crate) struct Guarded<V> {
    floors: Arc<dyn Floors>,
    is_revoked: fn(&V, &dyn Floors) -> bool,
}

impl<V> Guarded<V> {
    pub(crate) fn new(floors: Arc<dyn Floors>) -> Self
    where
        V: SecurityState,
    {
        Self {
            floors,
            is_revoked: |value, floors| value.anchors().any(|anchor| floors.revokes(&anchor)),
        }
    }

    /// Whether an entry may be served now.
    pub(crate) fn stands(&self, entry: &Entry<V>) -> bool {
        let Some(value) = &entry.value else {
            return true;
        };
        // Read before the floors: what is learned meanwhile is looked at next time.
        let generation = self.floors.generation();
        if entry.checked.load(Ordering::Acquire) == generation {
            return true;
        }
        let stands = !(self.is_revoked)(value, &*self.floors);
        if stands {
            entry.checked.store(generation, Ordering::Release);
        }
        stands
    }

    pub(crate) fn is_live(&self, now: Monotonic) -> bool {
        self.floors.is_live(now)
    }
}

impl<V> fmt::Debug for Guarded<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("floors", &self.floors)
            .finish_non_exhaustive()
    }
}
