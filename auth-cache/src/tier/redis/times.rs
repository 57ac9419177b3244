//! What time it is at a server.
//!
//! Values end by the clock of the server that keeps them, which all processes share,
//! whatever their own clocks say. It is not asked each time: what it said last, and what
//! has passed since by the monotonic clock here, say it within a round trip.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use auth_core::Monotonic;

use crate::redis::RunId;

/// For how long it is counted on from one answer. A server's clock that is set in
/// between is noticed that much later.
const GOOD_FOR: Duration = Duration::from_secs(60);
/// Then a sample from further off will do.
const STALE_AFTER: Duration = Duration::from_secs(20);
/// Servers that are remembered.
const MOST_SERVERS: usize = 1024;

/// The clocks of the servers that have answered.
#[derive(Debug, Default)]
pub(super) struct Times(RwLock<HashMap<RunId, Sample>>);

/// What a server said, and between which two moments.
#[derive(Clone, Copy, Debug)]
struct Sample {
    micros: u64,
    sent: Monotonic,
    received: Monotonic,
}

/// No earlier and no later than this, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerNow {
    pub(super) earliest: u64,
    pub(super) latest: u64,
}

impl Times {
    /// A server has told the time.
    pub(super) fn told(&self, server: &RunId, micros: u64, sent: Monotonic, received: Monotonic) {
        let new = Sample {
            micros,
            sent,
            received,
        };
        let mut samples = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match samples.get_mut(server) {
            Some(known) if known.is_better_than(&new) => {}
            Some(known) => *known = new,
            None => {
                // Servers that are gone, but for a Cluster of a thousand.
                if samples.len() >= MOST_SERVERS {
                    samples.clear();
                }
                samples.insert(server.clone(), new);
            }
        }
    }

    /// What time it is there, if that is known.
    pub(super) fn now(&self, server: &RunId, now: Monotonic) -> Option<ServerNow> {
        let samples = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let sample = samples.get(server)?;
        let passed = |since| micros(now.since(since));
        (now.since(sample.received) < GOOD_FOR).then(|| ServerNow {
            earliest: sample.micros.saturating_add(passed(sample.received)),
            latest: sample.micros.saturating_add(passed(sample.sent)),
        })
    }
}

impl Sample {
    fn is_better_than(&self, new: &Self) -> bool {
        let width = |sample: &Self| sample.received.since(sample.sent);
        width(self) < width(new) && new.received.since(self.received) < STALE_AFTER
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(id: &str) -> RunId {
        RunId::of_info(&format!("run_id:{id}")).unwrap()
    }

    fn at(millis: u64) -> Monotonic {
        Monotonic::from_elapsed(Duration::from_millis(millis))
    }

    #[test]
    fn the_time_is_between_two_bounds_that_the_round_trip_sets() {
        let (times, server, other) = (Times::default(), server("a"), server("b"));
        assert_eq!(times.now(&server, at(0)), None);
        times.told(&server, 1_000_000, at(0), at(10));
        let now = times.now(&server, at(110)).unwrap();
        assert_eq!((now.earliest, now.latest), (1_100_000, 1_110_000));
        times.told(&server, 1_300_000, at(200), at(500));
        assert_eq!(times.now(&server, at(110)), Some(now), "the nearer one");
        times.told(&server, 1_300_000, at(300), at(301));
        let now = times.now(&server, at(301)).unwrap();
        assert_eq!((now.earliest, now.latest), (1_300_000, 1_301_000));
        assert_eq!(times.now(&other, at(301)), None);
    }

    #[test]
    fn what_was_said_long_ago_is_asked_again_and_does_not_stand_in_the_way() {
        let (times, server) = (Times::default(), server("a"));
        times.told(&server, 0, at(0), at(1));
        assert!(times.now(&server, at(60_000)).is_some());
        assert_eq!(times.now(&server, at(60_001)), None);
        times.told(&server, 9, at(60_000), at(60_050));
        assert_eq!(times.now(&server, at(60_050)).unwrap().earliest, 9);
    }

    #[test]
    fn servers_that_are_gone_are_not_remembered_for_ever() {
        let times = Times::default();
        for number in 0..5_000 {
            times.told(&server(&number.to_string()), 1, at(0), at(1));
        }
        assert!(times.0.read().unwrap().len() <= MOST_SERVERS);
    }
}
