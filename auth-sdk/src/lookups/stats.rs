//! Figures.

use auth_cache::tiered::CacheStats;

/// What the look-up caches have done since the [`Auth`](crate::Auth) was built, and
/// what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LookupCacheStats {
    /// Of API keys; `None` where there are none.
    pub api_keys: Option<CacheStats>,
    /// Of users to be shown.
    pub users: CacheStats,
}
