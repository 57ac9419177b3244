//! # No stale set
//!
//! **Prevents** the classic hole of look-aside caches: a load reads the old
//! value, the source changes, the cache is told to forget, and then the load
//! stores what it read. From there the old value is served for its whole life:
//! for authentication, "logged out but not".
//!
//! **How.** One counter numbers the *epochs* of a cache; every invalidation
//! begins a new one. A load notes the epoch before it asks anybody. What was
//! loaded in an epoch is good only if nothing that it depends on was invalidated
//! in a later one:
//! - its **key**: checked when the value is kept, under the lock under which an
//!   invalidation notes its epoch and removes what was kept before. So after
//!   [`invalidate`](crate::tiered::Cache::invalidate) has returned, nothing older
//!   is there, and nothing older gets in;
//! - its **tags**, and whether the cache was **cleared**: checked when it is kept
//!   and again on every read, since nobody lists the keys of a tag.
//!
//! A caller never joins a load that began before an invalidation that came
//! before the caller, and if the load turns out to carry a tag that was
//! invalidated meanwhile, the caller loads again.
//!
//! **Memory** is fixed: 16 KiB of counters for keys, 32 KiB for tags, whatever the
//! number of keys and tags. Keys share counters by their hash, and so do tags. An
//! invalidation of another key with the same counter keeps a load from being
//! kept; one of another tag makes an entry a miss. Both cost a load and never an
//! answer.
//!
//! **Switch**: none. A cache without it is wrong.
//!
//! **Metric**: [`CacheStats::rejected`](crate::tiered::CacheStats::rejected)
//! counts loads whose value was not kept.
//!
//! **What it does not do.** A value that a caller has in its hands stays there. A
//! read that overlaps the invalidation may give either value. Other processes
//! learn by the [tier](crate::tier::Tier)'s tail; until then they serve what
//! they have.

use crate::tiered::key::stripe;
use crate::tiered::sync::{Counter, Lock, Primitives};

const KEY_STRIPES: usize = 1024;
const TAG_STRIPES: usize = 4096;

/// The number of invalidations that came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Epoch(u64);

/// The counter of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TagStripe(u16);

