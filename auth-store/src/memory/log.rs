//! The revocation log, in memory.

use async_trait::async_trait;
use auth_core::Timestamp;
use auth_core::revocation::{Cursor, LogError, LogPage, Revocation, RevocationLog};
use uuid::Uuid;

use super::MemoryStore;

/// The rows, numbered in the order in which they were written. All writing is
/// done under the store's lock, so no number appears after a greater one.
#[derive(Default)]
pub(super) struct Log {
    rows: Vec<(u64, Revocation)>,
    last: u64,
    /// The number of rows at which expired ones are looked for again.
    sweep_at: usize,
}

const SWEEP_FROM: usize = 1024;

impl Log {
    pub(super) fn push(&mut self, revocation: Revocation, now: Timestamp) {
        if self.rows.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.rows.retain(|(_, row)| now < row.expires_at);
            self.sweep_at = self.rows.len() * 2;
        }
        self.last += 1;
        self.rows.push((self.last, revocation));
    }

    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }

    fn after(&self, sequence: u64, now: Timestamp) -> Vec<Revocation> {
        let from = self.rows.partition_point(|(number, _)| *number <= sequence);
        self.rows[from..]
            .iter()
            .map(|(_, row)| *row)
            .filter(|row| now < row.expires_at)
            .collect()
    }
}

#[async_trait]
impl RevocationLog for MemoryStore {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        let (state, now) = self.lock();
        let sequence = sequence(after, state.store).unwrap_or(0);
        Ok(LogPage {
            rows: state.log.after(sequence, now),
            next: cursor(state.store, state.log.last),
            now,
        })
    }
}

/// A cursor names the store, so that another store's is recognised.
fn cursor(store: Uuid, sequence: u64) -> Cursor {
    Cursor::from_text(format!("memory:{store}:{sequence}"))
}

fn sequence(cursor: &Cursor, store: Uuid) -> Option<u64> {
    let (name, sequence) = cursor.as_str().strip_prefix("memory:")?.split_once(':')?;
    (name == store.to_string()).then(|| sequence.parse().ok())?
}
