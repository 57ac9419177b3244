//! No case that cannot fail: each of many broken tiers fails the suite, and each case
//! fails for one of them.
#![cfg(feature = "suites")]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::HashSet;
use std::panic;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_cache::tier::{
    Acquired, Ask, Fill, Invalidated, MemoryTier, Namespace, Nonce, Tail, Tier, TierError,
};
use auth_core::{ManualClock, Timestamp};
use auth_testkit::tiers::{CASES, Case, Subject, run};

/// What is wrong with a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    None,
    GrantsToEverybody,
    GrantsToNobody,
    LeasesNeverEnd,
    LeasesEndAtOnce,
    KeepsLeasesThatBroughtNothing,
    RenewsNothing,
    RenewsForEverybody,
    AnswersBackwards,
    SetsWhateverComes,
    SaysItFilled,
    CutsValues,
    ValuesStayYoung,
    ForgetsNothing,
    IgnoresTags,
    HasOneTagEach,
    TakesVersionsAtTheEnd,
    OneSpaceForAll,
    TrimsKeys,
    OneKeyOfABatch,
    TellsNobody,
    TellsOfAllSpaces,
    LosesNothing,
}

/// Each flaw, with a case that finds it.
const FOUND_BY: &[(Flaw, &str)] = &[
    (
        Flaw::GrantsToEverybody,
        "a_key_without_a_value_is_granted_to_one",
    ),
    (Flaw::GrantsToNobody, "a_batch_is_answered_in_its_order"),
    (Flaw::LeasesNeverEnd, "a_lease_ends_after_its_time"),
    (Flaw::LeasesEndAtOnce, "a_lease_ends_after_its_time"),
    (
        Flaw::KeepsLeasesThatBroughtNothing,
        "a_fill_without_a_value_gives_the_lease_back",
    ),
    (
        Flaw::RenewsNothing,
        "a_value_that_ends_too_soon_is_loaded_anew_by_one",
    ),
    (
        Flaw::RenewsForEverybody,
        "a_value_that_ends_too_soon_is_loaded_anew_by_one",
    ),
    (Flaw::AnswersBackwards, "a_batch_is_answered_in_its_order"),
    (
        Flaw::SetsWhateverComes,
        "a_fill_by_another_nonce_changes_nothing",
    ),
    (
        Flaw::SetsWhateverComes,
        "a_fill_after_an_invalidation_changes_nothing",
    ),
    (
        Flaw::SetsWhateverComes,
        "a_fill_after_another_load_began_changes_nothing",
    ),
    (
        Flaw::SetsWhateverComes,
        "a_fill_after_the_lease_went_to_another_changes_nothing",
    ),
    (
        Flaw::SetsWhateverComes,
        "a_fill_after_everything_was_lost_changes_nothing",
    ),
    (
        Flaw::SetsWhateverComes,
        "a_fill_after_everything_was_invalidated_is_not_found",
    ),
    (Flaw::SaysItFilled, "a_fill_counts_once"),
    (Flaw::CutsValues, "what_was_filled_is_found_unchanged"),
    (Flaw::ValuesStayYoung, "a_value_grows_older_and_ends"),
    (
        Flaw::ForgetsNothing,
        "what_is_loaded_later_replaces_what_was_there",
    ),
    (Flaw::IgnoresTags, "a_tag_ends_what_has_it"),
    (
        Flaw::HasOneTagEach,
        "the_tags_of_a_value_count_whoever_asks",
    ),
    (
        Flaw::IgnoresTags,
        "a_tag_may_be_invalidated_again_and_again",
    ),
    (
        Flaw::TakesVersionsAtTheEnd,
        "a_load_that_a_tag_s_invalidation_overtook_is_not_found",
    ),
    (
        Flaw::TakesVersionsAtTheEnd,
        "a_tag_that_was_lost_is_a_miss_and_its_versions_never_return",
    ),
    (Flaw::OneSpaceForAll, "a_namespace_keeps_to_itself"),
    (Flaw::OneSpaceForAll, "everything_is_that_of_its_namespace"),
    (Flaw::TrimsKeys, "keys_are_whatever_bytes"),
    (
        Flaw::OneKeyOfABatch,
        "a_batch_of_invalidations_is_heard_whole",
    ),
    (
        Flaw::TellsNobody,
        "what_one_process_invalidates_the_others_hear",
    ),
    (Flaw::TellsOfAllSpaces, "a_tail_is_of_its_namespace"),
    (
        Flaw::LosesNothing,
        "a_fill_after_everything_was_lost_changes_nothing",
    ),
];

