//! Whether a value that Redis has may be given.

use std::collections::HashMap;
use std::time::Duration;

use auth_core::Monotonic;

use super::Inner;
use super::entry::{Head, TagVersion};
use super::keys::Digest;
use super::refusal::Refusal;
use super::seal::Place;
use super::times::ServerNow;
use crate::redis::{RunId, ServerMark};
use crate::tier::{Ask, Namespace, Record};

/// Versions of tags that have been read; `None` for a tag that has none.
pub(super) type Tags = HashMap<Digest, Option<(u64, ServerMark)>>;

/// A value as it came.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) bytes: Vec<u8>,
    pub(super) server: RunId,
    /// The version of everything, as the same server has it.
    pub(super) all: Option<u64>,
}

/// A value that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    head: Head,
    value: Vec<u8>,
}

impl Opened {
    pub(super) fn tags(&self) -> impl Iterator<Item = Digest> {
        self.head.tags.iter().map(|it| it.tag)
    }
}

impl Inner {
    pub(super) fn place<'a>(
        &'a self,
        space: &'a Namespace,
        key: &'a [u8],
        server: &'a RunId,
    ) -> Place<'a> {
        Place {
            kind: "value",
            prefix: &self.prefix,
            cache: &space.cache,
            schema: space.schema,
            key,
            server: server.into(),
        }
    }

    /// Opens a value, and looks at all that can be told without its tags.
    pub(super) fn open(
        &self,
        space: &Namespace,
        ask: &Ask,
        mut raw: Raw,
        now: Monotonic,
    ) -> Result<Opened, Refusal> {
        let place = self.place(space, &ask.key, &raw.server);
        let plain = self.sealer.open(place, &mut raw.bytes, now)?;
        let (start, end) = (plain.start, plain.end);
        let (head, value) = Head::read(&raw.bytes[plain]).ok_or(Refusal::Form)?;
        if raw.all != Some(head.all) {
            return Err(Refusal::Cleared);
        }
        let mut bytes = raw.bytes;
        bytes.truncate(end);
        bytes.drain(..start + value.start);
        Ok(Opened { head, value: bytes })
    }
}

/// What there is to give of it.
pub(super) fn judge(opened: Opened, tags: &Tags, now: ServerNow) -> Result<Record, Refusal> {
    let Opened { head, value } = opened;
    let is_current = |it: &TagVersion| {
        let known = tags.get(&it.tag).copied().flatten();
        known == Some((it.version, it.server))
    };
    if !head.tags.iter().all(is_current) {
        return Err(Refusal::TagChanged);
    }
    if head.not_after <= now.latest {
        return Err(Refusal::Expired);
    }
    Ok(Record {
        value,
        lives: Duration::from_micros(head.not_after - now.latest),
        age: Duration::from_micros(now.latest.saturating_sub(head.began)),
        cost: Duration::from_micros(head.cost),
    })
}

/// The mark of a server beside a version that it has.
pub(super) fn marked(version: Option<u64>, server: &RunId) -> Option<(u64, ServerMark)> {
    version.map(|version| (version, server.mark()))
}
