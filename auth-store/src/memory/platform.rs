//! Accounts at other platforms, in memory.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use auth_core::{TenantId, Timestamp, UserId};

use super::MemoryStore;
use super::state::State;
use super::user::UserRow;
use crate::error::StoreError;
use crate::platform_key::PlatformKey;
use crate::traits::{
    ChangeOutcome, Committed, Effects, LinkOutcome, PlatformAccount, PlatformStore, RemoveOutcome,
    UserRecord,
};

/// Whose each account is, and the accounts of each user.
#[derive(Default)]
pub(super) struct Platforms {
    owners: HashMap<(TenantId, PlatformKey), UserId>,
    linked: BTreeMap<(TenantId, UserId, PlatformKey), Timestamp>,
}

impl Platforms {
    fn of(&self, tenant: TenantId, user: UserId) -> impl Iterator<Item = PlatformAccount> {
        self.linked
            .range((tenant, user, PlatformKey::first())..)
            .take_while(move |((of, by, _), _)| (*of, *by) == (tenant, user))
            .map(move |((_, _, key), linked_at)| PlatformAccount {
                tenant,
                user,
                key: key.clone(),
                linked_at: *linked_at,
            })
    }
}

#[async_trait]
impl PlatformStore for MemoryStore {
    async fn link_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<LinkOutcome, StoreError> {
        let (mut state, now) = self.lock();
        let is_active = state.tenant_is_active(tenant)
            && state
                .users
                .get(&(tenant, user))
                .is_some_and(UserRow::is_active);
        if !is_active {
            return Ok(LinkOutcome::NoUser);
        }
        let account = |linked_at| PlatformAccount {
            tenant,
            user,
            key: key.clone(),
            linked_at,
        };
        let Platforms { owners, linked } = &mut state.platforms;
        match owners.get(&(tenant, key.clone())) {
            Some(owner) if *owner != user => Ok(LinkOutcome::Taken),
            Some(_) => {
                let since = linked.get(&(tenant, user, key.clone()));
                Ok(LinkOutcome::Already(account(since.copied().unwrap_or(now))))
            }
            None => {
                owners.insert((tenant, key.clone()), user);
                linked.insert((tenant, user, key.clone()), now);
                state.tell(&self.effects, tenant, &user, now);
                Ok(LinkOutcome::Linked(account(now)))
            }
        }
    }

    async fn find_by_platform(
        &self,
        tenant: TenantId,
        key: &PlatformKey,
    ) -> Result<Option<UserRecord>, StoreError> {
        let (state, _) = self.lock();
        let owner = state.platforms.owners.get(&(tenant, key.clone()));
        Ok(owner.and_then(|user| state.record(tenant, *user)))
    }

    async fn platform_accounts(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Vec<PlatformAccount>, StoreError> {
        Ok(self.lock().0.platforms.of(tenant, user).collect())
    }

    async fn unlink_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let (mut state, now) = self.lock();
        let accounts = state.platforms.of(tenant, user).take(2).count();
        let is_theirs = (tenant, user, key.clone());
        if !state.platforms.linked.contains_key(&is_theirs) {
            return Ok(Committed::quiet(RemoveOutcome::Unknown));
        }
        let row = state.users.get(&(tenant, user));
        if accounts < 2 && row.is_none_or(|row| row.password_hash.is_none()) {
            return Ok(Committed::quiet(RemoveOutcome::LastMethod));
        }
        state.platforms.linked.remove(&is_theirs);
        state.platforms.owners.remove(&(tenant, key.clone()));
        Ok(state.removed(&self.effects, tenant, user, now, |_| {}))
    }

    async fn remove_password(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let (mut state, now) = self.lock();
        let row = state.users.get(&(tenant, user));
        if row.is_none_or(|row| row.password_hash.is_none()) {
            return Ok(Committed::quiet(RemoveOutcome::Unknown));
        }
        if state.platforms.of(tenant, user).next().is_none() {
            return Ok(Committed::quiet(RemoveOutcome::LastMethod));
        }
        Ok(state.removed(&self.effects, tenant, user, now, |row| {
            row.password_hash = None;
            row.user.password_policy = None;
        }))
    }
}

impl State {
    fn removed(
        &mut self,
        effects: &Effects,
        tenant: TenantId,
        user: UserId,
        now: Timestamp,
        change: impl FnOnce(&mut UserRow),
    ) -> Committed<RemoveOutcome> {
        let Committed { value, revoked } = self.change_user(
            effects,
            tenant,
            user,
            now,
            |_| true,
            |row| {
                change(row);
                row.user.session_epoch += 1;
            },
        );
        let value = match value {
            ChangeOutcome::Changed(user) => RemoveOutcome::Removed(user),
            ChangeOutcome::Moved => RemoveOutcome::Unknown,
        };
        Committed { value, revoked }
    }
}
