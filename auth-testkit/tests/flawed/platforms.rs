//! Accounts at platforms that are kept badly.

use async_trait::async_trait;
use auth_core::{TenantId, UserId};
use auth_store::{
    Committed, LinkOutcome, PlatformAccount, PlatformKey, PlatformStore, RemoveOutcome, StoreError,
    UserRecord, UserStatus, UserStore,
};

use super::{Flaw, Flawed};

#[async_trait]
impl PlatformStore for Flawed {
    async fn link_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<LinkOutcome, StoreError> {
        self.connect().await?;
        let key = self.written(key);
        let owner = self.inner.find_by_platform(tenant, &key).await?;
        match self.flaw {
            Flaw::LinkOverwrites | Flaw::LinkLooksThenWrites => {
                if owner.as_ref().is_some_and(|owner| owner.user.id != user)
                    && self.has(Flaw::LinkLooksThenWrites)
                {
                    return Ok(LinkOutcome::Taken);
                }
                self.meanwhile().await;
                let linked = self.inner.link_platform(tenant, user, &key).await?;
                Ok(match linked {
                    LinkOutcome::Taken => LinkOutcome::Linked(PlatformAccount {
                        tenant,
                        user,
                        key,
                        linked_at: self.now(),
                    }),
                    linked => linked,
                })
            }
            Flaw::AnybodyIsLinked => {
                let linked = self.inner.link_platform(tenant, user, &key).await?;
                Ok(match linked {
                    LinkOutcome::NoUser => LinkOutcome::Linked(PlatformAccount {
                        tenant,
                        user,
                        key,
                        linked_at: self.now(),
                    }),
                    linked => linked,
                })
            }
            Flaw::LinkIsAChange => {
                let linked = self.inner.link_platform(tenant, user, &key).await?;
                let roles = vec!["reader".to_owned()];
                let _ = self.inner.set_user_roles(tenant, user, roles).await?;
                Ok(linked)
            }
            _ => self.inner.link_platform(tenant, user, &key).await,
        }
    }

    async fn find_by_platform(
        &self,
        tenant: TenantId,
        key: &PlatformKey,
    ) -> Result<Option<UserRecord>, StoreError> {
        self.connect().await?;
        let found = self
            .inner
            .find_by_platform(tenant, &self.written(key))
            .await?;
        let hides = |record: &UserRecord| {
            self.has(Flaw::DisabledIsNotRead) && record.user.status == UserStatus::Disabled
        };
        Ok(found.filter(|record| !hides(record)))
    }

    async fn platform_accounts(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Vec<PlatformAccount>, StoreError> {
        self.connect().await?;
        let mut accounts = self.inner.platform_accounts(tenant, user).await?;
        if self.has(Flaw::AccountsAreUnordered) {
            accounts.reverse();
        }
        Ok(accounts)
    }

    async fn unlink_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        self.connect().await?;
        let key = self.written(key);
        let owner = self.inner.find_by_platform(tenant, &key).await?;
        let (tenant, user) = match &owner {
            Some(owner) if self.has(Flaw::AnybodyUnlinks) => (tenant, owner.user.id),
            _ => (tenant, user),
        };
        self.removing(tenant, user, Some(&key)).await
    }

    async fn remove_password(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        self.connect().await?;
        self.removing(tenant, user, None).await
    }
}

impl Flawed {
    /// What a careless comparison makes of a key.
    fn written(&self, key: &PlatformKey) -> PlatformKey {
        let (platform, id) = (key.platform(), key.external_id());
        let changed = match self.flaw {
            Flaw::AccountsCompareWithoutCase => PlatformKey::new(platform, id.to_lowercase()),
            Flaw::TextIsCut => PlatformKey::new(platform, id.chars().take(50).collect::<String>()),
            _ => return key.clone(),
        };
        changed.expect("a key is a key in lower case, and its beginning is one")
    }

    async fn remove(
        &self,
        tenant: TenantId,
        user: UserId,
        key: Option<&PlatformKey>,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        match key {
            Some(key) => self.inner.unlink_platform(tenant, user, key).await,
            None => self.inner.remove_password(tenant, user).await,
        }
    }

    async fn removing(
        &self,
        tenant: TenantId,
        user: UserId,
        key: Option<&PlatformKey>,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let record = self.inner.user(tenant, user).await?;
        let accounts = self.inner.platform_accounts(tenant, user).await?;
        let has_password = record
            .as_ref()
            .is_some_and(|record| record.password_hash.is_some());
        match (self.flaw, record) {
            // It looks whether something is left, and then removes what it was told to.
            (Flaw::RemovalLooksThenWrites, Some(record)) => {
                let methods = accounts.len() + usize::from(has_password);
                self.meanwhile().await;
                let mut done = self.remove(tenant, user, key).await?;
                if methods > 1 && done.value == RemoveOutcome::LastMethod {
                    done.value = RemoveOutcome::Removed(record.user);
                }
                Ok(done)
            }
            (Flaw::RemovalIsTwoSteps, Some(record)) => {
                let roles = record.user.roles;
                let _ = self.inner.set_user_roles(tenant, user, roles).await?;
                self.meanwhile().await;
                self.remove(tenant, user, key).await
            }
            (Flaw::LastMethodMayGo, Some(record)) => {
                let mut done = self.remove(tenant, user, key).await?;
                if done.value == RemoveOutcome::LastMethod {
                    done.value = RemoveOutcome::Removed(record.user);
                }
                Ok(done)
            }
            (Flaw::PasswordIsNoMethod, Some(_)) if key.is_some() && accounts.len() == 1 => {
                Ok(Committed::quiet(RemoveOutcome::LastMethod))
            }
            (Flaw::RemovalEndsNothing, Some(record)) => {
                let mut done = self.remove(tenant, user, key).await?;
                if let RemoveOutcome::Removed(user) = &mut done.value {
                    *user = record.user;
                    done.revoked.clear();
                }
                Ok(done)
            }
            _ => {
                let mut done = self.remove(tenant, user, key).await?;
                done.revoked = self.returned(done.revoked);
                Ok(done)
            }
        }
    }
}
