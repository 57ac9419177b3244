//! Events that wait to be published.

use std::sync::Arc;

use async_trait::async_trait;
use auth_core::event::{Event, EventKind};
use auth_core::{EventId, TenantId, Timestamp};
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::error::{Intent, failed};
use super::lease::Statement;
use super::row::{get, optional_time, time};
use super::{PgStore, micros};
use crate::error::{StoreError, StoreErrorKind};
use crate::sql::{corrupt, events_as_json};
use crate::traits::{
    Claim, Claimed, DeadLetter, Delivery, Effects, OutboxStatus, OutboxStore, RelayId, Store,
};

/// The CTE that writes the events of parameter `$parameter` for each row of
/// `$from`, which has the columns `tenant` and, of whom they tell, `$subject`.
/// The place in the order is drawn when those rows are locked and changed.
macro_rules! events {
    ($from:literal, $tenant:literal, $subject:literal, $parameter:literal) => {
        concat!(
            ", told AS (INSERT INTO auth.outbox (tenant, id, subject, source, kind, data, time) \
               SELECT ",
            $tenant,
            ", g.id, coalesce(g.subject, ",
            $subject,
            "::text), g.source, g.kind, g.data, clock_timestamp() FROM ",
            $from,
            " CROSS JOIN json_to_recordset(",
            $parameter,
            "::json) AS g(n integer, id uuid, subject text, source text, kind text, data text) \
               ORDER BY g.n ON CONFLICT (tenant, id) DO NOTHING)"
        )
    };
}
pub(super) use events;

const ADD: &str = concat!(
    "WITH r AS (SELECT $1::uuid AS tenant)",
    events!("r", "r.tenant", "r.tenant", "$2"),
    " SELECT r.tenant FROM r"
);

/// Walks over the subjects, by the index on them, from that of a row drawn at
/// random to the end and from the beginning again; takes the first event of each,
/// if nobody holds it. That locks those behind it: they are not the first, so nobody
/// else takes them. Whoever is at a row right now is passed by. A row that was taken
/// since this statement began is looked at again as it is now, and is held then.
///
/// A scan in the order of the events would go over all that wait behind one subject;
/// a start that is always the same would leave the last subjects to wait for ever.
const CLAIM: &str = "\
    WITH RECURSIVE start AS MATERIALIZED (SELECT o.tenant, o.subject FROM auth.outbox o WHERE o.seq >= \
            (SELECT min(b.seq) + floor(random() * (max(b.seq) - min(b.seq) + 1))::bigint FROM auth.outbox b) \
        ORDER BY o.seq LIMIT 1), \
    walk (seq, n) AS (\
        SELECT (SELECT o.seq FROM auth.outbox o WHERE (o.tenant, o.subject) >= (t.tenant, t.subject) \
                ORDER BY o.tenant, o.subject, o.seq LIMIT 1), 1 FROM start t \
        UNION ALL \
        SELECT (SELECT o.seq FROM auth.outbox o WHERE (o.tenant, o.subject) > (p.tenant, p.subject) \
                ORDER BY o.tenant, o.subject, o.seq LIMIT 1), w.n + 1 \
        FROM walk w JOIN auth.outbox p ON p.seq = w.seq WHERE w.n < 8 * $2), \
    again (seq, n) AS (\
        SELECT (SELECT o.seq FROM auth.outbox o ORDER BY o.tenant, o.subject, o.seq LIMIT 1), \
               (SELECT max(w.n) + 1 FROM walk w) FROM start \
        UNION ALL \
        SELECT (SELECT o.seq FROM auth.outbox o WHERE (o.tenant, o.subject) > (p.tenant, p.subject) \
                ORDER BY o.tenant, o.subject, o.seq LIMIT 1), w.n + 1 \
        FROM again w JOIN auth.outbox p ON p.seq = w.seq CROSS JOIN start t \
        WHERE w.n < 8 * $2 AND (p.tenant, p.subject) < (t.tenant, t.subject)), \
    firsts AS MATERIALIZED (SELECT w.seq, w.n FROM walk w UNION ALL \
        SELECT a.seq, a.n FROM again a JOIN auth.outbox p ON p.seq = a.seq CROSS JOIN start t \
        WHERE (p.tenant, p.subject) < (t.tenant, t.subject)), \
    heads AS MATERIALIZED (SELECT o.seq FROM firsts f JOIN auth.outbox o ON o.seq = f.seq \
        WHERE o.due_at <= clock_timestamp() AND o.claimed_until <= clock_timestamp() \
        ORDER BY f.n LIMIT $2 FOR UPDATE OF o SKIP LOCKED), \
    held AS (UPDATE auth.outbox o SET claimed_by = $1, \
            claimed_until = clock_timestamp() + $4 * interval '1 microsecond' \
        FROM heads h WHERE o.seq = h.seq \
        RETURNING o.seq, o.tenant, o.id, o.subject, o.source, o.kind, o.data, o.time, o.failures) \
    SELECT h.* FROM held h \
    UNION ALL \
    SELECT f.* FROM held h CROSS JOIN LATERAL (\
        SELECT o.seq, o.tenant, o.id, o.subject, o.source, o.kind, o.data, o.time, o.failures FROM auth.outbox o \
        WHERE o.tenant = h.tenant AND o.subject = h.subject AND o.seq > h.seq \
        ORDER BY o.tenant, o.subject, o.seq LIMIT $3) f \
    ORDER BY seq";

