//! A link to Redis.
//!
//! [`RedisLink`] is what everything of this SDK that uses Redis (7 or later, or Valkey)
//! goes through.
#![allow(
    dead_code,
    unused_imports,
    reason = "what is built on the link uses one part of it each"
)]

mod builder;
mod call;
mod cluster;
mod connection;
mod dedicated;
mod dial;
mod error;
mod gauge;
mod link;
mod map;
mod node;
mod place;
mod route;
mod script;
mod sentinel;
mod slot;
mod subscription;
mod tls;

pub use builder::RedisLinkBuilder;
pub use error::{LinkConfigError, LinkError, LinkErrorKind};
pub use link::RedisLink;

pub(crate) use call::{Answer, Call, RunId};
pub(crate) use dedicated::Dedicated;
pub(crate) use script::Script;
pub(crate) use subscription::{Message, Subscription};

#[cfg(test)]
#[path = "../../tests/redis/link/mod.rs"]
mod tests;
