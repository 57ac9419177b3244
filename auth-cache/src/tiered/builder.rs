//! How a cache is made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_core::{Clock, SecureRandom, SystemClock, SystemRandom};
use tokio::runtime::Handle;

use super::cache::Cache;
use super::engine::{Engine, Parts};
use super::floors::{Floors, SecurityState};
use super::guard::adaptive_ttl::AdaptiveTtl;
use super::guard::early_refresh::EarlyRefresh;
use super::guard::jitter::Jitter;
use super::guard::negative;
use super::guard::security_state::Guarded;
use super::key::{Key, Value};
use super::lane::Limits;
use super::loader::Loader;
use super::rules::Rules;
use super::second::{SecondLevel, TierRules};
use super::tag::Tag;
use super::ttl::TtlClass;
use crate::tier::{Codec, Tier};

/// Makes a [`Cache`].
///
/// # Defaults
/// - class: [`TtlClass::Medium`], 5 min; nothing is fresh in memory for longer
/// - capacity: 10 000 values, 64 MiB; without a weigher only what values take in
///   place is counted, and nothing behind a pointer
/// - negative entries: 2 s, 10 000 of them
/// - single flight: on
/// - jitter: a tenth
/// - early refresh: on, β = 1
/// - stale-while-revalidate, stale-if-error, adaptive TTL: off
/// - bulkhead: 32 calls of an [`each`](super::each) loader at once, 4 of one that
///   takes several keys; 16 384 keys waiting
/// - a load is given up 5 s after the miss
/// - tier: none; with one, 200 ms for a call, a breaker, 1 s of patience with another
///   process's lease, and nothing served from memory while its tail is broken
/// - clock and randomness: the system's
pub struct CacheBuilder<K: Key, V: Value> {
    name: Arc<str>,
    loader: Arc<dyn Loader<K, V>>,
    rules: Rules,
    most_entries: u64,
    most_bytes: u64,
    most_negative: u64,
    calls: Option<usize>,
    waiting: usize,
    weigh: Option<Weigh<K, V>>,
    tags: Option<TagsOf<K>>,
    adaptive: Option<AdaptiveTtl<V>>,
    guarded: Option<Guarded<V>>,
    tier: Option<Shared<K, V>>,
    tier_rules: TierRules,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
}

/// The bytes of a key and value behind pointers.
pub(crate) type Weigh<K, V> = Arc<dyn Fn(&K, &V) -> usize + Send + Sync>;
/// A tier, and what is written into it.
type Shared<K, V> = (Arc<dyn Tier>, Arc<dyn Codec<K, V>>);
/// The tags of a key.
pub(crate) type TagsOf<K> = Arc<dyn Fn(&K) -> Vec<Tag> + Send + Sync>;

/// A cache cannot be built as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheBuildError {
    /// Room for nothing.
    #[error("a cache needs a capacity of at least one value and one byte")]
    NoCapacity,
    /// Negative entries for longer than 5 s, or for no time.
    #[error("negative entries live for up to 5 s, and not for no time")]
    NegativeTtl,
    /// A jitter that is no part of a whole.
    #[error("the jitter is a part from 0 to 1")]
    Jitter,
    /// A β that is not a number above zero.
    #[error("the beta of early refresh is a number above 0")]
    EarlyRefresh,
    /// Nobody would load anything.
    #[error("a bulkhead lets through at least one call, of at least one key that waits")]
    Bulkhead,
    /// Loads, or calls of the tier, without any time.
    #[error("loads and calls of the tier need time")]
    Deadline,
    /// No tokio runtime to load on.
    #[error("there is no tokio runtime here to load on")]
    NoRuntime,
}