/// What was published goes, whoever says so. All else is said only of what no other
/// relay holds: a subject is held by its first event, which those behind it are
/// looked up by. Those rows are locked before anything goes, so that nobody takes
/// the subject meanwhile.
const SETTLE: &str = "\
    WITH before AS MATERIALIZED (SELECT c.* FROM unnest($3::bigint[] || $5::bigint[]) AS g(seq) \
        JOIN auth.outbox o ON o.seq = g.seq \
        CROSS JOIN LATERAL (SELECT c.tenant, c.subject, c.claimed_by, c.claimed_until FROM auth.outbox c \
            WHERE c.tenant = o.tenant AND c.subject = o.subject AND c.seq <= o.seq \
            ORDER BY c.tenant, c.subject, c.seq FOR UPDATE OF c) c), \
    lost AS MATERIALIZED (SELECT b.tenant, b.subject FROM before b \
        WHERE b.claimed_by <> $1 AND b.claimed_until > clock_timestamp()), \
    published AS (DELETE FROM auth.outbox o WHERE o.seq = ANY ($2) AND (SELECT count(*) FROM lost) >= 0), \
    dead AS (DELETE FROM auth.outbox o USING unnest($3::bigint[], $4::text[]) AS g(seq, error) \
        WHERE o.seq = g.seq AND (o.claimed_by IS NULL OR o.claimed_by = $1) \
          AND NOT EXISTS (SELECT FROM lost l WHERE l.tenant = o.tenant AND l.subject = o.subject) \
        RETURNING o.*, g.error), \
    buried AS (INSERT INTO auth.outbox_dead \
            (seq, tenant, id, subject, source, kind, data, time, failures, error, died_at) \
        SELECT d.seq, d.tenant, d.id, d.subject, d.source, d.kind, d.data, d.time, d.failures + 1, d.error, \
            clock_timestamp() FROM dead d), \
    later AS (UPDATE auth.outbox o SET failures = o.failures + g.refused::integer, \
            due_at = clock_timestamp() + g.after * interval '1 microsecond', \
            claimed_by = NULL, claimed_until = '-infinity' \
        FROM unnest($5::bigint[], $6::bigint[], $7::boolean[]) AS g(seq, after, refused) \
        WHERE o.seq = g.seq AND (o.claimed_by IS NULL OR o.claimed_by = $1) \
          AND NOT EXISTS (SELECT FROM lost l WHERE l.tenant = o.tenant AND l.subject = o.subject)) \
    SELECT true AS settled";

const STATUS: &str = "\
    SELECT (SELECT count(*) FROM (SELECT FROM auth.outbox LIMIT $1) o) AS waiting, \
           (SELECT count(*) FROM (SELECT FROM auth.outbox_dead LIMIT $1) d) AS dead, \
           (SELECT o.time FROM auth.outbox o ORDER BY o.seq LIMIT 1) AS oldest, clock_timestamp() AS now";

