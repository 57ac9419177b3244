//! # Circuit breaker
//!
//! **Prevents** that each miss waits for a second level that does not answer.
//!
//! **How.** After five failures in a row the tier is not asked any more (*open*);
//! misses go to the source at once, behind the [bulkhead](super::bulkhead). After a
//! quarter of a second one call is let through (*half open*): if it is answered, all
//! are let through again (*closed*); if not, the next probe is as much later. A call
//! that takes longer than the tier's deadline, 200 ms, is a failure.
//!
//! **Switch**: on where there is a tier; [`without_breaker`].
//!
//! **Metric**: [`CacheStats::breaker`](crate::tiered::CacheStats::breaker),
//! [`CacheStats::tier_failures`](crate::tiered::CacheStats::tier_failures),
//! [`CacheStats::tier_skipped`](crate::tiered::CacheStats::tier_skipped).
//!
//! **What it does not do.** While it is open nobody else hears of an invalidation:
//! it is an error to its caller, and is told to the tier once that answers again.
//!
//! [`without_breaker`]: crate::tiered::CacheBuilder::without_breaker

use std::time::Duration;

use crate::tiered::stats::BreakerState;
use crate::tiered::ttl::Moment;

/// Failures in a row that open it.
const THRESHOLD: u32 = 5;
/// Until the next probe. Not longer from time to time: a tier that is back is used
/// again within that and a probe, and a probe costs one miss its deadline.
const PAUSE: Duration = Duration::from_millis(250);

/// A state machine that is told the time.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
    is_on: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Moment },
    HalfOpen { probe_until: Moment },
}

impl Breaker {
    pub(crate) const fn new(is_on: bool) -> Self {
        Self {
            state: State::Closed { failures: 0 },
            is_on,
        }
    }

    /// Whether a call may be made now. One that was let through is to be
    /// [ended](Self::end); a probe of which nothing is heard for `patience` was
    /// lost, and another is let through.
    pub(crate) fn permits(&mut self, now: Moment, patience: Duration) -> bool {
        match self.state {
            _ if !self.is_on => return true,
            State::Closed { .. } => return true,
            State::Open { until } | State::HalfOpen { probe_until: until } if now < until => {
                return false;
            }
            State::Open { .. } | State::HalfOpen { .. } => {}
        }
        self.state = State::HalfOpen {
            probe_until: now + patience,
        };
        true
    }

    /// A call ended.
    pub(crate) fn end(&mut self, was_answered: bool, now: Moment) {
        self.state = match (self.state, was_answered) {
            (_, true) => State::Closed { failures: 0 },
            (State::Closed { failures }, false) if failures + 1 < THRESHOLD => State::Closed {
                failures: failures + 1,
            },
            (State::Closed { .. } | State::HalfOpen { .. }, false) => {
                State::Open { until: now + PAUSE }
            }
            // Of a call from before it opened.
            (open @ State::Open { .. }, false) => open,
        };
    }

    pub(crate) const fn state(&self) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    fn at(millis: u64) -> Moment {
        Moment(0) + Duration::from_millis(millis)
    }

    fn opened_at(now: Moment) -> Breaker {
        let mut breaker = Breaker::new(true);
        for _ in 0..THRESHOLD {
            assert!(breaker.permits(now, PATIENCE));
            breaker.end(false, now);
        }
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_others_do_not() {
        let mut breaker = Breaker::new(true);
        for failures in 0..20 {
            breaker.end(failures % 5 == 4, at(0));
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert_eq!(opened_at(at(0)).state(), BreakerState::Open);
    }

    #[test]
    fn one_probe_after_a_pause_decides() {
        let mut breaker = opened_at(at(0));
        assert!(!breaker.permits(at(249), PATIENCE));
        assert!(breaker.permits(at(250), PATIENCE) && !breaker.permits(at(250), PATIENCE));
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.end(false, at(450));
        assert!(!breaker.permits(at(699), PATIENCE) && breaker.permits(at(700), PATIENCE));
        breaker.end(true, at(710));
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(breaker.permits(at(710), PATIENCE) && breaker.permits(at(710), PATIENCE));
    }

    #[test]
    fn a_probe_that_was_lost_does_not_keep_it_half_open() {
        let mut breaker = opened_at(at(0));
        assert!(breaker.permits(at(250), PATIENCE));
        assert!(!breaker.permits(at(449), PATIENCE) && breaker.permits(at(450), PATIENCE));
    }

    #[test]
    fn a_late_failure_does_not_prolong_what_is_open() {
        let mut breaker = opened_at(at(0));
        breaker.end(false, at(240));
        assert!(breaker.permits(at(250), PATIENCE));
    }
}
