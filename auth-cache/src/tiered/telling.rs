//! Invalidations: in this process at once, and beside it as soon as it can be told.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::oneshot;

use super::engine::Engine;
use super::guard::fence::Epoch;
use super::key::{Key, Probe, Value};
use super::owed::{Due, Mark};
use super::second::SecondLevel;
use super::sharing::in_time;
use super::tag::Tag;
use super::unavailable::{Reason, Unavailable};
use crate::tier::{Invalidated, TierError};

/// Between two times that the tier is told what it could not be told before.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Whether it was told.
type Told = Result<(), Unavailable>;

impl<K: Key, V: Value> Engine<K, V> {
    pub(crate) fn invalidate(
        self: &Arc<Self>,
        key: &K,
    ) -> impl Future<Output = Told> + Send + 'static + use<K, V> {
        self.counters.invalidations.one();
        let probe = self.probe(key);
        // Marked first: whoever comes after the fence does not ask the tier.
        let told = self.tell(self.due_of(&probe));
        self.forget(&probe);
        told
    }

    pub(crate) fn invalidate_tag(
        self: &Arc<Self>,
        tag: &Tag,
    ) -> impl Future<Output = Told> + Send + 'static + use<K, V> {
        self.counters.invalidations.one();
        self.counters.tag_invalidations.one();
        let stripe = tag.stripe(&self.hashing);
        let told = self.tell(Some(Due {
            what: Invalidated::Tag(tag.clone()),
            mark: Mark::Tag(stripe),
        }));
        self.fence.invalidate_tag(stripe);
        told
    }

    pub(crate) fn clear(
        self: &Arc<Self>,
    ) -> impl Future<Output = Told> + Send + 'static + use<K, V> {
        self.counters.invalidations.one();
        let told = self.tell(Some(Due {
            what: Invalidated::All,
            mark: Mark::All,
        }));
        self.forget_all();
        told
    }

    /// Tells those beside this process to forget a key.
    pub(crate) fn tell_key(
        self: &Arc<Self>,
        key: &K,
    ) -> impl Future<Output = Told> + Send + 'static + use<K, V> {
        self.tell(self.due_of(&self.probe(key)))
    }

    /// Forgets a key in this process. Gives the epoch that begins with it.
    pub(crate) fn forget(&self, key: &Probe<'_, K>) -> Epoch {
        // What was removed is dropped when the lock has been let go.
        let (epoch, _removed) = self.fence.invalidate(key.hash, || self.remove(key));
        epoch
    }

    /// Removes what is kept of a key, under its lock.
    pub(crate) fn remove(&self, key: &Probe<'_, K>) -> impl Sized + use<K, V> {
        (self.values.remove(key), self.absent.remove(key))
    }

    /// Forgets everything in this process.
    pub(crate) fn forget_all(&self) {
        // From here nothing of before is served; the rest is for the memory.
        self.fence.clear();
        self.values.clear();
        self.absent.clear();
    }

    /// What is to be told of a key; nothing, if it is one that is not shared.
    fn due_of(&self, key: &Probe<'_, K>) -> Option<Due> {
        let second = self.second.as_ref()?;
        Some(Due {
            what: Invalidated::Key(second.codec.write_key(key.key)?.into()),
            mark: Mark::Key(key.hash),
        })
    }

    /// Tells the tier, in a task of its own: one who does not wait for it does not keep
    /// it from being told.
    fn tell(
        self: &Arc<Self>,
        due: Option<Due>,
    ) -> impl Future<Output = Told> + Send + 'static + use<K, V> {
        let answer = self.second.as_ref().zip(due).map(|(second, due)| {
            second.owed.mark(due.mark);
            let (reply, answer) = oneshot::channel();
            let engine = Arc::clone(self);
            let telling = Telling {
                engine,
                dues: vec![due],
            };
            drop(self.runtime.spawn(async move {
                // Whoever asked may be gone.
                let _ = reply.send(telling.tell().await);
            }));
            answer
        });
        async move {
            match answer {
                None => Ok(()),
                Some(answer) => answer
                    .await
                    .unwrap_or_else(|_| Err(Unavailable::new(Reason::ShutDown))),
            }
        }
    }

    /// Tells the tier again, until it knows.
    fn retry(self: &Arc<Self>, second: &SecondLevel<K, V>) {
        if !second.is_retrying.swap(true, Ordering::SeqCst) {
            drop(self.runtime.spawn(retry(Arc::downgrade(self))));
        }
    }
}

async fn retry<K: Key, V: Value>(engine: Weak<Engine<K, V>>) {
    loop {
        tokio::time::sleep(RETRY_AFTER).await;
        let Some(engine) = engine.upgrade() else {
            return;
        };
        let Some(second) = &engine.second else {
            return;
        };
        let telling = Telling {
            engine: Arc::clone(&engine),
            dues: second.owed.take(),
        };
        if telling.tell().await.is_ok() {
            second.is_retrying.store(false, Ordering::SeqCst);
            // Something may have been put off just before.
            if second.owed.len() > 0 {
                engine.retry(second);
            }
            return;
        }
    }
}

/// Something the tier is being told. What it is not told is put off.
struct Telling<K: Key, V: Value> {
    engine: Arc<Engine<K, V>>,
    dues: Vec<Due>,
}

impl<K: Key, V: Value> Telling<K, V> {
    async fn tell(mut self) -> Told {
        let engine = Arc::clone(&self.engine);
        let Some(second) = &engine.second else {
            return Ok(());
        };
        if self.dues.is_empty() {
            return Ok(());
        }
        let Some(permit) = second.permit(engine.moment()) else {
            engine.counters.tier_skipped.one();
            let open = TierError::new("the breaker is open");
            return Err(Unavailable::because(Reason::Tier, open));
        };
        let what: Vec<Invalidated> = self.dues.iter().map(|due| due.what.clone()).collect();
        let answer = in_time(second, second.tier.invalidate(&second.space, &what)).await;
        second.end(permit, answer.is_ok(), engine.moment());
        if let Err(error) = answer {
            engine.counters.tier_failures.one();
            return Err(Unavailable::because(Reason::Tier, error));
        }
        for due in self.dues.drain(..) {
            second.owed.unmark(due.mark);
        }
        Ok(())
    }
}

impl<K: Key, V: Value> Drop for Telling<K, V> {
    fn drop(&mut self) {
        if self.dues.is_empty() {
            return;
        }
        if let Some(second) = &self.engine.second {
            second.owed.put_off(self.dues.drain(..));
            self.engine.retry(second);
        }
    }
}
