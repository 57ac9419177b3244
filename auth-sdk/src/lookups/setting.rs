//! What an application asks for.

use std::sync::Arc;
use std::time::Duration;

use auth_cache::tier::Tier;

/// How API keys, and users to be shown, are kept in memory: for
/// [`with_lookup_cache`](crate::AuthBuilder::with_lookup_cache).
///
/// # Defaults
/// - what was asked for is kept for 60 s, less up to a tenth
/// - up to 10 000 API keys and as many users, 64 MiB of each
/// - that there is no such API key: 2 s, 10 000 of them
/// - no tier
#[derive(Clone, Debug)]
pub struct LookupCache {
    pub(crate) ttl: Duration,
    pub(crate) entries: u64,
    pub(crate) tier: Option<Arc<dyn Tier>>,
}

impl LookupCache {
    /// The longest that anything is kept, from when the store was asked for it.
    pub const MAX_TTL: Duration = Duration::from_secs(60);

    /// With all defaults.
    pub const fn new() -> Self {
        Self {
            ttl: Self::MAX_TTL,
            entries: 10_000,
            tier: None,
        }
    }

    /// Keeps what was asked for no longer than `ttl`, 1 to 60 s: so long, at the
    /// most, something that was revoked on another instance may be accepted here.
    pub const fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Keeps up to `entries` API keys, and as many users.
    pub const fn with_capacity(mut self, entries: u64) -> Self {
        self.entries = entries;
        self
    }

    /// Hears by `tier` what other instances change, and tells them what this one does;
    /// users are shared through it, API keys are not. All instances are to have the
    /// same one, each by a handle of its own, two in one process too: a tier need not
    /// tell a handle what was said by it. [`with_redis`](crate::AuthBuilder::with_redis) makes one in Redis.
    pub fn with_tier(mut self, tier: Arc<dyn Tier>) -> Self {
        self.tier = Some(tier);
        self
    }
}

impl Default for LookupCache {
    fn default() -> Self {
        Self::new()
    }
}
