//! Users, in memory.

use async_trait::async_trait;
use auth_core::revocation::Target;
use auth_core::{TenantId, Timestamp, UserId};

use super::MemoryStore;
use super::state::State;
use crate::error::{StoreError, StoreErrorKind};
use crate::identifier::Identifier;
use crate::traits::{
    ChangeOutcome, Committed, CreateOutcome, Effects, HashRenewal, NewUser, PasswordChange, User,
    UserRecord, UserStatus, UserStore,
};

/// A user's row.
pub(super) struct UserRow {
    pub(super) user: User,
    pub(super) password_hash: Option<String>,
}

impl UserRow {
    pub(super) fn is_active(&self) -> bool {
        self.user.status == UserStatus::Active
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn create_user(&self, new: NewUser) -> Result<CreateOutcome, StoreError> {
        let (mut state, now) = self.lock();
        if !state.tenant_is_active(new.tenant) {
            return Ok(CreateOutcome::NoTenant);
        }
        let name = (new.tenant, new.identifier.normalized().to_owned());
        if state.identifiers.contains_key(&name) {
            return Ok(CreateOutcome::Taken);
        }
        let key = (new.tenant, new.id);
        if state.users.contains_key(&key) {
            return Err(StoreError::new(
                StoreErrorKind::Other,
                "the user id is in use",
            ));
        }
        let user = new.user(now);
        state.identifiers.insert(name, new.id);
        state.users.insert(
            key,
            UserRow {
                user: user.clone(),
                password_hash: new.password_hash,
            },
        );
        state.tell(&self.effects, user.tenant, &user.id, now);
        Ok(CreateOutcome::Created(user))
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        let (state, _) = self.lock();
        let id = state
            .identifiers
            .get(&(tenant, identifier.normalized().to_owned()));
        Ok(id.and_then(|id| state.record(tenant, *id)))
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        Ok(self.lock().0.record(tenant, id))
    }

    async fn change_password(
        &self,
        change: PasswordChange,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let PasswordChange {
            tenant,
            user,
            seen_hash,
            seen_epoch,
            new_hash,
            new_policy,
        } = change;
        let (mut state, now) = self.lock();
        let unmoved = |row: &UserRow| {
            row.is_active()
                && row.password_hash == seen_hash
                && seen_epoch.is_none_or(|seen| row.user.session_epoch == seen)
        };
        Ok(
            state.change_user(&self.effects, tenant, user, now, unmoved, |row| {
                row.password_hash = Some(new_hash);
                row.user.password_policy = new_policy;
                row.user.session_epoch += 1;
            }),
        )
    }

    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError> {
        let (mut state, _) = self.lock();
        let row = state.users.get_mut(&(renewal.tenant, renewal.user));
        Ok(match row {
            Some(row) if row.password_hash == renewal.seen_hash => {
                row.password_hash = Some(renewal.new_hash);
                true
            }
            _ => false,
        })
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let (mut state, now) = self.lock();
        Ok(state.change_user(
            &self.effects,
            tenant,
            id,
            now,
            |_| true,
            |row| {
                row.user.status = status;
                row.user.session_epoch += 1;
            },
        ))
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let (mut state, now) = self.lock();
        Ok(state.change_user(
            &self.effects,
            tenant,
            id,
            now,
            |_| true,
            |row| row.user.roles = roles,
        ))
    }
}

impl State {
    pub(super) fn record(&self, tenant: TenantId, user: UserId) -> Option<UserRecord> {
        let row = self.users.get(&(tenant, user))?;
        Some(UserRecord {
            user: row.user.clone(),
            password_hash: row.password_hash.clone(),
            tenant_active: self.tenant_is_active(tenant),
        })
    }

    /// Changes a user's row if it is `unmoved`, raises `ver`, and writes the
    /// log row. A change that changes nothing does so too: asked again after a
    /// lost answer, it gives the caller the floor that the first time gave.
    pub(super) fn change_user(
        &mut self,
        effects: &Effects,
        tenant: TenantId,
        user: UserId,
        now: Timestamp,
        unmoved: impl FnOnce(&UserRow) -> bool,
        change: impl FnOnce(&mut UserRow),
    ) -> Committed<ChangeOutcome> {
        let Some(row) = self
            .users
            .get_mut(&(tenant, user))
            .filter(|row| unmoved(row))
        else {
            return Committed::quiet(ChangeOutcome::Moved);
        };
        change(row);
        row.user.ver += 1;
        let changed = row.user.clone();
        let revoked = vec![self.revoke(
            Target::User {
                tenant,
                user,
                floor: changed.ver,
            },
            now,
        )];
        self.tell(effects, tenant, &user, now);
        Committed {
            value: ChangeOutcome::Changed(changed),
            revoked,
        }
    }
}
