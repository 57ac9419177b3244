//! The revocation log: exact by snapshots.
//!
//! Numbers are given out in another order than transactions commit in, so a
//! reader that asks for all after the last number misses a row whose
//! transaction was slow. Here a row carries the id of its transaction and a
//! cursor the snapshot that was read: new is what that snapshot did not see.

use async_trait::async_trait;
use auth_core::revocation::{Cursor, LogError, LogPage, RevocationLog};
use sqlx::postgres::PgRow;

use super::PgStore;
use super::lease::{Lease, Statement};
use super::row::{get, revocation, time};
use crate::error::{StoreError, StoreErrorKind};
use crate::sql::corrupt;

/// The statement that writes the log row for each row of a CTE named `r`. The
/// clock is read when those rows are locked and changed. A store that has lost
/// its settings revokes nothing, instead of remembering it for no time: the
/// column refuses the null.
macro_rules! log_row {
    ($kind:literal, $subject:literal, $floor:literal) => {
        concat!(
            "INSERT INTO auth.revocations (tenant, kind, subject, floor, expires_at) SELECT r.tenant, '",
            $kind,
            "', ",
            $subject,
            ", ",
            $floor,
            ", clock_timestamp() + interval '120 seconds' \
             + (SELECT g.max_token_lifetime FROM auth.settings g WHERE g.singleton) * interval '1 microsecond' \
             FROM r RETURNING expires_at AS remembered_until"
        )
    };
}
pub(super) use log_row;

const _: () = assert!(crate::traits::REVOCATION_MARGIN.as_secs() == 120);

/// One row that says where the reader stands, and the rows of the log, all in
/// one snapshot.
///
/// `origin` is whose transaction ids they are: of this store, in this life of
/// its server. A server that has crashed, or taken over from one that did, may
/// use ids again that a snapshot has already seen end.
macro_rules! page {
    ($which:literal) => {
        concat!(
            "SELECT NULL::text AS kind, NULL::uuid AS tenant, NULL::uuid AS subject, \
                    NULL::bigint AS floor, NULL::bytea AS thumbprint, NULL::timestamptz AS expires_at, \
                    g.store || '/' || l.life || '/' || extract(epoch FROM pg_postmaster_start_time()) AS origin, \
                    pg_current_snapshot()::text AS snapshot, clock_timestamp() AS now \
             FROM auth.settings g LEFT JOIN auth.lives l USING (singleton) WHERE g.singleton \
             UNION ALL \
             SELECT r.kind, r.tenant, r.subject, r.floor, r.thumbprint, r.expires_at, NULL, NULL, NULL \
             FROM auth.revocations r WHERE r.expires_at > statement_timestamp()",
            $which
        )
    };
}

const ALL: &str = page!("");
const SINCE: &str = page!(" AND (r.xid >= $1::xid8 OR r.xid = ANY ($2::xid8[]))");
const BEGIN_LIFE: &str = "INSERT INTO auth.lives DEFAULT VALUES ON CONFLICT DO NOTHING";

#[async_trait]
impl RevocationLog for PgStore {
    async fn read_log(&self, after: &Cursor) -> Result<LogPage, LogError> {
        let since = Since::parse(after.as_str());
        let mut lease = self.lease().await?;
        Ok(read(&mut lease, since).await?)
    }
}

async fn read(lease: &mut Lease, since: Option<Since>) -> Result<LogPage, StoreError> {
    if let Some(since) = since {
        let bind = |sql: Statement| sql.bind(since.xmax.to_string()).bind(&since.xip);
        let rows = lease.read_all(SINCE, bind).await?;
        let head = Head::of(&rows)?;
        if head.follows(&since) {
            return head.page(&rows);
        }
    }
    for _ in 0..3 {
        let rows = lease.read_all(ALL, |sql| sql).await?;
        let head = Head::of(&rows)?;
        if head.origin.is_some() {
            return head.page(&rows);
        }
        lease.write(BEGIN_LIFE, |sql| sql).await?;
    }
    Err(StoreError::new(
        StoreErrorKind::Other,
        "the server crashes again and again",
    ))
}

/// What the row that is not of the log says.
struct Head<'r> {
    row: &'r PgRow,
    /// `None` in a life that no reader has seen before.
    origin: Option<&'r str>,
    snapshot: &'r str,
}

impl<'r> Head<'r> {
    fn of(rows: &'r [PgRow]) -> Result<Self, StoreError> {
        for row in rows {
            if let Some(snapshot) = get(row, "snapshot")? {
                return Ok(Self {
                    row,
                    origin: get(row, "origin")?,
                    snapshot,
                });
            }
        }
        Err(corrupt("store"))
    }

    /// Whether `since` was read from the same run of transaction ids.
    fn follows(&self, since: &Since) -> bool {
        let now = self
            .origin
            .and_then(|origin| Since::from_parts(origin, self.snapshot));
        now.is_some_and(|now| now.origin == since.origin && now.xmax >= since.xmax)
    }

    fn page(&self, rows: &[PgRow]) -> Result<LogPage, StoreError> {
        let next = format!("{}/{}", self.origin.unwrap_or_default(), self.snapshot);
        let rows = rows
            .iter()
            .filter(|row| !std::ptr::eq(*row, self.row))
            .map(revocation);
        Ok(LogPage {
            rows: rows.collect::<Result<_, _>>()?,
            next: Cursor::from_text(next),
            now: time(self.row, "now")?,
        })
    }
}

/// A cursor, read: `origin/xmin:xmax:xip,xip`. Every transaction from `xmax`
/// on, and each of `xip`, was not committed when the snapshot was taken.
#[derive(Debug, PartialEq)]
struct Since {
    origin: String,
    xmax: u64,
    xip: Vec<String>,
}

impl Since {
    fn parse(cursor: &str) -> Option<Self> {
        let (origin, snapshot) = cursor.rsplit_once('/')?;
        Self::from_parts(origin, snapshot)
    }

    fn from_parts(origin: &str, snapshot: &str) -> Option<Self> {
        let (_xmin, rest) = snapshot.split_once(':')?;
        let (xmax, xip) = rest.split_once(':')?;
        let id = |text: &str| text.parse::<u64>().ok();
        let xip = xip
            .split(',')
            .filter(|text| !text.is_empty())
            .map(|text| Some(id(text)?.to_string()));
        Some(Self {
            origin: origin.to_owned(),
            xmax: id(xmax)?,
            xip: xip.collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let since = |xmax, xip: &[&str]| {
            let xip = xip.iter().map(|id| (*id).to_owned()).collect();
            Some(Since {
                origin: "a/b/1.5".into(),
                xmax,
                xip,
            })
        };
        assert_eq!(Since::parse("a/b/1.5/7:9:7,8"), since(9, &["7", "8"]));
        assert_eq!(Since::parse("a/b/1.5/9:9:"), since(9, &[]));
    }

    #[test]
    fn what_is_no_cursor_is_not_read() {
        for bad in [
            "",
            "/",
            "a/b/1.5",
            "a/1:2",
            "a/1:x:",
            "a/1:-2:",
            "a/1:2:x",
            "a/1:2:3;4",
            "sqlite:a:1",
        ] {
            assert_eq!(Since::parse(bad), None, "{bad}");
        }
    }
}
