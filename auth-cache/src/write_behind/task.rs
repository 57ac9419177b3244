//! The one who writes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::{Full, WriteBehindStats};
use crate::tiered::{BoxError, Key, Reason, Unavailable, Value};

pub(super) type Written = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
pub(super) type Write<K, T> = Box<dyn Fn(Vec<(K, T)>) -> Written + Send + Sync>;
pub(super) type Merge<T> = Box<dyn Fn(&mut T, T) + Send + Sync>;

#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) interval: Duration,
    pub(super) most_at_once: usize,
    pub(super) capacity: usize,
    pub(super) deadline: Duration,
}

/// What the handles and the task share.
pub(super) struct Shared<K, T> {
    pub(super) name: Arc<str>,
    write: Write<K, T>,
    merge: Merge<T>,
    rules: Rules,
    runtime: Handle,
    state: Mutex<State<K, T>>,
    /// One writes at a time, so that an older value is never written after a newer.
    writing: tokio::sync::Mutex<()>,
    due: Notify,
}

struct State<K, T> {
    waiting: HashMap<K, T>,
    is_closed: bool,
    stats: WriteBehindStats,
}

impl<K: Key, T: Value> Shared<K, T> {
    pub(super) fn new(
        name: Arc<str>,
        write: Write<K, T>,
        merge: Merge<T>,
        rules: Rules,
        runtime: Handle,
    ) -> Self {
        Self {
            name,
            write,
            merge,
            rules,
            runtime,
            state: Mutex::new(State {
                waiting: HashMap::new(),
                is_closed: false,
                stats: WriteBehindStats::default(),
            }),
            writing: tokio::sync::Mutex::new(()),
            due: Notify::new(),
        }
    }

    pub(super) fn put(&self, key: K, value: T) -> Result<(), Full> {
        let mut state = self.state();
        state.stats.put += 1;
        let has_room = state.waiting.len() < self.rules.capacity;
        match state.waiting.entry(key) {
            Entry::Occupied(mut old) => (self.merge)(old.get_mut(), value),
            Entry::Vacant(place) if has_room => {
                place.insert(value);
            }
            Entry::Vacant(_) => {
                state.stats.refused += 1;
                return Err(Full);
            }
        }
        if state.waiting.len() >= self.rules.most_at_once {
            self.due.notify_one();
        }
        Ok(())
    }

    pub(super) fn stats(&self) -> WriteBehindStats {
        let state = self.state();
        WriteBehindStats {
            waiting: state.waiting.len(),
            ..state.stats
        }
    }

    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.due.notify_one();
    }

    /// Writes what waits, in a task: one who gives up waiting leaves no batch half
    /// written.
    pub(super) async fn flush(self: &Arc<Self>) -> Result<(), Unavailable> {
        let shared = Arc::clone(self);
        let task = self.runtime.spawn(async move { shared.write_all().await });
        task.await
            .unwrap_or_else(|_| Err(Unavailable::new(Reason::ShutDown)))
    }

    async fn write_all(self: &Arc<Self>) -> Result<(), Unavailable> {
        let _alone = self.writing.lock().await;
        // So many and no more: those who put all the time do not keep it here.
        let mut left = self.state().waiting.len();
        while left > 0 {
            let batch = self.take(left.min(self.rules.most_at_once));
            if batch.is_empty() {
                return Ok(());
            }
            left -= batch.len();
            let count = batch.len();
            let written = self.write(batch.clone()).await;
            if let Err(why) = written {
                self.put_back(batch);
                return Err(why);
            }
            self.state().stats.written += u64::try_from(count).unwrap_or(u64::MAX);
        }
        Ok(())
    }

    /// Calls the application's function, in a task of its own: a panic of it is a
    /// failure.
    async fn write(self: &Arc<Self>, batch: Vec<(K, T)>) -> Result<(), Unavailable> {
        let shared = Arc::clone(self);
        let call = async move { (shared.write)(batch).await };
        let mut task = tokio::task::JoinSet::new();
        task.spawn_on(call, &self.runtime);
        match tokio::time::timeout(self.rules.deadline, task.join_next()).await {
            Ok(Some(Ok(Ok(())))) => Ok(()),
            Ok(Some(Ok(Err(error)))) => Err(Unavailable::because(Reason::Source, error)),
            Ok(_) => Err(Unavailable::new(Reason::Panicked)),
            Err(_) => Err(Unavailable::new(Reason::LoadTimedOut)),
        }
    }

    fn take(&self, most: usize) -> Vec<(K, T)> {
        let mut state = self.state();
        let keys: Vec<K> = state.waiting.keys().take(most).cloned().collect();
        let taken = keys.into_iter().map(|key| state.waiting.remove_entry(&key));
        taken.flatten().collect()
    }

    /// Under what has come since.
    fn put_back(&self, batch: Vec<(K, T)>) {
        let mut state = self.state();
        state.stats.failures += 1;
        for (key, mut value) in batch {
            if let Some(newer) = state.waiting.remove(&key) {
                (self.merge)(&mut value, newer);
            }
            state.waiting.insert(key, value);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes every interval, until the last handle is gone.
pub(super) async fn run<K: Key, T: Value>(shared: Arc<Shared<K, T>>) {
    loop {
        // A failure is not hurried by how much waits.
        let pause = tokio::time::sleep(shared.rules.interval);
        tokio::select! {
            () = pause => {}
            () = shared.due.notified() => {}
        }
        let is_closed = shared.state().is_closed;
        let written = shared.write_all().await;
        if is_closed {
            return;
        }
        if written.is_err() {
            tokio::time::sleep(shared.rules.interval).await;
        }
    }
}
