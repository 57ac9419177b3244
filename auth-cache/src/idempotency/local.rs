//! What the process remembers of its own requests, whatever Redis does.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth_core::idempotency::{IdempotentRequest, OwnerId};

use crate::redis::RunId;
use crate::tier::redis::keys::Digest;
use crate::tiered::ttl::Moment;

/// The last so many requests that began here.
#[derive(Debug)]
pub(super) struct Local {
    records: Mutex<Records>,
    most: usize,
}

#[derive(Debug, Default)]
struct Records {
    all: HashMap<Digest, Record>,
    /// The oldest first; some of them are not there any more, or newer.
    order: VecDeque<(Digest, u64)>,
    serial: u64,
}

#[derive(Debug)]
struct Record {
    /// What it asks.
    fingerprint: [u8; 32],
    owner: OwnerId,
    /// `None` when it is done.
    lease_until: Option<Moment>,
    keep_until: Moment,
    /// The server that gave it.
    server: RunId,
    serial: u64,
}

/// What the process knows of a request before anybody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing that matters.
    Nothing,
    /// Somebody here is at it, for as long as the lease.
    Taken {
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    },
    /// It is done.
    Done { owner: OwnerId, keep: Duration },
    /// Somebody here used the key for another request.
    Mismatch,
}

/// A request that is somebody's here from now on.
pub(super) struct Taken {
    pub(super) owner: OwnerId,
    pub(super) lease_until: Moment,
    pub(super) keep_until: Moment,
    pub(super) server: RunId,
}

/// One that began here and is done.
pub(super) struct Finished {
    pub(super) keep: Duration,
    pub(super) server: RunId,
}

impl Local {
    pub(super) fn new(most: usize) -> Self {
        Self {
            records: Mutex::default(),
            most,
        }
    }

    /// What is known, to one who asks as `owner`.
    pub(super) fn known(
        &self,
        name: &Digest,
        request: &IdempotentRequest,
        owner: OwnerId,
        now: Moment,
    ) -> Known {
        self.lock().known(name, request, owner, now)
    }

    /// Notes that a request is somebody's, unless it is known by now not to be. Of two
    /// who ask at the same time, and to whom Redis gave it both, the second is refused.
    pub(super) fn take(
        &self,
        name: &Digest,
        request: &IdempotentRequest,
        taken: Taken,
        now: Moment,
    ) -> bool {
        let mut records = self.lock();
        if records.known(name, request, taken.owner, now) != Known::Nothing {
            return false;
        }
        let Some(fingerprint) = request.fingerprints.first() else {
            return true;
        };
        records.insert(
            *name,
            Record {
                fingerprint: *fingerprint,
                owner: taken.owner,
                lease_until: Some(taken.lease_until),
                keep_until: taken.keep_until,
                server: taken.server,
                serial: 0,
            },
        );
        records.bound(self.most);
        true
    }

    /// Notes that a request is done, if it is `owner`'s here.
    pub(super) fn finish(&self, name: &Digest, owner: OwnerId, now: Moment) -> Option<Finished> {
        let mut records = self.lock();
        let record = records.all.get_mut(name)?;
        if record.owner != owner || record.keep_until <= now {
            return None;
        }
        record.lease_until = None;
        Some(Finished {
            keep: record.keep_until.since(now),
            server: record.server.clone(),
        })
    }

