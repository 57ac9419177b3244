//! In what order a relay publishes what it holds: pure.
//!
//! In each round one event of each subject; a subject whose event fails has no
//! later round. So a publisher may do with the events of one call what it likes,
//! side by side and in any order.

use std::collections::{HashMap, VecDeque};

use auth_core::event::{Event, PublishError, PublishErrorKind};

use crate::traits::{Claimed, Delivery};

/// What was claimed, by subject.
pub(super) struct Rounds {
    subjects: Vec<Subject>,
    settled: Vec<(u64, Delivery)>,
    tally: Tally,
}

struct Subject {
    waiting: VecDeque<Claimed>,
    /// Whether the first, which the store says is held, is still among them.
    is_whole: bool,
}

/// How a claim went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) published: u64,
    pub(super) refused: u64,
    pub(super) unavailable: u64,
    pub(super) dead: u64,
}

/// What to do about an event that was not published.
pub(super) trait Policy {
    /// How often the bus may refuse an event.
    fn attempts(&self) -> u32;
    /// When to try one again that was refused so often.
    fn after_refusals(&self, failures: u32) -> std::time::Duration;
    /// When to try again after an outage.
    fn after_outage(&self) -> std::time::Duration;
}

impl Rounds {
    /// What was claimed, in its order.
    pub(super) fn new(claimed: Vec<Claimed>) -> Self {
        let mut place = HashMap::new();
        let mut subjects: Vec<Subject> = Vec::new();
        for claimed in claimed {
            let name = (claimed.event.tenant, claimed.event.subject.clone());
            let index = *place.entry(name).or_insert_with(|| {
                subjects.push(Subject {
                    waiting: VecDeque::new(),
                    is_whole: true,
                });
                subjects.len() - 1
            });
            if let Some(subject) = subjects.get_mut(index) {
                subject.waiting.push_back(claimed);
            }
        }
        Self {
            subjects,
            settled: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// The events of the next round; none when all is done.
    pub(super) fn next(&self) -> Vec<Event> {
        let fronts = self.subjects.iter().map(|subject| subject.waiting.front());
        fronts
            .flatten()
            .map(|claimed| claimed.event.clone())
            .collect()
    }

    /// What came of the round that [`next`](Self::next) gave.
    pub(super) fn answer(&mut self, results: Vec<Result<(), PublishError>>, policy: &dyn Policy) {
        let mut results = results.into_iter();
        let subjects = std::mem::take(&mut self.subjects);
        for mut subject in subjects {
            let Some(claimed) = subject.waiting.pop_front() else {
                continue;
            };
            let missing = || Err(PublishErrorKind::Unavailable.into());
            let result = results.next().unwrap_or_else(missing);
            let delivery = self.judge(&claimed, result, policy);
            let goes_on = delivery == Delivery::Published && !subject.waiting.is_empty();
            self.settled.push((claimed.event.sequence, delivery));
            subject.is_whole = false;
            if goes_on {
                self.subjects.push(subject);
            }
        }
    }

    fn judge(
        &mut self,
        claimed: &Claimed,
        result: Result<(), PublishError>,
        policy: &dyn Policy,
    ) -> Delivery {
        let Err(error) = result else {
            self.tally.published += 1;
            return Delivery::Published;
        };
        let refused = error.kind() == PublishErrorKind::Rejected;
        let failures = claimed.failures.saturating_add(1);
        let error = words(&error);
        if !refused {
            self.tally.unavailable += 1;
            let after = policy.after_outage();
            return Delivery::Later {
                after,
                refused,
                error,
            };
        }
        self.tally.refused += 1;
        if failures >= policy.attempts() {
            self.tally.dead += 1;
            let (event, kind) = (claimed.event.id, claimed.event.kind.as_str());
            tracing::warn!(target: "auth::events", %event, kind, error, "an event became a dead letter");
            return Delivery::Dead { error };
        }
        let after = policy.after_refusals(failures);
        Delivery::Later {
            after,
            refused,
            error,
        }
    }

    /// What is to be told to the store; those that did not have their turn are
    /// let go.
    pub(super) fn finish(mut self) -> (Vec<(u64, Delivery)>, Tally) {
        for subject in self.subjects.iter().filter(|subject| subject.is_whole) {
            // It speaks for those behind it.
            if let Some(first) = subject.waiting.front() {
                let untried = (first.event.sequence, Delivery::Untried);
                self.settled.push(untried);
            }
        }
        (self.settled, self.tally)
    }
}

/// An error with its sources, as an operator reads them.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words.push_str(": ");
        words.push_str(&error.to_string());
        source = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use auth_core::event::EventKind;
    use auth_core::{EventId, TenantId, Timestamp};

    use super::*;

    struct Fixed;

    impl Policy for Fixed {
        fn attempts(&self) -> u32 {
            3
        }
        fn after_refusals(&self, failures: u32) -> Duration {
            Duration::from_secs(failures.into())
        }
        fn after_outage(&self) -> Duration {
            Duration::from_secs(60)
        }
    }

    fn claimed(sequence: u64, subject: &str, failures: u32) -> Claimed {
        let event = Event::stored(
            EventId::from_uuid(uuid::Uuid::from_u128(sequence.into())),
            TenantId::DEFAULT,
            String::new(),
            EventKind::new("a").unwrap(),
            subject.to_owned(),
            Timestamp::MAX,
            sequence,
            "{}".to_owned(),
        );
        Claimed { event, failures }
    }

    fn sequences(events: &[Event]) -> Vec<u64> {
        events.iter().map(|event| event.sequence).collect()
    }

    fn refused() -> Result<(), PublishError> {
        Err(PublishError::new(PublishErrorKind::Rejected, "too large"))
    }

    #[test]
    fn a_round_has_one_event_of_each_subject_and_ends_those_that_fail() {
        let mut rounds = Rounds::new(vec![
            claimed(1, "a", 0),
            claimed(2, "b", 0),
            claimed(3, "a", 0),
            claimed(4, "b", 2),
            claimed(5, "a", 0),
            claimed(6, "b", 0),
        ]);
        assert_eq!(sequences(&rounds.next()), [1, 2]);
        rounds.answer(vec![Ok(()), Ok(())], &Fixed);
        assert_eq!(sequences(&rounds.next()), [3, 4]);
        rounds.answer(vec![refused(), refused()], &Fixed);
        assert_eq!(sequences(&rounds.next()), [0; 0]);
        let (settled, tally) = rounds.finish();
        let error = "the bus does not take the event: too large".to_owned();
        let later = Delivery::Later {
            after: Duration::from_secs(1),
            refused: true,
            error: error.clone(),
        };
        assert_eq!(
            settled,
            [
                (1, Delivery::Published),
                (2, Delivery::Published),
                (3, later),
                (4, Delivery::Dead { error }),
            ],
            "those behind what failed are the store's to give out again"
        );
        let expected = Tally {
            published: 2,
            refused: 2,
            unavailable: 0,
            dead: 1,
        };
        assert_eq!(tally, expected);
    }

    #[test]
    fn an_outage_kills_no_event_and_a_missing_result_is_one() {
        let mut rounds = Rounds::new(vec![claimed(1, "a", 99), claimed(2, "b", 99)]);
        let outage = Err(PublishErrorKind::Unavailable.into());
        rounds.answer(vec![outage], &Fixed);
        let (settled, tally) = rounds.finish();
        assert!(
            settled
                .iter()
                .all(|(_, delivery)| matches!(delivery, Delivery::Later { refused: false, .. }))
        );
        assert_eq!((settled.len(), tally.unavailable), (2, 2));
    }

    #[test]
    fn what_had_no_turn_is_let_go() {
        let rounds = Rounds::new(vec![claimed(1, "a", 0), claimed(2, "a", 0)]);
        assert_eq!(rounds.finish().0, [(1, Delivery::Untried)]);
        let mut rounds = Rounds::new(vec![claimed(1, "a", 0), claimed(2, "a", 0)]);
        rounds.answer(vec![Ok(())], &Fixed);
        assert_eq!(rounds.finish().0, [(1, Delivery::Published)]);
    }
}
