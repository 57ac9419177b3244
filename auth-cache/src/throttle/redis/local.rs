//! What the process counts itself, beside Redis and in its place.

use std::num::NonZeroU16;
use std::sync::Arc;

use auth_core::Clock;
use auth_core::throttle::{Charge, Decision};

use crate::throttle::table::{Owner, Table};

#[derive(Debug)]
pub(super) struct Local {
    /// Of each subject two: what was let through against the whole quota, and against the
    /// share of the process. Where several share a place it has no first one: the places
    /// limit only while Redis is away.
    table: Table<2>,
    instances: NonZeroU16,
}

impl Local {
    pub(super) fn new(subjects: usize, instances: NonZeroU16, clock: Arc<dyn Clock>) -> Self {
        Self {
            table: Table::new(subjects, clock),
            instances,
        }
    }

    /// Notes what Redis has decided; and limits if it has allowed what this process alone
    /// has used up, which it must have forgotten.
    pub(super) fn confirm(&self, charge: &Charge<'_>, shared: Decision) -> Decision {
        if !shared.is_allowed() {
            return shared;
        }
        let quota = charge.limit().quota();
        let of_share = quota.shared_by(self.instances);
        self.table.update(charge, |owner, [whole, share], now| {
            *share = of_share.charge_anyway(*share, now, charge.cost());
            if owner == Owner::Several {
                return shared;
            }
            let step = quota.decide(*whole, now, charge.cost());
            *whole = step.tat;
            shared.and(step.decision)
        })
    }

    /// Decides, by the share.
    pub(super) fn decide(&self, charge: &Charge<'_>) -> Decision {
        let quota = charge.limit().quota();
        let of_share = quota.shared_by(self.instances);
        self.table.update(charge, |owner, [whole, share], now| {
            let by_share = of_share.decide(*share, now, charge.cost());
            if owner == Owner::Several {
                *share = by_share.tat;
                return by_share.decision;
            }
            let by_whole = quota.decide(*whole, now, charge.cost());
            let decision = by_share.decision.and(by_whole.decision);
            if decision.is_allowed() {
                (*whole, *share) = (by_whole.tat, by_share.tat);
            }
            decision
        })
    }

    pub(super) fn subjects(&self) -> usize {
        self.table.subjects()
    }

    pub(super) fn overflowed(&self) -> u64 {
        self.table.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use auth_core::throttle::{Limit, Quota};
    use auth_core::{ManualClock, Timestamp};

    use super::*;

    const ALLOWED: Decision = Decision::Allowed { remaining: 7 };

    fn world(subjects: usize) -> (Local, Arc<ManualClock>, Limit) {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
        let local = Local::new(subjects, NonZeroU16::new(4).unwrap(), clock.clone());
        let quota = Quota::new(8, Duration::from_secs(8)).unwrap();
        (local, clock, Limit::new("one", quota))
    }

    fn allowed(local: &Local, charge: &Charge<'_>) -> usize {
        (0..20)
            .filter(|_| local.decide(charge).is_allowed())
            .count()
    }

    #[test]
    fn alone_a_process_has_its_share_less_what_it_was_allowed_before() {
        let (local, clock, limit) = world(100);
        let (one, other) = (Charge::new(&limit, b"1"), Charge::new(&limit, b"2"));
        assert_eq!(allowed(&local, &other), 2);
        assert_eq!(local.confirm(&one, ALLOWED), ALLOWED);
        assert_eq!(allowed(&local, &one), 1);
        clock.advance(Duration::from_secs(4));
        assert_eq!(allowed(&local, &one), 1);
    }

    #[test]
    fn what_redis_forgets_the_process_knows() {
        let (local, clock, limit) = world(100);
        let charge = Charge::new(&limit, b"1");
        for left in (0..8).rev() {
            let remaining = left.min(7);
            assert_eq!(
                local.confirm(&charge, ALLOWED),
                Decision::Allowed { remaining }
            );
        }
        let retry_after = Duration::from_secs(1);
        let limited = Decision::Limited { retry_after };
        assert_eq!(local.confirm(&charge, ALLOWED), limited);
        assert_eq!(allowed(&local, &charge), 0);
        clock.advance(Duration::from_secs(1));
        // The share comes back more slowly.
        assert_eq!(allowed(&local, &charge), 0);
        assert!(local.confirm(&charge, ALLOWED).is_allowed());
    }

    #[test]
    fn what_was_let_through_in_an_outage_counts_after_it() {
        let (local, _, limit) = world(100);
        let charge = Charge::new(&limit, b"1");
        assert_eq!(allowed(&local, &charge), 2);
        let confirmed = (0..20).filter(|_| local.confirm(&charge, ALLOWED).is_allowed());
        assert_eq!(confirmed.count(), 6);
    }

    /// A flood of subjects limits nobody whom Redis allows, and is limited in an outage.
    #[test]
    fn those_without_room_are_limited_by_redis_alone_and_in_an_outage_together() {
        let (local, _, limit) = world(16);
        for subject in 0..10_000_u32 {
            let subject = subject.to_be_bytes();
            let charge = Charge::new(&limit, &subject);
            assert!(local.confirm(&charge, ALLOWED).is_allowed());
        }
        assert!(local.subjects() <= 16 && local.overflowed() > 9_000);
        assert_eq!(allowed(&local, &Charge::new(&limit, b"new")), 0);
        let limited = Decision::Limited {
            retry_after: Duration::from_secs(1),
        };
        let charge = Charge::new(&limit, b"new");
        assert_eq!(local.confirm(&charge, limited), limited);
    }
}
