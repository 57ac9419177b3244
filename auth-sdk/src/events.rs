//! Events of what users do and what is done to them, for others to hear of.

use std::sync::Arc;

use auth_core::event::EventKind;
use auth_core::idempotency::{
    Begun, Idempotency, IdempotencyError, IdempotencyStore, IdempotentRequest, OwnerId,
};
use auth_core::{Clock, EventId, Sealed};
use auth_store::{Effects, NewEvent, Store};
use serde_json::{Value, json};

use crate::auth::{Auth, Shared};
use crate::error::AuthError;

/// What is told, if the application asks for it: the table is at
/// [`AuthBuilder::with_events`](crate::AuthBuilder::with_events).
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Created { roles: Vec<String> },
    PasswordChanged,
    StatusChanged { status: &'static str },
    RolesChanged { roles: Vec<String> },
    Opened { session: String, client: String },
    Ended { session: String },
    AllEnded,
    Compromised { session: String, presented: u32 },
    PlatformLinked { platform: String },
    PlatformUnlinked { platform: String },
    PasswordRemoved,
    TenantStatusChanged { status: &'static str },
    ApiKeyCreated { api_key: String },
    ApiKeyRotated { api_key: String },
    ApiKeyRevoked { api_key: String },
    ApiKeysRevoked,
}

impl Told {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "auth.user.created",
            Self::PasswordChanged => "auth.password.changed",
            Self::StatusChanged { .. } => "auth.user.status_changed",
            Self::RolesChanged { .. } => "auth.user.roles_changed",
            Self::Opened { .. } => "auth.session.opened",
            Self::Ended { .. } => "auth.session.ended",
            Self::AllEnded => "auth.sessions.ended",
            Self::Compromised { .. } => "auth.session.compromised",
            Self::PlatformLinked { .. } => "auth.platform.linked",
            Self::PlatformUnlinked { .. } => "auth.platform.unlinked",
            Self::PasswordRemoved => "auth.password.removed",
            Self::TenantStatusChanged { .. } => "auth.tenant.status_changed",
            Self::ApiKeyCreated { .. } => "auth.api_key.created",
            Self::ApiKeyRotated { .. } => "auth.api_key.rotated",
            Self::ApiKeyRevoked { .. } => "auth.api_key.revoked",
            Self::ApiKeysRevoked => "auth.api_keys.revoked",
        }
    }

    fn data(&self) -> Value {
        match self {
            Self::Created { roles } | Self::RolesChanged { roles } => json!({ "roles": roles }),
            Self::PasswordChanged
            | Self::PasswordRemoved
            | Self::AllEnded
            | Self::ApiKeysRevoked => json!({}),
            Self::StatusChanged { status } | Self::TenantStatusChanged { status } => {
                json!({ "status": status })
            }
            Self::PlatformLinked { platform } | Self::PlatformUnlinked { platform } => {
                json!({ "platform": platform })
            }
            Self::ApiKeyCreated { api_key }
            | Self::ApiKeyRotated { api_key }
            | Self::ApiKeyRevoked { api_key } => json!({ "api_key": api_key }),
            Self::Opened { session, client } => json!({ "session": session, "client": client }),
            Self::Ended { session } => json!({ "session": session }),
            Self::Compromised { session, presented } => {
                json!({ "session": session, "presented": presented })
            }
        }
    }
}

impl Shared {
    /// The store, for a change that tells of itself, if events are asked for.
    pub(crate) fn telling(&self, told: impl FnOnce() -> Told) -> Result<Arc<dyn Store>, AuthError> {
        Ok(self.carrying(self.effects(told)?))
    }

    /// The store, for a change that carries them.
    pub(crate) fn carrying(&self, effects: Effects) -> Arc<dyn Store> {
        match self.store.outbox_store() {
            Some(outbox) if !effects.is_empty() => outbox.carrying(effects),
            _ => self.store.clone(),
        }
    }

    /// What a change is to carry: nothing, unless events are asked for.
    pub(crate) fn effects(&self, told: impl FnOnce() -> Told) -> Result<Effects, AuthError> {
        if !self.events || self.store.outbox_store().is_none() {
            return Ok(Effects::none());
        }
        let told = told();
        let id = EventId::draw(self.clock.now().wall, &*self.random)?;
        let internal = |error: Box<dyn std::error::Error + Send + Sync>| AuthError::Internal(error);
        let kind = EventKind::new(told.kind()).map_err(|error| internal(error.into()))?;
        // Larger than any event may be: roles without end.
        let event = NewEvent::new(id, kind, told.data()).map_err(|error| internal(error.into()))?;
        Ok(Effects::events(self.issuer_name.as_str(), [event]))
    }
}

impl Auth {
    /// What remembers requests that must not be done twice, in this store and under
    /// these root secrets, for `auth_axum::IdempotencyLayer`; `None` if the store
    /// does not.
    pub fn idempotency(&self) -> Option<Idempotency> {
        self.shared.store.idempotency_store()?;
        let store = Arc::new(Requests(self.shared.store.clone()));
        let idempotency = Idempotency::new(store, self.shared.roots.clone());
        Some(idempotency.with_random(self.shared.random.clone()))
    }
}

/// The part of a store that remembers requests.
#[derive(Debug)]
struct Requests(Arc<dyn Store>);

impl Requests {
    fn store(&self) -> Result<&dyn IdempotencyStore, IdempotencyError> {
        let store = self.0.idempotency_store();
        store.ok_or_else(|| IdempotencyError("the store does not remember requests".into()))
    }
}

#[async_trait::async_trait]
impl IdempotencyStore for Requests {
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: std::time::Duration,
        keep: std::time::Duration,
    ) -> Result<Begun, IdempotencyError> {
        self.store()?
            .begin_request(request, owner, lease, keep)
            .await
    }

    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError> {
        self.store()?.complete_request(request, owner, answer).await
    }

    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError> {
        self.store()?.release_request(request, owner).await
    }
}