const DEAD: &str = "\
    SELECT d.* FROM auth.outbox_dead d WHERE d.seq > $1 ORDER BY d.seq LIMIT $2";

const REPLAY: &str = "\
    WITH d AS (DELETE FROM auth.outbox_dead d WHERE d.tenant = $1 AND d.id = ANY ($2) RETURNING d.*), \
    o AS (INSERT INTO auth.outbox (seq, tenant, id, subject, source, kind, data, time) \
        SELECT d.seq, d.tenant, d.id, d.subject, d.source, d.kind, d.data, d.time FROM d ORDER BY d.seq \
        ON CONFLICT DO NOTHING) \
    SELECT count(*) AS letters FROM d";

const DISCARD: &str = "\
    WITH d AS (DELETE FROM auth.outbox_dead d WHERE d.tenant = $1 AND d.id = ANY ($2) RETURNING d.seq) \
    SELECT count(*) AS letters FROM d";

impl PgStore {
    /// [`told`] of what this handle carries.
    pub(super) fn told(&self, quiet: &'static str, telling: &'static str) -> &'static str {
        told(&self.effects, quiet, telling)
    }

    /// As [`OutboxStore::add_events`], in a transaction of the application's own on a
    /// connection to the same database: the events are committed with what the
    /// application does there, or not at all. What changes one subject should lock one
    /// row of it first, or two changes at the same time may be told in either order.
    ///
    /// # Errors
    /// [`StoreError`] when the statement fails; the transaction is of no more use
    /// then.
    pub async fn add_events_in(
        &self,
        connection: &mut PgConnection,
        tenant: TenantId,
        events: &Effects,
    ) -> Result<(), StoreError> {
        sqlx::query(self.schema.qualify(ADD))
            .bind(tenant.as_uuid())
            .bind(events_as_json(events))
            .execute(connection)
            .await
            .map(drop)
            .map_err(|error| failed(error, Intent::Write))
    }

    async fn letters(
        &self,
        sql: &'static str,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| *id.as_uuid()).collect();
        let bind = |sql: Statement| sql.bind(tenant.as_uuid()).bind(&ids);
        let row = self.lease().await?.write(sql, bind).await?;
        let letters: i64 = row.map_or(Ok(0), |row| get(&row, "letters"))?;
        Ok(letters.try_into().unwrap_or(0))
    }
}

/// `telling` if there are events, which are its last parameter.
pub(super) fn told(effects: &Effects, quiet: &'static str, telling: &'static str) -> &'static str {
    if effects.is_empty() { quiet } else { telling }
}

/// Binds what [`told`] has chosen the statement for.
pub(super) fn bind_events(effects: &Effects, sql: Statement) -> Statement {
    if effects.is_empty() {
        sql
    } else {
        sql.bind(events_as_json(effects))
    }
}

#[async_trait]
impl OutboxStore for PgStore {
    fn carrying(&self, effects: Effects) -> Arc<dyn Store> {
        Arc::new(Self {
            effects,
            ..self.clone()
        })
    }

    async fn add_events(&self, tenant: TenantId, events: &Effects) -> Result<(), StoreError> {
        let json = events_as_json(events);
        let bind = |sql: Statement| sql.bind(tenant.as_uuid()).bind(&json);
        self.lease().await?.write(ADD, bind).await?;
        Ok(())
    }

    async fn claim_events(&self, relay: RelayId, claim: Claim) -> Result<Vec<Claimed>, StoreError> {
        let bind = |sql: Statement| {
            sql.bind(relay.0)
                .bind(i64::from(claim.subjects))
                .bind(i64::from(claim.of_each.saturating_sub(1)))
                .bind(micros(claim.lease))
        };
        // It writes, and is read: a claim whose answer is lost runs out.
        let rows = self.lease().await?.read_all(CLAIM, bind).await?;
        rows.iter()
            .map(|row| {
                Ok(Claimed {
                    event: event(row)?,
                    failures: failures(row)?,
                })
            })
            .collect()
    }

