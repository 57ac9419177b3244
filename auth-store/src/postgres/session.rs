//! Sessions: opening, ending, listing. Spending their refresh tokens has a
//! file of its own.

use async_trait::async_trait;
use auth_core::revocation::Target;
use auth_core::{SessionId, TenantId, UserId};

use super::lease::{Lease, Statement};
use super::log::log_row;
use super::outbox::{bind_events, events, told};
use super::rotation::{self, Found};
use super::row::{get, grant, revoked, session, session_columns, user_columns};
use super::{PgStore, micros};
use crate::error::{StoreError, StoreErrorKind};
use crate::traits::{
    ChangeOutcome, Committed, Effects, EndSessions, Grant, NewSession, OpenOutcome, RotateOutcome,
    Rotation, Session, SessionStore,
};

/// Locks the user, reads the clock, inserts.
///
/// A change of the user that is not committed yet holds the lock; when it is,
/// READ COMMITTED looks at the conditions again, with the user as it is now.
/// The clock is read over locked rows, in a node of its own. Only the user is
/// locked: the tenant's row is every log-in's, and a session that is opened as
/// its tenant is disabled is as dead as all its others, and so is its token by
/// `tver`.
macro_rules! open {
    ($events:expr) => { concat!(
    "WITH held AS MATERIALIZED (SELECT ",
    user_columns!(),
    ", t.ver AS tver FROM auth.users u JOIN auth.tenants t ON t.id = u.tenant \
       WHERE u.tenant = $1 AND u.id = $2 AND u.ver = $3 AND u.session_epoch = $4 \
         AND u.password_hash IS NOT DISTINCT FROM $5 AND u.status = 'active' AND t.status = 'active' \
       FOR SHARE OF u\
     ), h AS MATERIALIZED (SELECT held.*, clock_timestamp() AS now FROM held), \
     times AS MATERIALIZED (\
       SELECT h.now + $14 * interval '1 microsecond' AS idle, \
              h.now + $15 * interval '1 microsecond' AS absolute FROM h\
     ), s AS (\
       INSERT INTO auth.sessions AS s \
           (tenant, id, user_id, epoch, client_id, scope, amr, device, generation, root, salt, secret_hash, \
            auth_time, rotated_at, idle_expires_at, expires_at) \
       SELECT h.tenant, $6, h.user_id, h.session_epoch, $7, $8, $9, $10, 0, $11, $12, $13, \
              h.now, h.now, LEAST(times.idle, times.absolute), times.absolute \
       FROM h CROSS JOIN times \
       ON CONFLICT DO NOTHING RETURNING ",
    session_columns!(),
    ")", $events, " SELECT h.*, s.* FROM h LEFT JOIN s ON true"
)};
}

const OPEN: &str = open!("");
const OPEN_TELLING: &str = open!(events!("h CROSS JOIN s", "h.tenant", "h.user_id", "$16"));

pub(super) const LIST: &str = concat!(
    "SELECT s.tenant, s.user_id, ",
    session_columns!(),
    " FROM auth.sessions s JOIN auth.users u ON u.tenant = s.tenant AND u.id = s.user_id \
      JOIN auth.tenants t ON t.id = s.tenant \
      WHERE s.tenant = $1 AND s.user_id = $2 AND s.revoked_at IS NULL \
        AND s.idle_expires_at > statement_timestamp() AND s.expires_at > statement_timestamp() \
        AND u.status = 'active' AND u.session_epoch = s.epoch AND t.status = 'active' \
      ORDER BY s.auth_time DESC, s.id DESC"
);

/// An expired session too: its last access token may outlive it.
macro_rules! end {
    ($events:expr) => { concat!(
    "WITH r AS (UPDATE auth.sessions s SET revoked_at = clock_timestamp(), revoked_reason = 'ended' \
       WHERE s.tenant = $1 AND s.id = $2 AND ($3::uuid IS NULL OR s.user_id = $3) AND s.revoked_at IS NULL \
       RETURNING s.tenant, s.id, s.user_id\
     ), l AS (",
    log_row!("session", "r.id", "NULL"),
    ")", $events, " SELECT l.remembered_until FROM l"
)};
}

