//! API keys.

use async_trait::async_trait;
use auth_core::api_key::{ApiKeyHash, FormerSecret};
use auth_core::revocation::Target;
use auth_core::{ApiKeyId, TenantId, UserId};
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::lease::{Lease, Statement};
use super::log::log_row;
use super::outbox::{bind_events, events};
use super::row::{bytes, get, optional_time, revoked, tenant, time, user, user_columns};
use super::user::moving;
use super::{PgStore, micros};
use crate::error::{StoreError, StoreErrorKind};
use crate::sql::corrupt;
use crate::traits::{
    ApiKeyInfo, ApiKeyRecord, ApiKeyRotation, ApiKeyStore, Committed, CreateApiKeyOutcome,
    ENDED_API_KEYS_KEPT, NewApiKey, RevokeApiKeyOutcome, RotateApiKeyOutcome, USE_IS_NEWS_AFTER,
};

/// The columns of `api_keys AS k` that [`info`] reads besides `tenant` and
/// `user_id`.
macro_rules! key_columns {
    () => {
        "k.id AS key_id, k.name AS key_name, k.scope AS key_scope, k.created_at AS key_created_at, \
         k.expires_at, k.rotated_at, k.former_until, k.last_used_at, k.revoked_at"
    };
}

/// What a user's keys are looked at by: whoever makes one, or revokes all, writes the
/// user's row anew, and so each sees whether another came between. A statement alone
/// could not tell: what another one has made while it waited for the user is not in
/// its snapshot.
const SEEN: &str = "\
    SELECT u.xmin::text AS seen, u.status = 'active' AND t.status = 'active' AS user_active, \
           (SELECT count(*) FROM auth.api_keys k WHERE k.tenant = u.tenant AND k.user_id = u.id \
            AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())) AS live \
    FROM auth.users u JOIN auth.tenants t ON t.id = u.tenant WHERE u.tenant = $1 AND u.id = $2";

/// The user is locked until the key is there: one that is disabled at this
/// moment is so before or after.
macro_rules! create {
    ($events:expr) => {
        concat!(
            "WITH held AS (\
               UPDATE auth.users u SET ver = u.ver FROM auth.tenants t \
               WHERE u.tenant = $1 AND u.id = $2 AND u.xmin::text = $3 AND u.status = 'active' \
               AND t.id = u.tenant AND t.status = 'active' RETURNING u.tenant, u.id\
             ), h AS MATERIALIZED (SELECT held.*, clock_timestamp() AS now FROM held), \
             o AS (DELETE FROM auth.api_keys k USING h WHERE k.tenant = $1 AND k.user_id = $2 \
                   AND LEAST(k.revoked_at, k.expires_at) <= h.now - interval '30 days'), \
             k AS (INSERT INTO auth.api_keys AS k (id, tenant, user_id, name, scope, hash, created_at, expires_at) \
                   SELECT $4, h.tenant, h.id, $5, $6, $7, h.now, h.now + $8 * interval '1 microsecond' FROM h \
                   ON CONFLICT DO NOTHING RETURNING k.tenant, k.user_id, ",
            key_columns!(),
            ")",
            $events,
            " SELECT EXISTS (SELECT FROM h) AS unmoved, k.* FROM (SELECT) one LEFT JOIN k ON true"
        )
    };
}

const CREATE: &str = create!("");
const CREATE_TELLING: &str = create!(events!("k", "k.tenant", "k.user_id", "$9"));

const _: () = assert!(ENDED_API_KEYS_KEPT.as_secs() == 30 * 24 * 3600);

/// How often a change starts over because another one came first.
const ATTEMPTS: usize = 64;

const FIND: &str = concat!(
    "SELECT k.hash, k.former_hash, t.status = 'active' AS tenant_active, t.ver AS tver, \
            clock_timestamp() AS now, ",
    key_columns!(),
    ", ",
    user_columns!(),
    " FROM auth.api_keys k JOIN auth.users u ON u.tenant = k.tenant AND u.id = k.user_id \
      JOIN auth.tenants t ON t.id = k.tenant WHERE k.id = $1"
);

