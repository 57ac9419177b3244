//! The algorithm, as a function. Times are whole microseconds on a clock of the caller's;
//! a TAT of 0, or any that is past, is that of a subject nobody has heard of.

use std::num::NonZeroU32;
use std::time::Duration;

use super::decision::Decision;
use super::quota::{MOST, Quota};

/// What came of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The TAT that is to be kept from now on, whatever was decided.
    pub tat: u64,
    /// What was decided.
    pub decision: Decision,
}

impl Quota {
    /// Charges `cost` at `now` to a subject whose TAT is `tat`.
    ///
    /// A TAT that is further ahead than the window was written by a clock that has been
    /// set back since, or under a longer quota: it counts as the window. So nobody waits
    /// longer than that, and a clock that is set back allows nothing.
    pub fn decide(&self, tat: u64, now: u64, cost: NonZeroU32) -> Step {
        // Beyond this the clock stands still, which allows nothing.
        let now = now.min(u64::MAX - MOST);
        let window = self.window_micros();
        let debt = tat.saturating_sub(now).min(window);
        let limited = |micros| Step {
            tat: tat.min(now + window),
            decision: Decision::Limited {
                retry_after: Duration::from_micros(micros),
            },
        };
        if cost > self.burst() {
            return limited(window);
        }
        let charged = debt + self.interval_micros() * u64::from(cost.get());
        let Some(free) = window.checked_sub(charged) else {
            return limited(charged - window);
        };
        let remaining = u32::try_from(free / self.interval_micros()).unwrap_or(u32::MAX);
        Step {
            tat: now + charged,
            decision: Decision::Allowed { remaining },
        }
    }

