//! Events that wait to be published, under the write lock.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::event::{Event, EventKind};
use auth_core::{EventId, SystemRandom, TenantId, Timestamp, draw};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::error::failed;
use super::row::{get, time, uuid};
use super::writer::Tx;
use super::{SqliteStore, id};
use crate::error::StoreError;
use crate::sql::corrupt;
use crate::traits::{
    Claim, Claimed, DeadLetter, Delivery, Effects, OutboxStatus, OutboxStore, RelayId, Store,
};

/// The first event of the subject after that of `p`. In two steps: of a comparison
/// of rows SQLite gives only the first column to the index.
macro_rules! next {
    () => {
        "coalesce(\
            (SELECT o.seq FROM auth_outbox AS o WHERE o.tenant_id = p.tenant_id AND o.subject > p.subject \
             ORDER BY o.subject, o.seq LIMIT 1), \
            (SELECT o.seq FROM auth_outbox AS o WHERE o.tenant_id > p.tenant_id \
             ORDER BY o.tenant_id, o.subject, o.seq LIMIT 1))"
    };
}

/// Walks over the subjects, by the index on them, from that of a row drawn at
/// random to the end and from the beginning again; gives the first event of each, if
/// nobody holds it: it speaks for those behind it.
///
/// A scan in the order of the events would go over all that wait behind one subject;
/// a start that is always the same would leave the last subjects to wait for ever.
pub(super) const HEADS: &str = concat!(
    "WITH RECURSIVE start (tenant_id, subject) AS MATERIALIZED (\
        SELECT o.tenant_id, o.subject FROM auth_outbox AS o WHERE o.seq >= \
            (SELECT min(seq) FROM auth_outbox) + ?3 % \
            ((SELECT max(seq) FROM auth_outbox) - (SELECT min(seq) FROM auth_outbox) + 1) \
        ORDER BY o.seq LIMIT 1), \
    walk (seq, n) AS (\
        SELECT (SELECT o.seq FROM auth_outbox AS o \
                WHERE o.tenant_id = t.tenant_id AND o.subject = t.subject ORDER BY o.seq LIMIT 1), 1 \
        FROM start AS t \
        UNION ALL \
        SELECT ",
    next!(),
    ", w.n + 1 FROM walk AS w JOIN auth_outbox AS p ON p.seq = w.seq WHERE w.n < 8 * ?2), \
    again (seq, n) AS (\
        SELECT (SELECT o.seq FROM auth_outbox AS o ORDER BY o.tenant_id, o.subject, o.seq LIMIT 1), 1 \
        FROM start \
        UNION ALL \
        SELECT ",
    next!(),
    ", w.n + 1 FROM again AS w JOIN auth_outbox AS p ON p.seq = w.seq JOIN start AS t \
        WHERE w.n < 8 * ?2 AND (p.tenant_id, p.subject) < (t.tenant_id, t.subject)) \
    SELECT o.* FROM (SELECT seq, 0 AS again FROM walk UNION ALL SELECT seq, 1 FROM again) AS f \
    CROSS JOIN auth_outbox AS o ON o.seq = f.seq \
    WHERE o.due_at <= ?1 AND o.claimed_until <= ?1 \
      AND (f.again = 0 OR (o.tenant_id, o.subject) < (SELECT t.tenant_id, t.subject FROM start AS t)) \
    LIMIT ?2"
);

pub(super) const BEHIND: &str = "\
    SELECT o.* FROM auth_outbox AS o \
    WHERE o.tenant_id = ? AND o.subject = ? AND o.seq > ? ORDER BY o.seq LIMIT ?";

const INSERT: &str = "\
    INSERT INTO auth_outbox (tenant_id, id, subject, source, kind, data, time, due_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (tenant_id, id) DO NOTHING";

/// That no other relay holds the subject of `o`, relay `?2` at time `?4`: by its
/// first event, for those behind it too.
macro_rules! not_lost {
    () => {
        "(o.claimed_by IS NULL OR o.claimed_by = ?2) AND NOT EXISTS (SELECT 1 FROM auth_outbox AS c \
            WHERE c.tenant_id = o.tenant_id AND c.subject = o.subject AND c.seq < o.seq \
              AND c.claimed_by <> ?2 AND c.claimed_until > ?4)"
    };
}

const BURY: &str = concat!(
    "INSERT INTO auth_outbox_dead \
        (seq, tenant_id, id, subject, source, kind, data, time, failures, error, died_at) \
    SELECT o.seq, o.tenant_id, o.id, o.subject, o.source, o.kind, o.data, o.time, o.failures + 1, ?3, ?4 \
    FROM auth_outbox AS o WHERE o.seq = ?1 AND ",
    not_lost!()
);

