//! Eight places that one hash may go to.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use auth_core::{Identity, Timestamp};

/// How many places a set has: as many entries as a cache line.
pub(super) const WAYS: usize = 8;

/// Who looks for an entry reads tags and entries, without a lock: two cache lines
/// that come together. Who changes one has the books.
#[derive(Default)]
#[repr(C, align(128))]
pub(super) struct Set {
    /// Half of each entry's hash; 0 where there is none.
    tags: [AtomicU32; WAYS],
    /// A bit for each that was used since it was last looked at.
    used: AtomicU8,
    books: Box<Mutex<[Option<Entry>; WAYS]>>,
    entries: Line,
}

#[derive(Default)]
#[repr(align(64))]
struct Line([ArcSwapOption<Identity>; WAYS]);

/// What is known of an entry without looking at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) hash: u64,
    pub(super) subject: u64,
    pub(super) bytes: usize,
    pub(super) dead_from: Timestamp,
}

/// Why an entry goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// For one of the same hash.
    Replaced,
    /// For room.
    Evicted,
    /// For a newer one of the same subject.
    Displaced,
    Expired,
    /// The verifier said so.
    Removed,
}

/// What went. The identity is dropped by whoever holds no lock: it may hold what
/// is the application's.
#[must_use = "it is still counted"]
pub(super) struct Gone {
    pub(super) entry: Entry,
    pub(super) why: Why,
    pub(super) identity: Option<Arc<Identity>>,
}

impl Gone {
    /// Whether it went for one of the same token, or of one that is as good as
    /// the same here.
    pub(super) fn is_for(&self, new: &Entry) -> bool {
        (self.entry.hash, self.entry.subject) == (new.hash, new.subject)
    }
}

impl Set {
    pub(super) fn get(&self, hash: u64) -> Option<Arc<Identity>> {
        let wanted = tag(hash);
        let is_it = |tag: &AtomicU32| tag.load(Ordering::Relaxed) == wanted;
        let way = self.tags.iter().position(is_it)?;
        // Another may have taken its place meanwhile; who asked compares.
        let found = self.entries.0.get(way)?.load();
        let identity = Arc::clone(found.as_ref()?);
        let bit = 1 << way;
        if self.used.load(Ordering::Relaxed) & bit == 0 {
            self.used.fetch_or(bit, Ordering::Relaxed);
        }
        Some(identity)
    }

    /// Puts it in, and gives what had to go for it.
    pub(super) fn insert(
        &self,
        entry: Entry,
        identity: Arc<Identity>,
        now: Timestamp,
    ) -> Option<Gone> {
        let mut books = self.books();
        let of_its_hash = books
            .iter()
            .position(|it| is(*it, |it| it.hash == entry.hash));
        let free = || books.iter().position(Option::is_none);
        let dead = || {
            books
                .iter()
                .position(|it| is(*it, |it| it.dead_from <= now))
        };
        let way = of_its_hash
            .or_else(free)
            .or_else(dead)
            .unwrap_or_else(|| self.least_used(entry.hash));
        let why = match books[way] {
            Some(old) if old.hash == entry.hash => Why::Replaced,
            Some(old) if old.dead_from <= now => Why::Expired,
            _ => Why::Evicted,
        };
        let gone = self.take(&mut books, way, why);
        books[way] = Some(entry);
        self.used.fetch_and(!(1 << way), Ordering::Relaxed);
        self.entries.0[way].store(Some(identity));
        self.tags[way].store(tag(entry.hash), Ordering::Release);
        gone
    }

    /// One that was not used; if all were, they are given another chance, and
    /// whoever is first from some place on is not.
    fn least_used(&self, hash: u64) -> usize {
        let used = self.used.load(Ordering::Relaxed);
        // The lower bits of the hash are the same throughout the set.
        let from = (hash >> 61) as usize;
        let ways = (0..WAYS).map(|step| (from + step) % WAYS);
        if let Some(way) = ways.into_iter().find(|way| used & (1 << way) == 0) {
            return way;
        }
        self.used.store(0, Ordering::Relaxed);
        from % WAYS
    }

    /// Takes out the entry of a hash and subject.
    pub(super) fn displace(&self, hash: u64, subject: u64) -> Option<Gone> {
        let mut books = self.books();
        let way = books
            .iter()
            .position(|it| is(*it, |it| it.hash == hash && it.subject == subject))?;
        self.take(&mut books, way, Why::Displaced)
    }

    /// Takes this identity out, unless another has its place by now.
    pub(super) fn remove(&self, hash: u64, identity: &Arc<Identity>) -> Option<Gone> {
        let mut books = self.books();
        let way = books.iter().position(|it| is(*it, |it| it.hash == hash))?;
        let is_it = self.entries.0[way]
            .load()
            .as_ref()
            .is_some_and(|kept| Arc::ptr_eq(kept, identity));
        is_it
            .then(|| self.take(&mut books, way, Why::Removed))
            .flatten()
    }

    /// Takes out what has expired.
    pub(super) fn expire(&self, now: Timestamp, gone: &mut Vec<Gone>) {
        let mut books = self.books();
        for way in 0..WAYS {
            if is(books[way], |it| it.dead_from <= now) {
                gone.extend(self.take(&mut books, way, Why::Expired));
            }
        }
    }

    /// Takes out one that was not used since this was last called.
    pub(super) fn evict(&self) -> Option<Gone> {
        let mut books = self.books();
        let used = self.used.swap(0, Ordering::Relaxed);
        let way = (0..WAYS).find(|way| books[*way].is_some() && used & (1 << way) == 0)?;
        self.take(&mut books, way, Why::Evicted)
    }

    /// Takes everything out.
    pub(super) fn clear(&self, gone: &mut Vec<Gone>) {
        let mut books = self.books();
        gone.extend((0..WAYS).filter_map(|way| self.take(&mut books, way, Why::Removed)));
    }

    fn take(&self, books: &mut [Option<Entry>; WAYS], way: usize, why: Why) -> Option<Gone> {
        let entry = books[way].take()?;
        self.tags[way].store(0, Ordering::Release);
        let identity = self.entries.0[way].swap(None);
        Some(Gone {
            entry,
            why,
            identity,
        })
    }

    fn books(&self) -> MutexGuard<'_, [Option<Entry>; WAYS]> {
        // What is changed under it are whole values.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The half of a hash that does not pick the set.
fn tag(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(0).max(1)
}

fn is(entry: Option<Entry>, what: impl FnOnce(&Entry) -> bool) -> bool {
    entry.as_ref().is_some_and(what)
}
