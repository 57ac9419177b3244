//! Hearing of what other processes invalidate.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::engine::Engine;
use super::key::{Key, Value};
use super::second::SecondLevel;
use crate::tier::{Invalidated, Tail};

/// Between two tries to listen.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// A tail that has not begun by then is tried anew.
const PATIENCE: Duration = Duration::from_secs(2);

impl<K: Key, V: Value> Engine<K, V> {
    /// Listens, for as long as there is the cache.
    pub(crate) fn listen(self: &Arc<Self>) {
        if let Some(second) = &self.second {
            let task = self.runtime.spawn(listen(Arc::downgrade(self)));
            second.keep_tail(task.abort_handle());
        }
    }

    /// Listens to one tail, until it breaks.
    async fn begin_to_listen(&self, second: &SecondLevel<K, V>) -> Option<Box<dyn Tail>> {
        let begun = second.tier.tail(&second.space);
        let tail = tokio::time::timeout(PATIENCE, begun).await.ok()?.ok()?;
        // What was invalidated before was not heard.
        self.forget_all();
        second.set_hears(true);
        Some(tail)
    }

    fn heard(&self, second: &SecondLevel<K, V>, what: &Invalidated) {
        match what {
            Invalidated::Key(bytes) => match second.codec.read_key(bytes) {
                Some(key) => {
                    self.forget(&self.probe(&key));
                }
                None => self.forget_all(),
            },
            Invalidated::Tag(tag) => self.fence.invalidate_tag(tag.stripe(&self.hashing)),
            Invalidated::All => self.forget_all(),
        }
    }
}

/// Nothing here holds the cache while it waits: it ends with its last handle.
async fn listen<K: Key, V: Value>(engine: Weak<Engine<K, V>>) {
    loop {
        let tail = match engine.upgrade() {
            Some(engine) => match &engine.second {
                Some(second) => engine.begin_to_listen(second).await,
                None => return,
            },
            None => return,
        };
        if let Some(mut tail) = tail {
            while let Ok(told) = tail.next().await {
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                let Some(second) = &engine.second else {
                    return;
                };
                for what in &told {
                    engine.heard(second, what);
                }
            }
            if let Some(second) = engine.upgrade().as_ref().and_then(|it| it.second.as_ref()) {
                second.set_hears(false);
            }
        }
        tokio::time::sleep(RETRY_AFTER).await;
    }
}
