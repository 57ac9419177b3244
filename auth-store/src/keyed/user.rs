//! Users, under keys.

use async_trait::async_trait;
use auth_core::revocation::Target;
use auth_core::{TenantId, UserId};

use super::KeyedStore;
use super::database::Database;
use super::row::UserRow;
use super::tx::{Tx, View, name_key, user_key};
use crate::error::StoreError;
use crate::identifier::Identifier;
use crate::traits::{
    ChangeOutcome, Committed, CreateOutcome, HashRenewal, NewUser, PasswordChange, UserRecord,
    UserStatus, UserStore,
};

#[async_trait]
impl<D: Database> UserStore for KeyedStore<D> {
    async fn create_user(&self, new: NewUser) -> Result<CreateOutcome, StoreError> {
        self.write(move |tx| {
            let NewUser { tenant, id, .. } = new;
            if !tx.view().tenant_is_active(tenant)? {
                return Ok(CreateOutcome::NoTenant);
            }
            if tx.view().named(tenant, &new.identifier)?.is_some() {
                return Ok(CreateOutcome::Taken);
            }
            let row = UserRow {
                user: new.user(tx.now),
                password_hash: new.password_hash.clone(),
            };
            tx.add(&user_key(tenant, id), &row)?;
            tx.put(&name_key(tenant, &new.identifier), &id)?;
            Ok(CreateOutcome::Created(row.user))
        })
        .await
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        let identifier = identifier.clone();
        self.read(move |view| match view.named(tenant, &identifier)? {
            Some(id) => view.record(tenant, id),
            None => Ok(None),
        })
        .await
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        self.read(move |view| view.record(tenant, id)).await
    }

    async fn change_password(
        &self,
        change: PasswordChange,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.write(move |tx| {
            let unmoved = |row: &UserRow| {
                row.is_active()
                    && row.password_hash == change.seen_hash
                    && change
                        .seen_epoch
                        .is_none_or(|seen| row.user.session_epoch == seen)
            };
            tx.change_user(change.tenant, change.user, unmoved, |row| {
                row.password_hash = Some(change.new_hash.clone());
                row.user.password_policy = change.new_policy;
                row.user.session_epoch += 1;
            })
        })
        .await
    }

    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError> {
        self.write(move |tx| {
            let found = tx.view().user(renewal.tenant, renewal.user)?;
            let Some(mut row) = found.filter(|row| row.password_hash == renewal.seen_hash) else {
                return Ok(false);
            };
            row.password_hash = Some(renewal.new_hash.clone());
            tx.put(&user_key(renewal.tenant, renewal.user), &row)?;
            Ok(true)
        })
        .await
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.write(move |tx| {
            tx.change_user(
                tenant,
                id,
                |_| true,
                |row| {
                    row.user.status = status;
                    row.user.session_epoch += 1;
                },
            )
        })
        .await
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.write(move |tx| {
            tx.change_user(
                tenant,
                id,
                |_| true,
                |row| row.user.roles.clone_from(&roles),
            )
        })
        .await
    }
}

impl View<'_> {
    fn record(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        let Some(row) = self.user(tenant, id)? else {
            return Ok(None);
        };
        Ok(Some(UserRecord {
            user: row.user,
            password_hash: row.password_hash,
            tenant_active: self.tenant_is_active(tenant)?,
        }))
    }
}

impl Tx<'_> {
    /// Changes a user's row if it is `unmoved`, raises `ver`, and writes the log row.
    pub(super) fn change_user(
        &mut self,
        tenant: TenantId,
        user: UserId,
        unmoved: impl FnOnce(&UserRow) -> bool,
        change: impl FnOnce(&mut UserRow),
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let Some(mut row) = self.view().user(tenant, user)?.filter(|row| unmoved(row)) else {
            return Ok(Committed::quiet(ChangeOutcome::Moved));
        };
        change(&mut row);
        row.user.ver += 1;
        self.put(&user_key(tenant, user), &row)?;
        let target = Target::User {
            tenant,
            user,
            floor: row.user.ver,
        };
        Ok(Committed {
            value: ChangeOutcome::Changed(row.user),
            revoked: vec![self.revoke(target)?],
        })
    }
}
