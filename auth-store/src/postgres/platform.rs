//! Accounts at other platforms.

use async_trait::async_trait;
use auth_core::{TenantId, UserId};
use sqlx::postgres::PgRow;

use super::PgStore;
use super::lease::Statement;
use super::log::log_row;
use super::outbox::{bind_events, events};
use super::row::{get, record_columns, tenant, time, user_columns, user_record};
use super::user::{changed, moving};
use crate::error::StoreError;
use crate::platform_key::PlatformKey;
use crate::sql::corrupt;
use crate::traits::{
    Committed, LinkOutcome, PlatformAccount, PlatformStore, RemoveOutcome, UserRecord,
};

/// The user is locked until the account is there: one that is disabled at this
/// moment is so before or after. Of several who insert one account the others
/// wait for the first, and then do nothing.
macro_rules! link {
    ($events:expr) => {
        concat!(
            "WITH held AS MATERIALIZED (\
               SELECT u.tenant, u.id FROM auth.users u JOIN auth.tenants t ON t.id = u.tenant \
               WHERE u.tenant = $1 AND u.id = $2 AND u.status = 'active' AND t.status = 'active' FOR SHARE OF u\
             ), p AS (INSERT INTO auth.platform_accounts AS p (tenant, platform, external_id, user_id, linked_at) \
                      SELECT h.tenant, $3, $4, h.id, clock_timestamp() FROM held h \
                      ON CONFLICT DO NOTHING \
                      RETURNING p.tenant, p.platform, p.external_id, p.user_id, p.linked_at)",
            $events,
            " SELECT EXISTS (SELECT FROM held) AS user_active, p.* FROM (SELECT) one LEFT JOIN p ON true"
        )
    };
}

const LINK: &str = link!("");
const LINK_TELLING: &str = link!(events!("p", "p.tenant", "p.user_id", "$5"));

const ACCOUNT: &str = "\
    SELECT p.tenant, p.platform, p.external_id, p.user_id, p.linked_at FROM auth.platform_accounts p \
    WHERE p.tenant = $1 AND p.platform = $2 AND p.external_id = $3";

const FIND: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM auth.platform_accounts p JOIN auth.users u ON u.tenant = p.tenant AND u.id = p.user_id \
      WHERE p.tenant = $1 AND p.platform = $2 AND p.external_id = $3"
);

const OF_USER: &str = "\
    SELECT p.tenant, p.platform, p.external_id, p.user_id, p.linked_at FROM auth.platform_accounts p \
    WHERE p.tenant = $1 AND p.user_id = $2 ORDER BY p.platform, p.external_id";

/// By what a user can log in, as of a version. Whatever takes a way to log in
/// away raises the version.
const METHODS: &str = "\
    SELECT u.ver, u.password_hash IS NOT NULL AS has_password, \
           (SELECT count(*) FROM (SELECT FROM auth.platform_accounts p \
            WHERE p.tenant = u.tenant AND p.user_id = u.id LIMIT 2) two) AS platforms, \
           EXISTS (SELECT FROM auth.platform_accounts p WHERE p.tenant = u.tenant AND p.user_id = u.id \
                   AND p.platform = $3 AND p.external_id = $4) AS has_account \
    FROM auth.users u WHERE u.tenant = $1 AND u.id = $2";

/// Takes something away from a user who is as of the version that was looked
/// at, and so has something else left. The statement alone could not tell: what
/// another one has removed while it waited for the user is still there in its
/// snapshot, and two that each leave the other's account would leave none.
macro_rules! remove {
    ($set:literal, $remove:literal, $events:expr) => {
        concat!(
            "WITH r AS (UPDATE auth.users u SET ver = u.ver + 1, session_epoch = u.session_epoch + 1",
            $set,
            " WHERE u.tenant = $1 AND u.id = $2 AND u.ver = $3 RETURNING ",
            user_columns!(),
            $remove,
            "), l AS (",
            log_row!("user", "r.user_id", "r.ver"),
            ")",
            $events,
            " SELECT r.*, l.remembered_until FROM r CROSS JOIN l"
        )
    };
}

macro_rules! unlink {
    ($events:expr) => {
        remove!(
            "",
            "), d AS (DELETE FROM auth.platform_accounts p USING r \
             WHERE p.tenant = r.tenant AND p.user_id = r.user_id AND p.platform = $4 AND p.external_id = $5",
            $events
        )
    };
}

macro_rules! remove_password {
    ($events:expr) => {
        remove!(
            ", password_hash = NULL, password_policy = NULL",
            "",
            $events
        )
    };
}

const UNLINK: &str = unlink!("");
const UNLINK_TELLING: &str = unlink!(events!("r", "r.tenant", "r.user_id", "$6"));
const REMOVE_PASSWORD: &str = remove_password!("");
const REMOVE_PASSWORD_TELLING: &str = remove_password!(events!("r", "r.tenant", "r.user_id", "$4"));

