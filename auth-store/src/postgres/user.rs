//! Users.

use async_trait::async_trait;
use auth_core::revocation::Target;
use auth_core::{PolicyVersion, TenantId, UserId};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::PgStore;
use super::error::{Intent, failed};
use super::lease::{Lease, Statement};
use super::log::log_row;
use super::outbox::{bind_events, events, told};
use super::row::{get, record_columns, revoked, user, user_columns, user_record};
use crate::error::{StoreError, StoreErrorKind};
use crate::identifier::Identifier;
use crate::traits::{
    ChangeOutcome, Committed, CreateOutcome, Effects, HashRenewal, NewUser, PasswordChange, User,
    UserRecord, UserStatus, UserStore,
};

/// The tenant is not locked: one that is disabled meanwhile has one more user
/// who can do nothing.
macro_rules! create {
    ($events:expr) => { concat!(
    "WITH t AS (SELECT t.id FROM auth.tenants t WHERE t.id = $1 AND t.status = 'active'), \
     u AS (INSERT INTO auth.users AS u \
               (tenant, id, identifier, identifier_norm, password_hash, roles, password_policy, created_at) \
           SELECT t.id, $2, $3, $4, $5, $6, $7, clock_timestamp() FROM t \
           ON CONFLICT DO NOTHING RETURNING ",
    user_columns!(),
    ")", $events, " SELECT EXISTS (SELECT FROM t) AS tenant_active, u.* FROM (SELECT) one LEFT JOIN u ON true"
)};
}

const CREATE: &str = create!("");
const CREATE_TELLING: &str = create!(events!("u", "u.tenant", "u.user_id", "$8"));

const BY_ID: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM auth.users u WHERE u.tenant = $1 AND u.id = $2"
);

const BY_IDENTIFIER: &str = concat!(
    "SELECT ",
    record_columns!(),
    " FROM auth.users u WHERE u.tenant = $1 AND u.identifier_norm = $2"
);

/// Changes a user, raises `ver`, and writes the log row, in one statement: it
/// is one row of one table, and what it inserts depends on nothing else.
macro_rules! change {
    ($set:literal, $unmoved:literal, $events:expr) => {
        concat!(
            "WITH r AS (UPDATE auth.users u SET ver = u.ver + 1",
            $set,
            " WHERE u.tenant = $1 AND u.id = $2",
            $unmoved,
            " RETURNING ",
            user_columns!(),
            "), l AS (",
            log_row!("user", "r.user_id", "r.ver"),
            ")",
            $events,
            " SELECT r.*, l.remembered_until FROM r CROSS JOIN l"
        )
    };
}

macro_rules! change_password {
    ($events:expr) => {
        change!(
            ", session_epoch = u.session_epoch + 1, password_hash = $4, password_policy = $5",
            " AND u.status = 'active' AND u.password_hash IS NOT DISTINCT FROM $3 \
             AND ($6::bigint IS NULL OR u.session_epoch = $6)",
            $events
        )
    };
}

const CHANGE_PASSWORD: &str = change_password!("");
const CHANGE_PASSWORD_TELLING: &str = change_password!(events!("r", "r.tenant", "r.user_id", "$7"));

/// The row that comes back says that it was done.
const RENEW_HASH: &str = "UPDATE auth.users u SET password_hash = $4 \
     WHERE u.tenant = $1 AND u.id = $2 AND u.password_hash IS NOT DISTINCT FROM $3 \
     RETURNING u.id";

/// What these find moved since `ver` was read they leave alone. A statement
/// that was given up may still run, after a later one was acknowledged: its
/// `ver` is no longer the user's then, and it undoes nothing.
macro_rules! change_seen {
    ($set:literal, $parameter:literal) => {
        Change {
            quiet: change!($set, " AND u.ver = $3", ""),
            telling: change!(
                $set,
                " AND u.ver = $3",
                events!("r", "r.tenant", "r.user_id", $parameter)
            ),
        }
    };
}

const SET_STATUS: Change = change_seen!(", session_epoch = u.session_epoch + 1, status = $4", "$5");
const SET_ROLES: Change = change_seen!(", roles = $4", "$5");
const END_ALL: Change = change_seen!(", session_epoch = u.session_epoch + 1", "$4");

/// A statement as it is without events, and with them.
struct Change {
    quiet: &'static str,
    telling: &'static str,
}

/// How often a change starts over because another one came first.
const ATTEMPTS: usize = 64;

