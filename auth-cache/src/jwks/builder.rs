//! Building a source of remote keys.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use auth_core::key::{Backend, KeyEpoch};
use auth_core::{Clock, SecureRandom, SystemClock, SystemRandom};
use tokio::runtime::Handle as Runtime;
use tokio::sync::{Notify, watch};

use super::danger::PlainHttpToLoopback;
use super::fetch::Fetch;
use super::location::{self, LocationError};
use super::schedule::{Rules, Schedule};
use super::source::{Handle, RemoteJwks};
use super::state::State;
use super::task::{self, Shared};

/// Builds a [`RemoteJwks`].
///
/// # Defaults
/// - refresh interval: 5 min, less up to a tenth at random
/// - after a failure: again after 1 s, then twice that, up to the cool-down
/// - cool-down for unknown key ids: 30 s
/// - longest age of keys that could not be refreshed: 24 h
/// - a fetch is given up after 10 s, whatever it does; not adjustable
/// - `Cache-Control`: ignored
/// - plain `http`: refused
/// - library that verifies by the keys: [`Backend::Ring`]
/// - clock and randomness: the system's
#[derive(Debug)]
pub struct RemoteJwksBuilder {
    jwks_url: String,
    fetch: Arc<dyn Fetch>,
    rules: Rules,
    max_age: Duration,
    plain_http: bool,
    backend: Backend,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
}

/// A source of remote keys cannot be built as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteJwksBuildError {
    /// The address of the key set is not one to be asked.
    #[error("the address of the key set is refused")]
    Location(#[from] LocationError),
    /// A refresh interval or cool-down of less than 1 s.
    #[error("the refresh interval and the cool-down must be at least 1 s")]
    TooOften,
    /// Keys that are too old before they are refreshed.
    #[error("the longest age must be at least the refresh interval and the cool-down")]
    MaxAge,
    /// No tokio runtime to fetch on.
    #[error("there is no tokio runtime here for the background task")]
    NoRuntime,
}

impl RemoteJwksBuilder {
    pub(super) fn new(jwks_url: String, fetch: Arc<dyn Fetch>) -> Self {
        Self {
            jwks_url,
            fetch,
            rules: Rules {
                interval: Duration::from_secs(300),
                cool_down: Duration::from_secs(30),
            },
            max_age: Duration::from_secs(24 * 3600),
            plain_http: false,
            backend: Backend::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
        }
    }

    /// Fetches the keys every `interval`, less up to a tenth. A key that the
    /// issuer withdraws is believed for that long.
    pub const fn with_refresh_interval(mut self, interval: Duration) -> Self {
        self.rules.interval = interval;
        self
    }

    /// Fetches the keys for unknown key ids once in `cool_down`.
    pub const fn with_cool_down(mut self, cool_down: Duration) -> Self {
        self.rules.cool_down = cool_down;
        self
    }

    /// Believes keys for `max_age` after the issuer last showed them, while it
    /// cannot be asked.
    pub const fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Lets `http://` through to a loopback address.
    pub const fn with_plain_http(mut self, _: PlainHttpToLoopback) -> Self {
        self.plain_http = true;
        self
    }

    /// Prepares the keys for `backend`. All accept the same signatures; they
    /// differ in speed, and in who wrote them.
    pub const fn with_backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Takes ages and cool-downs from `clock`. The background task sleeps by
    /// tokio's clock all the same.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes the jitter from `random`.
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// Builds it, and begins the first fetch in the background: keys are not
    /// known yet, but a verifier waits for them. An issuer that cannot be
    /// reached does not fail this; [`RemoteJwks::ready`] tells. The tokio
    /// runtime it is called on does the fetching, and has its timer enabled.
    ///
    /// # Errors
    /// [`RemoteJwksBuildError`] names what is unsafe or missing.
    pub fn build(self) -> Result<RemoteJwks, RemoteJwksBuildError> {
        let url = location::parse(&self.jwks_url, self.plain_http)?;
        let Rules {
            interval,
            cool_down,
        } = self.rules;
        if interval.min(cool_down) < Duration::from_secs(1) {
            return Err(RemoteJwksBuildError::TooOften);
        }
        if self.max_age < interval.max(cool_down) {
            return Err(RemoteJwksBuildError::MaxAge);
        }
        let runtime = Runtime::try_current().map_err(|_| RemoteJwksBuildError::NoRuntime)?;
        let shared = Arc::new(Shared {
            url,
            fetch: self.fetch,
            backend: self.backend,
            clock: self.clock,
            random: self.random,
            state: RwLock::new(State::new(Schedule::new(self.rules), self.max_age)),
            epoch: KeyEpoch::new(),
            due: Notify::new(),
        });
        let (sender, ended) = watch::channel(0);
        let task = runtime.spawn(task::run(shared.clone(), sender));
        Ok(RemoteJwks::new(Handle {
            shared,
            ended,
            task: task.abort_handle(),
        }))
    }
}
