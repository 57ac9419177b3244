//! Rows as they are kept: JSON, of the columns that the SQL stores have too.

use std::time::Duration;

use auth_core::refresh::{Salt, SecretHash};
use auth_core::revocation::{Revocation, Target};
use auth_core::{
    ClientId, PolicyVersion, RootKeyId, Scope, SessionId, TenantId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::traits::{Session, Settings, Tenant, TenantStatus, User, UserStatus};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SettingsRow {
    store: Uuid,
    max_token_lifetime: Duration,
}

impl From<Settings> for SettingsRow {
    fn from(settings: Settings) -> Self {
        Self {
            store: settings.store,
            max_token_lifetime: settings.max_token_lifetime,
        }
    }
}

impl From<SettingsRow> for Settings {
    fn from(row: SettingsRow) -> Self {
        Self {
            store: row.store,
            max_token_lifetime: row.max_token_lifetime,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct TenantRow {
    #[serde(with = "tenant_status")]
    pub(super) status: TenantStatus,
    pub(super) ver: i64,
}

impl TenantRow {
    pub(super) const fn of(self, id: TenantId) -> Tenant {
        Tenant {
            id,
            status: self.status,
            ver: self.ver,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UserRow {
    #[serde(with = "UserColumns")]
    pub(super) user: User,
    pub(super) password_hash: Option<String>,
}

impl UserRow {
    pub(super) fn is_active(&self) -> bool {
        self.user.status == UserStatus::Active
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SessionRow {
    #[serde(with = "SessionColumns")]
    pub(super) session: Session,
    /// The user's epoch when it was opened.
    pub(super) epoch: i64,
    pub(super) revoked: bool,
}

impl SessionRow {
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.session.idle_expires_at || now >= self.session.expires_at
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct LogRow {
    target: TargetColumns,
    pub(super) expires_at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum TargetColumns {
    Session(TenantId, SessionId),
    User(TenantId, UserId, i64),
    Tenant(TenantId, i64),
}

impl LogRow {
    /// `None` for what this store never revokes.
    pub(super) fn of(revocation: &Revocation) -> Option<Self> {
        let target = match revocation.target {
            Target::Session { tenant, session } => TargetColumns::Session(tenant, session),
            Target::User {
                tenant,
                user,
                floor,
            } => TargetColumns::User(tenant, user, floor),
            Target::Tenant { tenant, floor } => TargetColumns::Tenant(tenant, floor),
            _ => return None,
        };
        Some(Self {
            target,
            expires_at: revocation.expires_at,
        })
    }

    pub(super) fn revocation(self) -> Revocation {
        let target = match self.target {
            TargetColumns::Session(tenant, session) => Target::Session { tenant, session },
            TargetColumns::User(tenant, user, floor) => Target::User {
                tenant,
                user,
                floor,
            },
            TargetColumns::Tenant(tenant, floor) => Target::Tenant { tenant, floor },
        };
        Revocation {
            target,
            expires_at: self.expires_at,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "User")]
struct UserColumns {
    id: UserId,
    tenant: TenantId,
    identifier: String,
    #[serde(with = "user_status")]
    status: UserStatus,
    ver: i64,
    session_epoch: i64,
    roles: Vec<String>,
    created_at: Timestamp,
    #[serde(with = "policy")]
    password_policy: Option<PolicyVersion>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Session")]
struct SessionColumns {
    id: SessionId,
    tenant: TenantId,
    user: UserId,
    client: ClientId,
    scope: Scope,
    amr: Vec<String>,
    auth_time: Timestamp,
    device: Option<String>,
    generation: u32,
    #[serde(with = "root")]
    root: RootKeyId,
    #[serde(with = "salt")]
    salt: Salt,
    #[serde(with = "secret_hash")]
    secret_hash: SecretHash,
    rotated_at: Timestamp,
    prev_rotated_at: Option<Timestamp>,
    idle_expires_at: Timestamp,
    expires_at: Timestamp,
}

/// How a value is written, and read: what cannot be is an error, never a guess.
macro_rules! column {
    ($name:ident: $value:ty as $column:ty, $write:expr, $read:expr) => {
        mod $name {
            use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

            #[allow(
                clippy::wildcard_imports,
                reason = "its parent, which names few things"
            )]
            use super::*;

            pub(super) fn serialize<S: Serializer>(
                value: &$value,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let write: fn(&$value) -> $column = $write;
                write(value).serialize(serializer)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$value, D::Error> {
                let read: fn($column) -> Option<$value> = $read;
                read(<$column>::deserialize(deserializer)?)
                    .ok_or_else(|| D::Error::custom(concat!(stringify!($name), " cannot be that")))
            }
        }
    };
}

column!(tenant_status: TenantStatus as String, |it| it.as_str().to_owned(), |name| TenantStatus::from_name(&name));
column!(user_status: UserStatus as String, |it| it.as_str().to_owned(), |name| UserStatus::from_name(&name));
column!(policy: Option<PolicyVersion> as Option<i16>, |it| it.map(PolicyVersion::number), |number| match number {
    None => Some(None),
    Some(number) => PolicyVersion::new(number).map(Some),
});
column!(root: RootKeyId as [u8; 4], |it| it.0, |bytes| Some(RootKeyId(bytes)));
column!(salt: Salt as [u8; 16], |it| *it.as_bytes(), |bytes| Some(Salt::from_bytes(bytes)));
column!(secret_hash: SecretHash as [u8; 32], |it| *it.as_bytes(), |bytes| Some(SecretHash::from_bytes(bytes)));
