//! The vocabulary of the authentication SDK, and everything in it that needs
//! no I/O and no runtime.
//!
//! An application depends on `auth-sdk` and meets these types there. A service
//! that only verifies tokens depends on this crate alone: a
//! [`Verifier`](verifier::Verifier) over the issuer's [keys](key) turns the
//! text of a request into an [`Identity`], and a [`Requirement`] says what
//! that identity must be. An author of a store or framework adapter implements
//! the ports: [`Clock`], [`SecureRandom`], [`KeySource`](key::KeySource),
//! [`RevocationLog`](revocation::RevocationLog), [`RateLimiter`](throttle::RateLimiter).

pub mod api_key;
mod clock;
mod device;
mod error;
pub mod event;
mod id;
pub mod idempotency;
mod identity;
#[cfg(feature = "jsonwebtoken")]
pub mod interop;
mod issuer;
pub mod jwt;
pub mod key;
mod maced;
mod network;
#[cfg(feature = "password")]
pub mod password;
mod policy_version;
mod proxies;
mod random;
pub mod refresh;
mod requirement;
pub mod reset;
pub mod revocation;
mod root;
mod scope;
mod seal;
mod secret;
pub mod throttle;
mod time;
pub mod verifier;

pub use clock::{Clock, FlooredClock, ManualClock, SystemClock};
pub use device::{AccountKey, DeviceToken};
pub use error::{Code, GrpcStatus};
pub use id::{ApiKeyId, ClientId, EventId, ParseIdError, SessionId, TenantId, TokenId, UserId};
pub use identity::{ClaimsError, Identity};
pub use issuer::{Audience, Issuer, NameError};
pub use network::Network;
pub use policy_version::PolicyVersion;
pub use proxies::TrustedProxies;
pub use random::{EntropyError, SecureRandom, SystemRandom, draw};
pub use requirement::{Denied, Requirement};
pub use root::{RootKeyId, RootSecret, RootSecretError, RootSecrets};
pub use scope::{Scope, ScopeError};
pub use seal::{Sealed, UnsealError};
pub use secret::Secret;
pub use time::{Deadline, Monotonic, Now, Timestamp};
