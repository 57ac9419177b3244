//! A cache of look-ups: what an application asks its database for, over and over.
//!
//! [`Cache`] answers from memory what was asked before. What it does not know it asks
//! of a loader that was given when it was built, which may take one key at a time or
//! many at once:
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::collections::HashMap;
//! use std::sync::Arc;
//! use auth_cache::tiered::{Cache, TtlClass, batch};
//!
//! async fn ask_database(ids: Vec<u64>) -> std::io::Result<Vec<Option<Arc<str>>>> {
//!     let rows: HashMap<u64, Arc<str>> = HashMap::from([(1, "Ada".into())]); // SELECT …
//!     Ok(ids.iter().map(|id| rows.get(id).cloned()).collect())
//! }
//! let names: Cache<u64, Arc<str>> = Cache::builder("names", batch(ask_database))
//!     .with_ttl(TtlClass::Short)
//!     .build()?;
//!
//! assert_eq!(names.get(&1).await?.as_deref(), Some("Ada"));
//! assert_eq!(names.get(&2).await?, None); // does not exist, which is known for 2 s
//!
//! // UPDATE …, and then:
//! names.invalidate(&1).await?;
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
//! ```
//!
//! An answer is one of three: there is a value, there is no such thing, or it cannot
//! be told. The last is [`Unavailable`], an error with a [reason](Reason), and is never
//! kept.
//!
//! Every guard against what goes wrong with caches has [a page](guard), with what it
//! prevents, its switch, its metric, and what it does not do.
//!
//! # Guarantees
//! - After [`invalidate`](Cache::invalidate), [`invalidate_tag`](Cache::invalidate_tag)
//!   or [`clear`](Cache::clear) was called, no look-up that begins later is answered,
//!   in this process, with what was loaded before: whatever was under way, stale or
//!   refreshed. The race is run live and under a scheduler that chooses the
//!   interleaving, with moka's as the control that loses it.
//! - One load for a key at a time, however many miss it, but for one that has been
//!   overtaken by an invalidation.
//! - Whoever gives up waiting, whatever panics or hangs: those who wait for a load are
//!   told by its deadline, and the next caller can try again.
//! - Memory is bounded, by entries and bytes, that of the bookkeeping included.
//! - A hit allocates nothing, waits for nobody and asks nobody.
//!
//! # What it does not do
//! - It does not know that the source changed. Somebody calls
//!   [`invalidate`](Cache::invalidate) after the change, or it is seen when the value
//!   expires.
//! - What is in a caller's hands stays there.
//! - It is not the place to decide whether an account exists, nor what a token says:
//!   log-in, sign-up, reset, refresh and minting ask the store.

mod builder;
mod cache;
mod engine;
mod entry;
mod floors;
mod found;
pub mod guard;
mod job;
mod key;
mod lane;
mod loader;
mod look_up;
mod memory;
pub(crate) mod noise;
mod owed;
mod rules;
mod second;
mod settle;
mod sharing;
mod shelf;
mod source;
mod stats;
mod sync;
mod tag;
mod tailing;
mod telling;
pub(crate) mod ttl;
mod unavailable;
mod warmth;
mod written;

pub use builder::{CacheBuildError, CacheBuilder};
pub use cache::Cache;
pub use floors::{Floors, SecurityState};
pub use found::{Lookup, Origin};
pub use key::{Key, Value};
pub use loader::{Batch, BoxError, Each, Loaded, Loader, batch, each};
pub use stats::{BreakerState, CacheStats};
pub use tag::Tag;
pub use ttl::TtlClass;
pub use unavailable::{Reason, Unavailable};
pub use warmth::Warmth;
pub use written::Written;