struct Flawed {
    flaw: Flaw,
    clock: Arc<ManualClock>,
    memory: MemoryTier,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_unix_seconds(1_800_000_000)));
        Self {
            flaw,
            memory: MemoryTier::with_clock(clock.clone()),
            clock,
        }
    }
}

#[async_trait]
impl Subject for Flawed {
    async fn process(&self) -> Arc<dyn Tier> {
        Arc::new(Process {
            flaw: self.flaw,
            memory: self.memory.handle(),
        })
    }

    async fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    async fn lose_everything(&self) {
        if self.flaw != Flaw::LosesNothing {
            self.memory.lose_everything();
        }
    }
}

#[derive(Debug)]
struct Process {
    flaw: Flaw,
    memory: MemoryTier,
}

impl Process {
    fn space(&self, space: &Namespace) -> Namespace {
        let mut space = space.clone();
        if self.flaw == Flaw::OneSpaceForAll {
            space.cache = "all".into();
            space.schema = 0;
        }
        space
    }

    fn key(&self, key: &Arc<[u8]>) -> Arc<[u8]> {
        if self.flaw == Flaw::TrimsKeys {
            key.trim_ascii().into()
        } else {
            Arc::clone(key)
        }
    }

    fn ask(&self, ask: &Ask) -> Ask {
        let mut ask = ask.clone();
        ask.key = self.key(&ask.key);
        match self.flaw {
            Flaw::LeasesNeverEnd => ask.lease = Duration::from_secs(1 << 30),
            Flaw::LeasesEndAtOnce => ask.lease = Duration::ZERO,
            Flaw::RenewsNothing => ask.at_least = Duration::ZERO,
            Flaw::RenewsForEverybody => ask.at_least *= 1_000,
            _ => {}
        }
        ask
    }

    fn answer(&self, ask: &Ask, answer: Acquired) -> Acquired {
        match (self.flaw, answer) {
            (Flaw::GrantsToEverybody, Acquired::Held) => Acquired::Granted(vec![0; ask.tags.len()]),
            (Flaw::GrantsToNobody, Acquired::Granted(_)) => Acquired::Held,
            (Flaw::ValuesStayYoung, Acquired::Found(mut record)) => {
                record.age = Duration::ZERO;
                record.lives = Duration::from_secs(3);
                Acquired::Found(record)
            }
            (_, answer) => answer,
        }
    }

    /// Stores a value by a lease of its own, as a bare "set" would.
    async fn set(&self, space: &Namespace, fill: &Fill) {
        self.memory
            .invalidate(space, &[Invalidated::Key(Arc::clone(&fill.key))])
            .await
            .unwrap();
        let ask = Ask {
            key: Arc::clone(&fill.key),
            tags: Vec::new(),
            nonce: Nonce([77; 16]),
            lease: Duration::from_secs(60),
            at_least: Duration::ZERO,
        };
        self.memory.acquire(space, &[ask]).await.unwrap();
        let mut fill = fill.clone();
        fill.nonce = Nonce([77; 16]);
        self.memory.fill(space, &[fill]).await.unwrap();
    }
}

#[async_trait]
impl Tier for Process {
    async fn acquire(&self, space: &Namespace, asks: &[Ask]) -> Result<Vec<Acquired>, TierError> {
        let space = self.space(space);
        let asked: Vec<Ask> = asks.iter().map(|ask| self.ask(ask)).collect();
        let answers = self.memory.acquire(&space, &asked).await?;
        let mut answers: Vec<Acquired> = answers
            .into_iter()
            .zip(asks)
            .map(|(answer, ask)| self.answer(ask, answer))
            .collect();
        if self.flaw == Flaw::AnswersBackwards {
            answers.reverse();
        }
        Ok(answers)
    }

