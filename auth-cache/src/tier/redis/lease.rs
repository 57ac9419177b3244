//! The script that grants leases, and what it answers.

use std::time::Duration;

use auth_core::Monotonic;
use redis::{Value, cmd};

use super::acquire::{Looking, State, unknown};
use super::beginning::Beginning;
use super::entry::TagVersion;
use super::grants::Grant;
use super::judge::{Raw, Tags};
use super::names::Names;
use super::reply::{bytes, number, senseless};
use super::{Inner, LIFE, millis, scripts};
use crate::redis::{Answer, Call};
use crate::tier::Acquired;

/// After the lease; then no fill comes any more.
const AFTER_LEASE: Duration = Duration::from_secs(10);

/// What a call of the script is answered.
enum Verdict {
    Value(Raw),
    Held,
    Granted(Grant),
}

impl Inner {
    /// The script, for all that is missing. Beside it the versions of tags that go with
    /// a lease are kept for as long as any value.
    pub(super) async fn ask_for_leases(
        &self,
        names: &Names<'_>,
        all: &mut [Looking<'_>],
        tags: &Tags,
        is_last: bool,
    ) {
        let mut missing: Vec<_> = all
            .iter_mut()
            .filter(|it| matches!(it.state, State::Missing))
            .collect();
        let mut calls: Vec<Call> = missing
            .iter()
            .map(|it| {
                let refused = if is_last {
                    b"a".to_vec()
                } else {
                    Beginning::told(it.refused)
                };
                let keys: [&[u8]; 2] = [&it.name.key, &it.name.all];
                let lease = millis(it.ask.lease.max(Duration::from_millis(1)));
                let nonce = &it.ask.nonce.0;
                Call::script(
                    &scripts::ACQUIRE,
                    &keys,
                    &[nonce, &lease, &millis(LIFE), &refused],
                )
            })
            .collect();
        let used = missing.iter().flat_map(|it| it.tags.iter().copied());
        calls.extend(unknown(used, &Tags::new()).iter().map(|tag| {
            let name = names.tag(tag);
            let mut command = cmd("PEXPIRE");
            command.arg(&name).arg(&millis(LIFE)[..]);
            Call::new(&name, command).repeatable()
        }));
        let sent = self.clock.mono();
        let answers = self.link.send(&calls).await;
        let received = self.clock.mono();
        for (it, answer) in missing.iter_mut().zip(answers) {
            let until = received + it.ask.lease + AFTER_LEASE;
            let verdict = answer.and_then(|answer| {
                self.verdict(answer, (sent, received), until)
                    .ok_or_else(senseless)
            });
            it.state = match verdict {
                Ok(Verdict::Value(raw)) => State::Raw(raw),
                Ok(Verdict::Held) => State::Ended(match it.spare.take() {
                    Some(record) => Acquired::Found(record),
                    None => Acquired::Held,
                }),
                Ok(Verdict::Granted(grant)) => self.granted(it, grant, tags, received),
                Err(error) => State::Failed(error),
            };
        }
    }

    fn granted(&self, it: &Looking<'_>, mut grant: Grant, tags: &Tags, now: Monotonic) -> State {
        let mut versions = Vec::with_capacity(it.tags.len());
        for tag in &it.tags {
            let Some((version, server)) = tags.get(tag).copied().flatten() else {
                return State::Failed(senseless());
            };
            versions.push(version);
            grant.tags.push(TagVersion {
                tag: *tag,
                version,
                server,
            });
        }
        self.grants.insert(it.ask.nonce, grant, now);
        State::Ended(Acquired::Granted(versions))
    }

    /// What the script said, and the time it said it at.
    fn verdict(
        &self,
        answer: Answer,
        (sent, received): (Monotonic, Monotonic),
        until: Monotonic,
    ) -> Option<Verdict> {
        let Value::Array(parts) = answer.value else {
            return None;
        };
        let mut parts = parts.into_iter();
        let micros = number(parts.next()?)?;
        let all = number(parts.next()?)?;
        let kind = bytes(parts.next()?)?;
        let server = answer.server;
        self.times.told(&server, micros, sent, received);
        Some(match &kind[..] {
            b"v" => Verdict::Value(Raw {
                bytes: bytes(parts.next()?)?,
                server,
                all: Some(all),
            }),
            b"h" => Verdict::Held,
            b"g" => Verdict::Granted(Grant {
                server,
                all,
                tags: Vec::new(),
                until,
            }),
            _ => return None,
        })
    }
}