impl TagStripe {
    pub(crate) fn of(hash: u64) -> Self {
        // There are fewer stripes than a `u16` has values.
        Self(u16::try_from(stripe(hash, TAG_STRIPES)).unwrap_or_default())
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// What was invalidated, and when.
#[derive(Debug)]
pub(crate) struct Fence<S: Primitives> {
    now: S::Counter,
    cleared: S::Counter,
    keys: Box<[S::Lock<u64>]>,
    tags: Box<[S::Counter]>,
}

impl<S: Primitives> Fence<S> {
    pub(crate) fn new() -> Self {
        Self::with_stripes(KEY_STRIPES, TAG_STRIPES)
    }

    /// Fewer stripes, so that a model with every interleaving stays small.
    pub(crate) fn with_stripes(keys: usize, tags: usize) -> Self {
        Self {
            now: Counter::new(0),
            cleared: Counter::new(0),
            keys: (0..keys).map(|_| Lock::new(0)).collect(),
            tags: (0..tags).map(|_| Counter::new(0)).collect(),
        }
    }

    /// To be noted before a load asks anybody.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.now.load())
    }

    /// Begins an epoch for a key; `forget` removes what is kept of it.
    pub(crate) fn invalidate<R>(&self, hash: u64, forget: impl FnOnce() -> R) -> (Epoch, R) {
        let epoch = self.now.next();
        let forgotten = self.key(hash).with(|last| {
            *last = epoch.max(*last);
            forget()
        });
        (Epoch(epoch), forgotten)
    }

    /// Begins an epoch for a tag.
    pub(crate) fn invalidate_tag(&self, tag: TagStripe) {
        let epoch = self.now.next();
        self.tag(tag).raise(epoch);
    }

    /// Begins an epoch for everything.
    pub(crate) fn clear(&self) {
        let epoch = self.now.next();
        self.cleared.raise(epoch);
    }

    /// Keeps what was loaded in `epoch`, unless it was invalidated since.
    pub(crate) fn admit<R>(
        &self,
        hash: u64,
        epoch: Epoch,
        tags: &[TagStripe],
        keep: impl FnOnce() -> R,
    ) -> Option<R> {
        self.key(hash).with(|last| {
            let is_good = *last <= epoch.0 && self.is_current(epoch, tags);
            is_good.then(keep)
        })
    }

    /// Whether an entry that was kept is good: its key is seen to by
    /// [`admit`](Self::admit) and [`invalidate`](Self::invalidate).
    pub(crate) fn is_current(&self, epoch: Epoch, tags: &[TagStripe]) -> bool {
        let is_before = |counter: &S::Counter| counter.load() <= epoch.0;
        is_before(&self.cleared) && tags.iter().all(|tag| is_before(self.tag(*tag)))
    }

    /// Whether somebody who comes now may wait for a load of that epoch.
    pub(crate) fn may_join(&self, hash: u64, epoch: Epoch) -> bool {
        self.cleared.load() <= epoch.0 && self.key(hash).with(|last| *last <= epoch.0)
    }

    /// Ends a write that began with [`invalidate`](Self::invalidate) in `begun`:
    /// keeps what was written, if no other write or invalidation has begun since;
    /// otherwise it is not known whose write was last, and it forgets. One that
    /// began earlier and is still under way forgets at its own end, before it has
    /// promised anything. Loads that began during the write are not kept.
    pub(crate) fn end_write<R>(
        &self,
        hash: u64,
        begun: Epoch,
        keep: impl FnOnce() -> R,
        forget: impl FnOnce() -> R,
    ) -> (bool, R) {
        let epoch = self.now.next();
        self.key(hash).with(|last| {
            let was_alone = *last == begun.0;
            *last = epoch.max(*last);
            (was_alone, if was_alone { keep() } else { forget() })
        })
    }

    fn key(&self, hash: u64) -> &S::Lock<u64> {
        &self.keys[stripe(hash, self.keys.len())]
    }

    fn tag(&self, tag: TagStripe) -> &S::Counter {
        &self.tags[tag.index() & (self.tags.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiered::sync::Std;

    const KEY: u64 = 7 << 32;

    fn fence() -> Fence<Std> {
        Fence::new()
    }

    fn is_admitted(fence: &Fence<Std>, epoch: Epoch, tags: &[TagStripe]) -> bool {
        fence.admit(KEY, epoch, tags, || ()).is_some()
    }

    #[test]
    fn what_was_loaded_before_an_invalidation_is_not_kept_after_it() {
        let fence = fence();
        let tag = TagStripe::of(3 << 32);
        let before = fence.epoch();
        assert!(is_admitted(&fence, before, &[tag]));

        fence.invalidate(KEY, || ());
        assert!(!is_admitted(&fence, before, &[]) && !fence.may_join(KEY, before));
        let before = fence.epoch();
        fence.invalidate_tag(tag);
        assert!(!is_admitted(&fence, before, &[tag]) && is_admitted(&fence, before, &[]));
        let before = fence.epoch();
        fence.clear();
        assert!(!is_admitted(&fence, before, &[]) && !fence.may_join(KEY, before));
        assert!(is_admitted(&fence, fence.epoch(), &[tag]));
    }

    #[test]
    fn a_key_s_invalidation_is_no_other_stripe_s() {
        let fence = fence();
        let before = fence.epoch();
        fence.invalidate(KEY + (1 << 32), || ());
        assert!(is_admitted(&fence, before, &[]) && fence.may_join(KEY, before));
    }

    #[test]
    fn a_write_is_kept_only_if_it_was_alone() {
        let fence = fence();
        let begin = || fence.invalidate(KEY, || ()).0;
        let end = |begun| fence.end_write(KEY, begun, || (), || ()).0;
        let alone = begin();
        assert!(end(alone));
        let (first, second) = (begin(), begin());
        assert!(!end(first) && !end(second));

        let lone = begin();
        let during = fence.epoch();
        assert!(end(lone) && !is_admitted(&fence, during, &[]));
    }
}
