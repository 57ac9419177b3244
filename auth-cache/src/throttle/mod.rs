//! Rate limits: who counts.
//!
//! What is counted, and how, is in [`auth_core::throttle`]. [`MemoryRateLimiter`] counts
//! in one process; `redis::RedisRateLimiter` (feature `redis`) for all of them together.
//!
//! # Guarantees
//! - A subject is never allowed more than its quota, whatever comes at the same time.
//! - Memory is bounded. Under a flood of subjects those for whom there is no room share
//!   1024 places of each limit, and are limited sooner; those who are known stay known.
//! - Subjects are kept as hashes under a key of the process or of the root secret.
//!
//! # What it does not do
//! - It does not know who is who: behind a proxy that is not counted among the
//!   [trusted](auth_core::TrustedProxies) all clients are one network.
//! - During such a flood, others who are not known yet may have to wait without having
//!   done anything. Limits by network, which are few, are what helps against that.
//! - Attempts at passwords are not counted here, but where they survive: in the store.

mod memory;
#[cfg(feature = "redis")]
pub mod redis;
mod table;

pub use memory::{MemoryRateLimiter, MemoryStats};

#[cfg(test)]
mod tests;
