//! Limits that all processes share, in Redis.
//!
//! [`RedisRateLimiter`] counts in Redis 7 or later, or Valkey 7.2 or later, over a
//! [`RedisLink`]: to one server, or to whatever else a link leads to.
//!
//! # Example
//! ```no_run
//! use std::num::NonZeroU16;
//! use std::time::Duration;
//! use auth_cache::redis::RedisLink;
//! use auth_cache::throttle::redis::RedisRateLimiter;
//! use auth_core::RootSecret;
//! use auth_core::throttle::{Charge, Limit, Quota, RateLimiter};
//!
//! # async fn example(root: RootSecret) -> Result<(), Box<dyn std::error::Error>> {
//! let link = RedisLink::single("redis://cache.example:6379/")?.build()?;
//! let limiter = RedisRateLimiter::builder(link, root)
//!     .with_instances(NonZeroU16::new(8).ok_or("none")?)
//!     .build();
//! let limit = Limit::new("sign-up.network", Quota::new(20, Duration::from_secs(3600))?);
//! if !limiter.check(Charge::new(&limit, b"203.0.113.0/24")).await.is_allowed() {
//!     // 429
//! }
//! # Ok(()) }
//! ```
//!
//! # What is where
//! Of each subject one key, `prefix:limit:name:digest`: the TAT in microseconds of the
//! server's clock, with a time to live until it is past. The digest is an HMAC of limit
//! and subject under a key of the root secret. One script reads, decides and writes;
//! the charges of a call are sent together.
//!
//! In the process there are two times of each subject: what it has let through, against
//! the whole quota, and the same against the process's share of it.
//!
//! # When Redis does not answer
//! by the [deadline](RedisRateLimiterBuilder::with_deadline), or with something that is no
//! answer, the process decides by itself, and more strictly: it has its share of the quota,
//! which is [one of so many](RedisRateLimiterBuilder::with_instances) and smaller than the
//! whole. What Redis allowed it before is charged to the share as well, so that an outage
//! opens no new budget; and no more is let through than the whole quota allows. After five
//! failures in a row Redis is not asked for a second, and then by one call
//! ([breaker](crate::tiered::guard::breaker)).
//!
//! # Guarantees
//! - Any number of processes and tasks together are allowed a quota exactly, and never
//!   more, while Redis keeps what it has acknowledged.
//! - Whatever Redis does, and whoever writes to it, each process lets no more through than
//!   the quota. It has [room](RedisRateLimiterBuilder::with_subjects) for so many subjects;
//!   of more than these only Redis knows.
//! - While it does not answer, all processes together let no more through than the quota
//!   per time, if they are no more than was said.
//! - Every answer comes by the deadline. Nothing is allowed because nobody could be asked.
//! - A server's clock that is set back allows nothing, and makes nobody wait for longer
//!   than the window.
//! - While root secrets change it stays one quota: what is charged is charged under all
//!   that are known. So make the next one known to all before it is the active one
//!   anywhere, as with tokens.
//!
//! # What it does not do
//! - What Redis loses, by eviction, `FLUSHALL`, a restart without its files, or a fail-over
//!   to a replica that was behind, is allowed once more, up to the quota in each process.
//!   `noeviction` is what helps against the first. So does a process that is started anew
//!   know of nothing that it let through before, while Redis is away too.
//! - A charge whose answer is late, or lost, may be charged in Redis as well as in the
//!   process. That is stricter, and is left so. It is not sent again: that would charge
//!   once more, to somebody who is within the quota.
//! - A burst that is less than the number of processes is one for each while Redis is away:
//!   so many may pass at once, and then no more per time than the quota. What costs more
//!   than the share's burst is limited for so long.
//! - A clock that is set ahead, or that of another primary that is ahead, gives back that
//!   much at once.
//! - Who writes to Redis can make it forget, and can limit anybody for the window. An ACL
//!   that lets nobody else write `prefix:*` is what helps against that. A key that is none
//!   of ours is left where it is, and its subject limited by the share.
//!
//! # What the user needs
//! With ACL: `~prefix:limit:*`, `+evalsha`, `+eval`, `+time`, `+get`, `+set`, besides what
//! the [link](crate::redis) needs.

mod builder;
mod local;
mod script;
mod stats;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use auth_core::throttle::{Charge, Decision, RateLimiter};
use auth_core::{Clock, RootSecrets};

pub use builder::RedisRateLimiterBuilder;
pub use stats::RedisRateLimiterStats;