macro_rules! list {
    ($whose:literal) => {
        concat!(
            "SELECT k.tenant, k.user_id, ",
            key_columns!(),
            " FROM auth.api_keys k WHERE k.tenant = $1",
            $whose,
            " AND k.id > $2 ORDER BY k.id LIMIT $3"
        )
    };
}

const OF_TENANT: &str = list!("");
const OF_USER: &str = list!(" AND k.user_id = $4");

macro_rules! revoke {
    ($events:expr) => {
        concat!(
            "WITH r AS (UPDATE auth.api_keys k SET revoked_at = clock_timestamp() \
               WHERE k.id = $2 AND k.tenant = $1 AND ($3::uuid IS NULL OR k.user_id = $3) AND k.revoked_at IS NULL \
               RETURNING k.tenant, k.id, k.user_id\
             ), l AS (",
            log_row!("api_key", "r.id", "NULL"),
            ")",
            $events,
            " SELECT l.remembered_until, \
                      EXISTS (SELECT FROM auth.api_keys k WHERE k.id = $2 AND k.tenant = $1 \
                              AND ($3::uuid IS NULL OR k.user_id = $3)) AS known \
               FROM (SELECT) one LEFT JOIN l ON true"
        )
    };
}

const REVOKE: &str = revoke!("");
const REVOKE_TELLING: &str = revoke!(events!("r", "r.tenant", "r.user_id", "$4"));

/// One row at least if the user is as was seen, by an event at most, and the last
/// expiry for all of the keys.
macro_rules! revoke_all {
    ($events:expr) => {
        concat!(
            "WITH held AS (\
               UPDATE auth.users u SET ver = u.ver WHERE u.tenant = $1 AND u.id = $2 AND u.xmin::text = $3 \
               RETURNING u.tenant, u.id\
             ), r AS (UPDATE auth.api_keys k SET revoked_at = clock_timestamp() FROM held h \
               WHERE k.tenant = h.tenant AND k.user_id = h.id AND k.revoked_at IS NULL \
               RETURNING k.tenant, k.id, k.user_id\
             ), l AS (",
            log_row!("api_key", "r.id", "NULL"),
            "), e AS (SELECT DISTINCT r.tenant, r.user_id FROM r)",
            $events,
            " SELECT r.id AS key_id, (SELECT max(l.remembered_until) FROM l) AS remembered_until \
               FROM held LEFT JOIN r ON true"
        )
    };
}

const REVOKE_ALL: &str = revoke_all!("");
const REVOKE_ALL_TELLING: &str = revoke_all!(events!("e", "e.tenant", "e.user_id", "$4"));

/// Locks the key, reads the clock, and changes it: both times are of one reading.
macro_rules! rotate {
    ($events:expr) => {
        concat!(
            "WITH held AS MATERIALIZED (SELECT k.id FROM auth.api_keys k \
               WHERE k.id = $2 AND k.tenant = $1 AND k.hash = $3 AND k.revoked_at IS NULL FOR NO KEY UPDATE\
             ), h AS MATERIALIZED (SELECT held.id, clock_timestamp() AS now FROM held), \
             k AS (UPDATE auth.api_keys k SET hash = $4, former_hash = k.hash, rotated_at = h.now, \
                          former_until = LEAST(h.now + $5 * interval '1 microsecond', k.expires_at) \
                   FROM h WHERE k.id = h.id AND (k.expires_at IS NULL OR k.expires_at > h.now) \
                   RETURNING k.tenant, k.user_id, ",
            key_columns!(),
            ")",
            $events,
            " SELECT k.* FROM k"
        )
    };
}

const ROTATE: &str = rotate!("");
const ROTATE_TELLING: &str = rotate!(events!("k", "k.tenant", "k.user_id", "$6"));

/// The row that comes back says that it was done.
const NOTE: &str = "UPDATE auth.api_keys k SET last_used_at = clock_timestamp() WHERE k.id = $1 \
     AND (k.last_used_at IS NULL OR k.last_used_at <= clock_timestamp() - interval '60 seconds') \
     RETURNING k.id";

