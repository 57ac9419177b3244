//! Processes that count in Redis.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use auth_cache::redis::RedisLink;
use auth_cache::throttle::redis::RedisRateLimiter;
use auth_core::RootSecrets;
use auth_core::throttle::{Charge, Limit, Quota, RateLimiter};

pub(super) use super::world::{World, new_root};

/// Nothing here takes as long, on the busiest machine.
pub(super) const HANG_GUARD: Duration = Duration::from_secs(60);

/// More than usual: the machine may be busy.
pub(super) const PATIENT: Duration = Duration::from_secs(10);

impl World {
    /// A limiter, as a process of its own has it: one of four.
    pub(super) fn process(&self) -> Arc<RedisRateLimiter> {
        self.process_with(self.root.clone(), PATIENT)
    }

    pub(super) fn process_with(
        &self,
        roots: impl Into<RootSecrets>,
        deadline: Duration,
    ) -> Arc<RedisRateLimiter> {
        process(self.link(deadline), roots, deadline)
    }

    /// The one name that there is.
    pub(super) fn name(&self) -> String {
        let mut names = self.command(&["KEYS", "*"]);
        assert_eq!(names.len(), 1, "{names:?}");
        names.remove(0)
    }
}

pub(super) fn process(
    link: RedisLink,
    roots: impl Into<RootSecrets>,
    deadline: Duration,
) -> Arc<RedisRateLimiter> {
    let builder = RedisRateLimiter::builder(link, roots)
        .with_deadline(deadline)
        .with_instances(NonZeroU16::new(4).unwrap());
    Arc::new(builder.build())
}

/// So many, of which none comes back while a test runs.
pub(super) fn limit(burst: u32) -> Limit {
    let quota = Quota::new(burst, Duration::from_secs(100 * 24 * 3600)).unwrap();
    Limit::new("log-in", quota)
}

pub(super) async fn allows(limiter: &RedisRateLimiter, limit: &Limit, subject: &[u8]) -> bool {
    let asking = limiter.check(Charge::new(limit, subject));
    let asking = tokio::time::timeout(HANG_GUARD, asking);
    asking.await.unwrap().is_allowed()
}

/// Of so many, one after another.
pub(super) async fn allowed(limiter: &RedisRateLimiter, limit: &Limit, asks: usize) -> usize {
    let mut allowed = 0;
    for _ in 0..asks {
        allowed += usize::from(allows(limiter, limit, b"ada").await);
    }
    allowed
}

/// Of so many of each at the same time.
pub(super) async fn allowed_at_once(
    limiters: &[Arc<RedisRateLimiter>],
    limit: &Limit,
    asks: usize,
) -> usize {
    let tasks: Vec<_> = (0..asks)
        .flat_map(|_| limiters)
        .map(|limiter| {
            let (limiter, limit) = (limiter.clone(), limit.clone());
            tokio::spawn(async move { allows(&limiter, &limit, b"ada").await })
        })
        .collect();
    let mut allowed = 0;
    for task in tasks {
        allowed += usize::from(task.await.unwrap());
    }
    allowed
}

/// Waits until Redis decides again, by charges of somebody else.
pub(super) async fn until_shared(limiter: &RedisRateLimiter) {
    let limit = limit(u32::MAX);
    let before = limiter.stats().shared;
    let waiting = async {
        while limiter.stats().shared == before {
            allows(limiter, &limit, b"somebody").await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(HANG_GUARD, waiting).await.unwrap();
}
