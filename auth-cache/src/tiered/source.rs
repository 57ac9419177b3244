//! Loads: from a miss to the loader, and from its answer to those who wait.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::engine::Engine;
use super::job::{Job, fail_all};
use super::key::{Key, Value};
use super::lane::{Lane, Pushed};
use super::loader::Loaded;
use super::noise::Noise;
use super::settle::OfSource;
use super::unavailable::{Reason, Unavailable};

/// Whom a worker asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Source,
    Tier,
}

impl Which {
    /// How long a batch gathers at the most: a thousand tasks that miss something take less,
    /// and what is asked about them takes as long.
    const fn longest_gathering(self) -> Duration {
        match self {
            Self::Source => Duration::from_millis(8),
            Self::Tier => Duration::from_millis(2),
        }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Sees to it that a key is loaded.
    pub(crate) fn dispatch(self: &Arc<Self>, job: Job<K, V>) {
        if self.may_share(&job.key) {
            self.queue(job, Which::Tier);
        } else {
            self.ask_source(job);
        }
    }

    /// Puts a key in line for the source.
    pub(crate) fn ask_source(self: &Arc<Self>, job: Job<K, V>) {
        self.queue(job, Which::Source);
    }

    fn queue(self: &Arc<Self>, job: Job<K, V>, which: Which) {
        match self.lane(which).push(job) {
            Pushed::Queued => {}
            Pushed::Start => self.start_worker(which),
            Pushed::Full(mut job) => {
                self.counters.overloaded.one();
                job.fail(&Unavailable::new(Reason::Overloaded));
            }
        }
    }

    fn lane(&self, which: Which) -> &Lane<Job<K, V>> {
        match (which, &self.second) {
            (Which::Tier, Some(second)) => &second.lane,
            _ => &self.source,
        }
    }

    fn start_worker(self: &Arc<Self>, which: Which) {
        // Made before the task: a runtime that is shutting down drops the task
        // unpolled, and the jobs must not stay in line.
        let worker = Worker {
            engine: Arc::clone(self),
            which,
            stage: Stage::Queued,
        };
        drop(self.runtime.spawn(work(worker)));
    }

    /// Leaves those that nobody waits for any more.
    fn still_in_time(&self, jobs: Vec<Job<K, V>>) -> Vec<Job<K, V>> {
        let now = self.moment();
        let (jobs, late) = jobs.into_iter().partition(|job| now < job.deadline);
        fail_all(late, &Unavailable::new(Reason::LoadTimedOut));
        jobs
    }
}

/// One of those who ask. Lost to a panic, another takes its place.
struct Worker<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    which: Which,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Queued,
    Running,
    Done,
}

async fn work<K: Key, V: Value>(mut worker: Worker<K, V>) {
    worker.stage = Stage::Running;
    let (engine, which) = (Arc::clone(&worker.engine), worker.which);
    let in_batches = which == Which::Tier || engine.loader.most_keys() > 1;
    loop {
        if in_batches {
            gathered(&engine, which).await;
        }
        let Some(jobs) = engine.lane(which).take() else {
            break;
        };
        let jobs = engine.still_in_time(jobs);
        match which {
            Which::Source => load(&engine, jobs).await,
            Which::Tier => engine.acquire(jobs).await,
        }
    }
    worker.stage = Stage::Done;
}

/// Lets others who are ready have a turn, since they may be about to miss something that
/// goes into the same batch; and again while that brings more into line, or somebody else
/// takes it, but not for long.
async fn gathered<K: Key, V: Value>(engine: &Engine<K, V>, which: Which) {
    let lane = engine.lane(which);
    let until = engine.moment() + which.longest_gathering();
    let mut before = lane.waiting();
    // Of one such turn those who were just woken may have had none.
    let mut turns_for_nothing = 0;
    while before < lane.most_jobs() && turns_for_nothing < 2 && engine.moment() <= until {
        tokio::task::yield_now().await;
        let waiting = lane.waiting();
        turns_for_nothing = if waiting == before {
            turns_for_nothing + 1
        } else {
            0
        };
        before = waiting;
    }
}

async fn load<K: Key, V: Value>(engine: &Arc<Engine<K, V>>, jobs: Vec<Job<K, V>>) {
    let Some(deadline) = jobs.iter().map(|job| job.deadline).min() else {
        return;
    };
    let began = engine.moment();
    let keys: Vec<K> = jobs.iter().map(|job| job.key.key.clone()).collect();
    engine.counters.load_calls.one();
    engine.counters.loads.many(keys.len());
    let asked = engine.loader.load(&keys);
    let answer = tokio::time::timeout(deadline.since(began), asked).await;
    let now = engine.moment();
    let why = match answer {
        Ok(Ok(values)) if values.len() == keys.len() => {
            let cost = now.since(began);
            return settle(engine, jobs, values, OfSource { began, cost, now });
        }
        Ok(Ok(values)) => {
            let answers = format!("{} answers for {} keys", values.len(), keys.len());
            Unavailable::because(Reason::Source, answers)
        }
        Ok(Err(source)) => Unavailable::because(Reason::Source, source),
        Err(_) => Unavailable::new(Reason::LoadTimedOut),
    };
    fail_all(jobs, &why);
}

fn settle<K: Key, V: Value>(
    engine: &Arc<Engine<K, V>>,
    jobs: Vec<Job<K, V>>,
    values: Vec<Option<Loaded<V>>>,
    of: OfSource,
) {
    let mut noise = Noise::new(&*engine.random);
    let mut fills = Vec::new();
    for (mut job, value) in jobs.into_iter().zip(values) {
        fills.extend(engine.settle(&mut job, value, of, &mut noise));
    }
    engine.fill(fills);
}

impl<K: Key, V: Value> Drop for Worker<K, V> {
    fn drop(&mut self) {
        if self.stage == Stage::Done {
            return;
        }
        let jobs = self.engine.lane(self.which).abandon();
        if self.stage == Stage::Running && thread::panicking() {
            for job in jobs {
                self.engine.queue(job, self.which);
            }
        }
    }
}
