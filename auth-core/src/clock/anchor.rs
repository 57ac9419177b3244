//! The wall clock, without asking for it each time.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::time::Timestamp;

/// What the wall clock was ahead of the monotonic one when it was last asked,
/// and when that was; all in microseconds.
#[derive(Debug)]
pub(super) struct Anchor {
    ahead: AtomicI64,
    /// Monotonic.
    asked_at: AtomicI64,
    /// One thread at a time lays the anchor, so that `ahead` is never older
    /// than `asked_at` says.
    laying: AtomicBool,
}

/// For so long it holds.
pub(super) const HOLDS: i64 = 100_000;

impl Anchor {
    /// Not laid yet.
    pub(super) const fn new() -> Self {
        Self {
            ahead: AtomicI64::new(0),
            asked_at: AtomicI64::new(i64::MIN),
            laying: AtomicBool::new(false),
        }
    }

    /// The wall clock at `mono`, which was just read; `ask` asks for it.
    pub(super) fn wall(&self, mono: i64, ask: impl FnOnce() -> Timestamp) -> Timestamp {
        // First when, then what: what is read then is as new, or newer.
        let age = mono.saturating_sub(self.asked_at.load(Ordering::Acquire));
        if age < HOLDS {
            let ahead = self.ahead.load(Ordering::Acquire);
            return Timestamp::from_unix_micros(mono.saturating_add(ahead));
        }
        self.lay(mono, ask)
    }

    #[cold]
    fn lay(&self, mono: i64, ask: impl FnOnce() -> Timestamp) -> Timestamp {
        let wall = ask();
        // Whoever does not get to lay it has still asked: nobody waits.
        let laying = &self.laying;
        if laying
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
        {
            if mono > self.asked_at.load(Ordering::Relaxed) {
                let ahead = wall.unix_micros().saturating_sub(mono);
                self.ahead.store(ahead, Ordering::Release);
                self.asked_at.store(mono, Ordering::Release);
            }
            laying.store(false, Ordering::Release);
        }
        wall
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const fn at(micros: i64) -> Timestamp {
        Timestamp::from_unix_micros(micros)
    }

    #[test]
    fn the_system_is_asked_once_in_100_ms_and_a_step_is_seen_then() {
        let (anchor, wall, asked) = (Anchor::new(), Cell::new(5_000_000), Cell::new(0));
        let read = |mono| {
            anchor.wall(mono, || {
                asked.set(asked.get() + 1);
                at(wall.get())
            })
        };
        assert_eq!(read(0), at(5_000_000));
        assert_eq!(read(99_999), at(5_099_999));
        assert_eq!(asked.get(), 1);
        wall.set(1_000);
        assert_eq!(read(99_999), at(5_099_999));
        assert_eq!((read(100_000), asked.get()), (at(1_000), 2));
        assert_eq!((read(100_001), asked.get()), (at(1_001), 2));
    }

    /// A thread that has read the monotonic clock and then slept must not lay an
    /// old anchor over a newer one.
    #[test]
    fn an_old_reading_does_not_replace_a_newer_one() {
        let anchor = Anchor::new();
        anchor.wall(500_000, || at(9_500_000));
        anchor.lay(200_000, || at(77));
        assert_eq!(anchor.wall(500_001, || at(0)), at(9_500_001));
        // It is behind the anchor by more than it may be ahead of it, and as true.
        assert_eq!(anchor.wall(100_000, || at(0)), at(9_100_000));
    }

    /// Nobody is told a time that is older than 100 ms and a step, whoever lays
    /// the anchor meanwhile.
    #[test]
    fn many_threads_lay_one_anchor() {
        let anchor = Anchor::new();
        let mono = AtomicI64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50_000 {
                        let now = mono.fetch_add(7, Ordering::SeqCst);
                        // The wall runs at the double rate: what is added is as
                        // wrong as the anchor is old.
                        let wall = anchor.wall(now, || at(2 * mono.load(Ordering::SeqCst)));
                        assert!(2 * now - wall.unix_micros() <= HOLDS, "{now} {wall:?}");
                    }
                });
            }
        });
    }
}
