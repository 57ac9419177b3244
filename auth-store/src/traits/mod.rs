//! The contracts a store keeps.

mod api_key;
mod attempt;
mod consumed;
mod effects;
mod key_life;
mod look_up;
mod outbox;
mod platform;
mod rotation;
mod session;
mod settings;
mod signing_key;
mod tenant;
mod user;

use std::fmt;

pub use api_key::{
    ApiKeyInfo, ApiKeyRecord, ApiKeyRotation, ApiKeyStore, CreateApiKeyOutcome,
    ENDED_API_KEYS_KEPT, NewApiKey, RevokeApiKeyOutcome, RotateApiKeyOutcome, USE_IS_NEWS_AFTER,
};
pub use attempt::{Attempt, AttemptFrom, AttemptStore, Budget, Charge, Reservation, Settlement};
pub use consumed::ConsumerStore;
pub use effects::{Effects, EventError, NewEvent};
pub use key_life::{KeyLife, KeyState};
pub use look_up::{Consistency, LookUpStore};
pub use outbox::{Claim, Claimed, DeadLetter, Delivery, OutboxStatus, OutboxStore, RelayId};
pub use platform::{LinkOutcome, PlatformAccount, PlatformStore, RemoveOutcome};
pub use rotation::{Decision, Rotation, SessionState};
pub use session::{
    EndSessions, Grant, NewSession, OpenOutcome, RotateOutcome, Seen, Session, SessionStore,
};
pub use settings::{REVOCATION_MARGIN, Settings, SettingsStore};
pub use signing_key::{
    AddKeyOutcome, NewSigningKey, RevokeKeyOutcome, SealedKey, SigningKeyStore, SigningKeys,
};
pub use tenant::{Tenant, TenantStatus, TenantStore};
pub use user::{
    ChangeOutcome, Committed, CreateOutcome, HashRenewal, NewUser, PasswordChange, User,
    UserRecord, UserStatus, UserStore,
};

use auth_core::idempotency::IdempotencyStore;
use auth_core::revocation::RevocationLog;

/// A store: one handle, one transaction domain, one clock.
///
/// # Contract
/// What a method reports as done is durable and visible to every later call
/// on any instance. All decisions are made on the primary. A future that is
/// dropped leaves no connection in a state that another call could notice.
/// A lost commit revives spent refresh tokens; a stale read accepts them.
pub trait Store:
    TenantStore
    + UserStore
    + SessionStore
    + RevocationLog
    + SettingsStore
    + fmt::Debug
    + Send
    + Sync
    + 'static
{
    /// Whether what it has stored is there after a restart of the process. A
    /// store that says no although it is lets an application begin with a
    /// signing key that is gone after a restart, while its sessions are not.
    fn is_persistent(&self) -> bool {
        true
    }

    /// A number that is another one after each change of what is known of users,
    /// tenants and API keys, if nobody but this process changes them: whoever made
    /// the change, through whichever handle. Under it what was read may be kept and
    /// asked nobody for. `None` if others may change them too, which is most stores.
    ///
    /// # Contract
    /// When a change has returned, the number is not the one of before. Under a
    /// number that was read before a row was, the row holds until the number is
    /// another one: it moves when the change can be read, and not before. The
    /// sessions of users, attempts, and notes of uses need not count. A number that
    /// stands still lets a revoked API key in for up to a minute.
    fn changes(&self) -> Option<u64> {
        None
    }

    /// Where sealed signing keys are kept, if this store keeps them.
    fn signing_key_store(&self) -> Option<&dyn SigningKeyStore> {
        None
    }

    /// Where attempts at passwords are counted, if this store counts them.
    fn attempt_store(&self) -> Option<&dyn AttemptStore> {
        None
    }

    /// Where API keys are kept, if this store keeps them.
    fn api_key_store(&self) -> Option<&dyn ApiKeyStore> {
        None
    }

    /// Where accounts at other platforms are kept, if this store keeps them.
    fn platform_store(&self) -> Option<&dyn PlatformStore> {
        None
    }

    /// Where look-ups may be answered by a copy, if there are any; they are
    /// answered by the users and sessions themselves otherwise.
    fn look_up_store(&self) -> Option<&dyn LookUpStore> {
        None
    }

    /// Where events wait to be published, if this store keeps any.
    fn outbox_store(&self) -> Option<&dyn OutboxStore> {
        None
    }

    /// Where it is kept which events were handled, if this store keeps that.
    fn consumer_store(&self) -> Option<&dyn ConsumerStore> {
        None
    }

    /// Where requests that must not be done twice are remembered, if this store
    /// does so.
    fn idempotency_store(&self) -> Option<&dyn IdempotencyStore> {
        None
    }
}
