use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auth_core::{Clock, RootSecrets, SystemClock};

use super::RedisRateLimiter;
use super::local::Local;
use super::stats::Counters;
use crate::redis::RedisLink;
use crate::throttle::memory::SUBJECTS;
use crate::tier::redis::keys::Roots;
use crate::tier::redis::names::escaped;
use crate::tiered::guard::breaker::Breaker;

/// Makes a [`RedisRateLimiter`].
///
/// # Defaults
/// - prefix of all names: `auth`
/// - instances, one of which has its share while Redis does not answer: 4
/// - deadline of a call: 100 ms, or that of the link if it is shorter
/// - subjects that the process knows itself: 100 000, of about 50 bytes each
/// - clock of the process: the system's, the monotonic one
#[derive(Debug)]
pub struct RedisRateLimiterBuilder {
    link: RedisLink,
    roots: RootSecrets,
    prefix: String,
    instances: NonZeroU16,
    deadline: Duration,
    subjects: usize,
    clock: Arc<dyn Clock>,
}

const FOUR: NonZeroU16 = NonZeroU16::MIN.saturating_add(3);

impl RedisRateLimiterBuilder {
    pub(super) fn new(link: RedisLink, roots: RootSecrets) -> Self {
        Self {
            link,
            roots,
            prefix: "auth".to_owned(),
            instances: FOUR,
            deadline: Duration::from_millis(100),
            subjects: SUBJECTS,
            clock: Arc::new(SystemClock),
        }
    }

    /// Begins all names with `prefix` and a colon. Processes with another prefix count for
    /// themselves.
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = escaped(prefix);
        self
    }

    /// Says how many processes there are at most. While Redis does not answer each has such
    /// a part of every quota; if there are more of them, they come to more together.
    pub const fn with_instances(mut self, instances: NonZeroU16) -> Self {
        self.instances = instances;
        self
    }

    /// Decides without Redis after `deadline`.
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Has room for so many subjects in the process.
    pub const fn with_subjects(mut self, subjects: usize) -> Self {
        self.subjects = subjects;
        self
    }

    /// Takes the time of the process from `clock`. What time it is in Redis says the
    /// server.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Builds it. Redis is not asked.
    pub fn build(self) -> RedisRateLimiter {
        RedisRateLimiter {
            link: self.link,
            roots: Roots::new(&self.roots),
            prefix: self.prefix,
            deadline: self.deadline,
            local: Local::new(self.subjects, self.instances, Arc::clone(&self.clock)),
            clock: self.clock,
            breaker: Mutex::new(Breaker::new(true)),
            counters: Counters::default(),
        }
    }
}
