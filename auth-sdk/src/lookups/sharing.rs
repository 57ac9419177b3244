//! What other instances are told, and what they are given.

use std::sync::Arc;

use async_trait::async_trait;
use auth_cache::tier::{
    Acquired, Ask, Codec, Compact, Fill, Invalidated, Namespace, Tail, Tier, TierError,
};
use auth_core::{ApiKeyId, PolicyVersion, TenantId, Timestamp, UserId};
use auth_store::{ApiKeyRecord, User, UserStatus};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kept::Held;

/// A tier of which only the tail is used: it holds nothing, and is not asked.
///
/// An API key is found by its id alone, and whose it is said by what is found. So what
/// ends it is not known before, and a tier, which wants to know, could not end it with
/// its user. Nor has the hash of a key to leave the process.
#[derive(Debug)]
pub(super) struct TailOnly(pub(super) Arc<dyn Tier>);

#[async_trait]
impl Tier for TailOnly {
    async fn acquire(&self, _: &Namespace, asks: &[Ask]) -> Result<Vec<Acquired>, TierError> {
        let granted = |ask: &Ask| Acquired::Granted(vec![0; ask.tags.len()]);
        Ok(asks.iter().map(granted).collect())
    }

    async fn fill(&self, _: &Namespace, fills: &[Fill]) -> Result<Vec<bool>, TierError> {
        Ok(vec![true; fills.len()])
    }

    async fn invalidate(&self, space: &Namespace, what: &[Invalidated]) -> Result<(), TierError> {
        self.0.invalidate(space, what).await
    }

    async fn tail(&self, space: &Namespace) -> Result<Box<dyn Tail>, TierError> {
        self.0.tail(space).await
    }
}

/// The ids of API keys, and none of what is known of them.
#[derive(Debug)]
pub(super) struct ApiKeyIds;

impl Codec<ApiKeyId, Held<ApiKeyRecord>> for ApiKeyIds {
    fn schema(&self) -> u32 {
        1
    }

    fn write_key(&self, key: &ApiKeyId) -> Option<Vec<u8>> {
        Some(key.as_uuid().as_bytes().to_vec())
    }

    fn read_key(&self, bytes: &[u8]) -> Option<ApiKeyId> {
        Uuid::from_slice(bytes).ok().map(ApiKeyId::from_uuid)
    }

    fn write(&self, _: &Held<ApiKeyRecord>) -> Option<Vec<u8>> {
        None
    }

    fn read(&self, _: &[u8]) -> Option<Held<ApiKeyRecord>> {
        None
    }
}

/// Users in a compact form.
#[derive(Debug)]
pub(super) struct Users;

/// Of the form below; another field is another number.
const FORM: Compact = Compact::new(1);

/// A user as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    id: UserId,
    tenant: TenantId,
    identifier: String,
    is_active: bool,
    ver: i64,
    session_epoch: i64,
    roles: Vec<String>,
    created_at: Timestamp,
    password_policy: Option<i16>,
}

impl Codec<(TenantId, UserId), Held<User>> for Users {
    fn schema(&self) -> u32 {
        Codec::<(TenantId, UserId), Written>::schema(&FORM)
    }

    fn write_key(&self, key: &(TenantId, UserId)) -> Option<Vec<u8>> {
        Codec::<(TenantId, UserId), Written>::write_key(&FORM, key)
    }

    fn read_key(&self, bytes: &[u8]) -> Option<(TenantId, UserId)> {
        Codec::<(TenantId, UserId), Written>::read_key(&FORM, bytes)
    }

    fn write(&self, held: &Held<User>) -> Option<Vec<u8>> {
        let user = held.row().clone();
        let is_active = match user.status {
            UserStatus::Active => true,
            UserStatus::Disabled => false,
            _ => return None,
        };
        let written = Written {
            id: user.id,
            tenant: user.tenant,
            identifier: user.identifier,
            is_active,
            ver: user.ver,
            session_epoch: user.session_epoch,
            roles: user.roles,
            created_at: user.created_at,
            password_policy: user.password_policy.map(PolicyVersion::number),
        };
        Codec::<(TenantId, UserId), Written>::write(&FORM, &written)
    }

    fn read(&self, bytes: &[u8]) -> Option<Held<User>> {
        let written = Codec::<(TenantId, UserId), Written>::read(&FORM, bytes)?;
        let password_policy = match written.password_policy {
            Some(number) => Some(PolicyVersion::new(number)?),
            None => None,
        };
        let user = User {
            id: written.id,
            tenant: written.tenant,
            identifier: written.identifier,
            status: if written.is_active {
                UserStatus::Active
            } else {
                UserStatus::Disabled
            },
            ver: written.ver,
            session_epoch: written.session_epoch,
            roles: written.roles,
            created_at: written.created_at,
            password_policy,
        };
        // Nothing is shared of a store whose changes are counted.
        Some(Held::new(user, None))
    }
}
