//! Loads: from a miss to the loader, and from its answer to those who wait.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use auth_core::Now;

use super::engine::{Engine, Outcome};
use super::guard::single_flight::Flight;
use super::guard::stale_if_error::RETRY_AFTER;
use super::key::{Key, Keyed, Value};
use super::lane::Pushed;
use super::loader::Loaded;
use super::noise::Noise;
use super::sync::Std;
use super::ttl::Moment;
use super::unavailable::{Reason, Unavailable};

/// A key to be loaded. Whoever has it sees to it that its flight ends.
pub(crate) struct Job<K: Key, V: Value> {
    pub(crate) key: Keyed<K>,
    pub(crate) flight: Arc<Flight<Outcome<V>, Std>>,
    pub(crate) deadline: Moment,
}

/// Answers to a batch of keys, and when they were asked for.
pub(crate) struct Answers<V> {
    pub(crate) values: Vec<Option<Loaded<V>>>,
    pub(crate) began: Moment,
    pub(crate) cost: Duration,
}

impl<K: Key, V: Value> Job<K, V> {
    pub(crate) fn new(
        engine: &Engine<K, V>,
        key: Keyed<K>,
        flight: &Arc<Flight<Outcome<V>, Std>>,
        now: Now,
    ) -> Self {
        Self {
            key,
            flight: Arc::clone(flight),
            deadline: Moment::of(now.mono) + engine.rules.load_deadline,
        }
    }
}

impl<K: Key, V: Value> Engine<K, V> {
    /// Sees to it that a key is loaded.
    pub(crate) fn dispatch(self: &Arc<Self>, job: Job<K, V>) {
        self.ask_source(job);
    }

    /// Puts a key in line for the source.
    pub(crate) fn ask_source(self: &Arc<Self>, job: Job<K, V>) {
        match self.source.push(job) {
            Pushed::Queued => {}
            Pushed::Start => self.start_worker(),
            Pushed::Full(job) => {
                self.counters.overloaded.one();
                self.fail(&job, &Unavailable::new(Reason::Overloaded));
            }
        }
    }

    fn start_worker(self: &Arc<Self>) {
        // Made before the task: a runtime that is shutting down drops the task
        // unpolled, and those who wait must hear of it.
        let worker = Worker {
            engine: Arc::clone(self),
            stage: Stage::Queued,
        };
        drop(self.runtime.spawn(work(worker)));
    }

    /// Ends a load that brought nothing.
    pub(crate) fn fail(&self, job: &Job<K, V>, why: &Unavailable) {
        self.counters.load_failures.one();
        if let Some(entry) = self.values.get(&job.key.probe()) {
            entry.note_failure(self.moment(), RETRY_AFTER);
        }
        self.flights.finish(&job.key, &job.flight, Err(why.clone()));
    }
}

/// One of those who call the loader. Lost to a panic, the next one takes its place.
struct Worker<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
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
    if worker.engine.loader.most_keys() > 1 {
        // Those who are about to miss come first, into the same batch.
        tokio::task::yield_now().await;
    }
    while let Some(jobs) = worker.engine.source.take() {
        load(&worker.engine, jobs).await;
    }
    worker.stage = Stage::Done;
}

async fn load<K: Key, V: Value>(engine: &Arc<Engine<K, V>>, jobs: Vec<Job<K, V>>) {
    let began = engine.moment();
    let (jobs, late): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| began < job.deadline);
    let timed_out = Unavailable::new(Reason::LoadTimedOut);
    for job in late {
        engine.fail(&job, &timed_out);
    }
    let Some(deadline) = jobs.iter().map(|job| job.deadline).min() else {
        return;
    };
    let keys: Vec<K> = jobs.iter().map(|job| job.key.key.clone()).collect();
    let mut waiting = Waiting {
        engine,
        jobs: jobs.into(),
    };
    engine.counters.load_calls.one();
    engine.counters.loads.many(keys.len());
    let asked = engine.loader.load(&keys);
    let answer = tokio::time::timeout(deadline.since(began), asked).await;
    let cost = engine.moment().since(began);
    let outcome = match answer {
        Err(_) => Err(timed_out),
        Ok(Err(source)) => Err(Unavailable::because(Reason::Source, source)),
        Ok(Ok(values)) if values.len() != keys.len() => Err(Unavailable::because(
            Reason::Source,
            format!("{} answers for {} keys", values.len(), keys.len()),
        )),
        Ok(Ok(values)) => Ok(Answers {
            values,
            began,
            cost,
        }),
    };
    match outcome {
        Ok(answers) => waiting.settle(answers),
        Err(why) => waiting.fail(&why),
    }
}

/// The keys that a call of the loader is about: whatever becomes of it, those who
/// wait are told.
struct Waiting<'a, K: Key, V: Value> {
    engine: &'a Arc<Engine<K, V>>,
    jobs: VecDeque<Job<K, V>>,
}

impl<K: Key, V: Value> Waiting<'_, K, V> {
    fn settle(&mut self, answers: Answers<V>) {
        let mut noise = Noise::new(&*self.engine.random);
        for value in answers.values {
            // It stays in line until it is settled: weighers and tags are the
            // application's, and may panic.
            let Some(job) = self.jobs.front() else {
                return;
            };
            self.engine
                .settle(job, value, answers.began, answers.cost, &mut noise);
            self.jobs.pop_front();
        }
    }

    fn fail(&mut self, why: &Unavailable) {
        for job in self.jobs.drain(..) {
            self.engine.fail(&job, why);
        }
    }
}

impl<K: Key, V: Value> Drop for Waiting<'_, K, V> {
    fn drop(&mut self) {
        self.fail(&Unavailable::new(lost()));
    }
}

impl<K: Key, V: Value> Drop for Worker<K, V> {
    fn drop(&mut self) {
        if self.stage == Stage::Done {
            return;
        }
        let jobs = self.engine.source.abandon();
        let may_go_on = self.stage == Stage::Running && thread::panicking();
        for job in jobs {
            if may_go_on {
                self.engine.ask_source(job);
            } else {
                self.engine.fail(&job, &Unavailable::new(lost()));
            }
        }
    }
}

/// Why a task of ours ended before its time.
fn lost() -> Reason {
    if thread::panicking() {
        Reason::Panicked
    } else {
        Reason::ShutDown
    }
}