    /// Forgets a request that was not done, if it is `owner`'s.
    pub(super) fn release(&self, name: &Digest, owner: OwnerId) {
        let mut records = self.lock();
        let record = records.all.get(name);
        if record.is_some_and(|it| it.owner == owner && it.lease_until.is_some()) {
            records.all.remove(name);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().all.len()
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn known(
        &self,
        name: &Digest,
        request: &IdempotentRequest,
        owner: OwnerId,
        now: Moment,
    ) -> Known {
        let record = match self.all.get(name) {
            Some(record) if now < record.keep_until => record,
            _ => return Known::Nothing,
        };
        let keep = record.keep_until.since(now);
        let asks_the_same = request.asks(&record.fingerprint);
        match record.lease_until {
            Some(until) if until <= now => Known::Nothing,
            _ if !asks_the_same => Known::Mismatch,
            None => Known::Done {
                owner: record.owner,
                keep,
            },
            Some(_) if record.owner == owner => Known::Nothing,
            Some(until) => Known::Taken {
                owner: record.owner,
                lease: until.since(now),
                keep,
            },
        }
    }

    fn insert(&mut self, name: Digest, record: Record) {
        self.serial += 1;
        let serial = self.serial;
        self.order.push_back((name, serial));
        self.all.insert(name, Record { serial, ..record });
    }

    fn bound(&mut self, most: usize) {
        while self.all.len() > most
            && let Some((name, serial)) = self.order.pop_front()
        {
            if self.all.get(&name).is_some_and(|it| it.serial == serial) {
                self.all.remove(&name);
            }
        }
        if self.order.len() > 2 * most.max(8) {
            let all = &self.all;
            let is_there = |(name, serial): &(Digest, u64)| {
                all.get(name).is_some_and(|it| it.serial == *serial)
            };
            self.order.retain(is_there);
        }
    }
}

#[cfg(test)]
mod tests {
    use auth_core::idempotency::IdempotencyKey;
    use auth_core::{RootSecret, RootSecrets, SystemRandom, TenantId};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn request(body: &str) -> IdempotentRequest {
        let root = RootSecret::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap();
        let key = IdempotencyKey::from_header(b"k").unwrap();
        let (roots, tenant) = (RootSecrets::new(root), TenantId::DEFAULT);
        IdempotentRequest::new(&roots, tenant, "/", b"", &key, &[body.as_bytes()])
    }

    fn owner() -> OwnerId {
        OwnerId::draw(&SystemRandom::new()).unwrap()
    }

    fn name(n: u8) -> Digest {
        [n; 16]
    }

    fn at(time: Duration) -> Moment {
        Moment(0) + time
    }

    fn take(local: &Local, n: u8, owner: OwnerId, now: Moment) -> bool {
        let taken = Taken {
            owner,
            lease_until: now + MINUTE,
            keep_until: now + HOUR,
            server: RunId::of_info("run_id:a").unwrap(),
        };
        local.take(&name(n), &request("body"), taken, now)
    }

    #[test]
    fn what_is_taken_is_its_owner_s_until_the_lease_is_over() {
        let (local, own, other) = (Local::new(10), owner(), owner());
        let known = |body, who, now| local.known(&name(1), &request(body), who, now);
        assert_eq!(known("body", own, at(MINUTE)), Known::Nothing);
        assert!(take(&local, 1, own, at(MINUTE)));
        assert_eq!(known("body", own, at(MINUTE)), Known::Nothing);
        let taken = Known::Taken {
            owner: own,
            lease: MINUTE / 2,
            keep: MINUTE * 59 + MINUTE / 2,
        };
        assert_eq!(known("body", other, at(MINUTE * 3 / 2)), taken);
        assert_eq!(known("other", own, at(MINUTE)), Known::Mismatch);
        assert!(!take(&local, 1, other, at(MINUTE)) && take(&local, 1, own, at(MINUTE)));
        assert_eq!(known("body", other, at(MINUTE * 2)), Known::Nothing);
        assert!(take(&local, 1, other, at(MINUTE * 2)));
        // What it was before is over.
        assert!(local.finish(&name(1), own, at(MINUTE * 2)).is_none());
        local.release(&name(1), own);
        assert!(matches!(
            known("body", own, at(MINUTE * 2)),
            Known::Taken { .. }
        ));
        local.release(&name(1), other);
        assert_eq!(known("body", own, at(MINUTE * 2)), Known::Nothing);
    }

    #[test]
    fn what_is_done_is_done_until_it_is_forgotten_even_if_it_is_late() {
        let (local, own) = (Local::new(10), owner());
        assert!(take(&local, 1, own, at(MINUTE)));
        let finished = local.finish(&name(1), own, at(MINUTE * 30)).unwrap();
        assert_eq!(finished.keep, MINUTE * 31);
        local.release(&name(1), own);
        let known = |body, now| local.known(&name(1), &request(body), own, now);
        let keep = MINUTE * 11;
        assert_eq!(
            known("body", at(MINUTE * 50)),
            Known::Done { owner: own, keep }
        );
        assert_eq!(known("other", at(MINUTE * 50)), Known::Mismatch);
        assert!(!take(&local, 1, own, at(MINUTE * 50)));
        assert_eq!(known("body", at(MINUTE * 61)), Known::Nothing);
        assert!(local.finish(&name(1), own, at(MINUTE * 61)).is_none());
    }

    #[test]
    fn the_oldest_go_first_and_nothing_grows() {
        let local = Local::new(4);
        for round in 0..100 {
            for n in 0..8 {
                let own = owner();
                assert!(take(&local, n, own, at(MINUTE * (round + 1))));
                if n == 7 {
                    local.release(&name(n), own);
                }
                assert!(local.len() <= 4);
                assert!(local.lock().order.len() <= 17);
            }
        }
        let is_known = |n| local.lock().all.contains_key(&name(n));
        assert!(is_known(6) && is_known(5) && !is_known(0) && !is_known(7));
    }
}
