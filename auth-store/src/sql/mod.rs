//! What both SQL stores share: how failures are named, how the schema is
//! brought up to date, and the columns of a revocation target.

use std::time::Duration;

use auth_core::revocation::Target;
use auth_core::{SessionId, TenantId, UserId};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use uuid::Uuid;

use crate::error::{StoreError, StoreErrorKind};

/// The kind of a failure of the driver or the pool; `None` for what the
/// database itself said, which each store reads by its own codes.
pub(crate) fn kind(error: &sqlx::Error) -> Option<StoreErrorKind> {
    use sqlx::Error as E;
    match error {
        E::Database(_) => None,
        E::PoolTimedOut => Some(StoreErrorKind::Timeout),
        E::PoolClosed | E::WorkerCrashed | E::Io(_) | E::Tls(_) => {
            Some(StoreErrorKind::Unavailable)
        }
        E::RowNotFound
        | E::TypeNotFound { .. }
        | E::ColumnIndexOutOfBounds { .. }
        | E::ColumnNotFound(_)
        | E::ColumnDecode { .. }
        | E::Decode(_) => Some(StoreErrorKind::Corrupt),
        _ => Some(StoreErrorKind::Other),
    }
}

/// A stored value makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("column `{0}` holds a value that cannot be")]
struct Impossible(&'static str);

/// The failure to understand what `column` holds.
pub(crate) fn corrupt(column: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, Impossible(column))
}

/// A duration in whole microseconds, as times are stored.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The migrations of a store, in order, each with its name; `table` remembers
/// which have run. Never the application's own `_sqlx_migrations`.
pub(crate) fn migrator(table: &'static str, steps: &[(&'static str, &'static str)]) -> Migrator {
    let migrations = (1..).zip(steps).map(|(version, (name, sql))| {
        Migration::new(
            version,
            (*name).into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(table);
    migrator
}

/// A revocation target as four columns.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "sqlite"),
    expect(dead_code, reason = "PostgreSQL's statements name the columns")
)]
pub(crate) struct TargetColumns {
    pub(crate) kind: &'static str,
    pub(crate) tenant: TenantId,
    pub(crate) subject: Option<Uuid>,
    pub(crate) floor: Option<i64>,
}

const SESSION: &str = "session";
const USER: &str = "user";
const TENANT: &str = "tenant";

impl TargetColumns {
    /// Of a target; `None` for a kind that this build does not know.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of(target: &Target) -> Option<Self> {
        Some(match *target {
            Target::Session { tenant, session } => Self {
                kind: SESSION,
                tenant,
                subject: Some(*session.as_uuid()),
                floor: None,
            },
            Target::User {
                tenant,
                user,
                floor,
            } => Self {
                kind: USER,
                tenant,
                subject: Some(*user.as_uuid()),
                floor: Some(floor),
            },
            Target::Tenant { tenant, floor } => Self {
                kind: TENANT,
                tenant,
                subject: None,
                floor: Some(floor),
            },
            _ => return None,
        })
    }

    /// The target that was stored.
    ///
    /// # Errors
    /// A row that cannot be understood is never skipped: the token it revokes
    /// would live.
    pub(crate) fn read(
        kind: &str,
        tenant: TenantId,
        subject: Option<Uuid>,
        floor: Option<i64>,
    ) -> Result<Target, StoreError> {
        match (kind, subject, floor) {
            (SESSION, Some(id), None) => Ok(Target::Session {
                tenant,
                session: SessionId::from_uuid(id),
            }),
            (USER, Some(id), Some(floor)) => Ok(Target::User {
                tenant,
                user: UserId::from_uuid(id),
                floor,
            }),
            (TENANT, None, Some(floor)) => Ok(Target::Tenant { tenant, floor }),
            _ => Err(corrupt("kind")),
        }
    }
}