const LATER: &str = concat!(
    "UPDATE auth_outbox AS o SET failures = failures + ?3, due_at = ?5, claimed_by = NULL, claimed_until = 0 \
    WHERE o.seq = ?1 AND ",
    not_lost!()
);

const REPLAY: &str = "\
    INSERT INTO auth_outbox (seq, tenant_id, id, subject, source, kind, data, time, due_at) \
    SELECT d.seq, d.tenant_id, d.id, d.subject, d.source, d.kind, d.data, d.time, ?2 \
    FROM auth_outbox_dead AS d WHERE d.tenant_id = ?3 AND d.id = ?1 ON CONFLICT DO NOTHING";

const STATUS: &str = "\
    SELECT (SELECT count(*) FROM (SELECT 1 FROM auth_outbox LIMIT ?1)) AS waiting, \
           (SELECT count(*) FROM (SELECT 1 FROM auth_outbox_dead LIMIT ?1)) AS dead, \
           (SELECT time FROM auth_outbox ORDER BY seq LIMIT 1) AS oldest";

/// Commits what a change about `subject` carries.
pub(super) async fn tell(
    tx: &mut Tx,
    effects: &Effects,
    tenant: TenantId,
    subject: impl ToString,
) -> Result<(), StoreError> {
    insert(&mut tx.connection, tx.now, effects, tenant, subject).await
}

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    now: Timestamp,
    effects: &Effects,
    tenant: TenantId,
    subject: impl ToString,
) -> Result<(), StoreError> {
    for event in effects.new_events() {
        let named = event.subject().map(str::to_owned);
        sqlx::query(INSERT)
            .bind(id(tenant.as_uuid()))
            .bind(id(event.id().as_uuid()))
            .bind(named.unwrap_or_else(|| subject.to_string()))
            .bind(effects.source().to_owned())
            .bind(event.kind().as_str().to_owned())
            .bind(event.data().to_string())
            .bind(now.unix_micros())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}

#[async_trait]
impl OutboxStore for SqliteStore {
    fn carrying(&self, effects: Effects) -> Arc<dyn Store> {
        Arc::new(Self {
            effects,
            ..self.clone()
        })
    }

    async fn add_events(&self, tenant: TenantId, events: &Effects) -> Result<(), StoreError> {
        let events = events.clone();
        self.write(move |tx| Box::pin(async move { tell(tx, &events, tenant, tenant).await }))
            .await
    }

    async fn claim_events(&self, relay: RelayId, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        self.write(move |tx| Box::pin(take(tx, relay, claim))).await
    }

    async fn settle_events(
        &self,
        relay: RelayId,
        deliveries: &[(u64, Delivery)],
    ) -> Result<(), StoreError> {
        let mut deliveries = deliveries.to_vec();
        // What goes may be what another relay holds a subject by.
        deliveries.sort_by_key(|(_, delivery)| *delivery == Delivery::Published);
        self.write(move |tx| {
            Box::pin(async move {
                for (sequence, delivery) in deliveries {
                    let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
                    settle(tx, relay, sequence, delivery).await?;
                }
                Ok(())
            })
        })
        .await
    }

    async fn outbox_status(&self) -> Result<OutboxStatus, StoreError> {
        let now = self.writer.now();
        let row = sqlx::query(STATUS)
            .bind(i64::try_from(OutboxStatus::MOST).unwrap_or(i64::MAX))
            .fetch_one(&self.readers)
            .await
            .map_err(failed)?;
        let count = |column| get::<i64>(&row, column).map(|n| u64::try_from(n).unwrap_or(0));
        let oldest: Option<i64> = get(&row, "oldest")?;
        Ok(OutboxStatus {
            waiting: count("waiting")?,
            oldest: oldest.map(Timestamp::from_unix_micros),
            dead: count("dead")?,
            now,
        })
    }

    async fn dead_letters(&self, after: u64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let sql = "SELECT * FROM auth_outbox_dead WHERE seq > ? ORDER BY seq LIMIT ?";
        let rows = sqlx::query(sql)
            .bind(i64::try_from(after).unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(dead_letter).collect()
    }

    async fn replay_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        self.letters(tenant, ids, true).await
    }

    async fn discard_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        self.letters(tenant, ids, false).await
    }
}

impl SqliteStore {
    /// As [`OutboxStore::add_events`], in a transaction of the application's own on
    /// its own connection to the same file: the events are committed with what the
    /// application does there, or not at all. Begin that transaction with
    /// `BEGIN IMMEDIATE`; the store's writes wait for it, for 2 s at most.
    ///
    /// # Errors
    /// [`StoreError`] when a statement fails.
    pub async fn add_events_in(
        &self,
        connection: &mut SqliteConnection,
        tenant: TenantId,
        events: &Effects,
    ) -> Result<(), StoreError> {
        insert(connection, self.writer.now(), events, tenant, tenant).await
    }

