//! Whether there are look-up caches, and which.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use auth_cache::tier::Tier;
use auth_core::revocation::RevocationView;
use auth_core::{EntropyError, FlooredClock, RootSecrets, SecureRandom};
use auth_store::Store;

use super::kept::{Kept, Made};
use super::sharing::{ApiKeyIds, TailOnly, Users};
use super::{ApiKeyRows, LookupCache, Lookups, SharedLookups, UserRows};
use crate::build_error::BuildError;
use crate::builder::AuthBuilder;

/// What the application has asked for.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    choice: Choice,
    redis: Option<Redis>,
}

#[derive(Debug, Default)]
enum Choice {
    #[default]
    ByStore,
    With(LookupCache),
    Without,
}

/// Makes the tier in Redis, once the root secret and the clock are known.
struct Redis(Make);

type Make = Box<dyn Fn(&Basis<'_>) -> Result<Arc<dyn Tier>, EntropyError> + Send + Sync>;

/// What they are built on.
pub(crate) struct Basis<'a> {
    pub(crate) store: &'a Arc<dyn Store>,
    pub(crate) has_api_keys: bool,
    #[cfg_attr(
        not(feature = "redis"),
        expect(dead_code, reason = "only Redis is sealed")
    )]
    pub(crate) roots: &'a RootSecrets,
    pub(crate) clock: &'a Arc<FlooredClock>,
    pub(crate) view: &'a RevocationView,
    pub(crate) random: &'a Arc<dyn SecureRandom>,
}

impl AuthBuilder {
    /// Keeps API keys, and users to be shown
    /// ([`Auth::cached_user`](crate::Auth::cached_user)), in memory, so that the ones
    /// in use are not asked of the store each time.
    ///
    /// Over a store that only this process changes
    /// ([`Store::changes`](auth_store::Store::changes): [`MemoryStore`](crate::MemoryStore),
    /// `SqliteStore`) it is on without being asked for, and gives away nothing: what
    /// is revoked, by whomever, is not accepted once the call has returned. Over one
    /// that others change too (PostgreSQL) it is off until it is asked for, here or by
    /// `with_redis`, because of what it costs, which is the last two of these:
    ///
    /// | who may accept a revoked API key, or show roles that were taken away | for how long |
    /// |---|---|
    /// | the instance that changed it | not at all, when the call has returned |
    /// | another one, with a tier that both are connected to | until its tail is heard, some milliseconds |
    /// | another one without a tier, or that the tier does not reach | at most [`ttl`](LookupCache::with_ttl) after the store was last asked, 60 s |
    ///
    /// # Guarantees
    /// - An answer is kept for 60 s at the most, from when the store was asked, also
    ///   where another instance asked. It is held against everything that this
    ///   process knows to be revoked each time it is used.
    /// - A key's expiry, and that of its former secret, is judged with each use.
    /// - An API key is refused by what the store says now: neither a wrong secret nor a
    ///   disabled user is taken from memory. Only that there is no such key is, for 2 s.
    /// - What cannot be asked for is unavailable, and is not remembered; nothing is
    ///   kept for longer because the store is away.
    /// - A tier has neither keys nor their hashes in it.
    ///
    /// # What it does not do
    /// - What is changed past [`Auth`](crate::Auth), by statements of one's own or by
    ///   an instance without the tier, is seen when what is kept has expired.
    /// - Log-in, sign-up, refresh, resets, changes of passwords, making and rotating
    ///   API keys, and `Auth::user` never look here.
    /// - Sessions are not kept: their list changes with each refresh.
    pub fn with_lookup_cache(mut self, cache: LookupCache) -> Self {
        self.lookups.choice = Choice::With(cache);
        self
    }

    /// Asks the store with each use of an API key, and for each user that is shown.
    pub fn without_lookup_cache(mut self) -> Self {
        self.lookups.choice = Choice::Without;
        self
    }

    /// Lets the [look-up caches](Self::with_lookup_cache) of all instances share by
    /// Redis, and turns them on: what is changed on one instance is forgotten by the
    /// others within some milliseconds. It is sealed there under keys that are derived
    /// from the root secret, which all instances have. Redis may be away, or lose what
    /// it has: then the store is asked.
    ///
    /// Over a store that only this process changes there is nobody to share with, and
    /// Redis is not asked.
    #[cfg(feature = "redis")]
    pub fn with_redis(mut self, link: auth_cache::redis::RedisLink) -> Self {
        self.lookups.redis = Some(Redis(Box::new(move |on| {
            let tier = auth_cache::tier::redis::RedisTier::builder(link.clone(), on.roots.clone())
                .with_clock(on.clock.clone())
                .with_random(Arc::clone(on.random));
            Ok(Arc::new(tier.build()?))
        })));
        self
    }
}

impl Asked {
    /// Refuses what cannot be, before anything is asked of the store.
    pub(crate) fn check(&self) -> Result<(), BuildError> {
        let (setting, is_shared) = (self.setting(), self.redis.is_some());
        let wrong = match &self.choice {
            Choice::Without if is_shared => {
                "there are no look-up caches, and Redis is to share them: leave one of them out"
            }
            Choice::With(cache) if cache.tier.is_some() && is_shared => {
                "look-up caches are shared by one tier: give a tier or Redis"
            }
            _ if setting.ttl < Duration::from_secs(1) || setting.ttl > LookupCache::MAX_TTL => {
                "a look-up cache keeps what it has for 1 to 60 s"
            }
            _ if setting.entries == 0 => "a look-up cache needs room for one entry",
            _ => return Ok(()),
        };
        Err(BuildError::LookupCache(wrong))
    }

    /// The caches; none if the store is asked each time.
    pub(crate) fn build(self, on: &Basis<'_>) -> Result<SharedLookups, BuildError> {
        let is_exclusive = on.store.changes().is_some();
        let is_asked_for = matches!(self.choice, Choice::With(_)) || self.redis.is_some();
        if matches!(self.choice, Choice::Without) || !(is_exclusive || is_asked_for) {
            return Ok(None);
        }
        let setting = self.setting();
        // Numbers of changes are this process's; nobody else has them.
        let tier = if is_exclusive { None } else { self.tier(on)? };
        let made = |tier| Made {
            ttl: setting.ttl,
            entries: setting.entries,
            floors: Arc::new(on.view.clone()),
            clock: on.clock.clone(),
            random: Arc::clone(on.random),
            tier,
        };
        let api_keys = on.has_api_keys.then(|| {
            let tier = tier
                .clone()
                .map(|tier| Arc::new(TailOnly(tier)) as Arc<dyn Tier>);
            let rows = ApiKeyRows::new(Arc::clone(on.store), Arc::clone(on.clock));
            Kept::new(rows, made(tier), ApiKeyIds)
        });
        let users = UserRows::new(Arc::clone(on.store));
        Ok(Some(Arc::new(Lookups {
            api_keys: api_keys.transpose()?,
            users: Kept::new(users, made(tier), Users)?,
        })))
    }

    fn setting(&self) -> LookupCache {
        match &self.choice {
            Choice::With(cache) => cache.clone(),
            Choice::ByStore | Choice::Without => LookupCache::new(),
        }
    }

    fn tier(&self, on: &Basis<'_>) -> Result<Option<Arc<dyn Tier>>, EntropyError> {
        match &self.redis {
            Some(Redis(make)) => make(on).map(Some),
            None => Ok(self.setting().tier),
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}
