//! The one who fetches, in the background: callers only wait for it, so one
//! that gives up waiting neither stops a fetch nor causes another.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use auth_core::key::{Backend, KeyEpoch, KeySet};
use auth_core::{Clock, Monotonic, SecureRandom, draw};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use url::Url;

use super::fetch::{self, Fetch};
use super::read::{Read, RefreshError, Reporter, read};
use super::state::{State, micros};

/// What the task and its handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) url: Url,
    pub(super) fetch: Arc<dyn Fetch>,
    /// What the keys are prepared for.
    pub(super) backend: Backend,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn SecureRandom>,
    pub(super) state: RwLock<State>,
    pub(super) epoch: KeyEpoch,
    /// A fetch is due before its time.
    pub(super) due: Notify,
}

impl Shared {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which set of keys is known and believed now.
    pub(super) fn epoch(&self) -> u64 {
        let current = || self.epoch.current(|| micros(self.clock.now().mono));
        current().unwrap_or_else(|| {
            let _state = self.write();
            current().unwrap_or_else(|| {
                // They have become too old.
                self.epoch.advance(None);
                current().unwrap_or_default()
            })
        })
    }

    /// The fetch that began at `since` ended. Gives its number.
    fn end(&self, set: Option<KeySet>, since: Monotonic) -> u64 {
        let mut state = self.write();
        let is_good = set.is_some();
        let number = state.end(set, since);
        if is_good {
            self.epoch.advance(state.changes_at());
        }
        number
    }
}

/// Fetches whenever it is time, until it is aborted. `ended` is told the number
/// of each fetch that ended.
pub(super) async fn run(shared: Arc<Shared>, ended: watch::Sender<u64>) {
    let mut reporter = Reporter::new(shared.url.to_string());
    loop {
        shared.write().schedule.begin();
        let began = shared.clock.now().mono;
        let set = reporter.report(attempt(&shared).await);
        let number = shared.end(set, began);
        ended.send_replace(number);
        pause(&shared).await;
    }
}

async fn attempt(shared: &Arc<Shared>) -> Result<Read, RefreshError> {
    // A task of its own, that a panic in it ends no more than this fetch; in a
    // set, that it ends with us.
    let mut task = JoinSet::new();
    let (port, url) = (shared.fetch.clone(), shared.url.clone());
    let backend = shared.backend;
    task.spawn(async move { read(&fetch::fetch(&*port, &url).await?, backend) });
    match task.join_next().await {
        Some(Ok(outcome)) => outcome,
        _ => Err(RefreshError::Panicked),
    }
}

/// Waits for the time of the next fetch, or for one to be due before it.
async fn pause(shared: &Shared) {
    // Without randomness there is no jitter, and no harm.
    let [noise] = draw(&*shared.random).unwrap_or_default();
    let pause = shared.read().schedule.pause(noise);
    let time = tokio::time::sleep(pause);
    tokio::pin!(time);
    loop {
        tokio::select! {
            () = &mut time => return,
            () = shared.due.notified() => {
                // A word that came too late is about a fetch that was begun.
                if shared.read().schedule.is_due() {
                    return;
                }
            }
        }
    }
}
