//! The handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
#[cfg(feature = "http")]
use auth_core::Issuer;
use auth_core::key::{KeySet, KeySource, Unavailable};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::builder::RemoteJwksBuilder;
#[cfg(feature = "http")]
use super::discovery::{DiscoverNowError, Discovery};
use super::fetch::Fetch;
use super::schedule::Ask;
use super::task::Shared;

/// The keys of one issuer, fetched from it and kept fresh in the background.
/// Clones share everything; the background task ends with the last of them.
///
/// [The crate](crate) says what is guaranteed, and what is not.
#[derive(Clone)]
pub struct RemoteJwks {
    handle: Arc<Handle>,
}

pub(super) struct Handle {
    pub(super) shared: Arc<Shared>,
    pub(super) ended: watch::Receiver<u64>,
    pub(super) task: AbortHandle,
}

/// How a [`RemoteJwks`] is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JwksStats {
    /// How many fetches were begun.
    pub fetches: u64,
    /// How many of them brought no key set that could be used.
    pub failures: u64,
    /// How many keys are known and not too old.
    pub keys: usize,
    /// The time since the last good fetch began; `None` before it.
    pub age: Option<Duration>,
}

impl RemoteJwks {
    /// Begins a source of the keys at `jwks_url`.
    pub fn builder(jwks_url: &str, fetch: Arc<dyn Fetch>) -> RemoteJwksBuilder {
        RemoteJwksBuilder::new(jwks_url.to_owned(), fetch)
    }

    /// Asks the issuer over HTTPS where its keys are (RFC 8414, `OpenID` Connect
    /// Discovery 1.0), and begins to fetch them, all with defaults. For other
    /// than defaults there is [`Discovery`](super::Discovery).
    ///
    /// # Errors
    /// [`DiscoverNowError`] names what the issuer says wrong, or that it cannot
    /// be asked.
    #[cfg(feature = "http")]
    pub async fn discover(issuer: &Issuer) -> Result<Self, DiscoverNowError> {
        let fetch = Arc::new(super::http::HttpFetch::new()?);
        Ok(Discovery::new(issuer, fetch).find().await?.build()?)
    }

    pub(super) fn new(handle: Handle) -> Self {
        Self {
            handle: Arc::new(handle),
        }
    }

    /// Waits until keys are known, or a fetch has failed: for a readiness
    /// probe, or to find out at the start.
    ///
    /// # Errors
    /// [`Unavailable`] when there are none to be had at present.
    pub async fn ready(&self) -> Result<(), Unavailable> {
        let coming = self.handle.shared.read().schedule.coming();
        match coming {
            Some(number) if self.stats().keys == 0 => self.ended(number).await?,
            _ => {}
        }
        if self.stats().keys == 0 {
            return Err(Unavailable);
        }
        Ok(())
    }

    /// How it is doing.
    pub fn stats(&self) -> JwksStats {
        let shared = &self.handle.shared;
        let now = shared.clock.now().mono;
        let state = shared.read();
        JwksStats {
            fetches: state.schedule.begun(),
            failures: state.schedule.failures(),
            keys: state.keys(now).iter().count(),
            age: state.age(now),
        }
    }

    /// Waits for a fetch to end.
    async fn ended(&self, number: u64) -> Result<(), Unavailable> {
        let mut ended = self.handle.ended.clone();
        // Without a task, as after its runtime, nobody asks any more.
        let seen = ended.wait_for(|last| *last >= number).await;
        seen.map(drop).map_err(|_| Unavailable)
    }

    fn ask(&self) -> Ask {
        let shared = &self.handle.shared;
        let now = shared.clock.now().mono;
        let mut state = shared.write();
        let ask = state.schedule.ask(now);
        if state.schedule.is_due() {
            shared.due.notify_one();
        }
        ask
    }

    fn can_tell(&self) -> Result<(), Unavailable> {
        let shared = &self.handle.shared;
        let can_tell = shared.read().can_tell(shared.clock.now().mono);
        can_tell.then_some(()).ok_or(Unavailable)
    }
}

#[async_trait]
impl KeySource for RemoteJwks {
    fn keys(&self) -> KeySet {
        let shared = &self.handle.shared;
        let now = shared.clock.now().mono;
        shared.read().keys(now)
    }

    /// Another number after each good fetch, and when the keys have become too
    /// old to be believed.
    fn epoch(&self) -> u64 {
        self.handle.shared.epoch()
    }

    /// Looks again, once per cool-down whatever the ids; within it, answers at
    /// once.
    ///
    /// # Errors
    /// [`Unavailable`] when the issuer could not be asked last time, or shows
    /// no key at all: whether it has such a key cannot be said.
    async fn refresh(&self, unknown: &str) -> Result<(), Unavailable> {
        // The fetch that was under way may have begun before the key was
        // published; then the next one tells.
        for _ in 0..2 {
            if self.keys().contains(unknown) {
                return Ok(());
            }
            let Ask::Await(number) = self.ask() else {
                break;
            };
            self.ended(number).await?;
            if self.handle.shared.read().schedule.is_failing() {
                break;
            }
        }
        if self.keys().contains(unknown) {
            return Ok(());
        }
        self.can_tell()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for RemoteJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteJwks")
            .field("url", &self.handle.shared.url.as_str())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
