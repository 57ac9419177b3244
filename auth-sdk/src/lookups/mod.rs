//! What of the store is kept in memory: API keys, and users to be shown.
//!
//! Two caches of look-ups over one rule: what is kept lives for 60 s from when it was
//! asked for, is held against the floors each time it is used, and is forgotten by
//! every change that goes through [`Auth`](crate::Auth) before the change returns.
//! Where only this process changes the store, what is kept also ends with the number
//! of the store's changes, whoever made them.

mod api_keys;
mod asked;
mod kept;
mod setting;
mod sharing;
mod source;
mod stats;
mod telling;
mod users;

use std::sync::Arc;

use auth_cache::tiered::{BoxError, Tag};
use auth_core::revocation::{Revocation, Target};
use auth_core::{ApiKeyId, TenantId, UserId};
use auth_store::{ApiKeyRecord, User};

pub(crate) use asked::{Asked, Basis};
pub use setting::LookupCache;
pub use stats::LookupCacheStats;

use api_keys::ApiKeyRows;
use kept::{Held, Kept};
use telling::Telling;
use users::UserRows;

/// The caches of an [`Auth`](crate::Auth).
#[derive(Debug)]
pub(crate) struct Lookups {
    /// None, where there are no API keys.
    api_keys: Option<Kept<ApiKeyRows>>,
    users: Kept<UserRows>,
}

impl Lookups {
    /// What is known of an API key. `None` in the outer place: it is not kept here.
    pub(crate) async fn api_key(
        &self,
        id: ApiKeyId,
    ) -> Option<Result<Option<Held<ApiKeyRecord>>, BoxError>> {
        Some(self.api_keys.as_ref()?.get(&id).await)
    }

    /// A user, to be shown.
    pub(crate) async fn user(
        &self,
        tenant: TenantId,
        id: UserId,
    ) -> Result<Option<Held<User>>, BoxError> {
        self.users.get(&(tenant, id)).await
    }

    /// Forgets an API key.
    pub(crate) fn forget_api_key(&self, id: ApiKeyId) -> Telling {
        let mut telling = Telling::default();
        if let Some(keys) = &self.api_keys {
            telling.add(keys.cache.invalidate(&id));
        }
        telling
    }

    /// Forgets what is said otherwise by what was committed, in this process when it
    /// returns; the rest is for others.
    pub(crate) fn forget(&self, revoked: &[Revocation]) -> Telling {
        let mut telling = Telling::default();
        for revocation in revoked {
            match (revocation.target, &self.api_keys) {
                (Target::ApiKey { key, .. }, Some(keys)) => {
                    telling.add(keys.cache.invalidate(&key));
                }
                (Target::User { tenant, user, .. }, keys) => {
                    telling.add(self.users.cache.invalidate(&(tenant, user)));
                    if let Some(keys) = keys {
                        telling.add(keys.cache.invalidate_tag(&of_user(tenant, user)));
                    }
                }
                (Target::Tenant { tenant, .. }, Some(keys)) => {
                    telling.add(keys.cache.invalidate_tag(&of_tenant(tenant)));
                }
                _ => {}
            }
        }
        telling
    }

    /// Forgets everything: something may have been changed, and nobody can say what.
    pub(crate) fn forget_all(&self) -> Telling {
        let mut telling = Telling::default();
        telling.add(self.users.cache.clear());
        if let Some(keys) = &self.api_keys {
            telling.add(keys.cache.clear());
        }
        telling
    }

    pub(crate) fn stats(&self) -> LookupCacheStats {
        LookupCacheStats {
            api_keys: self.api_keys.as_ref().map(|keys| keys.cache.stats()),
            users: self.users.cache.stats(),
        }
    }
}

/// The API keys of a user.
fn of_user(tenant: TenantId, user: UserId) -> Tag {
    Tag::new(format!("user:{tenant}:{user}"))
}

/// The API keys of a tenant.
fn of_tenant(tenant: TenantId) -> Tag {
    Tag::new(format!("tenant:{tenant}"))
}

impl crate::auth::Auth {
    /// What the look-up caches have done and hold; `None` if there are none. They
    /// are at [`with_lookup_cache`](crate::AuthBuilder::with_lookup_cache).
    pub fn lookup_cache_stats(&self) -> Option<LookupCacheStats> {
        self.shared.lookups.as_deref().map(Lookups::stats)
    }
}

impl crate::auth::Shared {
    /// Forgets what was changed, after the floors are raised and before anybody is
    /// answered. `unsure`: the store could not say what it has changed.
    pub(crate) async fn forget(&self, revoked: &[Revocation], unsure: bool) {
        if let Some(lookups) = &self.lookups {
            let telling = if unsure {
                lookups.forget_all()
            } else {
                lookups.forget(revoked)
            };
            telling.end().await;
        }
    }

    /// Forgets an API key that was made, changed or revoked.
    pub(crate) async fn forget_api_key(&self, key: ApiKeyId) {
        if let Some(lookups) = &self.lookups {
            lookups.forget_api_key(key).end().await;
        }
    }
}

/// The caches that an [`Auth`](crate::Auth) and its verifier share.
pub(crate) type SharedLookups = Option<Arc<Lookups>>;
