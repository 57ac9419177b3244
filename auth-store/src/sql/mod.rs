//! What both SQL stores share: how failures are named, how the schema is
//! brought up to date, and the columns of a revocation target.

use std::time::Duration;

use auth_core::key::Thumbprint;
use auth_core::revocation::Target;
use auth_core::{ApiKeyId, PolicyVersion, SessionId, TenantId, UserId};
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

/// The version that is stored of a password's policy, if one is.
///
/// # Errors
/// A number that is none: a guess could pass for the current one.
pub(crate) fn policy_version(stored: Option<i16>) -> Result<Option<PolicyVersion>, StoreError> {
    stored
        .map(|number| PolicyVersion::new(number).ok_or_else(|| corrupt("password_policy")))
        .transpose()
}

/// A duration in whole microseconds, as times are stored.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The events that a change carries, for `json_to_recordset`.
#[cfg(feature = "postgres")]
pub(crate) fn events_as_json(effects: &crate::traits::Effects) -> String {
    let events = effects.new_events().iter().enumerate().map(|(n, event)| {
        serde_json::json!({
            "n": n,
            "id": event.id().to_string(),
            "subject": event.subject(),
            "source": effects.source(),
            "kind": event.kind().as_str(),
            "data": event.data().to_string(),
        })
    });
    serde_json::Value::Array(events.collect()).to_string()
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

/// A revocation target as five columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TargetColumns<'r> {
    pub(crate) kind: &'r str,
    pub(crate) tenant: TenantId,
    pub(crate) subject: Option<Uuid>,
    pub(crate) floor: Option<i64>,
    pub(crate) thumbprint: Option<Thumbprint>,
}

const SESSION: &str = "session";
const API_KEY: &str = "api_key";
const USER: &str = "user";
const TENANT: &str = "tenant";
const SIGNING_KEY: &str = "signing_key";

impl TargetColumns<'_> {
    /// Of a target; `None` for a kind that this build does not know.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of(target: &Target) -> Option<Self> {
        let nothing = TargetColumns {
            kind: "",
            tenant: TenantId::DEFAULT,
            subject: None,
            floor: None,
            thumbprint: None,
        };
        Some(match *target {
            Target::Session { tenant, session } => Self {
                kind: SESSION,
                tenant,
                subject: Some(*session.as_uuid()),
                ..nothing
            },
            Target::ApiKey { tenant, key } => Self {
                kind: API_KEY,
                tenant,
                subject: Some(*key.as_uuid()),
                ..nothing
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
                ..nothing
            },
            Target::Tenant { tenant, floor } => Self {
                kind: TENANT,
                tenant,
                floor: Some(floor),
                ..nothing
            },
            Target::SigningKey { thumbprint } => Self {
                kind: SIGNING_KEY,
                thumbprint: Some(thumbprint),
                ..nothing
            },
            _ => return None,
        })
    }

    /// The target that was stored.
    ///
    /// # Errors
    /// A row that cannot be understood is never skipped: the token it revokes
    /// would live.
    pub(crate) fn target(self) -> Result<Target, StoreError> {
        let tenant = self.tenant;
        match (self.kind, self.subject, self.floor, self.thumbprint) {
            (SESSION, Some(id), None, None) => Ok(Target::Session {
                tenant,
                session: SessionId::from_uuid(id),
            }),
            (API_KEY, Some(id), None, None) => Ok(Target::ApiKey {
                tenant,
                key: ApiKeyId::from_uuid(id),
            }),
            (USER, Some(id), Some(floor), None) => Ok(Target::User {
                tenant,
                user: UserId::from_uuid(id),
                floor,
            }),
            (TENANT, None, Some(floor), None) => Ok(Target::Tenant { tenant, floor }),
            (SIGNING_KEY, None, None, Some(thumbprint)) => Ok(Target::SigningKey { thumbprint }),
            _ => Err(corrupt("kind")),
        }
    }
}
