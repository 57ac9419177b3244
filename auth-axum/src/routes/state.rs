//! What all routes share.

use std::sync::Arc;
use std::time::Duration;

use auth_core::{TenantId, TrustedProxies};
use auth_sdk::Auth;
use http::request::Parts;

use super::sending::Sending;
use crate::challenge::Realm;
use crate::idempotency::IdempotencyLayer;

pub(super) type Tenant = Arc<dyn Fn(&Parts) -> TenantId + Send + Sync>;

pub(super) struct Shared {
    pub(super) auth: Auth,
    pub(super) realm: Realm,
    pub(super) tenant: Tenant,
    pub(super) limits: Limits,
    pub(super) proxies: TrustedProxies,
    /// For sign-up, if it is done once for each key.
    pub(super) once: Option<IdempotencyLayer>,
    /// By whom password resets are sent, if they are.
    pub(super) resets: Option<Sending>,
}

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Until its body is there.
    pub(super) body: Duration,
    /// Until a password that waits to be hashed is given up.
    pub(super) hash: Option<Duration>,
    /// Until it is answered.
    pub(super) answer: Duration,
}

impl Shared {
    pub(super) fn new(
        auth: Auth,
        tenant: Tenant,
        limits: Limits,
        proxies: TrustedProxies,
        once: Option<IdempotencyLayer>,
        resets: Option<Sending>,
    ) -> Self {
        let realm = Realm::new(auth.issuer());
        Self {
            auth,
            realm,
            tenant,
            limits,
            proxies,
            once,
            resets,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: Duration::from_secs(10),
            hash: None,
            answer: Duration::from_secs(15),
        }
    }
}
