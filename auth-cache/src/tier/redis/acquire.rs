//! Asking for values, and for the right to load what is missing.
//!
//! One round trip for a hit: the versions that the value is to have, and the value.
//! What is missing, cannot be opened, has lost a tag or ends too soon is asked for
//! again by a script, which grants the lease if nobody holds it.
//!
//! # Versions are read before the lease is granted
//! The versions of an ask's tags come with the first round, or are made in a round of
//! their own; only when their answers are there is the script sent that grants the
//! lease. The rounds are not put into one: in a Cluster a tag is on another server than
//! the key, and on one server a script that it does not know yet is sent again, after
//! what came behind it. So whatever is invalidated after the load has begun changes a
//! version that the value will be held against. The version of everything is in the
//! key's slot, and is read by the script itself.
//!
//! # No two who load in turns
//! The script gives a value that nobody has judged yet, such as one that was filled
//! meanwhile, instead of a lease. One that the asker has just refused is known by how it
//! begins. If the value that comes back is refused as well, the second time the script
//! is told that none will do: so an ask ends after two scripts, with a value, a lease or
//! "held", whatever is stored and whoever cannot read it.

use auth_core::Monotonic;
use redis::Cmd;

use super::beginning::Beginning;
use super::judge::{Opened, Raw, Tags, judge, marked};
use super::keys::Digest;
use super::names::{KeyName, Names, SHARDS};
use super::reply::{bytes, looked, number, senseless};
use super::{Inner, LIFE, millis, scripts};
use crate::redis::{Answer, Call, LinkError};
use crate::tier::{Acquired, Ask, Record, TierError};

/// An ask that is being answered.
pub(super) struct Looking<'a> {
    pub(super) ask: &'a Ask,
    pub(super) name: KeyName,
    pub(super) tags: Vec<Digest>,
    pub(super) state: State,
    /// The last value that came, which the script is told not to give.
    pub(super) refused: Option<Beginning>,
    /// A value that is good, and does not live for as long as is asked for.
    pub(super) spare: Option<Record>,
}

pub(super) enum State {
    /// To be judged.
    Raw(Raw),
    /// To be asked for by the script.
    Missing,
    Ended(Acquired),
    Failed(LinkError),
}

impl Inner {
    pub(super) async fn acquire(
        &self,
        names: &Names<'_>,
        asks: &[Ask],
    ) -> Result<Vec<Acquired>, TierError> {
        let mut tags = Tags::new();
        let mut all: Vec<_> = asks.iter().map(|ask| self.looking(names, ask)).collect();
        self.look(names, &mut all, &mut tags).await;
        self.judge_all(names, &mut all, &mut tags).await;
        for is_last in [false, true] {
            if !all.iter().any(|it| matches!(it.state, State::Missing)) {
                break;
            }
            self.make_versions(names, &mut all, &mut tags).await;
            self.ask_for_leases(names, &mut all, &tags, is_last).await;
            self.judge_all(names, &mut all, &mut tags).await;
        }
        answers(all)
    }

    fn looking<'a>(&self, names: &Names<'_>, ask: &'a Ask) -> Looking<'a> {
        let root = self.sealer.roots().active();
        let tags = ask.tags.iter();
        Looking {
            ask,
            name: names.key(root, &ask.key),
            tags: tags
                .map(|tag| names.tag_digest(root, tag.as_str()))
                .collect(),
            state: State::Missing,
            refused: None,
            spare: None,
        }
    }

