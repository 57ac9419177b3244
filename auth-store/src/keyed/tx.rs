//! Rows in a transaction. Each key begins with its table, and most go on with the
//! tenant.

use auth_core::{SessionId, TenantId, Timestamp, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::database::{Entry, Reads, Writes};
use super::row::{SessionRow, UserRow};
use crate::error::{StoreError, StoreErrorKind};
use crate::identifier::Identifier;
use crate::traits::{Settings, Tenant, TenantStatus};

pub(super) const SETTINGS: &[u8] = b"s";
/// How many rows the log has ever had.
pub(super) const LAST: &[u8] = b"c";
const TENANTS: u8 = b't';
const USERS: u8 = b'u';
/// From the normalised identifier to the user.
const NAMES: u8 = b'n';
const SESSIONS: u8 = b'x';
/// The sessions of each user: keys alone.
const SESSIONS_OF: u8 = b'o';
const LOG: u8 = b'l';

/// What a transaction sees, and the time at which it looks.
#[derive(Clone, Copy)]
pub(super) struct View<'r> {
    pub(super) rows: &'r dyn Reads,
    pub(super) now: Timestamp,
}

/// A transaction that writes.
pub(super) struct Tx<'r> {
    pub(super) rows: &'r mut dyn Writes,
    pub(super) now: Timestamp,
}

impl View<'_> {
    pub(super) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        self.rows.get(key)?.map(|value| parse(&value)).transpose()
    }

    pub(super) fn settings(&self) -> Result<Settings, StoreError> {
        let settings: Option<super::row::SettingsRow> = self.get(SETTINGS)?;
        let missing = || StoreError::new(StoreErrorKind::Corrupt, "there are no settings");
        settings.map(Into::into).ok_or_else(missing)
    }

    pub(super) fn tenant(&self, tenant: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.get::<super::row::TenantRow>(&tenant_key(tenant))
            .map(|row| row.map(|row| row.of(tenant)))
    }

    pub(super) fn tenant_is_active(&self, tenant: TenantId) -> Result<bool, StoreError> {
        let tenant = self.tenant(tenant)?;
        Ok(tenant.is_some_and(|tenant| tenant.status == TenantStatus::Active))
    }

    pub(super) fn user(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Option<UserRow>, StoreError> {
        self.get(&user_key(tenant, user))
    }

    pub(super) fn named(
        &self,
        tenant: TenantId,
        name: &Identifier,
    ) -> Result<Option<UserId>, StoreError> {
        self.get(&name_key(tenant, name))
    }

    pub(super) fn session(
        &self,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<Option<SessionRow>, StoreError> {
        self.get(&session_key(tenant, session))
    }

    /// All sessions of a user that are stored, dead ones too.
    pub(super) fn sessions_of(
        &self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let from = key(
            SESSIONS_OF,
            &[tenant.as_uuid().as_bytes(), user.as_uuid().as_bytes()],
        );
        let until = [&from[..], &[u8::MAX; 17]].concat();
        let ids = self.rows.range(&from, &until, usize::MAX)?;
        let rows = ids.iter().filter_map(|(place, _)| {
            let id = uuid::Uuid::from_slice(&place[from.len()..]).ok()?;
            self.session(tenant, SessionId::from_uuid(id)).transpose()
        });
        rows.collect()
    }

    /// The first rows of the log after `number`, each with its key.
    pub(super) fn log_after(&self, number: u64, most: usize) -> Result<Vec<Entry>, StoreError> {
        let until = [&[LOG][..], &[u8::MAX; 9]].concat();
        self.rows
            .range(&log_key(number.saturating_add(1)), &until, most)
    }
}

impl Tx<'_> {
    pub(super) fn view(&self) -> View<'_> {
        View {
            rows: &*self.rows,
            now: self.now,
        }
    }

    pub(super) fn put(&mut self, key: &[u8], row: &impl Serialize) -> Result<(), StoreError> {
        let value = serde_json::to_vec(row);
        let value = value.map_err(|error| StoreError::new(StoreErrorKind::Other, error))?;
        self.rows.put(key, &value)
    }

    /// As [`put`](Self::put), where nothing may be yet.
    pub(super) fn add(&mut self, key: &[u8], row: &impl Serialize) -> Result<(), StoreError> {
        if self.rows.get(key)?.is_some() {
            return Err(StoreError::new(StoreErrorKind::Other, "the id is in use"));
        }
        self.put(key, row)
    }
}

pub(super) fn parse<T: DeserializeOwned>(value: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(value).map_err(|error| StoreError::new(StoreErrorKind::Corrupt, error))
}

pub(super) fn tenant_key(tenant: TenantId) -> Vec<u8> {
    key(TENANTS, &[tenant.as_uuid().as_bytes()])
}

pub(super) fn user_key(tenant: TenantId, user: UserId) -> Vec<u8> {
    key(
        USERS,
        &[tenant.as_uuid().as_bytes(), user.as_uuid().as_bytes()],
    )
}

pub(super) fn name_key(tenant: TenantId, name: &Identifier) -> Vec<u8> {
    let name = name.normalized().as_bytes();
    key(NAMES, &[tenant.as_uuid().as_bytes(), name])
}

pub(super) fn session_key(tenant: TenantId, session: SessionId) -> Vec<u8> {
    key(
        SESSIONS,
        &[tenant.as_uuid().as_bytes(), session.as_uuid().as_bytes()],
    )
}

pub(super) fn session_of_key(tenant: TenantId, user: UserId, session: SessionId) -> Vec<u8> {
    let parts = [tenant.as_uuid(), user.as_uuid(), session.as_uuid()];
    key(SESSIONS_OF, &parts.map(|id| &id.as_bytes()[..]))
}

/// Big-endian: in the order of the numbers.
pub(super) fn log_key(number: u64) -> Vec<u8> {
    key(LOG, &[&number.to_be_bytes()])
}

fn key(table: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[table][..], &parts.concat()].concat()
}