    /// The TAT after something was done that somebody else has allowed: as far ahead as
    /// the cost says, and at most the window.
    pub fn charge_anyway(&self, tat: u64, now: u64, cost: NonZeroU32) -> u64 {
        let now = now.min(u64::MAX - MOST);
        let window = self.window_micros();
        let debt = tat.saturating_sub(now).min(window);
        let cost = u64::from(cost.min(self.burst()).get());
        now + (debt + self.interval_micros() * cost).min(window)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: NonZeroU32 = NonZeroU32::MIN;

    /// Small ones, and those at the ends.
    fn quotas() -> impl Strategy<Value = Quota> {
        let any = (1..=u32::MAX, 1..=u64::from(366 * 24 * 3600_u32) * 1_000_000);
        prop_oneof![(1..20_u32, 1..2_000_u64), any]
            .prop_map(|(burst, micros)| Quota::new(burst, Duration::from_micros(micros)).unwrap())
    }

    fn costs(quota: Quota) -> impl Strategy<Value = NonZeroU32> {
        (1..=quota.burst().get()).prop_map(|cost| NonZeroU32::new(cost).unwrap())
    }

    fn cost(of: u32) -> NonZeroU32 {
        NonZeroU32::new(of).unwrap()
    }

    #[test]
    fn never_more_than_the_burst_at_once_and_all_of_it() {
        let quota = Quota::new(100, Duration::from_secs(10)).unwrap();
        let mut tat = 0;
        for left in (0..100).rev() {
            let step = quota.decide(tat, 5, ONE);
            assert_eq!(step.decision, Decision::Allowed { remaining: left });
            tat = step.tat;
        }
        let step = quota.decide(tat, 5, ONE);
        let retry_after = Duration::from_millis(100);
        assert_eq!(step.decision, Decision::Limited { retry_after });
        assert_eq!(step.tat, tat, "what is limited is not charged");
    }

    #[test]
    fn a_cost_above_the_burst_is_never_allowed() {
        let quota = Quota::new(3, Duration::from_secs(3)).unwrap();
        assert!(quota.decide(0, 9, cost(3)).decision.is_allowed());
        for now in [0, 9, u64::MAX] {
            assert!(!quota.decide(0, now, cost(4)).decision.is_allowed());
            assert!(!quota.decide(0, now, NonZeroU32::MAX).decision.is_allowed());
        }
    }

    #[test]
    fn a_clock_at_its_end_stands_still_and_opens_nothing() {
        let quota = Quota::new(2, Quota::LONGEST).unwrap();
        let mut tat = 0;
        let allowed = (0..10).filter(|_| {
            let step = quota.decide(tat, u64::MAX, ONE);
            tat = step.tat;
            step.decision.is_allowed()
        });
        assert_eq!(allowed.count(), 2);
    }

    proptest! {
        #[test]
        fn in_any_time_no_more_than_the_burst_and_what_came_back(
            (quota, asks) in (1..20_u32, 1..2_000_u64).prop_flat_map(|(burst, micros)| {
                let quota = Quota::new(burst, Duration::from_micros(micros)).unwrap();
                let ask = (0..micros, costs(quota));
                (Just(quota), prop::collection::vec(ask, 1..200))
            }),
        ) {
            let (mut now, mut tat) = (1, 0);
            let mut allowed = Vec::new();
            for (pause, cost) in asks {
                // Most come without a pause.
                now += if pause % 3 == 0 { pause } else { 0 };
                let step = quota.decide(tat, now, cost);
                tat = step.tat;
                if step.decision.is_allowed() {
                    allowed.push((now, u64::from(cost.get())));
                }
            }
            let interval = quota.interval_micros();
            for (index, (from, _)) in allowed.iter().enumerate() {
                let mut sum = 0;
                for (until, cost) in &allowed[index..] {
                    sum += cost;
                    prop_assert!(sum <= u64::from(quota.burst().get()) + (until - from) / interval);
                }
            }
        }

        #[test]
        fn the_time_to_wait_is_exact(
            (quota, cost) in quotas().prop_flat_map(|quota| (Just(quota), costs(quota))),
            now in 0..u64::MAX / 2,
            ahead in 0..=MOST,
        ) {
            let tat = now + ahead;
            let first = quota.decide(tat, now, cost);
            if let Decision::Limited { retry_after } = first.decision {
                let wait = u64::try_from(retry_after.as_micros()).unwrap();
                prop_assert!(0 < wait && wait <= quota.window_micros());
                let early = quota.decide(first.tat, now + wait - 1, cost);
                let one = Duration::from_micros(1);
                prop_assert_eq!(early.decision, Decision::Limited { retry_after: one });
                prop_assert!(quota.decide(first.tat, now + wait, cost).decision.is_allowed());
            }
        }

        /// Wherever the clock is set back to: what was spent stays spent, in the clock's
        /// own time from there, and nobody waits for longer than the window.
        #[test]
        fn a_clock_that_is_set_back_opens_nothing_and_locks_for_a_window_at_most(
            quota in quotas(),
            before in MOST..u64::MAX / 2,
            back in 1..=MOST,
        ) {
            let spent = quota.decide(0, before, quota.burst());
            prop_assert!(spent.decision.is_allowed());
            let now = before - back;
            let mut step = quota.decide(spent.tat, now, ONE);
            prop_assert_eq!(step.decision, Decision::Limited {
                retry_after: Duration::from_micros(quota.interval_micros()),
            });
            step = quota.decide(step.tat, now + quota.window_micros(), quota.burst());
            prop_assert!(step.decision.is_allowed());
        }

        #[test]
        fn no_extreme_overflows_or_lowers_what_is_charged(
            quota in quotas(),
            tat in any::<u64>(),
            now in any::<u64>(),
            cost in 1..=u32::MAX,
        ) {
            let step = quota.decide(tat, now, NonZeroU32::new(cost).unwrap());
            let now = now.min(u64::MAX - MOST);
            let before = tat.clamp(now, now + quota.window_micros());
            match step.decision {
                Decision::Allowed { remaining } => {
                    prop_assert!(before < step.tat && step.tat <= now + quota.window_micros());
                    prop_assert!(remaining < quota.burst().get());
                }
                Decision::Limited { .. } => prop_assert_eq!(step.tat.max(now), before),
            }
        }

        /// A share that is charged for what was done elsewhere allows less than one that
        /// was asked itself.
        #[test]
        fn what_was_allowed_elsewhere_is_charged_up_to_the_window(
            quota in quotas(),
            tat in any::<u64>(),
            now in 0..u64::MAX / 2,
            cost in 1..=u32::MAX,
        ) {
            let cost = NonZeroU32::new(cost).unwrap();
            let charged = quota.charge_anyway(tat, now, cost);
            prop_assert!(charged <= now + quota.window_micros());
            let step = quota.decide(tat, now, cost);
            match step.decision {
                Decision::Allowed { .. } => prop_assert_eq!(charged, step.tat),
                Decision::Limited { .. } => {
                    prop_assert_eq!(charged, now + quota.window_micros());
                }
            }
        }
    }
}
