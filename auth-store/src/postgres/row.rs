//! Rows of the tables, as the contracts speak of them.

use auth_core::key::Thumbprint;
use auth_core::refresh::{Salt, SecretHash};
use auth_core::revocation::{Revocation, Target};
use auth_core::{ClientId, RootKeyId, SessionId, TenantId, Timestamp, UserId};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgRow, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Row, Type};
use uuid::Uuid;

use super::error::{Intent, failed};
use crate::error::StoreError;
use crate::sql::{TargetColumns, corrupt, policy_version};
use crate::traits::{Grant, Session, User, UserRecord, UserStatus};

/// The columns of `users AS u` that [`user`] reads.
macro_rules! user_columns {
    () => {
        "u.tenant, u.id AS user_id, u.identifier, u.status AS user_status, u.ver, u.session_epoch, \
         u.roles, u.created_at AS user_created_at, u.password_policy"
    };
}
pub(super) use user_columns;

/// The columns of `users AS u` that [`user_record`] reads.
macro_rules! record_columns {
    () => {
        concat!(
            $crate::postgres::row::user_columns!(),
            ", u.password_hash, \
             (SELECT t.status = 'active' FROM auth.tenants t WHERE t.id = u.tenant) AS tenant_active"
        )
    };
}
pub(super) use record_columns;

/// The columns of `sessions AS s` that [`session`] reads besides `tenant` and
/// `user_id`.
macro_rules! session_columns {
    () => {
        "s.id AS session_id, s.client_id, s.scope, s.amr, s.auth_time, s.device, s.generation, \
         s.root, s.salt, s.secret_hash, s.rotated_at, s.prev_rotated_at, s.idle_expires_at, \
         s.expires_at"
    };
}
pub(super) use session_columns;

pub(super) fn user(row: &PgRow) -> Result<User, StoreError> {
    let status = UserStatus::from_name(get(row, "user_status")?);
    Ok(User {
        id: UserId::from_uuid(get(row, "user_id")?),
        tenant: tenant(row)?,
        identifier: get(row, "identifier")?,
        status: status.ok_or_else(|| corrupt("status"))?,
        ver: get(row, "ver")?,
        session_epoch: get(row, "session_epoch")?,
        roles: get(row, "roles")?,
        created_at: time(row, "user_created_at")?,
        password_policy: policy_version(get(row, "password_policy")?)?,
    })
}

pub(super) fn user_record(row: &PgRow) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        user: user(row)?,
        password_hash: get(row, "password_hash")?,
        tenant_active: get(row, "tenant_active")?,
    })
}

pub(super) fn session(row: &PgRow) -> Result<Session, StoreError> {
    let client = ClientId::new(get::<String>(row, "client_id")?);
    let scope: &str = get(row, "scope")?;
    let generation: i64 = get(row, "generation")?;
    Ok(Session {
        id: SessionId::from_uuid(get(row, "session_id")?),
        tenant: tenant(row)?,
        user: UserId::from_uuid(get(row, "user_id")?),
        client: client.map_err(|_| corrupt("client_id"))?,
        scope: scope.parse().map_err(|_| corrupt("scope"))?,
        amr: get(row, "amr")?,
        auth_time: time(row, "auth_time")?,
        device: get(row, "device")?,
        generation: generation.try_into().map_err(|_| corrupt("generation"))?,
        root: RootKeyId(bytes(row, "root")?),
        salt: Salt::from_bytes(bytes(row, "salt")?),
        secret_hash: SecretHash::from_bytes(bytes(row, "secret_hash")?),
        rotated_at: time(row, "rotated_at")?,
        prev_rotated_at: optional_time(row, "prev_rotated_at")?,
        idle_expires_at: time(row, "idle_expires_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

/// A session, its user, `tver` and `now`.
pub(super) fn grant(row: &PgRow) -> Result<Grant, StoreError> {
    Ok(Grant {
        session: session(row)?,
        user: user(row)?,
        tver: get(row, "tver")?,
        now: time(row, "now")?,
    })
}

/// A row of the log.
pub(super) fn revocation(row: &PgRow) -> Result<Revocation, StoreError> {
    let thumbprint = match get::<Option<&[u8]>>(row, "thumbprint")? {
        Some(_) => Some(Thumbprint::from_bytes(bytes(row, "thumbprint")?)),
        None => None,
    };
    let columns = TargetColumns {
        kind: get(row, "kind")?,
        tenant: tenant(row)?,
        subject: get::<Option<Uuid>>(row, "subject")?,
        floor: get(row, "floor")?,
        thumbprint,
    };
    Ok(Revocation {
        target: columns.target()?,
        expires_at: time(row, "expires_at")?,
    })
}

/// What the log row that a statement wrote says, given its target.
pub(super) fn revoked(row: &PgRow, target: Target) -> Result<Revocation, StoreError> {
    Ok(Revocation {
        target,
        expires_at: time(row, "remembered_until")?,
    })
}

pub(super) fn get<'r, T>(row: &'r PgRow, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(column)
        .map_err(|error| failed(error, Intent::Read))
}

pub(super) fn time(row: &PgRow, column: &'static str) -> Result<Timestamp, StoreError> {
    get::<Time>(row, column).map(|time| time.0)
}

pub(super) fn optional_time(
    row: &PgRow,
    column: &'static str,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(get::<Option<Time>>(row, column)?.map(|time| time.0))
}

pub(super) fn tenant(row: &PgRow) -> Result<TenantId, StoreError> {
    get(row, "tenant").map(TenantId::from_uuid)
}

pub(super) fn bytes<const N: usize>(
    row: &PgRow,
    column: &'static str,
) -> Result<[u8; N], StoreError> {
    get::<&[u8]>(row, column)?
        .try_into()
        .map_err(|_| corrupt(column))
}

/// `timestamptz`, exact to the microsecond: on the wire it is a number of
/// them, since 2000-01-01 UTC.
struct Time(Timestamp);

const YEAR_2000: i64 = 946_684_800_000_000;

impl Type<Postgres> for Time {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl Decode<'_, Postgres> for Time {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        if value.format() == PgValueFormat::Text {
            return Err("a time as text, though all answers are binary".into());
        }
        let micros = i64::from_be_bytes(value.as_bytes()?.try_into()?);
        Ok(Self(Timestamp::from_unix_micros(
            micros.saturating_add(YEAR_2000),
        )))
    }
}