use self::local::Local;
use self::stats::{Cause, Counters};
use crate::redis::{Call, RedisLink};
use crate::tier::redis::keys::{Root, Roots};
use crate::tier::redis::names::{escaped, write_hex};
use crate::tiered::guard::breaker::Breaker;
use crate::tiered::ttl::Moment;

/// A [`RateLimiter`] of which all processes with the same root secret have one together.
///
/// See the [module](self) for what it promises.
pub struct RedisRateLimiter {
    link: RedisLink,
    roots: Roots,
    prefix: String,
    deadline: Duration,
    clock: Arc<dyn Clock>,
    breaker: Mutex<Breaker>,
    local: Local,
    counters: Counters,
}

impl RedisRateLimiter {
    /// Begins one over `link`, for all processes that have the same root secret.
    pub fn builder(link: RedisLink, roots: impl Into<RootSecrets>) -> RedisRateLimiterBuilder {
        RedisRateLimiterBuilder::new(link, roots.into())
    }

    /// Who decided, how often, and why not Redis.
    pub fn stats(&self) -> RedisRateLimiterStats {
        let state = self.breaker().state();
        self.counters.read(state, &self.local)
    }

    /// What Redis says of each.
    async fn ask(&self, charges: &[Charge<'_>]) -> Vec<Result<Decision, Cause>> {
        let none = |cause: Cause| charges.iter().map(|_| Err(cause)).collect();
        if !self.breaker().permits(self.now(), self.deadline) {
            return none(Cause::Skipped);
        }
        let calls: Vec<_> = charges.iter().flat_map(|it| self.calls(it)).collect();
        let sent = tokio::time::timeout(self.deadline, self.link.send(&calls)).await;
        let Ok(answers) = sent else {
            self.breaker().end(false, self.now());
            return none(Cause::TimedOut);
        };
        let mut answers = answers.into_iter().map(script::decision);
        let decisions: Vec<_> = charges
            .iter()
            .map(|_| self.strictest(answers.by_ref()))
            .collect();
        let is_there = |it: &Result<_, Cause>| it.err().is_none_or(Cause::is_answer);
        let was_answered = decisions.iter().any(is_there);
        self.breaker().end(was_answered, self.now());
        decisions
    }

    /// Under each root secret, the active one first.
    fn calls<'a>(&'a self, charge: &'a Charge<'_>) -> impl Iterator<Item = Call> + 'a {
        let roots = self.roots.all();
        roots.map(|root| script::charge(self.name(root, charge).as_bytes(), charge))
    }

    /// Of the answers under each root secret.
    fn strictest(
        &self,
        mut answers: impl Iterator<Item = Result<Decision, Cause>>,
    ) -> Result<Decision, Cause> {
        let mut all = self.roots.all().map(|_| answers.next());
        let first = all.next().flatten().unwrap_or(Err(Cause::WrongReply));
        // Every one is taken, so that the next charge gets its own.
        all.fold(first, |strictest, answer| {
            Ok(strictest?.and(answer.unwrap_or(Err(Cause::WrongReply))?))
        })
    }

    fn name(&self, root: &Root, charge: &Charge<'_>) -> String {
        let limit = charge.limit().name();
        let prefix = self.prefix.as_bytes();
        let digest = root.digest(&[b"limit", prefix, limit.as_bytes(), charge.subject()]);
        let limit = escaped(limit);
        let mut name = format!("{}:limit:{limit}:", self.prefix);
        write_hex(&mut name, &digest);
        name
    }

    fn now(&self) -> Moment {
        Moment::of(self.clock.mono())
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn check_all(&self, charges: &[Charge<'_>]) -> Vec<Decision> {
        if charges.is_empty() {
            return Vec::new();
        }
        let asked = self.ask(charges).await;
        let decide = |(charge, said): (&Charge<'_>, _)| match said {
            Ok(shared) => {
                let decision = self.local.confirm(charge, shared);
                let is_ours = shared.is_allowed() && !decision.is_allowed();
                self.counters.shared(is_ours);
                decision
            }
            Err(cause) => {
                self.counters.fell_back(cause);
                self.local.decide(charge)
            }
        };
        charges.iter().zip(asked).map(decide).collect()
    }
}

impl fmt::Debug for RedisRateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimiter")
            .field("link", &self.link)
            .field("prefix", &self.prefix)
            .field("deadline", &self.deadline)
            .field("local", &self.local)
            .finish_non_exhaustive()
    }
}
