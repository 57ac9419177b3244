//! Forgetting.

use std::future;

use super::engine::Engine;
use super::guard::fence::Epoch;
use super::key::{Key, Probe, Value};
use super::tag::Tag;
use super::unavailable::Unavailable;

impl<K: Key, V: Value> Engine<K, V> {
    pub(crate) fn invalidate(
        &self,
        key: &K,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send + 'static + use<K, V> {
        self.counters.invalidations.one();
        self.forget(&self.probe(key));
        future::ready(Ok(()))
    }

    pub(crate) fn invalidate_tag(
        &self,
        tag: &Tag,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send + 'static + use<K, V> {
        self.counters.invalidations.one();
        self.counters.tag_invalidations.one();
        self.fence.invalidate_tag(tag.stripe(&self.hashing));
        future::ready(Ok(()))
    }

    pub(crate) fn clear(
        &self,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send + 'static + use<K, V> {
        self.counters.invalidations.one();
        self.forget_all();
        future::ready(Ok(()))
    }

    /// Tells those beside this process to forget a key.
    #[expect(clippy::unused_self, reason = "the second level comes next")]
    pub(crate) fn tell(
        &self,
        _key: &K,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send + 'static + use<K, V> {
        future::ready(Ok(()))
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
}
