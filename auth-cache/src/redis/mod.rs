//! A link to Redis.
//!
//! [`RedisLink`] is what everything of this SDK that uses Redis goes through: Redis 7 or
//! later, or Valkey; [one server](RedisLink::single), the primary that
//! [Sentinels](RedisLink::sentinel) name, or the primaries of a
//! [Cluster](RedisLink::cluster). It is made once and handed to each.
//!
//! # How it is built
//! One connection to each server, which all callers share; to replicas none. What
//! blocks, as a reader of a stream does, has one of its own. What callers who are ready
//! at the same time send goes in one write.
//!
//! # Guarantees
//! - Every call ends by its [deadline](RedisLinkBuilder::with_deadline), with an answer
//!   or an error that says whether the command may have been done.
//! - A caller that gives up shifts nobody's answer, and leaves nothing behind that is
//!   not counted: there is a bound for what is
//!   [outstanding](RedisLinkBuilder::with_outstanding), on a frozen server too.
//! - A server that keeps connections open and answers nothing is noticed by
//!   [time-outs in a row](RedisLinkBuilder::with_timeouts_to_reconnect), though nobody
//!   waits as long as the deadline. While there is no connection, calls fail at once.
//! - A server that is back is found by the next attempt, which is at most 0.4 s or the
//!   [deadline for one](RedisLinkBuilder::with_connect_deadline) away.
//! - Each answer is attributed to one life (`run_id`) of a server process: that of the
//!   connection it came over, asked for before any call.
//! - What was not done, as the server says, is sent on to where it belongs (`MOVED`,
//!   `ASK`, `READONLY`) while there is time. What may have been done is sent again only
//!   if it may be done twice.
//! - The primary is the one that more than half of the Sentinels name, or most of those
//!   that answer, and that takes itself for one. It is looked for again when the
//!   connection ends, when it says that it is a replica, and when a Sentinel publishes
//!   another.
//! - An answer that is no answer, or is larger than
//!   [is taken](RedisLinkBuilder::with_largest_answer), ends the connection before it is
//!   gathered.
//! - With `rediss://` nothing is said to a server without a valid certificate for its
//!   host.
//!
//! # What it does not do
//! - It cannot take a command back: one that timed out may be done much later, when a
//!   frozen server goes on. Whatever is built on the link must bear that.
//! - A primary that fails over loses what it has acknowledged and not yet copied. It is
//!   another process, with another `run_id`; but one that was demoted and is promoted
//!   again in the same life has the same.
//! - A former primary that neither its Sentinels nor its Cluster can reach, and that
//!   still answers, is asked until a Sentinel publishes the other, or until it says that
//!   it is one no more.
//! - A server that gives one answer too many is not found out: the next caller gets
//!   that. What matters wants a seal that names its key.
//!
//! # What the user needs
//! With ACL, besides the commands of what is built on the link: `+info` and `+ping`; with
//! Sentinels `+role`, and to them `+sentinel|get-master-addr-by-name`, `+subscribe`,
//! `+hello`, `+info`, `+ping` and the channel `+switch-master`; in a Cluster
//! `+cluster|slots` and `+asking`.

mod batch;
mod builder;
mod call;
mod cluster;
mod connection;
mod dedicated;
mod dial;
mod error;
mod gathering;
mod gauge;
mod link;
mod map;
mod node;
mod place;
mod portion;
mod route;
mod script;
mod sentinel;
mod slot;
mod subscription;
mod tls;

pub use builder::RedisLinkBuilder;
pub use error::{LinkConfigError, LinkError, LinkErrorKind};
pub use link::RedisLink;

pub(crate) use call::{Answer, Call, RunId, ServerMark};
pub(crate) use dedicated::Dedicated;
pub(crate) use script::Script;

#[cfg(test)]
#[path = "../../tests/redis/link/mod.rs"]
mod tests;