const _: () = assert!(USE_IS_NEWS_AFTER.as_secs() == 60);

#[async_trait]
impl ApiKeyStore for PgStore {
    async fn create_api_key(&self, new: NewApiKey) -> Result<CreateApiKeyOutcome, StoreError> {
        let mut lease = self.lease().await?;
        let whose = |sql: Statement| sql.bind(new.tenant.as_uuid()).bind(new.user.as_uuid());
        let sql = self.told(CREATE, CREATE_TELLING);
        for _ in 0..ATTEMPTS {
            let found = lease.read(SEEN, whose).await?;
            let Some(found) = found.filter(|row| matches!(get(row, "user_active"), Ok(true)))
            else {
                return Ok(CreateApiKeyOutcome::NoUser);
            };
            if get::<i64>(&found, "live")? >= i64::from(new.limit) {
                // Or asked for the second time, after the first answer was lost.
                let made = find(&mut lease, new.id).await?;
                let made = made.filter(|made| made.hash == new.hash);
                return Ok(made.map_or(CreateApiKeyOutcome::TooMany, |made| {
                    CreateApiKeyOutcome::Created(made.key)
                }));
            }
            let seen: String = get(&found, "seen")?;
            let bind = |sql: Statement| {
                let sql = whose(sql)
                    .bind(&seen)
                    .bind(new.id.as_uuid())
                    .bind(&new.name)
                    .bind(new.scope.to_string())
                    .bind(&new.hash.as_bytes()[..])
                    .bind(new.lifetime.map(micros));
                bind_events(&self.effects, sql)
            };
            let row = lease.write(sql, bind).await?;
            let row = row.ok_or_else(|| corrupt("id"))?;
            if !get::<bool>(&row, "unmoved")? {
                continue;
            }
            if get::<Option<&str>>(&row, "key_name")?.is_some() {
                return info(&row).map(CreateApiKeyOutcome::Created);
            }
            return match find(&mut lease, new.id).await? {
                // Asked for the second time, after the first answer was lost.
                Some(made) if made.hash == new.hash => Ok(CreateApiKeyOutcome::Created(made.key)),
                _ => Err(StoreError::new(
                    StoreErrorKind::Other,
                    "the id of the API key is in use",
                )),
            };
        }
        Err(moving())
    }

    async fn find_api_key(&self, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
        find(&mut self.lease().await?, key).await
    }

    async fn api_keys(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        after: Option<ApiKeyId>,
        limit: u32,
    ) -> Result<Vec<ApiKeyInfo>, StoreError> {
        let after = after.map_or(Uuid::nil(), |key| *key.as_uuid());
        let page = |sql: Statement| {
            sql.bind(tenant.as_uuid())
                .bind(after)
                .bind(i64::from(limit))
        };
        let mut lease = self.lease().await?;
        let rows = match user {
            None => lease.read_all(OF_TENANT, page).await?,
            Some(user) => {
                lease
                    .read_all(OF_USER, |sql| page(sql).bind(user.as_uuid()))
                    .await?
            }
        };
        rows.iter().map(info).collect()
    }

    async fn revoke_api_key(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        key: ApiKeyId,
    ) -> Result<Committed<RevokeApiKeyOutcome>, StoreError> {
        let mut lease = self.lease().await?;
        let user = user.as_ref().map(UserId::as_uuid);
        let bind = |sql: Statement| {
            let sql = sql.bind(tenant.as_uuid()).bind(key.as_uuid());
            bind_events(&self.effects, sql.bind(user))
        };
        let row = lease.write(self.told(REVOKE, REVOKE_TELLING), bind).await?;
        let row = row.ok_or_else(|| corrupt("id"))?;
        if optional_time(&row, "remembered_until")?.is_some() {
            self.sweep_in_turn(lease);
            return Ok(Committed {
                value: RevokeApiKeyOutcome::Revoked,
                revoked: vec![revoked(&row, Target::ApiKey { tenant, key })?],
            });
        }
        Ok(Committed::quiet(if get(&row, "known")? {
            RevokeApiKeyOutcome::Already
        } else {
            RevokeApiKeyOutcome::Unknown
        }))
    }

