//! What the store's one lock guards.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use auth_core::revocation::{Revocation, Target};
use auth_core::{SessionId, TenantId, Timestamp, UserId};
use uuid::Uuid;

use super::api_key::ApiKeys;
use super::attempt::Attempts;
use super::changes::Changes;
use super::consumed::Consumed;
use super::idempotency::Requests;
use super::log::Log;
use super::outbox::Outbox;
use super::platform::Platforms;
use super::session::SessionRow;
use super::tenant::TenantRow;
use super::user::UserRow;
use crate::changes::counts;
use crate::traits::{REVOCATION_MARGIN, SealedKey};

/// The tables. Every key begins with the tenant.
pub(super) struct State {
    /// The store's own identity.
    pub(super) store: Uuid,
    pub(super) max_token_lifetime: Duration,
    pub(super) tenants: HashMap<TenantId, TenantRow>,
    pub(super) users: HashMap<(TenantId, UserId), UserRow>,
    /// From the normalised identifier.
    pub(super) identifiers: HashMap<(TenantId, String), UserId>,
    pub(super) sessions: HashMap<(TenantId, SessionId), SessionRow>,
    /// The sessions of each user.
    pub(super) sessions_of: BTreeSet<(TenantId, UserId, SessionId)>,
    /// The number of sessions at which expired ones are looked for again.
    pub(super) sweep_at: usize,
    pub(super) api_keys: ApiKeys,
    pub(super) attempts: Attempts,
    pub(super) platforms: Platforms,
    pub(super) log: Log,
    pub(super) signing_keys: Vec<SealedKey>,
    pub(super) outbox: Outbox,
    pub(super) consumed: Consumed,
    pub(super) requests: Requests,
    pub(super) changes: Arc<Changes>,
}

impl State {
    pub(super) fn new(changes: Arc<Changes>) -> Self {
        Self {
            changes,
            store: crate::identity::draw(),
            max_token_lifetime: Duration::ZERO,
            tenants: HashMap::from([(TenantId::DEFAULT, TenantRow::default())]),
            users: HashMap::new(),
            identifiers: HashMap::new(),
            sessions: HashMap::new(),
            sessions_of: BTreeSet::new(),
            sweep_at: 0,
            api_keys: ApiKeys::new(),
            attempts: Attempts::default(),
            platforms: Platforms::default(),
            log: Log::default(),
            signing_keys: Vec::new(),
            outbox: Outbox::default(),
            consumed: Consumed::default(),
            requests: Requests::default(),
        }
    }

    /// Writes a log row that outlives every token it could concern.
    pub(super) fn revoke(&mut self, target: Target, now: Timestamp) -> Revocation {
        if counts(&target) {
            self.changes.one();
        }
        let expires_at = now + self.max_token_lifetime + REVOCATION_MARGIN;
        let revocation = Revocation { target, expires_at };
        self.log.push(revocation, now);
        revocation
    }
}
