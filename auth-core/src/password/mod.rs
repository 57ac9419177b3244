//! Passwords: what a user may choose, how it is hashed, and who does the work.
//!
//! A [`Password`] is taken into custody once, at the edge: bounded, put into
//! Unicode normalisation form C, wiped on drop. A [`PasswordPolicy`] says
//! whether it may be *chosen*; it has no say at log-in, and has a
//! [version](crate::PolicyVersion) to store with the hash. A [`HashPool`] turns it
//! into a [`PasswordHash`] (Argon2id, a PHC string), or checks it against one,
//! on threads of its own, so that verifying tokens never waits for hashing.
//!
//! ```
//! use std::time::Duration;
//! use auth_core::password::{HashPool, Password, PasswordPolicy};
//! use auth_core::{Clock, Deadline, SystemClock};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = HashPool::builder().with_threads(1).build()?;
//! let by = Deadline::after(SystemClock.now(), Duration::from_secs(60));
//!
//! let chosen = Password::new("correct horse battery staple".to_owned())?;
//! PasswordPolicy::default().check(&chosen)?;
//! let stored = pool.hash(chosen, by).await?;
//!
//! let given = Password::new("correct horse battery staple".to_owned())?;
//! assert!(pool.verify(given, Some(stored), by).await?.matches);
//! # Ok(())
//! # }
//! ```
//!
//! A [`Pepper`] keeps a stolen table from being guessed at. Users who come from
//! another system bring their hashes: with the feature `legacy-hashes`, the module
//! `legacy` says which are read and how to move.
//!
//! # What is not promised
//! Wiping covers what this module owns: the password, the memory block and the
//! tag under comparison. The copies that the hash function's and the
//! normaliser's own code leave in registers, on the stack or in a scratch
//! buffer are beyond its reach.

mod argon2_once;
mod argon2id;
pub mod danger;
mod error;
mod layers;
#[cfg(feature = "legacy-hashes")]
pub mod legacy;
#[cfg(not(feature = "legacy-hashes"))]
#[path = "legacy_off.rs"]
mod legacy;
mod offline;
mod pepper;
mod phc;
mod plaintext;
mod policy;
mod pool;
mod stored;

pub use argon2id::{Argon2Backend, Argon2Params, Argon2ParamsError};
pub use error::{BackendError, CorruptHash, HashError};
pub use layers::Verdict;
pub use offline::OfflineHasher;
pub use pepper::{Pepper, PepperError, Peppers};
pub use plaintext::{Password, PasswordError};
pub use policy::{
    BreachCheck, BreachError, BreachRanges, ContextWords, PasswordPolicy, PolicyError,
    PolicyViolation, WhenUnanswered,
};
pub use pool::{HashPool, HashPoolBuilder, Place, PoolError, PoolStats};
pub use stored::PasswordHash;