#[async_trait]
impl UserStore for PgStore {
    async fn create_user(&self, new: NewUser) -> Result<CreateOutcome, StoreError> {
        let mut lease = self.lease().await?;
        create(&mut lease, &new, &self.effects).await
    }

    async fn find_user(
        &self,
        tenant: TenantId,
        identifier: &Identifier,
    ) -> Result<Option<UserRecord>, StoreError> {
        let mut lease = self.lease().await?;
        find(&mut lease, tenant, identifier.normalized()).await
    }

    async fn user(&self, tenant: TenantId, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        let mut lease = self.lease().await?;
        let row = lease
            .read(BY_ID, |sql| sql.bind(tenant.as_uuid()).bind(id.as_uuid()))
            .await?;
        row.as_ref().map(user_record).transpose()
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
        let mut lease = self.lease().await?;
        let bind = |sql: Statement| {
            let sql = sql.bind(tenant.as_uuid()).bind(user.as_uuid());
            let sql = sql.bind(&seen_hash).bind(&new_hash);
            let sql = sql.bind(new_policy.map(PolicyVersion::number));
            let sql = sql.bind(seen_epoch);
            bind_events(&self.effects, sql)
        };
        let sql = self.told(CHANGE_PASSWORD, CHANGE_PASSWORD_TELLING);
        let Some(row) = lease.write(sql, bind).await? else {
            return Ok(Committed::quiet(ChangeOutcome::Moved));
        };
        self.sweep_in_turn(lease);
        changed(&row, ChangeOutcome::Changed)
    }

    async fn renew_password_hash(&self, renewal: HashRenewal) -> Result<bool, StoreError> {
        let mut lease = self.lease().await?;
        let row = lease
            .write(RENEW_HASH, |sql| {
                let sql = sql.bind(renewal.tenant.as_uuid());
                let sql = sql.bind(renewal.user.as_uuid());
                sql.bind(&renewal.seen_hash).bind(&renewal.new_hash)
            })
            .await?;
        Ok(row.is_some())
    }

    async fn set_user_status(
        &self,
        tenant: TenantId,
        id: UserId,
        status: UserStatus,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.change_user(tenant, id, SET_STATUS, |sql| sql.bind(status.as_str()))
            .await
    }

    async fn set_user_roles(
        &self,
        tenant: TenantId,
        id: UserId,
        roles: Vec<String>,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.change_user(tenant, id, SET_ROLES, |sql| sql.bind(&roles))
            .await
    }
}

impl PgStore {
    /// Ends all sessions and access tokens of a user: the sessions are behind
    /// the epoch then, those included that are being opened at this moment. A
    /// statement that also went over the session rows would miss exactly those.
    pub(super) async fn end_all(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        self.change_user(tenant, user, END_ALL, |sql| sql).await
    }

    async fn change_user(
        &self,
        tenant: TenantId,
        id: UserId,
        change: Change,
        bind: impl Fn(Statement) -> Statement + Send + Sync,
    ) -> Result<Committed<ChangeOutcome>, StoreError> {
        let mut lease = self.lease().await?;
        let sql = self.told(change.quiet, change.telling);
        let name = |sql: Statement| sql.bind(tenant.as_uuid()).bind(id.as_uuid());
        for _ in 0..ATTEMPTS {
            let Some(seen) = lease.read(BY_ID, name).await? else {
                return Ok(Committed::quiet(ChangeOutcome::Moved));
            };
            let ver = user(&seen)?.ver;
            let bind = |sql| bind_events(&self.effects, bind(name(sql).bind(ver)));
            if let Some(row) = lease.write(sql, bind).await? {
                self.sweep_in_turn(lease);
                return changed(&row, ChangeOutcome::Changed);
            }
        }
        Err(moving())
    }
}

/// A change starts over when another one came first, and others came each time.
pub(super) fn moving() -> StoreError {
    StoreError::new(
        StoreErrorKind::Unavailable,
        "the user is being changed all the time",
    )
}

/// A user who was changed, as `outcome` says it, and what that revoked.
pub(super) fn changed<T>(
    row: &PgRow,
    outcome: impl FnOnce(User) -> T,
) -> Result<Committed<T>, StoreError> {
    let user = user(row)?;
    let target = Target::User {
        tenant: user.tenant,
        user: user.id,
        floor: user.ver,
    };
    Ok(Committed {
        value: outcome(user),
        revoked: vec![revoked(row, target)?],
    })
}

