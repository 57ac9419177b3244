//! Users.

use async_trait::async_trait;
use auth_core::revocation::{Revocation, Target};
use auth_core::{PolicyVersion, TenantId, Timestamp, UserId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteExecutor;

use super::error::failed;
use super::row::{record_columns, user_record};
use super::writer::Tx;
use super::{SqliteStore, id, list, log, outbox};
use crate::error::{StoreError, StoreErrorKind};
use crate::identifier::Identifier;
use crate::traits::{
    ChangeOutcome, Committed, CreateOutcome, Effects, HashRenewal, NewUser, PasswordChange, User,
    UserRecord, UserStatus, UserStore,
};

pub(super) const BY_ID: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM auth_users AS u WHERE u.tenant_id = ? AND u.id = ?"
);

pub(super) const BY_IDENTIFIER: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM auth_users AS u WHERE u.tenant_id = ? AND u.identifier_norm = ?"
);

#[async_trait]
impl UserStore for SqliteStore {
    async fn create_user(&self, user: NewUser) -> Result<CreateOutcome, StoreError> {
        let effects = self.effects.clone();
        self.write(move |tx| {
            Box::pin(async move { create(&mut tx.connection, tx.now, &user, &effects).await })
        })
        .await
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        by_identifier(&self.readers, tenant, identifier.normalized()).await
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        by_id(&self.readers, tenant, id).await
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
        let unmoved = move |found: &UserRecord| {
            found.user.status == UserStatus::Active
                && found.password_hash == seen_hash
                && seen_epoch.is_none_or(|seen| found.user.session_epoch == seen)
        };
        self.change_user(tenant, user, unmoved, move |row| {
            row.password_hash = Some(new_hash);
            row.user.password_policy = new_policy;
            row.user.session_epoch += 1;
        })
        .await
    }

    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError> {
        self.write(move |tx| Box::pin(renew_hash(tx, renewal)))
            .await
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.change_user(
            tenant,
            id,
            |_| true,
            move |row| {
                row.user.status = status;
                row.user.session_epoch += 1;
            },
        )
        .await
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.change_user(tenant, id, |_| true, move |row| row.user.roles = roles)
            .await
    }
}

impl SqliteStore {
    /// Changes a user's row if it is `unmoved`, raises `ver`, and writes the
    /// log row.
    pub(super) async fn change_user(
        &self,
        tenant: TenantId,
        user: UserId,
        unmoved: impl FnOnce(&UserRecord) -> bool + Send + 'static,
        change: impl FnOnce(&mut UserRecord) + Send + 'static,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let effects = self.effects.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let found = by_id(&mut tx.connection, tenant, user).await?;
                let Some(mut record) = found.filter(unmoved) else {
                    return Ok(Committed::quiet(ChangeOutcome::Moved));
                };
                change(&mut record);
                let (user, revoked) = self::change(tx, record).await?;
                outbox::tell(tx, &effects, tenant, user.id).await?;
                Ok(Committed {
                    value: ChangeOutcome::Changed(user),
                    revoked: vec![revoked],
                })
            })
        })
        .await
    }
}

/// Saves a user who has changed, raises `ver`, and writes the log row.
pub(super) async fn change(
    tx: &mut Tx,
    mut record: UserRecord,
) -> Result<(User, Revocation), StoreError> {
    record.user.ver += 1;
    save(tx, &record).await?;
    let target = Target::User {
        tenant: record.user.tenant,
        user: record.user.id,
        floor: record.user.ver,
    };
    let revoked = log::append(tx, target).await?;
    Ok((record.user, revoked))
}

impl SqliteStore {
    /// As [`UserStore::create_user`], with these events, in a transaction of the
    /// application's own on its own connection to the same file: the user, the events
    /// and what the application does there are committed together, or not at all.
    /// Begin that transaction with `BEGIN IMMEDIATE`; the store's writes wait for it,
    /// for 2 s at most.
    ///
    /// The SDK's `Auth::prepare_sign_up` gives the user, with the password checked
    /// and hashed, and the events. A change that revokes something has no such form:
    /// what it revokes is to be refused as soon as it is committed, and of another's
    /// commit the store does not hear.
    ///
    /// # Errors
    /// [`StoreError`] when a statement fails.
    pub async fn create_user_in(
        &self,
        connection: &mut SqliteConnection,
        new: &NewUser,
        events: &Effects,
    ) -> Result<CreateOutcome, StoreError> {
        create(connection, self.writer.now(), new, events).await
    }
}

