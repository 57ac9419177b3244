//! API keys.

use async_trait::async_trait;
use auth_core::api_key::{ApiKeyHash, FormerSecret};
use auth_core::revocation::Target;
use auth_core::{ApiKeyId, TenantId, Timestamp, UserId};
use sqlx::sqlite::{SqliteExecutor, SqliteRow};
use uuid::Uuid;

use super::error::failed;
use super::row::{bytes, get, time, user, user_columns, uuid};
use super::writer::Tx;
use super::{SqliteStore, id, log, outbox};
use crate::error::{StoreError, StoreErrorKind};
use crate::sql::corrupt;
use crate::traits::{
    ApiKeyInfo, ApiKeyRecord, ApiKeyRotation, ApiKeyStore, Committed, CreateApiKeyOutcome,
    ENDED_API_KEYS_KEPT, Effects, NewApiKey, RevokeApiKeyOutcome, RotateApiKeyOutcome,
    USE_IS_NEWS_AFTER,
};

/// The columns that [`info`] reads besides `tenant_id` and `user_id`, of a
/// table `k`.
macro_rules! key_columns {
    () => {
        "k.id AS key_id, k.name AS key_name, k.scope AS key_scope, k.created_at AS key_created_at, \
         k.expires_at, k.rotated_at, k.former_until, k.last_used_at, k.revoked_at"
    };
}

pub(super) const FIND: &str = concat!(
    "SELECT k.hash, k.former_hash, t.status = 'active' AS tenant_active, t.ver AS tver, ",
    key_columns!(),
    ", ",
    user_columns!(),
    " FROM auth_api_keys AS k \
      JOIN auth_users AS u ON u.tenant_id = k.tenant_id AND u.id = k.user_id \
      JOIN auth_tenants AS t ON t.id = k.tenant_id WHERE k.id = ?"
);

macro_rules! list {
    ($whose:literal) => {
        concat!(
            "SELECT k.tenant_id, k.user_id, ",
            key_columns!(),
            " FROM auth_api_keys AS k WHERE k.tenant_id = ?1",
            $whose,
            " AND k.id > ?2 ORDER BY k.id LIMIT ?3"
        )
    };
}

