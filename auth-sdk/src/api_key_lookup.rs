//! How the verifier learns of API keys: from the store, or from what of it is kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use auth_core::api_key::{ApiKeyLookup, KnownApiKey};
use auth_core::key::Unavailable;
use auth_core::{ApiKeyId, Clock, FlooredClock, Monotonic};
use auth_store::{ApiKeyRecord, Store, USE_IS_NEWS_AFTER, UserStatus};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::lookups::SharedLookups;
use crate::profile::TokenProfile;

/// The keys of a store. Where there are no look-up caches nothing is kept: a key that
/// was revoked on another instance is dead here with its next use.
pub(crate) struct StoredApiKeys {
    store: Arc<dyn Store>,
    profile: Arc<dyn TokenProfile>,
    clock: Arc<FlooredClock>,
    lookups: SharedLookups,
    /// How many notes of uses may be on their way to the store.
    notes: Arc<Semaphore>,
    /// When this process last noted a use of which key.
    noted: Mutex<HashMap<ApiKeyId, Monotonic>>,
}

/// Notes wait for nobody; more of them than this are dropped.
const NOTES_AT_ONCE: usize = 4;

/// The most keys of whose uses this process remembers that it noted them; of
/// others the store remembers it.
const REMEMBERED: usize = 4096;

impl StoredApiKeys {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        profile: Arc<dyn TokenProfile>,
        clock: Arc<FlooredClock>,
        lookups: SharedLookups,
    ) -> Self {
        Self {
            store,
            profile,
            clock,
            lookups,
            notes: Arc::new(Semaphore::new(NOTES_AT_ONCE)),
            noted: Mutex::default(),
        }
    }

    /// What the store says now.
    async fn ask(&self, id: ApiKeyId) -> Result<Option<KnownApiKey>, Unavailable> {
        let Some(keys) = self.store.api_key_store() else {
            return Ok(None);
        };
        match keys.find_api_key(id).await {
            Ok(found) => Ok(found.map(|record| {
                // A key must not live on because this instance's clock is behind.
                self.clock.observe(record.now);
                self.known(&record)
            })),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// By the profile of now, whenever the record is from.
    fn known(&self, record: &ApiKeyRecord) -> KnownApiKey {
        let ApiKeyRecord {
            key,
            hash,
            former,
            user,
            tenant_active,
            tver,
            now: _,
        } = record;
        KnownApiKey {
            id: key.id,
            tenant: key.tenant,
            user: key.user,
            active: key.revoked_at.is_none() && user.status == UserStatus::Active && *tenant_active,
            hash: *hash,
            former: *former,
            expires_at: key.expires_at,
            // What the user may no longer do the key may not either.
            scope: key.scope.intersection(&self.profile.scope(user)),
            custom: self.profile.claims(user),
            roles: user.roles.clone(),
            user_version: user.ver,
            tenant_version: *tver,
            last_used_at: key.last_used_at,
        }
    }

    /// Whether this process has not noted a use of the key within the time.
    fn is_news(&self, key: ApiKeyId, now: Monotonic) -> bool {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: &Monotonic| now.since(*at) >= USE_IS_NEWS_AFTER;
        if noted.len() >= REMEMBERED {
            noted.retain(|_, at| !is_old(at));
        }
        if noted.get(&key).is_some_and(|at| !is_old(at)) || noted.len() >= REMEMBERED {
            return false;
        }
        noted.insert(key, now);
        true
    }
}

fn unavailable(error: &(dyn std::error::Error + 'static)) -> Unavailable {
    tracing::warn!(error, "an API key cannot be looked up");
    Unavailable
}

#[async_trait]
impl ApiKeyLookup for StoredApiKeys {
    async fn find(&self, id: ApiKeyId) -> Result<Option<Arc<KnownApiKey>>, Unavailable> {
        let kept = match &self.lookups {
            Some(lookups) => lookups.api_key(id).await,
            None => None,
        };
        let known = match kept {
            Some(Ok(held)) => held.map(|held| self.known(held.row())),
            Some(Err(error)) => return Err(unavailable(&*error)),
            None => self.ask(id).await?,
        };
        Ok(known.map(Arc::new))
    }

    async fn find_again(
        &self,
        found: &KnownApiKey,
    ) -> Result<Option<Arc<KnownApiKey>>, Unavailable> {
        let lookups = match &self.lookups {
            // What is kept has been held against the number of the changes.
            Some(lookups) if self.store.changes().is_none() => lookups,
            _ => return Ok(None),
        };
        let Some(known) = self.ask(found.id).await? else {
            return Ok(None);
        };
        let judged_by = |known: &KnownApiKey| (known.hash, known.former, known.active);
        if judged_by(&known) != judged_by(found) {
            // For the next use. Whoever changed it has told the others.
            drop(lookups.forget_api_key(found.id));
        }
        Ok(Some(Arc::new(known)))
    }

    fn used(&self, key: &KnownApiKey) {
        let now = self.clock.now();
        let is_noted = |last| now.wall.since(last) < USE_IS_NEWS_AFTER;
        if key.last_used_at.is_some_and(is_noted) {
            return;
        }
        let (Ok(runtime), Ok(place)) = (
            Handle::try_current(),
            Arc::clone(&self.notes).try_acquire_owned(),
        ) else {
            return;
        };
        if !self.is_news(key.id, now.mono) {
            return;
        }
        let (store, id) = (Arc::clone(&self.store), key.id);
        let note = async move {
            if let Some(keys) = store.api_key_store()
                && let Err(error) = keys.note_api_key_use(id).await
            {
                tracing::debug!(%error, "a use of an API key is not noted");
            }
            drop(place);
        };
        drop(runtime.spawn(note.in_current_span()));
    }
}

impl fmt::Debug for StoredApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredApiKeys")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
