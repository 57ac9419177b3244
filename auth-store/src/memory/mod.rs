//! A store that lives in the process.

mod api_key;
mod attempt;
mod changes;
mod consumed;
mod idempotency;
mod log;
mod outbox;
mod platform;
mod rotation;
mod session;
mod settings;
mod signing_key;
mod state;
mod tenant;
#[cfg(test)]
mod tests;
mod user;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auth_core::{Clock, FlooredClock, SystemClock, Timestamp};

use crate::traits::{
    ApiKeyStore, AttemptStore, ConsumerStore, Effects, OutboxStore, PlatformStore, SigningKeyStore,
    Store,
};
use auth_core::idempotency::IdempotencyStore;
use changes::Changes;
use state::State;

/// A store in memory: for tests, and for a single process whose accounts may
/// be lost. **Nothing survives the process**: when it ends, so does every
/// account, every session, and the memory of what was revoked.
///
/// Clones share the same data. Its clock never goes back: when the injected
/// one is set back, time goes on from where it was at the monotonic rate, so
/// that nothing that has expired lives again.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use auth_core::{SystemClock, Clock, SystemRandom, TenantId, UserId};
/// use auth_store::{CreateOutcome, Identifier, MemoryStore, NewUser, UserStore};
///
/// let store = MemoryStore::new();
/// let user = NewUser {
///     id: UserId::draw(SystemClock.now().wall, &SystemRandom::new())?,
///     tenant: TenantId::DEFAULT,
///     identifier: Identifier::new("ada@example.org")?,
///     password_hash: None,
///     password_policy: None,
///     roles: Vec::new(),
/// };
/// assert!(matches!(store.create_user(user.clone()).await?, CreateOutcome::Created(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    /// What the change of this handle carries.
    effects: Effects,
}

struct Shared {
    clock: FlooredClock,
    state: Mutex<State>,
    changes: Arc<Changes>,
}

impl MemoryStore {
    /// An empty store on the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty store on a clock of the caller's.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let clock = FlooredClock::new(clock);
        let changes = Arc::new(Changes::default());
        Self {
            shared: Arc::new(Shared {
                clock,
                state: Mutex::new(State::new(Arc::clone(&changes))),
                changes,
            }),
            effects: Effects::none(),
        }
    }

    /// Locks the store and reads its clock, in this order: what is decided
    /// later is decided at a later time. No method holds the lock over an
    /// await, and none panics between two changes, so a poisoned lock guards
    /// whole data.
    fn lock(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = self.shared.clock.now().wall;
        self.shared.clock.observe(now);
        (state, now)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn is_persistent(&self) -> bool {
        false
    }

    fn changes(&self) -> Option<u64> {
        Some(self.shared.changes.number())
    }

    fn signing_key_store(&self) -> Option<&dyn SigningKeyStore> {
        Some(self)
    }

    fn attempt_store(&self) -> Option<&dyn AttemptStore> {
        Some(self)
    }

    fn api_key_store(&self) -> Option<&dyn ApiKeyStore> {
        Some(self)
    }

    fn platform_store(&self) -> Option<&dyn PlatformStore> {
        Some(self)
    }

    fn outbox_store(&self) -> Option<&dyn OutboxStore> {
        Some(self)
    }

    fn consumer_store(&self) -> Option<&dyn ConsumerStore> {
        Some(self)
    }

    fn idempotency_store(&self) -> Option<&dyn IdempotencyStore> {
        Some(self)
    }
}
