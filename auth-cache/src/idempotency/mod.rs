//! Requests that must not be done twice, remembered in Redis.
//!
//! [`RedisIdempotency`] is an [`IdempotencyStore`] in Redis 7 or later, or Valkey 7.2 or
//! later, over a [`RedisLink`]: to one server, or to whatever else a link leads to. It is
//! for an application whose store keeps no requests, and for one that would rather not
//! have its database asked with each of them.
//!
//! **An SQL store keeps the promise through crashes. Redis keeps it only while it keeps
//! what it has acknowledged.** Where a request that is done twice costs money, use the
//! store.
//!
//! # Example
//! ```no_run
//! use std::sync::Arc;
//! use auth_cache::idempotency::RedisIdempotency;
//! use auth_cache::redis::RedisLink;
//! use auth_core::RootSecret;
//! use auth_core::idempotency::Idempotency;
//!
//! # fn example(root: RootSecret) -> Result<(), Box<dyn std::error::Error>> {
//! let link = RedisLink::single("redis://requests.example:6379/")?.build()?;
//! let store = RedisIdempotency::builder(link, root.clone()).build();
//! // For the layer of `auth-axum`.
//! let keys = Idempotency::new(Arc::new(store), root);
//! # Ok(()) }
//! ```
//!
//! # What is where
//! Of each request one hash, `prefix:idempotency:{xx}:digest`:
//!
//! | field | what |
//! |---|---|
//! | `f` | what it asks, as an HMAC |
//! | `o` | who owns it: drawn at random |
//! | `l` | until when, in µs of the server's clock; gone when the request is done |
//! | `e` | when it is forgotten, in the same; the key expires then too |
//! | `a` | the answer, sealed, if one was kept |
//!
//! The digest is an HMAC of tenant, route, caller and key under a key of the root secret;
//! `xx` is one byte of a plain hash of caller and key, so that the names under all root
//! secrets are in one slot. Nothing in Redis can be read, or guessed at, without the root
//! secret. Each step is one script, by the server's clock.
//!
//! # In the process
//! it is remembered what this process has begun, and what of that is done:
//! [the last 10 000](RedisIdempotencyBuilder::with_remembered) requests, without their
//! answers. That never makes anything the caller's; it only keeps from it. What Redis
//! has forgotten is put back where this process comes across it: when the request is sent
//! here again, and when it is done.
//!
//! # Guarantees
//! - Of any number of calls with one request, in any number of processes, one owns it,
//!   while Redis keeps what it has acknowledged and its clock is not set ahead.
//! - Whatever Redis forgets, a process makes no request that it remembers anybody's a
//!   second time: not within the lease, and not when it is done.
//! - Where Redis cannot be asked, or answers what makes no sense, there is an error, and
//!   never [`Begun::Owned`]. Nothing is done because nobody could be asked.
//! - Only the owner completes and releases. A script that is done late, by a server that
//!   was frozen while its caller gave up, changes nothing that is somebody else's and
//!   nothing that is done: a late claim keeps others waiting for the lease at most.
//! - What is begun can be completed when the server has no memory left: for that it
//!   gives up a field.
//! - Under its name, what is no request is left where it is, and is an error.
//!
//! # What it does not do
//! - What Redis loses, by eviction, `FLUSHALL`, a restart without its files, files that
//!   are synced each second, or a fail-over to a replica that was behind, can be done
//!   again by *another* process, or by this one after a restart. It is on the
//!   operator: `maxmemory-policy noeviction`, `appendonly yes` with `appendfsync always`,
//!   `min-replicas-to-write`; and that makes it rare, not impossible.
//! - Two servers that both take themselves for the primary give a request to one owner
//!   each.
//! - A server's clock that is set ahead, or that of another primary that is ahead, ends
//!   leases by as much earlier.
//! - A claim whose answer is late, or lost, stays until its lease is over: its caller
//!   has an error and a request that was not done, and others hear that somebody is at
//!   it.
//! - An owner that has released a request must not begin it again under the same
//!   [`OwnerId`]: a late script may release that too. Draw another.
//! - While root secrets change it stays one request as long as any two processes have one
//!   secret in common, old or new. Keep the old one known for as long as requests are
//!   remembered after the last process that did not know the new one.
//! - Who writes to Redis can have requests done twice, by deleting, or never, by
//!   inventing. An ACL that lets nobody else write `prefix:*` is what helps against that.
//!   They cannot invent an answer, nor show that of one request for another.
//!
//! # What the user needs
//! With ACL: `~prefix:idempotency:*`, `+evalsha`, `+eval`, `+time`, `+exists`, `+hmget`,
//! `+hget`, `+hset`, `+hdel`, `+del`, `+pexpireat`, besides what the
//! [link](crate::redis) needs.
//!
//! [`Begun::Owned`]: auth_core::idempotency::Begun::Owned
//! [`IdempotencyStore`]: auth_core::idempotency::IdempotencyStore
//! [`OwnerId`]: auth_core::idempotency::OwnerId
//! [`RedisLink`]: crate::redis::RedisLink

mod builder;
mod error;
mod local;
mod script;
mod stats;
mod store;

pub use builder::RedisIdempotencyBuilder;
pub use error::RedisIdempotencyError;
pub use stats::RedisIdempotencyStats;
pub use store::RedisIdempotency;
