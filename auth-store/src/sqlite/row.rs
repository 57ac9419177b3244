//! From rows to values. What cannot be is an error of kind `Corrupt`, never a
//! guess.

use auth_core::key::Thumbprint;
use auth_core::refresh::{Salt, SecretHash};
use auth_core::revocation::Revocation;
use auth_core::{ClientId, RootKeyId, SessionId, TenantId, Timestamp, UserId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};
use uuid::Uuid;

use super::error::failed;
use super::list;
use crate::error::StoreError;
use crate::sql::{TargetColumns, corrupt, policy_version};
use crate::traits::{Session, User, UserRecord, UserStatus};

/// The columns that [`user`] reads, of a table `u`, and the password's hash.
macro_rules! user_columns {
    () => {
        "u.tenant_id, u.id AS user_id, u.identifier, u.password_hash, u.status, u.ver, \
         u.session_epoch, u.roles, u.created_at, u.password_policy"
    };
}

/// The columns that [`user_record`] reads, of a table `u`.
macro_rules! record_columns {
    () => {
        concat!(
            $crate::sqlite::row::user_columns!(),
            ", (SELECT t.status = 'active' FROM auth_tenants AS t WHERE t.id = u.tenant_id) AS tenant_active"
        )
    };
}

/// The columns that [`session`] reads, of a table `s`.
macro_rules! session_columns {
    () => {
        "s.tenant_id, s.id AS session_id, s.user_id, s.client_id, s.scope, s.amr, s.auth_time, \
         s.device, s.generation, s.root, s.salt, s.secret_hash, s.rotated_at, s.prev_rotated_at, \
         s.idle_expires_at, s.expires_at"
    };
}

pub(super) use {record_columns, session_columns, user_columns};

pub(super) fn user(row: &SqliteRow) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::from_uuid(uuid(row, "user_id")?),
        tenant: TenantId::from_uuid(uuid(row, "tenant_id")?),
        identifier: get(row, "identifier")?,
        status: UserStatus::from_name(get(row, "status")?).ok_or_else(|| corrupt("status"))?,
        ver: get(row, "ver")?,
        session_epoch: get(row, "session_epoch")?,
        roles: names(row, "roles")?,
        created_at: time(row, "created_at")?,
        password_policy: policy_version(get(row, "password_policy")?)?,
    })
}

pub(super) fn user_record(row: &SqliteRow) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        user: user(row)?,
        password_hash: get(row, "password_hash")?,
        tenant_active: get(row, "tenant_active")?,
    })
}

pub(super) fn session(row: &SqliteRow) -> Result<Session, StoreError> {
    let generation: i64 = get(row, "generation")?;
    let prev_rotated_at: Option<i64> = get(row, "prev_rotated_at")?;
    Ok(Session {
        id: SessionId::from_uuid(uuid(row, "session_id")?),
        tenant: TenantId::from_uuid(uuid(row, "tenant_id")?),
        user: UserId::from_uuid(uuid(row, "user_id")?),
        client: ClientId::new(get::<String>(row, "client_id")?)
            .map_err(|_| corrupt("client_id"))?,
        scope: get::<&str>(row, "scope")?
            .parse()
            .map_err(|_| corrupt("scope"))?,
        amr: names(row, "amr")?,
        auth_time: time(row, "auth_time")?,
        device: get(row, "device")?,
        generation: u32::try_from(generation).map_err(|_| corrupt("generation"))?,
        root: RootKeyId(bytes(row, "root")?),
        salt: Salt::from_bytes(bytes(row, "salt")?),
        secret_hash: SecretHash::from_bytes(bytes(row, "secret_hash")?),
        rotated_at: time(row, "rotated_at")?,
        prev_rotated_at: prev_rotated_at.map(Timestamp::from_unix_micros),
        idle_expires_at: time(row, "idle_expires_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

pub(super) fn revocation(row: &SqliteRow) -> Result<Revocation, StoreError> {
    let subject = match get::<Option<&[u8]>>(row, "subject")? {
        Some(_) => Some(uuid(row, "subject")?),
        None => None,
    };
    let thumbprint = match get::<Option<&[u8]>>(row, "thumbprint")? {
        Some(_) => Some(Thumbprint::from_bytes(bytes(row, "thumbprint")?)),
        None => None,
    };
    let columns = TargetColumns {
        kind: get(row, "kind")?,
        tenant: TenantId::from_uuid(uuid(row, "tenant_id")?),
        subject,
        floor: get(row, "floor")?,
        thumbprint,
    };
    Ok(Revocation {
        target: columns.target()?,
        expires_at: time(row, "expires_at")?,
    })
}

pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(column).map_err(failed)
}

pub(super) fn uuid(row: &SqliteRow, column: &'static str) -> Result<Uuid, StoreError> {
    bytes(row, column).map(Uuid::from_bytes)
}

pub(super) fn time(row: &SqliteRow, column: &'static str) -> Result<Timestamp, StoreError> {
    get(row, column).map(Timestamp::from_unix_micros)
}

pub(super) fn bytes<const N: usize>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<[u8; N], StoreError> {
    get::<&[u8]>(row, column)?
        .try_into()
        .map_err(|_| corrupt(column))
}

fn names(row: &SqliteRow, column: &'static str) -> Result<Vec<String>, StoreError> {
    list::decode(get(row, column)?).ok_or_else(|| corrupt(column))
}
