//! Events to a stream of Redis.
//!
//! [`RedisStreams`] is a [`Publisher`] for the relay of a store's outbox: an event
//! becomes one entry of one stream (`XADD`), which consumer groups read.
//!
//! ```no_run
//! use std::time::Duration;
//! use auth_cache::publisher::RedisStreams;
//! use auth_cache::redis::RedisLink;
//!
//! # fn main() -> Result<(), auth_cache::redis::LinkConfigError> {
//! // A link of its own: nobody waits for it, and a batch keeps nobody else waiting.
//! let link = RedisLink::single("rediss://events.example.com/")?
//!     .with_deadline(Duration::from_secs(2))
//!     .build()?;
//! let publisher = RedisStreams::new(link, "auth:events");
//! # Ok(()) }
//! ```
//!
//! # An entry
//! | field | what |
//! |---|---|
//! | `message-id` | `<tenant>/<id>`, the same however often the event is published |
//! | `type` | the event's kind, such as `auth.user.created` |
//! | `subject` | to whom it happened; events of one tenant and subject are in order |
//! | `content-type` | `application/cloudevents+json` |
//! | `event` | all of it, as a CloudEvent in JSON |
//!
//! # Guarantees
//! - An event counts as published when Redis has answered its `XADD`, and with
//!   [`with_replicas`](RedisStreams::with_replicas) when so many replicas have it too. Whatever else happens
//!   it is sent again, and comes twice if it was done after all, with the same
//!   `message-id`. Counting each the first time, those of one subject are in order.
//! - Where Redis has `appendonly yes` and `appendfsync always`, it answers after the
//!   event is on its disk: what is published survives the loss of process and machine.
//! - An outage costs no event an attempt: a server that is away, frozen, full (`OOM`),
//!   loading or read-only, a user without the right, a key that is no stream
//!   (`WRONGTYPE`), too few replicas. The event waits, and with it those of its subject.
//! - An event that is [too large](RedisStreams::with_largest_event) is refused before it
//!   is sent, and holds up nothing else.
//!
//! # What it does not do
//! - What Redis keeps is Redis' own setting. With `appendfsync everysec` a machine that
//!   fails takes about a second of published events with it; without `appendonly` a
//!   restart takes all. A failover loses what the new primary had not got, also with
//!   `with_replicas`, if it is not one of those that had it.
//! - A Redis that is a cache evicts the stream as a whole (`maxmemory-policy
//!   allkeys-…`). Events want a server with `noeviction`. Either setting is warned about
//!   in the log, once for each life of a server; of `appendfsync` nothing is known here.
//! - Nothing is removed. Who consumes knows what was read, and trims by that (`XTRIM …
//!   MINID`); a stream that nobody trims fills Redis, and from then on events wait in the
//!   outbox. [`with_max_len`](RedisStreams::with_max_len) trims whatever was read or not.
//! - It drops no duplicates: consumers do, by `message-id`, or by tenant and id of the
//!   CloudEvent.
//! - One stream is one key: in a Cluster one primary has all of it.
//!
//! # What the user needs
//! With ACL, besides what the [link](crate::redis) needs: `+xadd` on the stream's key,
//! and `+wait` for `with_replicas`.

mod entry;
mod replicas;
mod setting;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::event::{Event, PublishError, PublishErrorKind, Publisher};
use redis::{Cmd, Value};

use self::entry::Form;
use self::replicas::Replicas;
use self::setting::Setting;
use crate::redis::{Answer, Call, LinkError, RedisLink};

/// Publishes to one stream of Redis, as CloudEvents in JSON.
///
/// See the [module](self) for what it promises. An acknowledgement is waited for as long
/// as the [link's deadline](crate::redis::RedisLinkBuilder::with_deadline) says; keep it
/// shorter than the relay waits for a round.
///
/// # Defaults
/// - the largest event: 1 MiB
/// - replicas that must have an event: none
/// - entries that the stream keeps: all
pub struct RedisStreams {
    link: RedisLink,
    form: Form,
    replicas: Option<Replicas>,
    setting: Setting,
}

