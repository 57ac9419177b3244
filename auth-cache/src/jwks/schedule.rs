//! When the issuer is asked: a state machine without I/O, which counts fetches
//! and is told the time.

use std::time::Duration;

use auth_core::Monotonic;

/// How often the issuer is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Between two fetches while all is well.
    pub(super) interval: Duration,
    /// Between two fetches for unknown key ids, and the longest time between
    /// two fetches while all is not.
    pub(super) cool_down: Duration,
}

/// The first wait after a failure; it doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// Which fetches there were, are, and are to be.
#[derive(Debug)]
pub(super) struct Schedule {
    rules: Rules,
    /// The fetches that were begun, and of them those that ended.
    begun: u64,
    ended: u64,
    /// Whether one is to be begun at once.
    is_due: bool,
    /// When one was last due for an unknown key id.
    asked_at: Option<Monotonic>,
    failures: u64,
    failures_in_a_row: u32,
}

/// What becomes of an unknown key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// The fetch of this number tells; it is under way, or due.
    Await(u64),
    /// The last fetch told already.
    CoolDown,
}

impl Schedule {
    /// The first fetch is due.
    pub(super) const fn new(rules: Rules) -> Self {
        Self {
            rules,
            begun: 0,
            ended: 0,
            is_due: true,
            asked_at: None,
            failures: 0,
            failures_in_a_row: 0,
        }
    }

    /// Somebody wants a key that is not known.
    pub(super) fn ask(&mut self, now: Monotonic) -> Ask {
        let Some(number) = self.coming() else {
            let cool_down = self.rules.cool_down;
            if self.asked_at.is_some_and(|at| now.since(at) < cool_down) {
                return Ask::CoolDown;
            }
            self.asked_at = Some(now);
            self.is_due = true;
            return Ask::Await(self.begun + 1);
        };
        Ask::Await(number)
    }

    /// The fetch that is under way or due.
    pub(super) const fn coming(&self) -> Option<u64> {
        match (self.begun > self.ended, self.is_due) {
            (true, _) => Some(self.begun),
            (false, true) => Some(self.begun + 1),
            (false, false) => None,
        }
    }

    /// Whether a fetch is to be begun before its time.
    pub(super) const fn is_due(&self) -> bool {
        self.is_due
    }

    /// A fetch begins.
    pub(super) const fn begin(&mut self) {
        self.begun += 1;
        self.is_due = false;
    }

    /// The fetch ended. Gives its number.
    pub(super) const fn end(&mut self, is_good: bool) -> u64 {
        self.ended = self.begun;
        if is_good {
            self.failures_in_a_row = 0;
        } else {
            self.failures += 1;
            self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        }
        self.ended
    }

    /// How long to wait for the next fetch, if none is asked for; `noise`
    /// shortens it by up to a tenth, so that many instances do not ask at once.
    pub(super) fn pause(&self, noise: u8) -> Duration {
        let longest = match self.failures_in_a_row.checked_sub(1) {
            None => self.rules.interval,
            Some(doublings) => FIRST_RETRY
                .saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
                .min(self.rules.cool_down),
        };
        longest.saturating_sub(longest / 2_550 * u32::from(noise))
    }

    /// Whether the issuer's last word was no good, or is still to come.
    pub(super) const fn is_failing(&self) -> bool {
        self.ended == 0 || self.failures_in_a_row > 0
    }

    pub(super) const fn begun(&self) -> u64 {
        self.begun
    }

    pub(super) const fn failures(&self) -> u64 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        interval: Duration::from_secs(300),
        cool_down: Duration::from_secs(30),
    };

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_elapsed(Duration::from_secs(seconds))
    }

    fn after_first() -> Schedule {
        let mut schedule = Schedule::new(RULES);
        schedule.begin();
        schedule.end(true);
        schedule
    }

    #[test]
    fn what_is_asked_before_the_first_fetch_ends_awaits_it() {
        let mut schedule = Schedule::new(RULES);
        assert_eq!(schedule.ask(at(0)), Ask::Await(1));
        schedule.begin();
        assert_eq!(schedule.ask(at(0)), Ask::Await(1));
        assert!(!schedule.is_due() && schedule.is_failing());
        assert_eq!(schedule.end(true), 1);
        assert!(!schedule.is_failing());
    }

    #[test]
    fn one_fetch_is_due_in_a_cool_down() {
        let mut schedule = after_first();
        assert_eq!(schedule.ask(at(5)), Ask::Await(2));
        assert_eq!(schedule.ask(at(5)), Ask::Await(2));
        schedule.begin();
        assert_eq!(schedule.ask(at(6)), Ask::Await(2));
        schedule.end(true);
        assert_eq!(schedule.ask(at(34)), Ask::CoolDown);
        assert_eq!(schedule.ask(at(35)), Ask::Await(3));
    }

    #[test]
    fn failures_are_retried_soon_and_then_less_often() {
        let mut schedule = after_first();
        let mut pauses = Vec::new();
        for _ in 0..40 {
            schedule.begin();
            schedule.end(false);
            pauses.push(schedule.pause(0).as_secs());
        }
        assert_eq!(pauses[..7], [1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(pauses[39], 30);
        schedule.begin();
        schedule.end(true);
        assert_eq!(schedule.pause(0), RULES.interval);
        assert_eq!(schedule.pause(255).as_secs(), 270);
    }
}
