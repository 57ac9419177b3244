//! What must survive: users, sessions, API keys, revocations and sealed signing
//! keys.
//!
//! [`Store`] is one handle and one transaction domain. Every method is one
//! atomic operation whose command carries what must be committed with it;
//! there is no unit of work to hold and nothing to get and then set. The
//! stores: [`MemoryStore`], `SqliteStore` (feature `sqlite`: one file, no
//! server) and `PgStore` (feature `postgres`: several instances).
//!
//! A store of your own implements the same traits, or is a [`keyed::Database`] under
//! the [`KeyedStore`], and passes the suite in `auth-testkit`.

mod changes;
mod error;
mod identifier;
mod identity;
pub mod keyed;
mod memory;
pub mod outbox;
mod platform_key;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod traits;

pub use error::{StoreError, StoreErrorKind};
pub use identifier::{Identifier, IdentifierError};
pub use keyed::KeyedStore;
pub use memory::MemoryStore;
pub use platform_key::{PlatformKey, PlatformKeyError};
#[cfg(feature = "postgres")]
pub use postgres::{ConnectError, PgStore, PgStoreBuilder, Purged, ReplicaStats, ReplicasStats};
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteStore, SqliteStoreBuilder};
pub use traits::*;