async fn create(
    connection: &mut SqliteConnection,
    now: Timestamp,
    new: &NewUser,
    effects: &Effects,
) -> Result<CreateOutcome, StoreError> {
    let tenant: Option<bool> =
        sqlx::query_scalar("SELECT status = 'active' FROM auth_tenants WHERE id = ?")
            .bind(id(new.tenant.as_uuid()))
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
    if tenant != Some(true) {
        return Ok(CreateOutcome::NoTenant);
    }
    if by_identifier(&mut *connection, new.tenant, new.identifier.normalized())
        .await?
        .is_some()
    {
        return Ok(CreateOutcome::Taken);
    }
    let user = new.user(now);
    let inserted = sqlx::query(
        "INSERT INTO auth_users (tenant_id, id, identifier, identifier_norm, password_hash, status, \
                                 ver, session_epoch, roles, created_at, password_policy) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant_id, id) DO NOTHING",
    )
    .bind(id(user.tenant.as_uuid()))
    .bind(id(user.id.as_uuid()))
    .bind(&user.identifier)
    .bind(new.identifier.normalized())
    .bind(&new.password_hash)
    .bind(user.status.as_str())
    .bind(user.ver)
    .bind(user.session_epoch)
    .bind(list::encode(&user.roles))
    .bind(user.created_at.unix_micros())
    .bind(user.password_policy.map(PolicyVersion::number))
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    match inserted.rows_affected() {
        1 => {
            outbox::insert(connection, now, effects, user.tenant, user.id).await?;
            Ok(CreateOutcome::Created(user))
        }
        _ => Err(StoreError::new(
            StoreErrorKind::Other,
            "the user id is in use",
        )),
    }
}

async fn renew_hash(tx: &mut Tx, renewal: HashRenewal) -> Result<bool, StoreError> {
    let renewed = sqlx::query(
        "UPDATE auth_users SET password_hash = ? \
         WHERE tenant_id = ? AND id = ? AND password_hash IS ?",
    )
    .bind(renewal.new_hash)
    .bind(id(renewal.tenant.as_uuid()))
    .bind(id(renewal.user.as_uuid()))
    .bind(renewal.seen_hash)
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    Ok(renewed.rows_affected() == 1)
}

async fn save(
    tx: &mut Tx,
    UserRecord {
        user,
        password_hash,
        ..
    }: &UserRecord,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE auth_users SET password_hash = ?, password_policy = ?, status = ?, ver = ?, session_epoch = ?, roles = ? \
         WHERE tenant_id = ? AND id = ?",
    )
    .bind(password_hash.as_deref())
    .bind(user.password_policy.map(PolicyVersion::number))
    .bind(user.status.as_str())
    .bind(user.ver)
    .bind(user.session_epoch)
    .bind(list::encode(&user.roles))
    .bind(id(user.tenant.as_uuid()))
    .bind(id(user.id.as_uuid()))
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

pub(super) async fn by_id(
    executor: impl SqliteExecutor<'_>,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<UserRecord>, StoreError> {
    let row = sqlx::query(BY_ID)
        .bind(id(tenant.as_uuid()))
        .bind(id(user.as_uuid()))
        .fetch_optional(executor)
        .await
        .map_err(failed)?;
    row.as_ref().map(user_record).transpose()
}

pub(super) async fn by_identifier(
    executor: impl SqliteExecutor<'_>,
    tenant: TenantId,
    normalized: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let row = sqlx::query(BY_IDENTIFIER)
        .bind(id(tenant.as_uuid()))
        .bind(normalized)
        .fetch_optional(executor)
        .await
        .map_err(failed)?;
    row.as_ref().map(user_record).transpose()
}
