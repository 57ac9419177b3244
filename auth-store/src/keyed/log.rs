//! The revocation log, under keys: numbered by a row that each writer of the log
//! reads and writes, so that no number appears after a greater one.

use async_trait::async_trait;
use auth_core::revocation::{Cursor, LogError, LogPage, Revocation, RevocationLog, Target};
use uuid::Uuid;

use super::KeyedStore;
use super::database::Database;
use super::row::LogRow;
use super::tx::{LAST, Tx, log_key, parse};
use crate::error::{StoreError, StoreErrorKind};
use crate::traits::REVOCATION_MARGIN;

/// So many expired rows are forgotten with each that is written.
const FORGET: usize = 16;

#[async_trait]
impl<D: Database> RevocationLog for KeyedStore<D> {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        let after = after.clone();
        let page = self.read(move |view| {
            let (store, last) = (view.settings()?.store, view.get(LAST)?.unwrap_or(0));
            // One of another store, or from beyond the end (this is an older copy),
            // reads everything.
            let number = number(&after, store).filter(|number| *number <= last);
            let mut rows = Vec::new();
            for (_, value) in view.log_after(number.unwrap_or(0), usize::MAX)? {
                let row: LogRow = parse(&value)?;
                if view.now < row.expires_at {
                    rows.push(row.revocation());
                }
            }
            Ok(LogPage {
                rows,
                next: Cursor::from_text(format!("keyed:{store}:{last}")),
                now: view.now,
            })
        });
        Ok(page.await?)
    }
}

fn number(cursor: &Cursor, store: Uuid) -> Option<u64> {
    let (name, number) = cursor.as_str().strip_prefix("keyed:")?.split_once(':')?;
    (name == store.to_string()).then(|| number.parse().ok())?
}

impl Tx<'_> {
    /// Writes a log row that outlives every token it could concern.
    pub(super) fn revoke(&mut self, target: Target) -> Result<Revocation, StoreError> {
        self.forget()?;
        let lifetime = self.view().settings()?.max_token_lifetime;
        let revocation = Revocation {
            target,
            expires_at: self.now + lifetime + REVOCATION_MARGIN,
        };
        let unknown = || StoreError::new(StoreErrorKind::Other, "a target this store cannot keep");
        let row = LogRow::of(&revocation).ok_or_else(unknown)?;
        let number = self.view().get::<u64>(LAST)?.unwrap_or(0) + 1;
        self.put(LAST, &number)?;
        self.put(&log_key(number), &row)?;
        Ok(revocation)
    }

    /// Forgets what has expired at the beginning of the log.
    fn forget(&mut self) -> Result<(), StoreError> {
        for (key, value) in self.view().log_after(0, FORGET)? {
            if self.now < parse::<LogRow>(&value)?.expires_at {
                break;
            }
            self.rows.remove(&key)?;
        }
        Ok(())
    }
}
