//! Users, as they are shown.

use std::sync::Arc;

use auth_cache::tiered::Tag;
use auth_core::revocation::Anchor;
use auth_core::{TenantId, UserId};
use auth_store::{Consistency, Store, StoreError, User};

use super::source::{Row, Source};

/// The store's users, without their passwords' hashes.
#[derive(Debug)]
pub(crate) struct UserRows {
    store: Arc<dyn Store>,
}

impl UserRows {
    pub(crate) const fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

impl Source for UserRows {
    const NAME: &'static str = "auth-users";
    const REMEMBERS_ABSENCE: bool = false;
    type Key = (TenantId, UserId);
    type Row = User;

    fn store(&self) -> &dyn Store {
        &*self.store
    }

    async fn ask(&self, &(tenant, id): &(TenantId, UserId)) -> Result<Option<User>, StoreError> {
        // Never a replica: what is loaded after an invalidation is not from before it.
        match self.store.look_up_store() {
            Some(copies) => copies.look_up_user(tenant, id, Consistency::Strong).await,
            None => Ok(self.store.user(tenant, id).await?.map(|found| found.user)),
        }
    }
}

impl Row for User {
    fn anchors(&self) -> impl Iterator<Item = Anchor> {
        std::iter::once(Anchor::User {
            tenant: self.tenant,
            user: self.id,
            version: self.ver,
        })
    }

    /// What a tenant may do is not shown with its users.
    fn tags(&self) -> Vec<Tag> {
        Vec::new()
    }

    fn behind(&self) -> usize {
        let roles: usize = self.roles.iter().map(|role| bytes_of(role)).sum();
        self.identifier.len() + roles + size_of::<Self>()
    }
}

/// Of a text in a list.
pub(super) const fn bytes_of(text: &str) -> usize {
    size_of::<String>() + text.len()
}