    async fn settle_events(
        &self,
        relay: RelayId,
        deliveries: &[(u64, Delivery)],
    ) -> Result<(), StoreError> {
        let mut columns = Columns::default();
        for (sequence, delivery) in deliveries {
            columns.push(i64::try_from(*sequence).unwrap_or(i64::MAX), delivery);
        }
        let bind = |sql: Statement| {
            sql.bind(relay.0)
                .bind(&columns.published)
                .bind(&columns.dead)
                .bind(&columns.errors)
                .bind(&columns.later)
                .bind(&columns.after)
                .bind(&columns.refused)
        };
        let mut lease = self.lease().await?;
        match lease.write(SETTLE, bind).await {
            // To say it again changes nothing.
            Err(error) if error.kind() == StoreErrorKind::OutcomeUnknown => {
                self.lease().await?.write(SETTLE, bind).await.map(drop)
            }
            settled => settled.map(drop),
        }
    }

    async fn outbox_status(&self) -> Result<OutboxStatus, StoreError> {
        let most = i64::try_from(OutboxStatus::MOST).unwrap_or(i64::MAX);
        let row = self
            .lease()
            .await?
            .read(STATUS, |sql| sql.bind(most))
            .await?;
        let row = row.ok_or_else(|| corrupt("outbox"))?;
        let count = |column| get::<i64>(&row, column).map(|n| u64::try_from(n).unwrap_or(0));
        Ok(OutboxStatus {
            waiting: count("waiting")?,
            oldest: optional_time(&row, "oldest")?,
            dead: count("dead")?,
            now: time(&row, "now")?,
        })
    }

    async fn dead_letters(&self, after: u64, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let bind = |sql: Statement| sql.bind(after).bind(i64::from(limit));
        let rows = self.lease().await?.read_all(DEAD, bind).await?;
        rows.iter()
            .map(|row| {
                Ok(DeadLetter {
                    event: event(row)?,
                    failures: failures(row)?,
                    error: get(row, "error")?,
                    died_at: time(row, "died_at")?,
                })
            })
            .collect()
    }

    async fn replay_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        self.letters(REPLAY, tenant, ids).await
    }

    async fn discard_dead_letters(
        &self,
        tenant: TenantId,
        ids: &[EventId],
    ) -> Result<u64, StoreError> {
        self.letters(DISCARD, tenant, ids).await
    }
}

/// The parameters of [`SETTLE`].
#[derive(Default)]
struct Columns {
    published: Vec<i64>,
    dead: Vec<i64>,
    errors: Vec<String>,
    later: Vec<i64>,
    after: Vec<i64>,
    refused: Vec<bool>,
}

impl Columns {
    fn push(&mut self, sequence: i64, delivery: &Delivery) {
        let (after, refused) = match delivery {
            Delivery::Published => return self.published.push(sequence),
            Delivery::Dead { error } => {
                self.dead.push(sequence);
                // Which PostgreSQL cannot keep.
                return self.errors.push(error.replace('\0', ""));
            }
            Delivery::Later { after, refused, .. } => (micros(*after), *refused),
            Delivery::Untried => (0, false),
        };
        self.later.push(sequence);
        self.after.push(after);
        self.refused.push(refused);
    }
}

fn event(row: &PgRow) -> Result<Event, StoreError> {
    let kind = EventKind::new(get::<String>(row, "kind")?).map_err(|_| corrupt("kind"))?;
    let sequence: i64 = get(row, "seq")?;
    let at: Timestamp = time(row, "time")?;
    Ok(Event::stored(
        EventId::from_uuid(get(row, "id")?),
        TenantId::from_uuid(get(row, "tenant")?),
        get(row, "source")?,
        kind,
        get(row, "subject")?,
        at,
        sequence.try_into().map_err(|_| corrupt("seq"))?,
        get(row, "data")?,
    ))
}

fn failures(row: &PgRow) -> Result<u32, StoreError> {
    let failures: i32 = get(row, "failures")?;
    failures.try_into().map_err(|_| corrupt("failures"))
}