    async fn revoke_api_keys(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<u64>, StoreError> {
        let mut lease = self.lease().await?;
        let whose = |sql: Statement| sql.bind(tenant.as_uuid()).bind(user.as_uuid());
        let sql = self.told(REVOKE_ALL, REVOKE_ALL_TELLING);
        for _ in 0..ATTEMPTS {
            let Some(found) = lease.read(SEEN, whose).await? else {
                return Ok(Committed::quiet(0));
            };
            let seen: String = get(&found, "seen")?;
            let bind = |sql| bind_events(&self.effects, whose(sql).bind(&seen));
            let rows = lease.write_all(sql, bind).await?;
            if rows.is_empty() {
                continue;
            }
            self.sweep_in_turn(lease);
            let mut all = Vec::new();
            for row in &rows {
                if let Some(key) = get::<Option<Uuid>>(row, "key_id")? {
                    let key = ApiKeyId::from_uuid(key);
                    all.push(revoked(row, Target::ApiKey { tenant, key })?);
                }
            }
            return Ok(Committed {
                value: all.len().try_into().unwrap_or(u64::MAX),
                revoked: all,
            });
        }
        Err(moving())
    }

    async fn rotate_api_key(
        &self,
        rotation: &ApiKeyRotation,
    ) -> Result<RotateApiKeyOutcome, StoreError> {
        let mut lease = self.lease().await?;
        let bind = |sql: Statement| {
            let sql = sql
                .bind(rotation.tenant.as_uuid())
                .bind(rotation.key.as_uuid())
                .bind(&rotation.seen.as_bytes()[..])
                .bind(&rotation.hash.as_bytes()[..])
                .bind(micros(rotation.overlap));
            bind_events(&self.effects, sql)
        };
        if let Some(row) = lease.write(self.told(ROTATE, ROTATE_TELLING), bind).await? {
            return info(&row).map(RotateApiKeyOutcome::Rotated);
        }
        let now = find(&mut lease, rotation.key).await?;
        // Asked for the second time, after the first answer was lost.
        let ours = now.filter(|now| {
            let is_ours = now.key.tenant == rotation.tenant && now.hash == rotation.hash;
            is_ours && now.key.is_live(now.now)
        });
        Ok(ours.map_or(RotateApiKeyOutcome::Moved, |now| {
            RotateApiKeyOutcome::Rotated(now.key)
        }))
    }

    async fn note_api_key_use(&self, key: ApiKeyId) -> Result<bool, StoreError> {
        let mut lease = self.lease().await?;
        let noted = lease.write(NOTE, |sql| sql.bind(key.as_uuid())).await?;
        Ok(noted.is_some())
    }
}

async fn find(lease: &mut Lease, key: ApiKeyId) -> Result<Option<ApiKeyRecord>, StoreError> {
    let row = lease.read(FIND, |sql| sql.bind(key.as_uuid())).await?;
    row.as_ref().map(record).transpose()
}

fn info(row: &PgRow) -> Result<ApiKeyInfo, StoreError> {
    let scope: &str = get(row, "key_scope")?;
    Ok(ApiKeyInfo {
        id: ApiKeyId::from_uuid(get(row, "key_id")?),
        tenant: tenant(row)?,
        user: UserId::from_uuid(get(row, "user_id")?),
        name: get(row, "key_name")?,
        scope: scope.parse().map_err(|_| corrupt("scope"))?,
        created_at: time(row, "key_created_at")?,
        expires_at: optional_time(row, "expires_at")?,
        rotated_at: optional_time(row, "rotated_at")?,
        former_until: optional_time(row, "former_until")?,
        last_used_at: optional_time(row, "last_used_at")?,
        revoked_at: optional_time(row, "revoked_at")?,
    })
}

fn record(row: &PgRow) -> Result<ApiKeyRecord, StoreError> {
    let (key, now) = (info(row)?, time(row, "now")?);
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