/// How often a change starts over because another one came first.
const ATTEMPTS: usize = 64;

#[async_trait]
impl PlatformStore for PgStore {
    async fn link_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<LinkOutcome, StoreError> {
        let mut lease = self.lease().await?;
        let whose = |sql: Statement| sql.bind(tenant.as_uuid()).bind(user.as_uuid());
        let which = |sql: Statement| sql.bind(key.platform()).bind(key.external_id());
        for _ in 0..ATTEMPTS {
            let bind = |sql| bind_events(&self.effects, which(whose(sql)));
            let row = lease.write(self.told(LINK, LINK_TELLING), bind).await?;
            let row = row.ok_or_else(|| corrupt("user_id"))?;
            if !get::<bool>(&row, "user_active")? {
                return Ok(LinkOutcome::NoUser);
            }
            if get::<Option<&str>>(&row, "platform")?.is_some() {
                return account(&row).map(LinkOutcome::Linked);
            }
            let known = lease
                .read(ACCOUNT, |sql| which(sql.bind(tenant.as_uuid())))
                .await?;
            // Nothing: whoever had it has just given it back.
            if let Some(known) = known {
                let known = account(&known)?;
                let is_theirs = known.user == user;
                return Ok(if is_theirs {
                    LinkOutcome::Already(known)
                } else {
                    LinkOutcome::Taken
                });
            }
        }
        Err(moving())
    }

    async fn find_by_platform(
        &self,
        tenant: TenantId,
        key: &PlatformKey,
    ) -> Result<Option<UserRecord>, StoreError> {
        let bind = |sql: Statement| {
            sql.bind(tenant.as_uuid())
                .bind(key.platform())
                .bind(key.external_id())
        };
        let row = self.lease().await?.read(FIND, bind).await?;
        row.as_ref().map(user_record).transpose()
    }

    async fn platform_accounts(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Vec<PlatformAccount>, StoreError> {
        let bind = |sql: Statement| sql.bind(tenant.as_uuid()).bind(user.as_uuid());
        let rows = self.lease().await?.read_all(OF_USER, bind).await?;
        rows.iter().map(account).collect()
    }

    async fn unlink_platform(
        &self,
        tenant: TenantId,
        user: UserId,
        key: &PlatformKey,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        self.remove(tenant, user, Some(key)).await
    }

    async fn remove_password(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        self.remove(tenant, user, None).await
    }
}

impl PgStore {
    /// Takes an account from a user, or the password where none is named.
    async fn remove(
        &self,
        tenant: TenantId,
        user: UserId,
        key: Option<&PlatformKey>,
    ) -> Result<Committed<RemoveOutcome>, StoreError> {
        let mut lease = self.lease().await?;
        let whose = |sql: Statement| sql.bind(tenant.as_uuid()).bind(user.as_uuid());
        let which = |sql: Statement| {
            let (platform, external_id) =
                key.map(|key| (key.platform(), key.external_id())).unzip();
            sql.bind(platform).bind(external_id)
        };
        for _ in 0..ATTEMPTS {
            let seen = lease.read(METHODS, |sql| which(whose(sql))).await?;
            let Some(seen) = seen else {
                return Ok(Committed::quiet(RemoveOutcome::Unknown));
            };
            let has_password: bool = get(&seen, "has_password")?;
            let platforms: i64 = get(&seen, "platforms")?;
            let (has_it, has_another) = match key {
                Some(_) => (get(&seen, "has_account")?, has_password || platforms > 1),
                None => (has_password, platforms > 0),
            };
            if !has_it {
                return Ok(Committed::quiet(RemoveOutcome::Unknown));
            }
            if !has_another {
                return Ok(Committed::quiet(RemoveOutcome::LastMethod));
            }
            let ver: i64 = get(&seen, "ver")?;
            let row = if key.is_some() {
                let sql = self.told(UNLINK, UNLINK_TELLING);
                let bind = |sql| bind_events(&self.effects, which(whose(sql).bind(ver)));
                lease.write(sql, bind).await?
            } else {
                let sql = self.told(REMOVE_PASSWORD, REMOVE_PASSWORD_TELLING);
                let bind = |sql| bind_events(&self.effects, whose(sql).bind(ver));
                lease.write(sql, bind).await?
            };
            if let Some(row) = row {
                self.sweep_in_turn(lease);
                return changed(&row, RemoveOutcome::Removed);
            }
        }
        Err(moving())
    }
}

fn account(row: &PgRow) -> Result<PlatformAccount, StoreError> {
    let key = PlatformKey::new(
        get::<String>(row, "platform")?,
        get::<String>(row, "external_id")?,
    );
    Ok(PlatformAccount {
        tenant: tenant(row)?,
        user: UserId::from_uuid(get(row, "user_id")?),
        key: key.map_err(|_| corrupt("external_id"))?,
        linked_at: time(row, "linked_at")?,
    })
}