impl RedisStreams {
    /// Over `link`, to the stream whose key is `stream`. Nobody is asked yet, and the
    /// stream need not exist.
    pub fn new(link: RedisLink, stream: impl Into<String>) -> Self {
        Self {
            link,
            form: Form::new(stream.into()),
            replicas: None,
            setting: Setting::default(),
        }
    }

    /// Calls an event published when `replicas` have it in their memory, for which they
    /// get so long `within` each batch (`WAIT`). Such batches go over a connection of
    /// their own, as they hold it up, and get the time of `within` and 1 s; the link's
    /// deadline is not theirs.
    ///
    /// If too few have it in time, all events of the batch are sent again, so that a
    /// replica that is away for long makes many duplicates. In a Cluster replicas are
    /// those of the primary that has the stream.
    pub fn with_replicas(mut self, replicas: u32, within: Duration) -> Self {
        self.replicas = Some(Replicas::new(replicas, within));
        self
    }

    /// Has the stream lose its oldest entries when it has more than about `entries`
    /// (`MAXLEN ~`), whether anybody has read them or not.
    pub fn with_max_len(mut self, entries: u64) -> Self {
        self.form.max_len = Some(entries);
        self
    }

    /// Refuses an event that is more than so many `bytes` as a CloudEvent. No more than
    /// the server's `proto-max-bulk-len`, which is 512 MiB if it is not set and never less
    /// than 1 MiB: over that the server hangs up, on the whole batch and each time.
    pub const fn with_largest_event(mut self, bytes: usize) -> Self {
        self.form.largest = bytes;
        self
    }

    /// One answer for each command, in their order.
    async fn send(&self, commands: Vec<Cmd>) -> Vec<Result<Answer, PublishError>> {
        let key = self.form.stream.as_bytes();
        if let Some(replicas) = &self.replicas {
            return replicas.send(&self.link, key, &commands).await;
        }
        let calls: Vec<_> = commands.into_iter().map(|it| Call::new(key, it)).collect();
        let answers = self.link.send(&calls).await.into_iter();
        answers.map(|it| it.map_err(failed)).collect()
    }
}

#[async_trait]
impl Publisher for RedisStreams {
    async fn publish(&self, batch: &[Event]) -> Vec<Result<(), PublishError>> {
        let mut commands = Vec::with_capacity(batch.len() + 1);
        let mut results = Vec::with_capacity(batch.len());
        for event in batch {
            let entry = self.form.entry(event);
            results.push(entry.map(|entry| commands.push(entry)));
        }
        if commands.is_empty() {
            return results;
        }
        // It goes along, so that no event waits for it.
        let asks = self.setting.is_unknown();
        if asks {
            commands.push(Setting::question());
        }
        let mut answers = self.send(commands).await;
        if asks && let Some(answer) = answers.pop() {
            self.setting.learn(answer, &self.form.stream);
        }
        let mut answers = answers.into_iter();
        for result in results.iter_mut().filter(|it| it.is_ok()) {
            let answer = answers.next().unwrap_or_else(no_answer);
            *result = answer.and_then(|answer| self.published(&answer));
        }
        results
    }
}

impl RedisStreams {
    /// Only what has got an id is in the stream.
    fn published(&self, answer: &Answer) -> Result<(), PublishError> {
        self.setting.is_of(&answer.server);
        match answer.value {
            Value::BulkString(_) => Ok(()),
            _ => Err(failed(LinkError::wrong_reply("an entry's id is missing"))),
        }
    }
}

/// None of them is the event's fault.
fn failed(error: LinkError) -> PublishError {
    PublishError::new(PublishErrorKind::Unavailable, error)
}

fn no_answer() -> Result<Answer, PublishError> {
    Err(PublishErrorKind::Unavailable.into())
}

impl fmt::Debug for RedisStreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStreams")
            .field("stream", &self.form.stream)
            .field("replicas", &self.replicas)
            .finish_non_exhaustive()
    }
}
