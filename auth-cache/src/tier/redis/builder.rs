//! How the tier is made.

use std::sync::Arc;
use std::time::Duration;

use auth_core::{Clock, EntropyError, RootSecrets, SecureRandom, SystemClock, SystemRandom, draw};

use super::grants::Grants;
use super::names::escaped;
use super::refusal::Refusals;
use super::seal::Sealer;
use super::times::Times;
use super::{Inner, LONGEST, RedisTier};
use crate::redis::RedisLink;

/// Makes a [`RedisTier`].
///
/// # Defaults
/// - prefix of all names: `auth`
/// - the longest that a value lives: 24 h
/// - the largest value: 1 MiB; one that is larger is not shared
/// - clock and randomness: the system's
#[derive(Debug)]
pub struct RedisTierBuilder {
    link: RedisLink,
    roots: RootSecrets,
    prefix: String,
    longest: Duration,
    largest: usize,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
}

impl RedisTierBuilder {
    pub(super) fn new(link: RedisLink, roots: RootSecrets) -> Self {
        Self {
            link,
            roots,
            prefix: "auth".to_owned(),
            longest: LONGEST,
            largest: 1 << 20,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
        }
    }

    /// Begins all names with `prefix` and a colon, so that several applications can
    /// use one Redis, and each a user whose ACL is `~prefix:*`. Values of another
    /// prefix are not read.
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.prefix = escaped(prefix);
        self
    }

    /// Keeps no value for longer than `time`, nor than 24 h.
    pub fn with_longest_life(mut self, time: Duration) -> Self {
        self.longest = time.min(LONGEST);
        self
    }

    /// Shares no value of more than `bytes`. To be less than the
    /// [largest answer](crate::redis::RedisLinkBuilder::with_largest_answer) of the link.
    pub const fn with_largest_value(mut self, bytes: usize) -> Self {
        self.largest = bytes;
        self
    }

    /// Takes the time that passes from `clock`. What time it is says the server.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Draws the process's keys from `random`.
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// Builds it. Redis is not asked.
    ///
    /// # Errors
    /// [`EntropyError`] when there is no randomness to draw a key from.
    pub fn build(self) -> Result<RedisTier, EntropyError> {
        let process = draw(&*self.random)?;
        Ok(RedisTier {
            inner: Arc::new(Inner {
                link: self.link,
                sealer: Sealer::new(&self.roots, self.random)?,
                prefix: self.prefix,
                process,
                longest: self.longest,
                largest: self.largest,
                times: Times::default(),
                grants: Grants::new(),
                refusals: Refusals::default(),
                clock: self.clock,
            }),
        })
    }
}
