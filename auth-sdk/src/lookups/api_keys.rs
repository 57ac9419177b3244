//! API keys, as the store has them.

use std::sync::Arc;

use auth_cache::tiered::Tag;
use auth_core::revocation::Anchor;
use auth_core::{ApiKeyId, FlooredClock};
use auth_store::{ApiKeyRecord, Store, StoreError};

use super::source::{Row, Source};
use super::users::bytes_of;
use super::{of_tenant, of_user};

/// The store's API keys.
#[derive(Debug)]
pub(crate) struct ApiKeyRows {
    store: Arc<dyn Store>,
    clock: Arc<FlooredClock>,
}

impl ApiKeyRows {
    pub(crate) const fn new(store: Arc<dyn Store>, clock: Arc<FlooredClock>) -> Self {
        Self { store, clock }
    }
}

impl Source for ApiKeyRows {
    const NAME: &'static str = "auth-api-keys";
    const REMEMBERS_ABSENCE: bool = true;
    type Key = ApiKeyId;
    type Row = ApiKeyRecord;

    fn store(&self) -> &dyn Store {
        &*self.store
    }

    async fn ask(&self, key: &ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        let Some(keys) = self.store.api_key_store() else {
            return Ok(None);
        };
        let found = keys.find_api_key(*key).await?;
        if let Some(found) = &found {
            // A key must not live on because this instance's clock is behind.
            self.clock.observe(found.now);
        }
        Ok(found)
    }
}

impl Row for ApiKeyRecord {
    fn anchors(&self) -> impl Iterator<Item = Anchor> {
        let (tenant, user) = (self.key.tenant, self.key.user);
        [
            Anchor::ApiKey { key: self.key.id },
            Anchor::User {
                tenant,
                user,
                version: self.user.ver,
            },
            Anchor::Tenant {
                tenant,
                version: self.tver,
            },
        ]
        .into_iter()
    }

    fn tags(&self) -> Vec<Tag> {
        let (tenant, user) = (self.key.tenant, self.key.user);
        vec![of_user(tenant, user), of_tenant(tenant)]
    }

    fn behind(&self) -> usize {
        let scope: usize = self.key.scope.iter().map(bytes_of).sum();
        self.key.name.len() + scope + self.user.behind() + size_of::<Self>()
    }
}