impl<K: Key, V: Value> CacheBuilder<K, V> {
    pub(super) fn new(name: Arc<str>, loader: Arc<dyn Loader<K, V>>) -> Self {
        Self {
            name,
            loader,
            rules: Rules {
                class: TtlClass::default(),
                jitter: Some(Jitter(0.1)),
                early_refresh: Some(EarlyRefresh(1.0)),
                stale_while_revalidate: Duration::ZERO,
                stale_if_error: Duration::ZERO,
                negative_ttl: Some(Duration::from_secs(2)),
                single_flight: true,
                load_deadline: Duration::from_secs(5),
                lightest: 1,
                holds_security_state: false,
            },
            most_entries: 10_000,
            most_bytes: 64 << 20,
            most_negative: 10_000,
            calls: None,
            waiting: 16_384,
            weigh: None,
            tags: None,
            adaptive: None,
            guarded: None,
            tier: None,
            tier_rules: TierRules::default(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
        }
    }

    /// How long values are fresh.
    pub const fn with_ttl(mut self, class: TtlClass) -> Self {
        self.rules.class = class;
        self
    }

    /// Holds up to `entries` values.
    pub const fn with_capacity(mut self, entries: u64) -> Self {
        self.most_entries = entries;
        self
    }

    /// Holds values of up to `bytes`, keys and the cache's own share included.
    /// `weigh` gives the bytes that a key and its value have behind pointers; those
    /// in place are known. Within one of the shards that the capacity is divided
    /// into, a value that is larger than the shard is not kept.
    pub fn with_capacity_bytes(
        mut self,
        bytes: u64,
        weigh: impl Fn(&K, &V) -> usize + Send + Sync + 'static,
    ) -> Self {
        self.most_bytes = bytes;
        self.weigh = Some(Arc::new(weigh));
        self
    }

    /// Gives values [tags](super::guard::tags) by their key.
    pub fn with_tags(mut self, tags: impl Fn(&K) -> Vec<Tag> + Send + Sync + 'static) -> Self {
        self.tags = Some(Arc::new(tags));
        self
    }

    /// Takes off up to this part of a value's time: [jitter](super::guard::jitter).
    pub const fn with_jitter(mut self, part: f64) -> Self {
        self.rules.jitter = Some(Jitter(part));
        self
    }

    /// Gives all values the same time.
    pub const fn without_jitter(mut self) -> Self {
        self.rules.jitter = None;
        self
    }

    /// The β of [early refresh](super::guard::early_refresh): above 1 is earlier,
    /// below later.
    pub const fn with_early_refresh(mut self, beta: f64) -> Self {
        self.rules.early_refresh = Some(EarlyRefresh(beta));
        self
    }

    /// Loads nothing before it has expired.
    pub const fn without_early_refresh(mut self) -> Self {
        self.rules.early_refresh = None;
        self
    }

    /// Serves a value for `window` after it has expired, while it is loaded again:
    /// [stale-while-revalidate](super::guard::stale_while_revalidate).
    pub const fn with_stale_while_revalidate(mut self, window: Duration) -> Self {
        self.rules.stale_while_revalidate = window;
        self
    }

    /// Serves a value for `window` after it has expired, if it cannot be loaded
    /// again: [stale-if-error](super::guard::stale_if_error).
    pub const fn with_stale_if_error(mut self, window: Duration) -> Self {
        self.rules.stale_if_error = window;
        self
    }

    /// Keeps "does not exist" for `ttl`, up to 5 s:
    /// [negative entries](super::guard::negative).
    pub const fn with_negative_ttl(mut self, ttl: Duration) -> Self {
        self.rules.negative_ttl = Some(ttl);
        self
    }

    /// Holds up to `entries` negative ones.
    pub const fn with_negative_capacity(mut self, entries: u64) -> Self {
        self.most_negative = entries;
        self
    }

    /// Asks the source every time for what does not exist.
    pub const fn without_negative_entries(mut self) -> Self {
        self.rules.negative_ttl = None;
        self
    }

    /// Lets every miss load by itself, instead of in a
    /// [single flight](super::guard::single_flight).
    pub const fn without_single_flight(mut self) -> Self {
        self.rules.single_flight = false;
        self
    }

    /// Calls the loader `calls` times at once at the most, and lets `waiting` keys
    /// wait: the [bulkhead](super::guard::bulkhead).
    pub const fn with_bulkhead(mut self, calls: usize, waiting: usize) -> Self {
        self.calls = Some(calls);
        self.waiting = waiting;
        self
    }

    /// Gives up a load so long after the miss: [deadlines](super::guard::deadlines).
    pub const fn with_load_deadline(mut self, within: Duration) -> Self {
        self.rules.load_deadline = within;
        self
    }

    /// Gives values that do not change more time than those that do:
    /// [adaptive TTL](super::guard::adaptive_ttl).
    pub fn with_adaptive_ttl(mut self) -> Self
    where
        V: PartialEq,
    {
        self.adaptive = Some(AdaptiveTtl(V::eq));
        self
    }

    /// Holds every value against what is revoked, each time it is served, and lets
    /// none live for longer than 60 s:
    /// [security state](super::guard::security_state).
    pub fn with_revocations(mut self, floors: Arc<dyn Floors>) -> Self
    where
        V: SecurityState,
    {
        self.rules.holds_security_state = true;
        self.guarded = Some(Guarded::new(floors));
        self
    }

    /// Shares values with other processes through `tier`, written and read by `codec`.
    /// Of caches with one name all are to have the same keys and values.
    pub fn with_tier(mut self, tier: Arc<dyn Tier>, codec: impl Codec<K, V>) -> Self {
        self.tier = Some((tier, Arc::new(codec)));
        self
    }

    /// Gives up a call of the tier after so long.
    pub const fn with_tier_deadline(mut self, within: Duration) -> Self {
        self.tier_rules.deadline = within;
        self
    }

    /// Waits so long for a value that another process is loading, before it is loaded
    /// here too: the [lease](super::guard::lease).
    pub const fn with_lease_patience(mut self, patience: Duration) -> Self {
        self.tier_rules.lease_patience = patience;
        self
    }

    /// Asks the tier each time, even one that has not answered for long, instead of
    /// using a [breaker](super::guard::breaker).
    pub const fn without_breaker(mut self) -> Self {
        self.tier_rules.has_breaker = false;
        self
    }

    /// Serves from memory what was loaded no longer ago than `age`, while this process
    /// does not hear of what others invalidate. At zero the source is asked each time
    /// that a tier is gone; more spares it, and makes invalidations of other processes
    /// that much later.
    pub const fn with_untailed_age(mut self, age: Duration) -> Self {
        self.tier_rules.untailed = age;
        self
    }

    /// Takes the time from `clock`. Waiting is by tokio's clock all the same.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes jitter, draws and nonces from `random`.
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// Builds it. Loads run on the tokio runtime that this is called on, which has
    /// its timer enabled; callers may be anywhere.
    ///
    /// # Errors
    /// [`CacheBuildError`] names what is out of bounds or missing.
    pub fn build(mut self) -> Result<Cache<K, V>, CacheBuildError> {
        self.check()?;
        let runtime = Handle::try_current().map_err(|_| CacheBuildError::NoRuntime)?;
        let most_keys = self.loader.most_keys().max(1);
        let calls = self.calls.unwrap_or(if most_keys > 1 { 4 } else { 32 });
        // Of two bounds one capacity: who counts for at least their quotient cannot
        // be more than so many.
        self.rules.lightest = (self.most_bytes / self.most_entries).max(1);
        if self.rules.holds_security_state {
            self.adaptive = None;
        }
        let second = self.tier.map(|(tier, codec)| {
            let name = Arc::clone(&self.name);
            SecondLevel::new(tier, codec, name, self.tier_rules, self.waiting)
        });
        Ok(Cache::new(Engine::new(Parts {
            name: self.name,
            loader: self.loader,
            rules: self.rules,
            most_bytes: self.most_bytes,
            most_negative: self.most_negative,
            source: Limits {
                workers: calls,
                most_jobs: most_keys,
                waiting: self.waiting,
            },
            weigh: self.weigh,
            tags: self.tags,
            adaptive: self.adaptive,
            guarded: self.guarded,
            second,
            clock: self.clock,
            random: self.random,
            runtime,
        })))
    }

    fn check(&self) -> Result<(), CacheBuildError> {
        let rules = &self.rules;
        if self.most_entries == 0 || self.most_bytes == 0 || self.most_negative == 0 {
            return Err(CacheBuildError::NoCapacity);
        }
        let is_negative_ttl = |ttl| ttl > Duration::ZERO && ttl <= negative::LONGEST;
        if !rules.negative_ttl.is_none_or(is_negative_ttl) {
            return Err(CacheBuildError::NegativeTtl);
        }
        if !rules
            .jitter
            .is_none_or(|jitter| (0.0..=1.0).contains(&jitter.0))
        {
            return Err(CacheBuildError::Jitter);
        }
        // So large a β that times overflow is none either.
        let is_beta = |beta: f64| beta > 0.0 && beta <= 1_000.0;
        if !rules.early_refresh.is_none_or(|early| is_beta(early.0)) {
            return Err(CacheBuildError::EarlyRefresh);
        }
        if self.calls == Some(0) || self.waiting == 0 {
            return Err(CacheBuildError::Bulkhead);
        }
        if rules.load_deadline.is_zero() || self.tier_rules.deadline.is_zero() {
            return Err(CacheBuildError::Deadline);
        }
        Ok(())
    }
}

impl<K: Key, V: Value> fmt::Debug for CacheBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("name", &self.name)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
