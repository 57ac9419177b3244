//! Invalidating: first it is forgotten, then it is told. A process that was told first
//! would ask again, and be given what is about to be forgotten.

use redis::cmd;

use super::names::{Names, SHARDS};
use super::told::{Told, chunks};
use super::{Inner, LIFE, millis, scripts};
use crate::redis::Call;
use crate::tier::{Invalidated, TierError};

/// How many entries of a stream are kept, for those that are behind.
const MOST_TOLD: &[u8] = b"10000";

impl Inner {
    pub(super) async fn invalidate(
        &self,
        names: &Names<'_>,
        what: &[Invalidated],
    ) -> Result<(), TierError> {
        let mut calls = Vec::with_capacity(what.len());
        for what in what {
            self.forgetting(names, what, &mut calls);
        }
        self.certainly(&calls).await?;
        let tail = names.tail();
        let mut calls = Vec::new();
        for what in chunks(what) {
            let told = Told::new(self.process, what);
            let sealed = told.seal(self, names.space()).map_err(TierError::new)?;
            let arguments: [&[u8]; 3] = [&sealed, MOST_TOLD, &millis(LIFE)];
            // Told twice is told.
            calls.push(Call::script(&scripts::TELL, &[&tail], &arguments).repeatable());
        }
        self.certainly(&calls).await
    }

    /// Under every root secret: a process that has another active one must not find it
    /// either.
    fn forgetting(&self, names: &Names<'_>, what: &Invalidated, calls: &mut Vec<Call>) {
        let change =
            |name: &[u8]| Call::script(&scripts::CHANGE, &[name], &[&millis(LIFE)]).repeatable();
        match what {
            Invalidated::Key(key) => {
                calls.extend(self.sealer.roots().all().map(|root| {
                    let name = names.key(root, key).key;
                    let mut command = cmd("UNLINK");
                    command.arg(&name);
                    Call::new(&name, command).repeatable()
                }));
            }
            Invalidated::Tag(tag) => {
                calls.extend(
                    self.sealer
                        .roots()
                        .all()
                        .map(|root| change(&names.tag(&names.tag_digest(root, tag.as_str())))),
                );
            }
            Invalidated::All => {
                calls.extend((0..SHARDS).map(|shard| change(&names.all(shard))));
            }
        }
    }

    /// Err unless every one was answered, and answered well.
    async fn certainly(&self, calls: &[Call]) -> Result<(), TierError> {
        for answer in self.link.send(calls).await {
            answer.map_err(TierError::new)?;
        }
        Ok(())
    }
}
