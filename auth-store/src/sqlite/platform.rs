//! Accounts at other platforms.

use async_trait::async_trait;
use auth_core::{TenantId, Timestamp, UserId};
use sqlx::sqlite::SqliteRow;

use super::error::failed;
use super::row::{get, record_columns, time, user_record};
use super::user::{by_id, change};
use super::writer::Tx;
use super::{SqliteStore, id, outbox};
use crate::error::StoreError;
use crate::platform_key::PlatformKey;
use crate::sql::corrupt;
use crate::traits::{
    Committed, Effects, LinkOutcome, PlatformAccount, PlatformStore, RemoveOutcome, UserRecord,
};

pub(super) const FIND: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM auth_platform_accounts AS p \
      JOIN auth_users AS u ON u.tenant_id = p.tenant_id AND u.id = p.user_id \
     WHERE p.tenant_id = ? AND p.platform = ? AND p.external_id = ?"
);

/// By the index, and not by the primary key, whose order is the same and which
/// would walk through the whole tenant.
pub(super) const OF_USER: &str = "\
    SELECT platform, external_id, linked_at \
    FROM auth_platform_accounts INDEXED BY auth_platform_accounts_of_user \
    WHERE tenant_id = ? AND user_id = ? ORDER BY platform, external_id";

#[async_trait]
impl PlatformStore for SqliteStore {
    async fn link_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<LinkOutcome, StoreError> {
        let (key, effects) = (key.clone(), self.effects.clone());
        self.write(move |tx| Box::pin(link(tx, tenant, user, key, effects)))
            .await
    }

    async fn find_by_platform(
        &self,
        tenant: TenantId,
        key: &PlatformKey,
    ) -> Result<Option<UserRecord>, StoreError> {
        let row = sqlx::query(FIND)
            .bind(id(tenant.as_uuid()))
            .bind(key.platform().to_owned())
            .bind(key.external_id().to_owned())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.as_ref().map(user_record).transpose()
    }

    async fn platform_accounts(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Vec<PlatformAccount>, StoreError> {
        accounts(&self.readers, tenant, user).await
    }

    async fn unlink_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let (key, effects) = (key.clone(), self.effects.clone());
        self.write(move |tx| Box::pin(unlink(tx, tenant, user, key, effects)))
            .await
    }

    async fn remove_password(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let effects = self.effects.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let Some(mut record) = by_id(&mut tx.connection, tenant, user).await? else {
                    return Ok(Committed::quiet(RemoveOutcome::Unknown));
                };
                if record.password_hash.is_none() {
                    return Ok(Committed::quiet(RemoveOutcome::Unknown));
                }
                if accounts(&mut tx.connection, tenant, user).await?.is_empty() {
                    return Ok(Committed::quiet(RemoveOutcome::LastMethod));
                }
                record.password_hash = None;
                record.user.password_policy = None;
                removed(tx, record, &effects).await
            })
        })
        .await
    }
}

async fn link(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    key: PlatformKey,
    effects: Effects,
) -> Result<LinkOutcome, StoreError> {
    let active: Option<bool> = sqlx::query_scalar(
        "SELECT u.status = 'active' AND t.status = 'active' FROM auth_users AS u \
         JOIN auth_tenants AS t ON t.id = u.tenant_id WHERE u.tenant_id = ? AND u.id = ?",
    )
    .bind(id(tenant.as_uuid()))
    .bind(id(user.as_uuid()))
    .fetch_optional(&mut tx.connection)
    .await
    .map_err(failed)?;
    if active != Some(true) {
        return Ok(LinkOutcome::NoUser);
    }
    let inserted = sqlx::query(
        "INSERT INTO auth_platform_accounts (tenant_id, platform, external_id, user_id, linked_at) \
         VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(id(tenant.as_uuid()))
    .bind(key.platform())
    .bind(key.external_id())
    .bind(id(user.as_uuid()))
    .bind(tx.now.unix_micros())
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    if inserted.rows_affected() == 1 {
        outbox::tell(tx, &effects, tenant, user).await?;
        return Ok(LinkOutcome::Linked(PlatformAccount {
            tenant,
            user,
            key,
            linked_at: tx.now,
        }));
    }
    let theirs = accounts(&mut tx.connection, tenant, user).await?;
    let already = theirs.into_iter().find(|account| account.key == key);
    Ok(already.map_or(LinkOutcome::Taken, LinkOutcome::Already))
}

async fn unlink(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    key: PlatformKey,
    effects: Effects,
) -> Result<Committed<RemoveOutcome>, StoreError> {
    let Some(record) = by_id(&mut tx.connection, tenant, user).await? else {
        return Ok(Committed::quiet(RemoveOutcome::Unknown));
    };
    let theirs = accounts(&mut tx.connection, tenant, user).await?;
    if !theirs.iter().any(|account| account.key == key) {
        return Ok(Committed::quiet(RemoveOutcome::Unknown));
    }
    if theirs.len() < 2 && record.password_hash.is_none() {
        return Ok(Committed::quiet(RemoveOutcome::LastMethod));
    }
    sqlx::query(
        "DELETE FROM auth_platform_accounts WHERE tenant_id = ? AND platform = ? AND external_id = ?",
    )
    .bind(id(tenant.as_uuid()))
    .bind(key.platform())
    .bind(key.external_id())
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    removed(tx, record, &effects).await
}

async fn removed(
    tx: &mut Tx,
    mut record: UserRecord,
    effects: &Effects,
) -> Result<Committed<RemoveOutcome>, StoreError> {
    record.user.session_epoch += 1;
    let (user, revoked) = change(tx, record).await?;
    outbox::tell(tx, effects, user.tenant, user.id).await?;
    Ok(Committed {
        value: RemoveOutcome::Removed(user),
        revoked: vec![revoked],
    })
}

async fn accounts(
    executor: impl sqlx::sqlite::SqliteExecutor<'_>,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<PlatformAccount>, StoreError> {
    let rows = sqlx::query(OF_USER)
        .bind(id(tenant.as_uuid()))
        .bind(id(user.as_uuid()))
        .fetch_all(executor)
        .await
        .map_err(failed)?;
    rows.iter().map(|row| account(row, tenant, user)).collect()
}

fn account(row: &SqliteRow, tenant: TenantId, user: UserId) -> Result<PlatformAccount, StoreError> {
    let key = PlatformKey::new(
        get::<String>(row, "platform")?,
        get::<String>(row, "external_id")?,
    );
    let linked_at: Timestamp = time(row, "linked_at")?;
    Ok(PlatformAccount {
        tenant,
        user,
        key: key.map_err(|_| corrupt("external_id"))?,
        linked_at,
    })
}
