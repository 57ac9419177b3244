//! The fence and the flights on primitives whose schedule is chosen: many
//! interleavings of a few reads, a write and an invalidation.
//!
//! `AUTH_CACHE_SCHEDULES` sets how many of each; 100 000 is a soak.

use std::sync::Arc;

use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicU64, Ordering};
use shuttle::{future, thread};

use super::fence::{Epoch, Fence, TagStripe};
use super::single_flight::{Flights, Join};
use crate::tiered::key::Keyed;
use crate::tiered::sync::{Counter, Lock, Primitives};

#[derive(Debug)]
struct Scheduled;

impl Primitives for Scheduled {
    type Lock<T: Send + 'static> = Mutex<T>;
    type Counter = AtomicU64;
}

impl<T: Send + 'static> Lock<T> for Mutex<T> {
    fn new(value: T) -> Self {
        Self::new(value)
    }

    fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.lock().unwrap())
    }
}

impl Counter for AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn load(&self) -> u64 {
        self.load(Ordering::SeqCst)
    }

    fn next(&self) -> u64 {
        self.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn raise(&self, value: u64) {
        self.fetch_max(value, Ordering::SeqCst);
    }
}

const KEY: Keyed<u8> = Keyed { hash: 0, key: 0 };
const TAG: u64 = 0;

/// What was read, in which epoch.
type Read = (u64, Epoch);

/// A cache of one key, of the parts that are under test.
struct Model {
    source: AtomicU64,
    kept: Mutex<Option<Read>>,
    fence: Fence<Scheduled>,
    flights: Flights<u8, Read, Scheduled>,
    loads: AtomicU64,
    has_tag: bool,
}

impl Model {
    fn new(has_tag: bool) -> Arc<Self> {
        Arc::new(Self {
            source: AtomicU64::new(0),
            kept: Mutex::new(None),
            fence: Fence::with_stripes(1, 1),
            flights: Flights::with_shards(1),
            loads: AtomicU64::new(0),
            has_tag,
        })
    }

    fn tags(&self) -> Vec<TagStripe> {
        self.has_tag
            .then(|| TagStripe::of(TAG))
            .into_iter()
            .collect()
    }

    fn kept(&self) -> Option<u64> {
        let (value, epoch) = (*self.kept.lock().unwrap())?;
        let is_current = self.fence.is_current(epoch, &self.tags());
        is_current.then_some(value)
    }

    /// As the cache does it, with the load in the caller's own thread.
    fn read(&self) -> u64 {
        let since = self.fence.epoch();
        loop {
            if let Some(value) = self.kept() {
                return value;
            }
            let flight = match self.flights.join(&KEY, &self.fence, || self.kept()) {
                Join::Known(value) => return value,
                Join::Follow(flight) => flight,
                Join::Lead(flight) => {
                    self.loads.fetch_add(1, Ordering::SeqCst);
                    let value = (self.source.load(Ordering::SeqCst), flight.epoch);
                    let keep = || *self.kept.lock().unwrap() = Some(value);
                    self.fence.admit(KEY.hash, flight.epoch, &self.tags(), keep);
                    self.flights.finish(&KEY, &flight, value);
                    flight
                }
            };
            let (value, epoch) = future::block_on(flight.outcome());
            if epoch >= since || self.fence.is_current(epoch, &self.tags()) {
                return value;
            }
        }
    }

    fn change(&self, invalidate: impl FnOnce(&Self)) -> u64 {
        let value = self.source.fetch_add(1, Ordering::SeqCst) + 1;
        invalidate(self);
        value
    }

    fn invalidate(&self) {
        let forget = || *self.kept.lock().unwrap() = None;
        self.fence.invalidate(KEY.hash, forget);
    }
}

fn often(model: impl Fn() + Send + Sync + 'static) {
    let set = std::env::var("AUTH_CACHE_SCHEDULES").ok();
    let schedules = set.and_then(|it| it.parse().ok()).unwrap_or(1_000);
    shuttle::check_random(model, schedules);
}

fn no_read_is_stale(has_tag: bool, invalidate: fn(&Model)) {
    often(move || {
        let model = Model::new(has_tag);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.read())
            })
            .collect();
        let changing = Arc::clone(&model);
        let writer = thread::spawn(move || {
            let least = changing.change(invalidate);
            (least, changing.read())
        });
        let (least, seen) = writer.join().unwrap();
        assert!(seen >= least, "read {seen} after {least} was invalidated");
        assert!(model.read() >= least);
        for reader in readers {
            reader.join().unwrap();
        }
        assert!(model.read() >= least);
        assert_eq!(model.flights.len(), 0);
    });
}

#[test]
fn no_value_from_before_an_invalidation_is_read_after_it() {
    no_read_is_stale(false, Model::invalidate);
}

#[test]
fn no_value_from_before_a_tag_s_invalidation_is_read_after_it() {
    no_read_is_stale(true, |model| {
        model.fence.invalidate_tag(TagStripe::of(TAG));
    });
}

#[test]
fn no_value_from_before_a_clearing_is_read_after_it() {
    no_read_is_stale(false, |model| model.fence.clear());
}

/// The control: the same model, and a cache that keeps what it loaded without
/// asking the fence.
#[test]
#[should_panic(expected = "was invalidated")]
fn without_the_fence_the_model_finds_a_stale_read() {
    often(|| {
        let model = Model::new(false);
        let loading = Arc::clone(&model);
        let reader = thread::spawn(move || {
            let value = loading.source.load(Ordering::SeqCst);
            *loading.kept.lock().unwrap() = Some((value, loading.fence.epoch()));
        });
        let least = model.change(Model::invalidate);
        reader.join().unwrap();
        let seen = model.read();
        assert!(seen >= least, "read {seen} after {least} was invalidated");
    });
}

#[test]
fn whoever_comes_before_anything_is_invalidated_shares_one_load() {
    often(|| {
        let model = Model::new(true);
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let model = Arc::clone(&model);
                thread::spawn(move || model.read())
            })
            .collect();
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(model.loads.load(Ordering::SeqCst), 1);
    });
}

/// A write is alone, or nothing is kept: never the value of the one that was
/// overtaken at the source.
#[test]
fn of_two_writes_at_once_the_cache_keeps_the_last_or_neither() {
    often(|| {
        let model = Model::new(false);
        let writers: Vec<_> = (1..=2)
            .map(|value| {
                let model = Arc::clone(&model);
                thread::spawn(move || {
                    let keep = |value| *model.kept.lock().unwrap() = value;
                    let (begun, ()) = model.fence.invalidate(KEY.hash, || keep(None));
                    model.source.store(value, Ordering::SeqCst);
                    let written = Some((value, begun));
                    let end = (|| keep(written), || keep(None));
                    model.fence.end_write(KEY.hash, begun, end.0, end.1);
                })
            })
            .collect();
        let reading = Arc::clone(&model);
        let reader = thread::spawn(move || reading.read());
        for writer in writers {
            writer.join().unwrap();
        }
        reader.join().unwrap();
        assert_eq!(model.read(), model.source.load(Ordering::SeqCst));
    });
}