async fn create(
    lease: &mut Lease,
    new: &NewUser,
    effects: &Effects,
) -> Result<CreateOutcome, StoreError> {
    let bind = |sql: Statement| bind_new(new, effects, sql);
    let sql = told(effects, CREATE, CREATE_TELLING);
    let row = lease.write(sql, bind).await?;
    match created(row)? {
        Some(outcome) => Ok(outcome),
        None => in_the_way(
            find(lease, new.tenant, new.identifier.normalized()).await?,
            new.id,
        ),
    }
}

impl PgStore {
    /// As [`UserStore::create_user`], with these events, in a transaction of the
    /// application's own on a connection to the same database: the user, the events
    /// and what the application does there are committed together, or not at all.
    /// Whoever wants the same identifier meanwhile waits for that transaction.
    ///
    /// The SDK's `Auth::prepare_sign_up` gives the user, with the password checked
    /// and hashed, and the events.
    ///
    /// ```no_run
    /// # use auth_store::{CreateOutcome, Effects, NewUser};
    /// # async fn example(store: auth_store::PgStore, pool: sqlx::PgPool, user: NewUser, events: Effects) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut joining = pool.begin().await?;
    /// if let CreateOutcome::Created(user) = store.create_user_in(&mut joining, &user, &events).await? {
    ///     sqlx::query("INSERT INTO profiles (user_id) VALUES ($1)").bind(user.id.as_uuid()).execute(&mut *joining).await?;
    ///     joining.commit().await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// A change that revokes something has no such form: what it revokes is to be
    /// refused as soon as it is committed, and of another's commit the store does
    /// not hear.
    ///
    /// # Errors
    /// [`StoreError`] when a statement fails; the transaction is of no more use
    /// then.
    pub async fn create_user_in(
        &self,
        connection: &mut PgConnection,
        new: &NewUser,
        events: &Effects,
    ) -> Result<CreateOutcome, StoreError> {
        let query = |sql| sqlx::query(self.schema.qualify(sql));
        let sql = told(events, CREATE, CREATE_TELLING);
        let row = bind_new(new, events, query(sql))
            .fetch_optional(&mut *connection)
            .await
            .map_err(|error| failed(error, Intent::Write))?;
        if let Some(outcome) = created(row)? {
            return Ok(outcome);
        }
        let row = query(BY_IDENTIFIER)
            .bind(new.tenant.as_uuid())
            .bind(new.identifier.normalized())
            .fetch_optional(connection)
            .await
            .map_err(|error| failed(error, Intent::Read))?;
        in_the_way(row.as_ref().map(user_record).transpose()?, new.id)
    }
}

fn bind_new(new: &NewUser, effects: &Effects, sql: Statement) -> Statement {
    let sql = sql
        .bind(new.tenant.as_uuid())
        .bind(new.id.as_uuid())
        .bind(new.identifier.original())
        .bind(new.identifier.normalized())
        .bind(&new.password_hash)
        .bind(&new.roles)
        .bind(new.password_policy.map(PolicyVersion::number));
    bind_events(effects, sql)
}

/// What became of it; `None` if somebody has the identifier or the id.
fn created(row: Option<PgRow>) -> Result<Option<CreateOutcome>, StoreError> {
    let row =
        row.ok_or_else(|| StoreError::new(StoreErrorKind::Other, "the statement gave no row"))?;
    if !get::<bool>(&row, "tenant_active")? {
        return Ok(Some(CreateOutcome::NoTenant));
    }
    if get::<Option<&str>>(&row, "identifier")?.is_none() {
        return Ok(None);
    }
    user(&row).map(CreateOutcome::Created).map(Some)
}

/// Of a user that is to have this id, where the identifier is `found`'s.
fn in_the_way(found: Option<UserRecord>, id: UserId) -> Result<CreateOutcome, StoreError> {
    match found {
        // Asked for the second time, after the first answer was lost.
        Some(UserRecord { user, .. }) if user.id == id => Ok(CreateOutcome::Created(user)),
        Some(_) => Ok(CreateOutcome::Taken),
        None => Err(StoreError::new(
            StoreErrorKind::Other,
            "the user id is in use",
        )),
    }
}

async fn find(
    lease: &mut Lease,
    tenant: TenantId,
    normalized: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let row = lease
        .read(BY_IDENTIFIER, |sql| {
            sql.bind(tenant.as_uuid()).bind(normalized)
        })
        .await?;
    row.as_ref().map(user_record).transpose()
}