const END: &str = end!("");
const END_TELLING: &str = end!(events!("r", "r.tenant", "r.user_id", "$4"));

#[async_trait]
impl SessionStore for PgStore {
    async fn open_session(&self, new: NewSession) -> Result<OpenOutcome, StoreError> {
        let mut lease = self.lease().await?;
        let outcome = open(&mut lease, &new, &self.effects).await?;
        self.sweep_in_turn(lease);
        Ok(outcome)
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        rotation::rotate(&mut self.lease().await?, rotation, &self.effects).await
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        match which {
            EndSessions::One(session) => self.end_one(tenant, None, session).await,
            EndSessions::OneOf(user, session) => self.end_one(tenant, Some(user), session).await,
            EndSessions::AllOf(user) => {
                let ended = self.end_all(tenant, user).await?;
                let value = u64::from(matches!(ended.value, ChangeOutcome::Changed(_)));
                Ok(Committed {
                    value,
                    revoked: ended.revoked,
                })
            }
        }
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        let mut lease = self.lease().await?;
        let rows = lease
            .read_all(LIST, |sql| sql.bind(tenant.as_uuid()).bind(user.as_uuid()))
            .await?;
        rows.iter().map(session).collect()
    }
}

impl PgStore {
    async fn end_one(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        session: SessionId,
    ) -> Result<Committed<u64>, StoreError> {
        let mut lease = self.lease().await?;
        let user = user.as_ref().map(UserId::as_uuid);
        let bind = |sql: Statement| {
            let sql = sql.bind(tenant.as_uuid()).bind(session.as_uuid());
            bind_events(&self.effects, sql.bind(user))
        };
        let sql = self.told(END, END_TELLING);
        let Some(row) = lease.write(sql, bind).await? else {
            return Ok(Committed::quiet(0));
        };
        self.sweep_in_turn(lease);
        Ok(Committed {
            value: 1,
            revoked: vec![revoked(&row, Target::Session { tenant, session })?],
        })
    }
}

async fn open(
    lease: &mut Lease,
    new: &NewSession,
    effects: &Effects,
) -> Result<OpenOutcome, StoreError> {
    let sql = told(effects, OPEN, OPEN_TELLING);
    let bind = |sql| bind_events(effects, bind(sql, new));
    let Some(row) = lease.write(sql, bind).await? else {
        return Ok(OpenOutcome::Moved);
    };
    if get::<Option<&str>>(&row, "client_id")?.is_some() {
        return Ok(opened(grant(&row)?));
    }
    match rotation::find(lease, new.tenant, new.id).await? {
        // Asked for the second time, after the first answer was lost.
        Some(found) if is_answer_to(new, &found) => Ok(opened(found.grant)),
        _ => Err(StoreError::new(
            StoreErrorKind::Other,
            "the session id is in use",
        )),
    }
}

fn opened(grant: Grant) -> OpenOutcome {
    OpenOutcome::Opened(Box::new(grant))
}

/// Nobody else has the secret of its first token.
fn is_answer_to(new: &NewSession, found: &Found) -> bool {
    let session = &found.grant.session;
    found.is_live()
        && session.generation == 0
        && session.user == new.user
        && session.secret_hash == new.secret_hash
}

fn bind(sql: Statement, new: &NewSession) -> Statement {
    sql.bind(new.tenant.as_uuid())
        .bind(new.user.as_uuid())
        .bind(new.seen.ver)
        .bind(new.seen.session_epoch)
        .bind(&new.seen.password_hash)
        .bind(new.id.as_uuid())
        .bind(new.client.as_str())
        .bind(new.scope.to_string())
        .bind(&new.amr)
        .bind(&new.device)
        .bind(&new.root.0[..])
        // The first secret is drawn, not derived; its salt is never used.
        .bind(&[0_u8; 16][..])
        .bind(&new.secret_hash.as_bytes()[..])
        .bind(micros(new.idle))
        .bind(micros(new.absolute))
}
