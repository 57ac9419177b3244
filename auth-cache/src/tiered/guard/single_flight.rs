//! # Single flight
//!
//! **Prevents** a stampede: ten thousand requests that miss one key at once, and
//! ten thousand queries for it.
//!
//! **How.** The first to miss a key begins a load of it; whoever misses it until
//! that load ends waits for the same answer. The load runs in a task of the
//! cache: a caller that gives up, at its deadline or because its own caller did,
//! takes nobody's answer away. A load that panics, is aborted, or outlives its
//! runtime answers "unavailable", and the key is free for the next one.
//!
//! A caller does not wait for a load that began before an invalidation which the
//! caller came after ([fence](super::fence)): then two loads of one key run at
//! once, the older of which nobody new waits for.
//!
//! **Switch**: on; [`without_single_flight`] makes each miss load by itself.
//!
//! **Metric**: [`CacheStats::coalesced`] counts callers that waited for another's
//! load, [`CacheStats::loads`] the keys that were loaded.
//!
//! **What it does not do.** It is per process; across processes there is the
//! [lease](super::lease). "Unavailable" is shared by those who wait, and not kept:
//! the next caller tries again.
//!
//! [`without_single_flight`]: crate::tiered::CacheBuilder::without_single_flight
//! [`CacheStats::coalesced`]: crate::tiered::CacheStats::coalesced
//! [`CacheStats::loads`]: crate::tiered::CacheStats::loads

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::fence::{Epoch, Fence};
use crate::tiered::key::{AsIs, Key, Keyed, Value, stripe};
use crate::tiered::sync::{Lock, Primitives};

const SHARDS: usize = 64;

/// The loads that are under way, by key.
pub(crate) struct Flights<K: Key, T: Value, S: Primitives> {
    shards: Box<[Shard<K, T, S>]>,
}

type Shard<K, T, S> = <S as Primitives>::Lock<HashMap<Keyed<K>, Arc<Flight<T, S>>, AsIs>>;

/// A load that is under way, and those who wait for it.
pub(crate) struct Flight<T: Value, S: Primitives> {
    /// The epoch it began in.
    pub(crate) epoch: Epoch,
    state: S::Lock<State<T>>,
}

/// What there is to wait for.
pub(crate) enum Join<T: Value, S: Primitives, N> {
    /// Nobody loads it: the caller sees to it that somebody does, and that the
    /// flight is [finished](Flights::finish) whatever happens.
    Lead(Arc<Flight<T, S>>),
    /// Somebody loads it.
    Follow(Arc<Flight<T, S>>),
    /// It was loaded a moment ago.
    Known(N),
}

impl<K: Key, T: Value, S: Primitives> Flights<K, T, S> {
    pub(crate) fn new() -> Self {
        Self::with_shards(SHARDS)
    }

    pub(crate) fn with_shards(count: usize) -> Self {
        let shards = (0..count).map(|_| Lock::new(HashMap::default()));
        Self {
            shards: shards.collect(),
        }
    }

    /// Joins the load of `key`, or begins one. `known` looks once more whether it
    /// is there: one who looked before the last load ended comes here after it.
    pub(crate) fn join<N>(
        &self,
        key: &Keyed<K>,
        fence: &Fence<S>,
        known: impl FnOnce() -> Option<N>,
    ) -> Join<T, S, N> {
        self.shard(key).with(|flights| {
            let under_way = flights.get(key);
            if let Some(flight) = under_way
                && fence.may_join(key.hash, flight.epoch)
            {
                return Join::Follow(Arc::clone(flight));
            }
            if let Some(known) = known() {
                return Join::Known(known);
            }
            let flight = Flight::new(fence.epoch());
            flights.insert(key.clone(), Arc::clone(&flight));
            Join::Lead(flight)
        })
    }

    /// Gives `outcome` to all who wait. What is to be kept of it was kept before:
    /// who comes now finds either the flight or that. Only the first outcome
    /// counts.
    pub(crate) fn finish(&self, key: &Keyed<K>, flight: &Arc<Flight<T, S>>, outcome: T) {
        let removed = self.shard(key).with(|flights| {
            let is_it = flights
                .get(key)
                .is_some_and(|known| Arc::ptr_eq(known, flight));
            is_it.then(|| flights.remove_entry(key))
        });
        drop(removed);
        flight.finish(outcome);
    }

    pub(crate) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.with(|flights| flights.len()))
            .sum()
    }

    fn shard(&self, key: &Keyed<K>) -> &Shard<K, T, S> {
        &self.shards[stripe(key.hash, self.shards.len())]
    }
}

impl<T: Value, S: Primitives> Flight<T, S> {
    /// A flight that nobody finds.
    pub(crate) fn new(epoch: Epoch) -> Arc<Self> {
        Arc::new(Self {
            epoch,
            state: Lock::new(State::default()),
        })
    }

    pub(crate) fn outcome(self: &Arc<Self>) -> Waiting<T, S> {
        Waiting {
            flight: Arc::clone(self),
            place: None,
        }
    }

    fn finish(&self, outcome: T) {
        let (wakers, refused) = self.state.with(|state| {
            if state.outcome.is_some() {
                return (Vec::new(), Some(outcome));
            }
            state.outcome = Some(outcome);
            (std::mem::take(&mut state.wakers), None)
        });
        // Values and wakers are others' code, which may come back here.
        drop(refused);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

struct State<T> {
    outcome: Option<T>,
    /// Of those who wait, each at its place.
    wakers: Vec<Option<Waker>>,
    /// The places of those who gave up.
    free: Vec<usize>,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self {
            outcome: None,
            wakers: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T: Clone> State<T> {
    fn poll(&mut self, place: &mut Option<usize>, waker: &Waker) -> Poll<T> {
        if let Some(outcome) = &self.outcome {
            return Poll::Ready(outcome.clone());
        }
        let at = *place.get_or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.wakers.push(None);
                self.wakers.len() - 1
            })
        });
        match &mut self.wakers[at] {
            Some(known) if known.will_wake(waker) => {}
            other => *other = Some(waker.clone()),
        }
        Poll::Pending
    }

    fn leave(&mut self, place: usize) -> Option<Waker> {
        let waker = self.wakers.get_mut(place)?.take();
        self.free.push(place);
        waker
    }
}

/// Waits for the outcome of a flight.
pub(crate) struct Waiting<T: Value, S: Primitives> {
    flight: Arc<Flight<T, S>>,
    place: Option<usize>,
}

impl<T: Value, S: Primitives> Future for Waiting<T, S> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        let place = &mut this.place;
        this.flight
            .state
            .with(|state| state.poll(place, cx.waker()))
    }
}

impl<T: Value, S: Primitives> Drop for Waiting<T, S> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            drop(self.flight.state.with(|state| state.leave(place)));
        }
    }
}

impl<K: Key, T: Value, S: Primitives> fmt::Debug for Flights<K, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights")
            .field("under_way", &self.len())
            .finish()
    }
}
