//! Ending leases, with a value or without.

use redis::Value;

use super::entry::{Head, TagVersion};
use super::grants::Grant;
use super::names::{KeyName, Names};
use super::reply::senseless;
use super::times::micros;
use super::{Inner, millis, scripts};
use crate::redis::Call;
use crate::tier::{Fill, TierError};

/// What is sent for a fill.
#[derive(Debug, Default)]
struct Sealed {
    /// Nothing, to end the lease only.
    value: Vec<u8>,
    lives_ms: Vec<u8>,
}

impl Inner {
    pub(super) async fn fill(
        &self,
        names: &Names<'_>,
        fills: &[Fill],
    ) -> Result<Vec<bool>, TierError> {
        let mut were_held = vec![false; fills.len()];
        let mut places = Vec::with_capacity(fills.len());
        let mut calls = Vec::with_capacity(fills.len());
        for (place, fill) in fills.iter().enumerate() {
            // One that this process was never granted is held by nobody here.
            let Some(grant) = self.grants.take(fill.nonce) else {
                continue;
            };
            let name = names.key(self.sealer.roots().active(), &fill.key);
            let sealed = self.sealed(names, fill, &grant).unwrap_or_default();
            places.push(place);
            calls.push(call(&name, fill, &sealed));
        }
        for (place, answer) in places.into_iter().zip(self.link.send(&calls).await) {
            let answer = answer.map_err(TierError::new)?;
            were_held[place] = match answer.value {
                Value::Int(were) => were == 1,
                _ => return Err(TierError::new(senseless())),
            };
        }
        Ok(were_held)
    }

    /// What is to be stored, if it can be.
    fn sealed(&self, names: &Names<'_>, fill: &Fill, grant: &Grant) -> Option<Sealed> {
        let record = fill.record.as_ref()?;
        let lives = record.lives.min(self.longest);
        if lives.is_zero() || record.value.len() > self.largest {
            return None;
        }
        // No later than it is: so it ends no later than it should.
        let now = self.times.now(&grant.server, self.clock.mono())?.earliest;
        let head = Head {
            not_after: now.checked_add(micros(lives))?,
            began: now.saturating_sub(micros(record.age)),
            cost: micros(record.cost),
            all: grant.all,
            tags: self.tags(names, fill, grant)?,
        };
        let place = self.place(names.space(), &fill.key, &grant.server);
        let value = self.sealer.seal(place, &[&head.write()?, &record.value]);
        Some(Sealed {
            value: value.ok()?,
            lives_ms: millis(lives),
        })
    }

    /// The versions that were given with the lease, and the servers that had them.
    fn tags(&self, names: &Names<'_>, fill: &Fill, grant: &Grant) -> Option<Vec<TagVersion>> {
        let root = self.sealer.roots().active();
        let tags = fill.tags.iter().map(|(tag, version)| {
            let digest = names.tag_digest(root, tag.as_str());
            let granted = grant.tags.iter().find(|it| it.tag == digest)?;
            Some(TagVersion {
                tag: digest,
                version: *version,
                server: granted.server,
            })
        });
        tags.collect()
    }
}

fn call(name: &KeyName, fill: &Fill, sealed: &Sealed) -> Call {
    Call::script(
        &scripts::FILL,
        &[&name.key, &name.all],
        &[&fill.nonce.0, &sealed.value, &sealed.lives_ms],
    )
}
