use std::sync::Arc;

use auth_core::{Clock, RootSecrets, SystemClock};

use super::local::Local;
use super::stats::Counters;
use super::store::RedisIdempotency;
use crate::redis::RedisLink;
use crate::tier::redis::keys::Roots;
use crate::tier::redis::names::escaped;

/// Makes a [`RedisIdempotency`].
///
/// # Defaults
/// - prefix of all names: `auth`
/// - the largest answer, sealed: 256 KiB
/// - requests that the process remembers itself: 10 000, of about 200 bytes each
/// - clock of the process: the system's, the monotonic one
/// - deadline of a call: that of the link
#[derive(Debug)]
pub struct RedisIdempotencyBuilder {
    link: RedisLink,
    roots: RootSecrets,
    prefix: String,
    largest_answer: usize,
    remembered: usize,
    clock: Arc<dyn Clock>,
}

impl RedisIdempotencyBuilder {
    pub(super) fn new(link: RedisLink, roots: RootSecrets) -> Self {
        Self {
            link,
            roots,
            prefix: "auth".to_owned(),
            largest_answer: 256 * 1024,
            remembered: 10_000,
            clock: Arc::new(SystemClock),
        }
    }

    /// Begins all names with `prefix` and a colon. Processes with another prefix do not
    /// know each other's requests.
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = escaped(prefix);
        self
    }

    /// Keeps no answer of more bytes, sealed. The link must let as much
    /// [come back](crate::redis::RedisLinkBuilder::with_largest_answer).
    pub const fn with_largest_answer(mut self, bytes: usize) -> Self {
        self.largest_answer = bytes;
        self
    }

    /// Remembers the last so many requests of this process, in case that Redis does not.
    /// More than are sent within the retention is more than is needed.
    pub const fn with_remembered(mut self, requests: usize) -> Self {
        self.remembered = requests;
        self
    }

    /// Takes the time of the process from `clock`. What time it is in Redis says the
    /// server.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds it. Redis is not asked.
    pub fn build(self) -> RedisIdempotency {
        RedisIdempotency {
            link: self.link,
            roots: Roots::new(&self.roots),
            prefix: self.prefix,
            largest_answer: self.largest_answer,
            clock: self.clock,
            local: Local::new(self.remembered),
            counters: Counters::default(),
        }
    }
}