    /// The first round.
    async fn look(&self, names: &Names<'_>, all: &mut [Looking<'_>], tags: &mut Tags) {
        let mut calls = Vec::with_capacity(2 * all.len());
        // Where the version of each shard is among the answers, counted from 1.
        let mut shards = [0_u8; SHARDS as usize];
        let mut versions = 0_u8;
        for it in &*all {
            let place = &mut shards[usize::from(it.name.shard)];
            if *place == 0 {
                versions += 1;
                *place = versions;
                calls.push(get(&it.name.all));
            }
        }
        let digests = unknown(all.iter().flat_map(|it| it.tags.iter().copied()), tags);
        calls.extend(digests.iter().map(|tag| get(&names.tag(tag))));
        for it in &*all {
            let mut command = Cmd::with_capacity(3, it.name.key.len() + 5);
            command.arg("HGET").arg(&it.name.key).arg("v");
            calls.push(Call::new(&it.name.key, command).repeatable());
        }
        let answers = self.link.send_at_once(calls).await;
        let mut answers = answers.into_iter().map(looked);
        let everything: Vec<_> = answers.by_ref().take(versions.into()).collect();
        let failed = note_tags(&digests, answers.by_ref(), tags);
        for (it, answer) in all.iter_mut().zip(answers) {
            let place = usize::from(shards[usize::from(it.name.shard)]);
            let shard = place.checked_sub(1).and_then(|place| everything.get(place));
            it.state = match (answer, shard) {
                (Err(error), _) => State::Failed(error),
                (_, Some(Err(error))) => State::Failed(error.clone()),
                (Ok(Some(answer)), Some(Ok(all))) => raw(answer, all.as_ref()),
                _ => State::Missing,
            };
            if let Some((_, error)) = failed.iter().find(|(tag, _)| it.tags.contains(tag)) {
                it.state = State::Failed(error.clone());
            }
        }
    }

    /// Judges what has come.
    async fn judge_all(&self, names: &Names<'_>, all: &mut [Looking<'_>], tags: &mut Tags) {
        let now = self.ask_for_time(all).await;
        let mut opened: Vec<(&mut Looking<'_>, Opened, _)> = Vec::with_capacity(all.len());
        for it in all {
            let raw = match std::mem::replace(&mut it.state, State::Missing) {
                State::Raw(raw) => raw,
                other => {
                    it.state = other;
                    continue;
                }
            };
            it.refused = Some(Beginning::of(&raw.bytes));
            let time = self.times.now(&raw.server, now);
            match (self.open(names.space(), it.ask, raw, now), time) {
                (Ok(one), Some(time)) => opened.push((it, one, time)),
                // It was asked just before.
                (Ok(_), None) => it.state = State::Failed(senseless()),
                (Err(refusal), _) => self.refusals.count(refusal),
            }
        }
        let more = unknown(opened.iter().flat_map(|(_, one, _)| one.tags()), tags);
        if !more.is_empty() {
            let calls: Vec<Call> = more.iter().map(|tag| get(&names.tag(tag))).collect();
            let answers = self.link.send(&calls).await.into_iter().map(looked);
            // What is not known is a miss.
            note_tags(&more, answers, tags);
        }
        for (it, one, now) in opened {
            match judge(one, tags, now) {
                Ok(record) if record.lives > it.ask.at_least => {
                    it.state = State::Ended(Acquired::Found(record));
                }
                Ok(record) => it.spare = Some(record),
                Err(refusal) => self.refusals.count(refusal),
            }
        }
    }

    /// Asks servers for the time that have not told it for long. Gives the time here.
    async fn ask_for_time(&self, all: &[Looking<'_>]) -> Monotonic {
        let now = self.clock.mono();
        let mut servers = Vec::new();
        let mut calls = Vec::new();
        for it in all {
            if let State::Raw(raw) = &it.state
                && self.times.now(&raw.server, now).is_none()
                && !servers.contains(&&raw.server)
            {
                servers.push(&raw.server);
                let call = Call::script(&scripts::TIME, &[&it.name.all], &[]);
                calls.push(call.repeatable());
            }
        }
        if calls.is_empty() {
            return now;
        }
        for answer in self.link.send(&calls).await.into_iter().flatten() {
            if let Some(micros) = number(answer.value) {
                let received = self.clock.mono();
                self.times.told(&answer.server, micros, now, received);
            }
        }
        self.clock.mono()
    }

    /// Makes a version for the tags that have none.
    async fn make_versions(&self, names: &Names<'_>, all: &mut [Looking<'_>], tags: &mut Tags) {
        let missing = all
            .iter()
            .filter(|it| matches!(it.state, State::Missing))
            .flat_map(|it| it.tags.iter().copied());
        let mut absent: Vec<Digest> = missing
            .filter(|tag| tags.get(tag).copied().flatten().is_none())
            .collect();
        absent.sort_unstable();
        absent.dedup();
        if absent.is_empty() {
            return;
        }
        let make = |tag| Call::script(&scripts::VERSION, &[&names.tag(tag)], &[&millis(LIFE)]);
        let calls: Vec<Call> = absent.iter().map(|tag| make(tag).repeatable()).collect();
        let answers = self.link.send(&calls).await.into_iter().map(looked);
        let failed = note_tags(&absent, answers, tags);
        for it in all {
            let failed = failed.iter().find(|(tag, _)| it.tags.contains(tag));
            if let (State::Missing, Some((_, error))) = (&it.state, failed) {
                it.state = State::Failed(error.clone());
            }
        }
    }
}

/// A value, and the version it is held against; if both are of one server.
fn raw(answer: Answer, all: Option<&Answer>) -> State {
    let Some(bytes) = bytes(answer.value) else {
        return State::Missing;
    };
    let all = all.filter(|all| all.server == answer.server);
    State::Raw(Raw {
        bytes,
        all: all.and_then(|all| number(all.value.clone())),
        server: answer.server,
    })
}

fn get(name: &[u8]) -> Call {
    let mut command = Cmd::with_capacity(2, name.len() + 3);
    command.arg("GET").arg(name);
    Call::new(name, command).repeatable()
}

/// Tags that have not been read, each once.
pub(super) fn unknown(digests: impl Iterator<Item = Digest>, tags: &Tags) -> Vec<Digest> {
    let mut unknown: Vec<Digest> = digests.filter(|tag| !tags.contains_key(tag)).collect();
    unknown.sort_unstable();
    unknown.dedup();
    unknown
}

/// Notes the versions of tags. Gives those that could not be read.
fn note_tags(
    digests: &[Digest],
    answers: impl Iterator<Item = Result<Option<Answer>, LinkError>>,
    tags: &mut Tags,
) -> Vec<(Digest, LinkError)> {
    let mut failed = Vec::new();
    for (tag, answer) in digests.iter().zip(answers) {
        match answer {
            Ok(answer) => {
                let version = answer.and_then(|it| marked(number(it.value), &it.server));
                tags.insert(*tag, version);
            }
            Err(error) => failed.push((*tag, error)),
        }
    }
    failed
}

/// Of several servers one may not answer. What is there is loaded without a lease, and
/// not shared; if there is no answer at all, that is an error.
fn answers(all: Vec<Looking<'_>>) -> Result<Vec<Acquired>, TierError> {
    let is_known = |it: &Looking<'_>| matches!(it.state, State::Ended(_));
    if !all.is_empty() && !all.iter().any(is_known) {
        let error = all.into_iter().find_map(|it| match it.state {
            State::Failed(error) => Some(error),
            _ => None,
        });
        return Err(TierError::new(error.unwrap_or_else(senseless)));
    }
    let answer = |it: Looking<'_>| match (it.state, it.spare) {
        (State::Ended(answer), _) => answer,
        (_, Some(record)) => Acquired::Found(record),
        (_, None) => Acquired::Granted(vec![0; it.tags.len()]),
    };
    Ok(all.into_iter().map(answer).collect())
}
