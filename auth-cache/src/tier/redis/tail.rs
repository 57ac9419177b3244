//! Hearing what other processes invalidate.
//!
//! A stream for each namespace, read by a connection of its own. Its ids count up without
//! a gap, so one that does not follow the last is a gap: entries were trimmed, or the
//! stream is another than it was. Every second in which nothing comes the server that
//! the link has for the stream is asked how far it is: it must be the one that this
//! connection is to, and no less far. A stream that is gone, a server that is frozen, is
//! not the primary any more or was restarted are all found by that, within two seconds.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Cmd, Value, cmd};

use super::names::Names;
use super::reply::{bytes, decimal, senseless};
use super::told::Told;
use super::{Inner, LIFE, millis, scripts};
use crate::redis::{Answer, Call, Dedicated, LinkError};
use crate::tier::{Invalidated, Namespace, Tail, TierError};

/// How long a read waits for something to come.
const BLOCK: Duration = Duration::from_secs(1);
/// What it may take beyond that.
const GRACE: Duration = Duration::from_secs(1);
/// How much is read at once.
const MOST_READ: usize = 100;

/// One who listens.
pub(super) struct Listening {
    inner: Arc<Inner>,
    space: Namespace,
    stream: Vec<u8>,
    connection: Dedicated,
    at: Id,
}

/// Of an entry: which life of the stream it is of, and its number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id {
    life: u64,
    number: u64,
}

/// Something may have been missed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Gap {
    #[error("the stream is gone, or another than it was")]
    Stream,
    #[error("entries of the stream were trimmed before they were read")]
    Trimmed,
    #[error("another server has the stream")]
    Server,
}

impl Listening {
    pub(super) async fn begin(inner: &Arc<Inner>, names: &Names<'_>) -> Result<Self, TierError> {
        let stream = names.tail();
        let connection = inner.link.dedicated(&stream).await;
        let mut listening = Self {
            inner: Arc::clone(inner),
            space: names.space().clone(),
            connection: connection.map_err(TierError::new)?,
            stream,
            at: Id { life: 0, number: 0 },
        };
        listening.at = listening.last(true).await?;
        Ok(listening)
    }

    /// The last id, as the server that the link has for it says.
    async fn last(&self, may_begin: bool) -> Result<Id, TierError> {
        let begin: &[u8] = if may_begin { b"1" } else { b"0" };
        let arguments: [&[u8]; 2] = [&millis(LIFE), begin];
        let call = Call::script(&scripts::LISTEN, &[&self.stream], &arguments).repeatable();
        let answer = self.inner.link.call(&call).await.map_err(TierError::new)?;
        if answer.server != *self.connection.server() {
            return Err(TierError::new(Gap::Server));
        }
        let id = bytes(answer.value).ok_or_else(|| TierError::new(Gap::Stream))?;
        Id::read(&id).ok_or_else(|| TierError::new(Gap::Stream))
    }

    fn read(&self) -> Cmd {
        let mut command = cmd("XREAD");
        command
            .arg("COUNT")
            .arg(MOST_READ)
            .arg("BLOCK")
            .arg(&millis(BLOCK)[..])
            .arg("STREAMS")
            .arg(&self.stream)
            .arg(format!("{}-{}", self.at.life, self.at.number));
        command
    }

    /// What an entry says to this process.
    fn hear(&self, sealed: Vec<u8>, heard: &mut Vec<Invalidated>) {
        let now = self.inner.clock.mono();
        match Told::open(&self.inner, &self.space, sealed, now) {
            Ok(told) if told.by == self.inner.process => {}
            Ok(told) => heard.extend(told.what()),
            Err(refusal) => {
                self.inner.refusals.count(refusal);
                heard.push(Invalidated::All);
            }
        }
    }
}

#[async_trait]
impl Tail for Listening {
    async fn next(&mut self) -> Result<Vec<Invalidated>, TierError> {
        loop {
            let read = self.read();
            let answer = self.connection.ask(&read, BLOCK + GRACE).await;
            let entries = entries(answer.map_err(TierError::new)?).map_err(TierError::new)?;
            if entries.is_empty() {
                let last = self.last(false).await?;
                if last.life != self.at.life || last.number < self.at.number {
                    return Err(TierError::new(Gap::Stream));
                }
                continue;
            }
            let mut heard = Vec::new();
            for (id, sealed) in entries {
                self.at = self.at.followed_by(id).map_err(TierError::new)?;
                self.hear(sealed, &mut heard);
            }
            if !heard.is_empty() {
                return Ok(heard);
            }
        }
    }
}

impl Id {
    fn read(text: &[u8]) -> Option<Self> {
        let dash = text.iter().position(|byte| *byte == b'-')?;
        Some(Self {
            life: decimal(&text[..dash])?,
            number: decimal(&text[dash + 1..])?,
        })
    }

    fn followed_by(self, next: Self) -> Result<Self, Gap> {
        if next.life != self.life {
            Err(Gap::Stream)
        } else if self.number.checked_add(1) != Some(next.number) {
            Err(Gap::Trimmed)
        } else {
            Ok(next)
        }
    }
}

/// The entries of an answer to `XREAD` of one stream, in RESP 2 or 3.
fn entries(answer: Answer) -> Result<Vec<(Id, Vec<u8>)>, LinkError> {
    let all = match answer.value {
        Value::Nil => return Ok(Vec::new()),
        Value::Array(mut streams) if streams.len() == 1 => match streams.pop() {
            Some(Value::Array(mut stream)) if stream.len() == 2 => stream.pop(),
            _ => None,
        },
        Value::Map(mut streams) if streams.len() == 1 => streams.pop().map(|(_, all)| all),
        _ => None,
    };
    let Some(Value::Array(all)) = all else {
        return Err(senseless());
    };
    let entries = all.into_iter().map(|one| entry(one).ok_or_else(senseless));
    entries.collect()
}

/// An entry without the one field that it should have cannot be read, but counts.
fn entry(one: Value) -> Option<(Id, Vec<u8>)> {
    let Value::Array(parts) = one else {
        return None;
    };
    let mut parts = parts.into_iter();
    let id = Id::read(&bytes(parts.next()?)?)?;
    let Some(Value::Array(mut fields)) = parts.next() else {
        return None;
    };
    let sealed = if fields.len() == 2 {
        fields.pop()
    } else {
        None
    };
    Some((id, sealed.and_then(bytes).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_each_other_or_there_is_a_gap() {
        let at = |text: &[u8]| Id::read(text).unwrap();
        let next = |from, to| at(from).followed_by(at(to));
        assert_eq!(next(b"5-1", b"5-2").unwrap(), at(b"5-2"));
        assert!(matches!(next(b"5-1", b"5-3"), Err(Gap::Trimmed)));
        assert!(matches!(next(b"5-1", b"5-1"), Err(Gap::Trimmed)));
        assert!(matches!(next(b"5-1", b"6-2"), Err(Gap::Stream)));
        for bad in [&b"5"[..], b"5-", b"-1", b"5-x", b"5-1-1", b""] {
            assert_eq!(Id::read(bad), None, "{bad:?}");
        }
    }
}