    async fn fill(&self, space: &Namespace, fills: &[Fill]) -> Result<Vec<bool>, TierError> {
        let space = self.space(space);
        let mut filled = Vec::new();
        for fill in fills {
            let mut fill = fill.clone();
            fill.key = self.key(&fill.key);
            match self.flaw {
                Flaw::IgnoresTags => fill.tags.clear(),
                Flaw::HasOneTagEach => fill.tags.truncate(1),
                Flaw::TakesVersionsAtTheEnd => {
                    let ask = Ask {
                        key: b"versions".as_slice().into(),
                        tags: fill.tags.iter().map(|(tag, _)| tag.clone()).collect(),
                        nonce: Nonce([78; 16]),
                        lease: Duration::ZERO,
                        at_least: Duration::ZERO,
                    };
                    let now = self.memory.acquire(&space, &[ask]).await?;
                    if let [Acquired::Granted(versions)] = &now[..] {
                        for ((_, version), now) in fill.tags.iter_mut().zip(versions) {
                            *version = *now;
                        }
                    }
                }
                Flaw::CutsValues => {
                    if let Some(record) = &mut fill.record {
                        record.value.truncate(1_000);
                    }
                }
                Flaw::KeepsLeasesThatBroughtNothing if fill.record.is_none() => {
                    filled.push(true);
                    continue;
                }
                _ => {}
            }
            let mut was_held = self.memory.fill(&space, &[fill.clone()]).await?[0];
            if self.flaw == Flaw::SetsWhateverComes && !was_held && fill.record.is_some() {
                self.set(&space, &fill).await;
            }
            was_held |= self.flaw == Flaw::SaysItFilled;
            filled.push(was_held);
        }
        Ok(filled)
    }

    async fn invalidate(&self, space: &Namespace, what: &[Invalidated]) -> Result<(), TierError> {
        let space = self.space(space);
        let keys = what.iter().map(|what| match what {
            Invalidated::Key(key) => Invalidated::Key(self.key(key)),
            other => other.clone(),
        });
        let what: Vec<Invalidated> = match self.flaw {
            Flaw::ForgetsNothing => return Ok(()),
            Flaw::OneKeyOfABatch => keys.take(1).collect(),
            _ => keys.collect(),
        };
        self.memory.invalidate(&space, &what).await?;
        if self.flaw == Flaw::TellsOfAllSpaces {
            for cache in ["one", "other"] {
                let cache = cache.into();
                self.memory
                    .invalidate(&Namespace { cache, schema: 1 }, &what)
                    .await?;
            }
        }
        Ok(())
    }

    async fn tail(&self, space: &Namespace) -> Result<Box<dyn Tail>, TierError> {
        if self.flaw == Flaw::TellsNobody {
            return Ok(Box::new(Silent));
        }
        self.memory.tail(&self.space(space)).await
    }
}

struct Silent;

#[async_trait]
impl Tail for Silent {
    async fn next(&mut self) -> Result<Vec<Invalidated>, TierError> {
        std::future::pending().await
    }
}

/// Whether a tier with this flaw passes the case.
async fn passes(case: Case, flaw: Flaw) -> bool {
    let subject = Flawed::new(flaw);
    let task = tokio::spawn(async move { run((case.run)(&subject)).await });
    task.await.is_ok()
}

/// What the broken tiers have in common is not what is broken about them.
#[tokio::test(start_paused = true)]
async fn a_tier_without_a_flaw_passes_every_case() {
    for case in CASES {
        assert!(passes(*case, Flaw::None).await, "{case:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tier_with_a_flaw_fails_the_cases_that_are_about_it() {
    // Cases fail by panicking; that is expected here, and not worth a page each.
    panic::set_hook(Box::new(|_| {}));
    let mut undetected = Vec::new();
    for (flaw, name) in FOUND_BY {
        let case = CASES.iter().find(|case| case.name == *name).copied();
        let Some(case) = case else {
            undetected.push(format!("there is no case {name}"));
            continue;
        };
        if passes(case, *flaw).await {
            undetected.push(format!("{flaw:?} passes {name}"));
        }
    }
    drop(panic::take_hook());
    assert!(undetected.is_empty(), "{undetected:#?}");
}

#[test]
fn every_case_finds_a_flaw() {
    let finding: HashSet<&str> = FOUND_BY.iter().map(|(_, case)| *case).collect();
    let idle: Vec<_> = CASES
        .iter()
        .filter(|case| !finding.contains(case.name))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}
