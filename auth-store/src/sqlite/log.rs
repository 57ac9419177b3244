//! The revocation log: a sequence under the write lock, so that no number
//! appears after a greater one.

use async_trait::async_trait;
use auth_core::Timestamp;
use auth_core::revocation::{Cursor, LogError, LogPage, Revocation, RevocationLog, Target};
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::error::failed;
use super::row::{get, revocation, uuid};
use super::writer::Tx;
use super::{FORGOTTEN_AFTER, SqliteStore, id, settings};
use crate::changes::counts;
use crate::error::{StoreError, StoreErrorKind};
use crate::sql::{TargetColumns, corrupt};
use crate::traits::REVOCATION_MARGIN;

/// One row at least, so that one statement gives the rows and what the next
/// cursor is made of. A cursor of another store, or from beyond the end (the
/// file is an older copy), reads everything. `+`: a cursor near the end is
/// worth more than the index on the expiry.
pub(super) const READ: &str = "\
    SELECT head.store, head.last, r.seq, r.kind, r.tenant_id, r.subject, r.floor, r.thumbprint, r.expires_at \
    FROM (SELECT store, \
                 coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'auth_revocations'), 0) AS last \
          FROM auth_settings WHERE id = 1) AS head \
    LEFT JOIN auth_revocations AS r \
        ON r.seq > iif(head.store = ?1 AND ?2 <= head.last, ?2, 0) AND +r.expires_at > ?3";

pub(super) const FORGET: &str = "\
    DELETE FROM auth_revocations WHERE seq IN \
        (SELECT seq FROM auth_revocations WHERE expires_at < ? ORDER BY expires_at LIMIT 100)";

#[async_trait]
impl RevocationLog for SqliteStore {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        // Before the rows: none that expires in between is missed.
        let now = self.writer.now();
        let (store, seq) = parse(after).unwrap_or((Uuid::nil(), 0));
        let rows = sqlx::query(READ)
            .bind(id(&store))
            .bind(seq)
            .bind(now.unix_micros())
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        let head = rows.first().ok_or_else(|| corrupt("store"))?;
        let next = cursor(uuid(head, "store")?, get(head, "last")?);
        let rows = rows.iter().filter_map(|row| row_or_head(row).transpose());
        Ok(LogPage {
            rows: rows.collect::<Result<_, _>>()?,
            next,
            now,
        })
    }
}

/// Nothing for the row that only says where the log ends.
fn row_or_head(row: &SqliteRow) -> Result<Option<Revocation>, StoreError> {
    match get::<Option<i64>>(row, "seq")? {
        Some(_) => revocation(row).map(Some),
        None => Ok(None),
    }
}

fn cursor(store: Uuid, seq: i64) -> Cursor {
    Cursor::from_text(format!("sqlite:{store}:{seq}"))
}

fn parse(cursor: &Cursor) -> Option<(Uuid, i64)> {
    let (store, seq) = cursor.as_str().strip_prefix("sqlite:")?.split_once(':')?;
    Some((
        store.parse().ok()?,
        seq.parse().ok().filter(|seq| *seq >= 0)?,
    ))
}

/// Writes a row that outlives every token it could concern.
pub(super) async fn append(tx: &mut Tx, target: Target) -> Result<Revocation, StoreError> {
    if counts(&target) {
        tx.changes.mark();
    }
    let lifetime = settings::read(tx).await?.max_token_lifetime;
    let expires_at = match target {
        Target::SigningKey { .. } => Timestamp::MAX,
        _ => tx.now + lifetime + REVOCATION_MARGIN,
    };
    let columns = TargetColumns::of(&target)
        .ok_or_else(|| StoreError::new(StoreErrorKind::Other, "a target this store cannot keep"))?;
    sqlx::query(
        "INSERT INTO auth_revocations (kind, tenant_id, subject, floor, thumbprint, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(columns.kind)
    .bind(id(columns.tenant.as_uuid()))
    .bind(columns.subject.as_ref().map(id))
    .bind(columns.floor)
    .bind(columns.thumbprint.map(|key| key.as_bytes().to_vec()))
    .bind(expires_at.unix_micros())
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;

    sqlx::query(FORGET)
        .bind((tx.now - FORGOTTEN_AFTER).unix_micros())
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    Ok(Revocation { target, expires_at })
}