    /// Takes dead letters away, after putting them back if they are to be
    /// replayed.
    async fn letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
        replay: bool,
    ) -> Result<u64, StoreError> {
        const TAKE: &str = "DELETE FROM auth_outbox_dead WHERE tenant_id = ? AND id = ?";
        let ids: Vec<Vec<u8>> = ids.iter().map(|event| id(event.as_uuid())).collect();
        self.write(move |tx| {
            Box::pin(async move {
                let mut letters = 0;
                for event in ids {
                    if replay {
                        sqlx::query(REPLAY)
                            .bind(event.clone())
                            .bind(tx.now.unix_micros())
                            .bind(id(tenant.as_uuid()))
                            .execute(&mut tx.connection)
                            .await
                            .map_err(failed)?;
                    }
                    let taken = sqlx::query(TAKE)
                        .bind(id(tenant.as_uuid()))
                        .bind(event)
                        .execute(&mut tx.connection)
                        .await
                        .map_err(failed)?;
                    letters += taken.rows_affected();
                }
                Ok(letters)
            })
        })
        .await
    }
}

async fn take(tx: &mut Tx, relay: RelayId, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
    // Without randomness each walk begins at the oldest.
    let random = draw::<4>(&SystemRandom::new()).map_or(0, u32::from_be_bytes);
    let heads = sqlx::query(HEADS)
        .bind(tx.now.unix_micros())
        .bind(i64::from(claim.subjects))
        .bind(i64::from(random))
        .fetch_all(&mut tx.connection)
        .await
        .map_err(failed)?;
    let mut taken = Vec::with_capacity(heads.len());
    for head in &heads {
        let head = claimed(head)?;
        let sequence = i64::try_from(head.event.sequence).unwrap_or(i64::MAX);
        sqlx::query("UPDATE auth_outbox SET claimed_by = ?, claimed_until = ? WHERE seq = ?")
            .bind(id(&relay.0))
            .bind((tx.now + claim.lease).unix_micros())
            .bind(sequence)
            .execute(&mut tx.connection)
            .await
            .map_err(failed)?;
        let behind = sqlx::query(BEHIND)
            .bind(id(head.event.tenant.as_uuid()))
            .bind(head.event.subject.clone())
            .bind(sequence)
            .bind(i64::from(claim.of_each.saturating_sub(1)))
            .fetch_all(&mut tx.connection)
            .await
            .map_err(failed)?;
        taken.push(head);
        for row in &behind {
            taken.push(claimed(row)?);
        }
    }
    taken.sort_by_key(|claimed| claimed.event.sequence);
    Ok(taken)
}

async fn settle(
    tx: &mut Tx,
    relay: RelayId,
    sequence: i64,
    delivery: Delivery,
) -> Result<(), StoreError> {
    let (after, refused) = match delivery {
        Delivery::Published => return remove(tx, sequence).await,
        Delivery::Dead { error } => {
            let buried = sqlx::query(BURY)
                .bind(sequence)
                .bind(id(&relay.0))
                .bind(error)
                .bind(tx.now.unix_micros())
                .execute(&mut tx.connection)
                .await
                .map_err(failed)?;
            if buried.rows_affected() == 1 {
                remove(tx, sequence).await?;
            }
            return Ok(());
        }
        Delivery::Later { after, refused, .. } => (after, refused),
        Delivery::Untried => (std::time::Duration::ZERO, false),
    };
    sqlx::query(LATER)
        .bind(sequence)
        .bind(id(&relay.0))
        .bind(i64::from(refused))
        .bind(tx.now.unix_micros())
        .bind((tx.now + after).unix_micros())
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn remove(tx: &mut Tx, sequence: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM auth_outbox WHERE seq = ?")
        .bind(sequence)
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    Ok(())
}

fn claimed(row: &SqliteRow) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        event: event(row)?,
        failures: failures(row)?,
    })
}

fn dead_letter(row: &SqliteRow) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        event: event(row)?,
        failures: failures(row)?,
        error: get(row, "error")?,
        died_at: time(row, "died_at")?,
    })
}

fn event(row: &SqliteRow) -> Result<Event, StoreError> {
    let kind = EventKind::new(get::<String>(row, "kind")?).map_err(|_| corrupt("kind"))?;
    let sequence: i64 = get(row, "seq")?;
    Ok(Event::stored(
        EventId::from_uuid(uuid(row, "id")?),
        TenantId::from_uuid(uuid(row, "tenant_id")?),
        get(row, "source")?,
        kind,
        get(row, "subject")?,
        time(row, "time")?,
        sequence.try_into().map_err(|_| corrupt("seq"))?,
        get(row, "data")?,
    ))
}

fn failures(row: &SqliteRow) -> Result<u32, StoreError> {
    let failures: i64 = get(row, "failures")?;
    failures.try_into().map_err(|_| corrupt("failures"))
}
