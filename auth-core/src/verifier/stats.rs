//! Counting, in the way of every request.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What a verifier has done since it was built, by all its clones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifierStats {
    /// Tokens that were accepted from the cache.
    pub hits: u64,
    /// Tokens that the cache did not have, or had another in the place of.
    pub misses: u64,
    /// Tokens that the cache had and that did not stand: expired, revoked, or
    /// their key gone. They were judged anew, and forgotten.
    pub rejected_hits: u64,
    /// Tokens that were not judged because as many signatures were being checked
    /// as may be ([`SignatureChecks`](super::SignatureChecks)).
    pub overloaded: u64,
}

/// In several cache lines, picked by the thread: threads that count at the same
/// time do not pass one line from core to core.
#[derive(Debug, Default)]
pub(super) struct Counters([Line; LINES]);

const LINES: usize = 16;

#[derive(Debug, Default)]
#[repr(align(128))]
struct Line {
    hits: AtomicU64,
    misses: AtomicU64,
    rejected_hits: AtomicU64,
    overloaded: AtomicU64,
}

impl Counters {
    pub(super) fn hit(&self) {
        one(&self.line().hits);
    }

    pub(super) fn miss(&self) {
        one(&self.line().misses);
    }

    pub(super) fn rejected_hit(&self) {
        one(&self.line().rejected_hits);
    }

    pub(super) fn overloaded(&self) {
        one(&self.line().overloaded);
    }

    pub(super) fn read(&self) -> VerifierStats {
        let sum = |of: fn(&Line) -> &AtomicU64| {
            let lines = self.0.iter().map(|line| of(line).load(Ordering::Relaxed));
            lines.fold(0, u64::wrapping_add)
        };
        VerifierStats {
            hits: sum(|line| &line.hits),
            misses: sum(|line| &line.misses),
            rejected_hits: sum(|line| &line.rejected_hits),
            overloaded: sum(|line| &line.overloaded),
        }
    }

    fn line(&self) -> &Line {
        let place = PLACE.with(|place| {
            place.get().unwrap_or_else(|| {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                let next = NEXT.fetch_add(1, Ordering::Relaxed);
                place.set(Some(next));
                next
            })
        });
        &self.0[place % LINES]
    }
}

thread_local! {
    static PLACE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Relaxed: they are read by people.
fn one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
