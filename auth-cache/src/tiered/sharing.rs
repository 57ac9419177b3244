//! Misses that the second level is asked about, before and after the source.

use std::sync::Arc;
use std::time::Duration;

use auth_core::draw;

use super::engine::Engine;
use super::job::Job;
use super::key::{Key, Keyed, Value};
use super::second::SecondLevel;
use super::settle::OfTier;
use super::ttl::Moment;
use crate::tier::{Acquired, Ask, Fill, Nonce, Record, TierError};

/// The right to fill a key of the tier.
#[derive(Debug)]
pub(crate) struct Lease(Fill);

/// How often one asks again for what another process is loading.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl<K: Key, V: Value> Engine<K, V> {
    /// Whether the tier is to be asked about a key before the source.
    pub(crate) fn may_share(&self, key: &Keyed<K>) -> bool {
        let Some(second) = &self.second else {
            return false;
        };
        !second.owed.is_owed(key.hash, &self.tags_of(&key.key))
    }

    /// Asks the tier about a batch of misses.
    pub(crate) async fn acquire(self: &Arc<Self>, jobs: Vec<Job<K, V>>) {
        let Some(second) = &self.second else {
            return self.ask_source_for(jobs);
        };
        let asked = self.moment();
        let (jobs, asks) = self.asks(second, jobs, asked);
        if asks.is_empty() {
            return;
        }
        let Some(permit) = second.permit(asked) else {
            self.counters.tier_skipped.one();
            return self.ask_source_for(jobs);
        };
        let answer = in_time(second, second.tier.acquire(&second.space, &asks)).await;
        second.end(permit, answer.is_ok(), self.moment());
        let answers = match answer {
            Ok(answers) if answers.len() == asks.len() => answers,
            _ => {
                self.counters.tier_failures.one();
                return self.ask_source_for(jobs);
            }
        };
        let mut held = Vec::new();
        for ((mut job, ask), answer) in jobs.into_iter().zip(asks).zip(answers) {
            match answer {
                Acquired::Found(record) => held.extend(self.found(second, job, &record, asked)),
                Acquired::Granted(versions) => {
                    self.counters.tier_misses.one();
                    job.lease = Lease::new(ask, versions);
                    self.ask_source(job);
                }
                Acquired::Held => held.push(job),
            }
        }
        self.wait_for_others(second, held);
    }

    /// What the tier is asked, of each job that it can be asked about. The source is
    /// asked about the others: for want of randomness, or of a key that can be written.
    fn asks(
        self: &Arc<Self>,
        second: &SecondLevel<K, V>,
        jobs: Vec<Job<K, V>>,
        now: Moment,
    ) -> (Vec<Job<K, V>>, Vec<Ask>) {
        let mut asks = Vec::with_capacity(jobs.len());
        let mut asking = Vec::with_capacity(jobs.len());
        for job in jobs {
            match self.ask(second, &job, now) {
                Some(ask) => {
                    asks.push(ask);
                    asking.push(job);
                }
                None => self.ask_source(job),
            }
        }
        (asking, asks)
    }

    fn ask(&self, second: &SecondLevel<K, V>, job: &Job<K, V>, now: Moment) -> Option<Ask> {
        let key = &job.key.key;
        let tags = self.tags.as_ref().map(|tags| tags(key));
        Some(Ask {
            key: second.codec.write_key(key)?.into(),
            tags: tags.unwrap_or_default(),
            nonce: Nonce(draw(&*self.random).ok()?),
            lease: self.rules.load_deadline,
            at_least: job.renews.map_or(Duration::ZERO, |end| end.since(now)),
        })
    }

    /// Takes what the tier has. Gives the job back if that cannot be read, and somebody
    /// else is loading it.
    fn found(
        self: &Arc<Self>,
        second: &SecondLevel<K, V>,
        mut job: Job<K, V>,
        record: &Record,
        asked: Moment,
    ) -> Option<Job<K, V>> {
        let Some(value) = second.codec.read(&record.value) else {
            return self.cannot_be_read(job);
        };
        self.counters.tier_hits.one();
        let of = OfTier {
            asked,
            lives: record.lives,
            age: record.age,
            cost: record.cost,
        };
        self.settle_found(&mut job, value, of);
        None
    }

    /// What cannot be read is loaded like what is missing, by one of all processes: asked
    /// for as if it ended too soon, the value is given only to who does not get the lease.
    fn cannot_be_read(self: &Arc<Self>, mut job: Job<K, V>) -> Option<Job<K, V>> {
        if job.renews == Some(Moment::NEVER) {
            job.renews = None;
            return Some(job);
        }
        if job.held_since.is_none() {
            self.counters.tier_unreadable.one();
        }
        job.renews = Some(Moment::NEVER);
        self.dispatch(job);
        None
    }

    fn ask_source_for(self: &Arc<Self>, jobs: Vec<Job<K, V>>) {
        for job in jobs {
            self.ask_source(job);
        }
    }

    /// Asks again a little later, or the source if it has been too long.
    fn wait_for_others(self: &Arc<Self>, second: &SecondLevel<K, V>, jobs: Vec<Job<K, V>>) {
        let now = self.moment();
        let mut waiting = Vec::new();
        let mut pause = LONGEST_PAUSE;
        for mut job in jobs {
            let since = *job.held_since.get_or_insert_with(|| {
                self.counters.lease_waits.one();
                now
            });
            if now.since(since) >= second.rules.lease_patience {
                self.ask_source(job);
            } else {
                job.pause = (job.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                pause = pause.min(job.pause);
                waiting.push(job);
            }
        }
        if waiting.is_empty() {
            return;
        }
        let engine = Arc::clone(self);
        drop(self.runtime.spawn(async move {
            tokio::time::sleep(pause).await;
            for job in waiting {
                engine.dispatch(job);
            }
        }));
    }

    /// Tells the tier how loads ended that it had granted the lease of.
    pub(crate) fn fill(self: &Arc<Self>, fills: impl IntoIterator<Item = Fill>) {
        let fills: Vec<Fill> = fills.into_iter().collect();
        if fills.is_empty() {
            return;
        }
        let engine = Arc::clone(self);
        drop(self.runtime.spawn(async move {
            let Some(second) = &engine.second else {
                return;
            };
            let Some(permit) = second.permit(engine.moment()) else {
                engine.counters.tier_skipped.one();
                return;
            };
            let answer = in_time(second, second.tier.fill(&second.space, &fills)).await;
            second.end(permit, answer.is_ok(), engine.moment());
            let Ok(were_held) = answer else {
                engine.counters.tier_failures.one();
                return;
            };
            for (fill, was_held) in fills.iter().zip(were_held) {
                if fill.record.is_some() && was_held {
                    engine.counters.tier_fills.one();
                } else if !was_held {
                    engine.counters.tier_fills_refused.one();
                }
            }
        }));
    }
}

impl Lease {
    /// None, if the tier did not say the version of each tag: without them nobody
    /// could tell later whether the value is good.
    fn new(ask: Ask, versions: Vec<u64>) -> Option<Self> {
        (versions.len() == ask.tags.len()).then(|| {
            Self(Fill {
                key: ask.key,
                nonce: ask.nonce,
                tags: ask.tags.into_iter().zip(versions).collect(),
                record: None,
            })
        })
    }

    /// The end of the load, with what is to be stored.
    pub(crate) fn end(self, record: Option<Record>) -> Fill {
        Fill { record, ..self.0 }
    }
}

/// A call of the tier, within its deadline.
pub(crate) async fn in_time<K: Key, V: Value, T>(
    second: &SecondLevel<K, V>,
    call: impl Future<Output = Result<T, TierError>>,
) -> Result<T, TierError> {
    match tokio::time::timeout(second.rules.deadline, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(TierError::new(elapsed)),
    }
}