pub(super) const OF_TENANT: &str = list!("");
pub(super) const OF_USER: &str = list!(" AND k.user_id = ?4");

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn create_api_key(&self, new: NewApiKey) -> Result<CreateApiKeyOutcome, StoreError> {
        let effects = self.effects.clone();
        self.write(move |tx| Box::pin(create(tx, new, effects)))
            .await
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        // Before the row: it is not older than this.
        let now = self.writer.now();
        find(&self.readers, key, now).await
    }

    async fn api_keys(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyInfo>, StoreError> {
        let after = after.map_or(Uuid::nil(), |key| *key.as_uuid());
        let sql = if user.is_some() { OF_USER } else { OF_TENANT };
        let mut query = sqlx::query(sql)
            .bind(id(tenant.as_uuid()))
            .bind(id(&after))
            .bind(i64::from(limit));
        if let Some(user) = user {
            query = query.bind(id(user.as_uuid()));
        }
        let rows = query.fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(info).collect()
    }

    async fn revoke_api_key(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        key: ApiKeyId,
    ) -> Result<Committed<RevokeApiKeyOutcome>, StoreError> {
        let effects = self.effects.clone();
        self.write(move |tx| Box::pin(revoke(tx, tenant, user, key, effects)))
            .await
    }

    async fn revoke_api_keys(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<u64>, StoreError> {
        let effects = self.effects.clone();
        self.write(move |tx| Box::pin(revoke_all(tx, tenant, user, effects)))
            .await
    }

    async fn rotate_api_key(
        &self,
        rotation: &ApiKeyRotation,
    ) -> Result<RotateApiKeyOutcome, StoreError> {
        let (rotation, effects) = (rotation.clone(), self.effects.clone());
        self.write(move |tx| Box::pin(rotate(tx, rotation, effects)))
            .await
    }

    async fn note_api_key_use(&self, key: ApiKeyId) -> Result<bool, StoreError> {
        self.write(move |tx| {
            Box::pin(async move {
                let noted = sqlx::query(
                    "UPDATE auth_api_keys SET last_used_at = ?1 \
                     WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at <= ?3)",
                )
                .bind(tx.now.unix_micros())
                .bind(id(key.as_uuid()))
                .bind((tx.now - USE_IS_NEWS_AFTER).unix_micros())
                .execute(&mut tx.connection)
                .await
                .map_err(failed)?;
                Ok(noted.rows_affected() == 1)
            })
        })
        .await
    }
}

async fn create(
    tx: &mut Tx,
    new: NewApiKey,
    effects: Effects,
) -> Result<CreateApiKeyOutcome, StoreError> {
    let active: Option<bool> = sqlx::query_scalar(
        "SELECT u.status = 'active' AND t.status = 'active' FROM auth_users AS u \
         JOIN auth_tenants AS t ON t.id = u.tenant_id WHERE u.tenant_id = ? AND u.id = ?",
    )
    .bind(id(new.tenant.as_uuid()))
    .bind(id(new.user.as_uuid()))
    .fetch_optional(&mut tx.connection)
    .await
    .map_err(failed)?;
    if active != Some(true) {
        return Ok(CreateApiKeyOutcome::NoUser);
    }
    if let Some(made) = find(&mut tx.connection, new.id, tx.now).await? {
        return if made.hash == new.hash {
            // Asked for the second time, after the first answer was lost.
            Ok(CreateApiKeyOutcome::Created(made.key))
        } else {
            let id_in_use = "the id of the API key is in use";
            Err(StoreError::new(StoreErrorKind::Other, id_in_use))
        };
    }
    forget(tx, &new).await?;
    if live(tx, &new).await? >= i64::from(new.limit) {
        return Ok(CreateApiKeyOutcome::TooMany);
    }
    sqlx::query(
        "INSERT INTO auth_api_keys (id, tenant_id, user_id, name, scope, hash, created_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(id(new.id.as_uuid()))
    .bind(id(new.tenant.as_uuid()))
    .bind(id(new.user.as_uuid()))
    .bind(&new.name)
    .bind(new.scope.to_string())
    .bind(new.hash.as_bytes().to_vec())
    .bind(tx.now.unix_micros())
    .bind(new.lifetime.map(|lifetime| (tx.now + lifetime).unix_micros()))
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    tx.changes.mark();
    outbox::tell(tx, &effects, new.tenant, new.user).await?;
    let made = find(&mut tx.connection, new.id, tx.now).await?;
    let made = made.ok_or_else(|| corrupt("id"))?;
    Ok(CreateApiKeyOutcome::Created(made.key))
}

/// Forgets the user's keys that ended long ago.
async fn forget(tx: &mut Tx, new: &NewApiKey) -> Result<(), StoreError> {
    let before = (tx.now - ENDED_API_KEYS_KEPT).unix_micros();
    sqlx::query(
        "DELETE FROM auth_api_keys WHERE tenant_id = ?1 AND user_id = ?2 \
         AND (revoked_at <= ?3 OR expires_at <= ?3)",
    )
    .bind(id(new.tenant.as_uuid()))
    .bind(id(new.user.as_uuid()))
    .bind(before)
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// How many live keys the user has.
async fn live(tx: &mut Tx, new: &NewApiKey) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "SELECT count(*) FROM auth_api_keys WHERE tenant_id = ? AND user_id = ? \
         AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
    )
    .bind(id(new.tenant.as_uuid()))
    .bind(id(new.user.as_uuid()))
    .bind(tx.now.unix_micros())
    .fetch_one(&mut tx.connection)
    .await
    .map_err(failed)
}

async fn revoke(
    tx: &mut Tx,
    tenant: TenantId,
    user: Option<UserId>,
    key: ApiKeyId,
    effects: Effects,
) -> Result<Committed<RevokeApiKeyOutcome>, StoreError> {
    let known = find(&mut tx.connection, key, tx.now).await?;
    let theirs = |known: &ApiKeyRecord| {
        known.key.tenant == tenant && user.is_none_or(|user| user == known.key.user)
    };
    let Some(known) = known.filter(theirs) else {
        return Ok(Committed::quiet(RevokeApiKeyOutcome::Unknown));
    };
    if known.key.revoked_at.is_some() {
        return Ok(Committed::quiet(RevokeApiKeyOutcome::Already));
    }
    sqlx::query("UPDATE auth_api_keys SET revoked_at = ? WHERE id = ?")
        .bind(tx.now.unix_micros())
        .bind(id(key.as_uuid()))
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    let revoked = vec![log::append(tx, Target::ApiKey { tenant, key }).await?];
    outbox::tell(tx, &effects, tenant, known.key.user).await?;
    Ok(Committed {
        value: RevokeApiKeyOutcome::Revoked,
        revoked,
    })
}

async fn revoke_all(
    tx: &mut Tx,
    tenant: TenantId,
    user: UserId,
    effects: Effects,
) -> Result<Committed<u64>, StoreError> {
    let rows = sqlx::query(
        "UPDATE auth_api_keys SET revoked_at = ? \
         WHERE tenant_id = ? AND user_id = ? AND revoked_at IS NULL RETURNING id AS key_id",
    )
    .bind(tx.now.unix_micros())
    .bind(id(tenant.as_uuid()))
    .bind(id(user.as_uuid()))
    .fetch_all(&mut tx.connection)
    .await
    .map_err(failed)?;
    let mut revoked = Vec::with_capacity(rows.len());
    for row in &rows {
        let key = ApiKeyId::from_uuid(uuid(row, "key_id")?);
        revoked.push(log::append(tx, Target::ApiKey { tenant, key }).await?);
    }
    if !revoked.is_empty() {
        outbox::tell(tx, &effects, tenant, user).await?;
    }
    Ok(Committed {
        value: revoked.len().try_into().unwrap_or(u64::MAX),
        revoked,
    })
}

async fn rotate(
    tx: &mut Tx,
    rotation: ApiKeyRotation,
    effects: Effects,
) -> Result<RotateApiKeyOutcome, StoreError> {
    let live =
        |known: &ApiKeyRecord| known.key.tenant == rotation.tenant && known.key.is_live(known.now);
    let known = find(&mut tx.connection, rotation.key, tx.now).await?;
    let Some(known) = known.filter(live) else {
        return Ok(RotateApiKeyOutcome::Moved);
    };
    if known.hash == rotation.hash {
        // Asked for the second time, after the first answer was lost.
        return Ok(RotateApiKeyOutcome::Rotated(known.key));
    }
    if known.hash != rotation.seen {
        return Ok(RotateApiKeyOutcome::Moved);
    }
    let until = tx.now + rotation.overlap;
    let until = known.key.expires_at.map_or(until, |end| until.min(end));
    sqlx::query(
        "UPDATE auth_api_keys SET hash = ?, former_hash = ?, former_until = ?, rotated_at = ? WHERE id = ?",
    )
    .bind(rotation.hash.as_bytes().to_vec())
    .bind(known.hash.as_bytes().to_vec())
    .bind(until.unix_micros())
    .bind(tx.now.unix_micros())
    .bind(id(rotation.key.as_uuid()))
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    tx.changes.mark();
    outbox::tell(tx, &effects, known.key.tenant, known.key.user).await?;
    Ok(RotateApiKeyOutcome::Rotated(ApiKeyInfo {
        rotated_at: Some(tx.now),
        former_until: Some(until),
        ..known.key
    }))
}

async fn find(
    executor: impl SqliteExecutor<'_>,
    key: ApiKeyId,
    now: Timestamp,
) -> Result<Option<ApiKeyRecord>, StoreError> {
    let row = sqlx::query(FIND)
        .bind(id(key.as_uuid()))
        .fetch_optional(executor)
        .await
        .map_err(failed)?;
    row.as_ref().map(|row| record(row, now)).transpose()
}

fn info(row: &SqliteRow) -> Result<ApiKeyInfo, StoreError> {
    let optional_time = |column| -> Result<Option<Timestamp>, StoreError> {
        Ok(get::<Option<i64>>(row, column)?.map(Timestamp::from_unix_micros))
    };
    Ok(ApiKeyInfo {
        id: ApiKeyId::from_uuid(uuid(row, "key_id")?),
        tenant: TenantId::from_uuid(uuid(row, "tenant_id")?),
        user: UserId::from_uuid(uuid(row, "user_id")?),
        name: get(row, "key_name")?,
        scope: get::<&str>(row, "key_scope")?
            .parse()
            .map_err(|_| corrupt("scope"))?,
        created_at: time(row, "key_created_at")?,
        expires_at: optional_time("expires_at")?,
        rotated_at: optional_time("rotated_at")?,
        former_until: optional_time("former_until")?,
        last_used_at: optional_time("last_used_at")?,
        revoked_at: optional_time("revoked_at")?,
    })
}

fn record(row: &SqliteRow, now: Timestamp) -> Result<ApiKeyRecord, StoreError> {
    let key = info(row)?;
    let former = match (get::<Option<&[u8]>>(row, "former_hash")?, key.former_until) {
        (Some(_), Some(until)) if now < until => Some(FormerSecret {
            hash: ApiKeyHash::from_bytes(bytes(row, "former_hash")?),
            until,
        }),
        _ => None,
    };
    Ok(ApiKeyRecord {
        key,
        hash: ApiKeyHash::from_bytes(bytes(row, "hash")?),
        former,
        user: user(row)?,
        tenant_active: get(row, "tenant_active")?,
        tver: get(row, "tver")?,
        now,
    })
}
