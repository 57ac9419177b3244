//! What the tier has to be told, and has not been yet: it still has values that this
//! process knows to be invalid, so this process does not ask it for them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::guard::fence::TagStripe;
use super::key::stripe;
use crate::tier::Invalidated;

const STRIPES: usize = 1024;
/// More than so many are told as "everything".
const MOST_PUT_OFF: usize = 10_000;

/// Marks for what is owed, and the list of what could not be told at once. Marks are
/// shared by stripe: one too many costs a look into the tier.
#[derive(Debug)]
pub(crate) struct Owed {
    keys: Box<[AtomicU32]>,
    tags: Box<[AtomicU32]>,
    all: AtomicU32,
    put_off: Mutex<VecDeque<Due>>,
}

/// Something that the tier is to be told.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) what: Invalidated,
    pub(crate) mark: Mark,
}

/// Whom it concerns.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mark {
    /// The key with this hash.
    Key(u64),
    Tag(TagStripe),
    All,
}

impl Owed {
    pub(crate) fn new() -> Self {
        let counters = || (0..STRIPES).map(|_| AtomicU32::new(0)).collect();
        Self {
            keys: counters(),
            tags: counters(),
            all: AtomicU32::new(0),
            put_off: Mutex::default(),
        }
    }

    pub(crate) fn mark(&self, mark: Mark) {
        self.counter(mark).fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn unmark(&self, mark: Mark) {
        self.counter(mark).fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether the tier may have what is invalid of this key.
    pub(crate) fn is_owed(&self, hash: u64, tags: &[TagStripe]) -> bool {
        let is_marked = |mark| self.counter(mark).load(Ordering::SeqCst) > 0;
        is_marked(Mark::All)
            || is_marked(Mark::Key(hash))
            || tags.iter().any(|tag| is_marked(Mark::Tag(*tag)))
    }

    /// To be told later. It stays marked.
    pub(crate) fn put_off(&self, dues: impl IntoIterator<Item = Due>) {
        let mut list = self.list();
        list.extend(dues);
        if list.len() > MOST_PUT_OFF {
            self.mark(Mark::All);
            list.drain(..).for_each(|due| self.unmark(due.mark));
            list.push_back(Due {
                what: Invalidated::All,
                mark: Mark::All,
            });
        }
    }

    pub(crate) fn take(&self) -> Vec<Due> {
        std::mem::take(&mut *self.list()).into()
    }

    pub(crate) fn len(&self) -> usize {
        self.list().len()
    }

    fn counter(&self, mark: Mark) -> &AtomicU32 {
        match mark {
            Mark::Key(hash) => &self.keys[stripe(hash, STRIPES)],
            Mark::Tag(tag) => &self.tags[tag.index() & (STRIPES - 1)],
            Mark::All => &self.all,
        }
    }

    fn list(&self) -> MutexGuard<'_, VecDeque<Due>> {
        self.put_off.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(hash: u64) -> Due {
        Due {
            what: Invalidated::Key(hash.to_le_bytes().into()),
            mark: Mark::Key(hash << 32),
        }
    }

    #[test]
    fn what_is_marked_is_owed_until_it_is_unmarked_as_often() {
        let owed = Owed::new();
        let tag = TagStripe::of(3 << 32);
        for mark in [Mark::Key(7 << 32), Mark::Tag(tag), Mark::All] {
            owed.mark(mark);
            owed.mark(mark);
            owed.unmark(mark);
            assert!(owed.is_owed(7 << 32, &[tag]), "{mark:?}");
            owed.unmark(mark);
            assert!(!owed.is_owed(7 << 32, &[tag]), "{mark:?}");
        }
    }

    #[test]
    fn too_much_to_remember_becomes_everything() {
        let owed = Owed::new();
        let dues = (0..=MOST_PUT_OFF as u64).map(due);
        let dues: Vec<Due> = dues.inspect(|due| owed.mark(due.mark)).collect();
        owed.put_off(dues);
        assert!(owed.is_owed(u64::MAX, &[]));
        let told = owed.take();
        assert_eq!((told.len(), &told[0].what), (1, &Invalidated::All));
        owed.unmark(told[0].mark);
        assert!(!owed.is_owed(1 << 32, &[]));
    }
}
