//! Spending a refresh token.

use auth_core::revocation::{Revocation, Target};
use auth_core::{SessionId, TenantId};

use super::lease::{Lease, Statement};
use super::log::log_row;
use super::micros;
use super::outbox::{bind_events, events, told};
use super::row::{get, grant, revoked, session_columns, user_columns};
use crate::error::{StoreError, StoreErrorKind};
use crate::traits::{Decision, Effects, Grant, RotateOutcome, Rotation, SessionState};

/// Spends the presented token if it is the current one of a live session: one
/// statement, and the common case.
///
/// The session is locked, then the clock is read. The user is not locked. A
/// change of the user that commits while this statement runs may not be seen by
/// it; the grant is then of the state before, and as dead as everything of that
/// state: its session is behind the user's epoch and its token below the
/// user's floor. What must not be, and is not, is a grant of the new state
/// under the old conditions: both are read from one version of the row.
const ROTATE: &str = concat!(
    "WITH held AS MATERIALIZED (SELECT s.rotated_at AS spent_at, s.idle_expires_at AS idle_until, \
         s.expires_at AS until, t.ver AS tver, ",
    user_columns!(),
    " FROM auth.sessions s JOIN auth.users u ON u.tenant = s.tenant AND u.id = s.user_id \
       JOIN auth.tenants t ON t.id = s.tenant \
       WHERE s.tenant = $1 AND s.id = $2 AND s.client_id = $3 AND s.generation = $4 AND s.secret_hash = $5 \
         AND s.revoked_at IS NULL AND u.session_epoch = s.epoch AND u.status = 'active' AND t.status = 'active' \
       FOR NO KEY UPDATE OF s\
     ), h AS MATERIALIZED (SELECT held.*, clock_timestamp() AS now FROM held) \
     UPDATE auth.sessions s SET generation = s.generation + 1, root = $6, salt = $7, secret_hash = $8, \
         rotated_at = h.now, prev_rotated_at = h.spent_at, \
         idle_expires_at = LEAST(h.now + $9 * interval '1 microsecond', h.until) \
     FROM h WHERE s.tenant = $1 AND s.id = $2 AND h.now < h.idle_until AND h.now < h.until \
     RETURNING ",
    session_columns!(),
    ", h.tenant, h.user_id, h.identifier, h.user_status, h.ver, h.session_epoch, h.roles, \
       h.user_created_at, h.password_policy, h.tver, h.now"
);

const FIND: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", ",
    user_columns!(),
    ", t.ver AS tver, clock_timestamp() AS now, s.revoked_at IS NOT NULL AS revoked, \
       u.session_epoch = s.epoch AND u.status = 'active' AND t.status = 'active' AS standing \
     FROM auth.sessions s JOIN auth.users u ON u.tenant = s.tenant AND u.id = s.user_id \
     JOIN auth.tenants t ON t.id = s.tenant \
     WHERE s.tenant = $1 AND s.id = $2"
);

/// Revokes a session that is still as it was found.
macro_rules! revoke {
    ($events:expr) => { concat!(
    "WITH r AS (UPDATE auth.sessions s SET revoked_at = clock_timestamp(), revoked_reason = $5 \
       WHERE s.tenant = $1 AND s.id = $2 AND s.generation = $3 AND s.secret_hash = $4 AND s.revoked_at IS NULL \
       RETURNING s.tenant, s.id, s.user_id\
     ), l AS (",
    log_row!("session", "r.id", "NULL"),
    ")", $events, " SELECT l.remembered_until FROM l"
)};
}

const REVOKE: &str = revoke!("");
const REVOKE_TELLING: &str = revoke!(events!("r", "r.tenant", "r.user_id", "$6"));

/// How often a call may find that the session changed between its statements.
/// Each time somebody else has rotated or ended it.
const TRIES: u32 = 8;

/// A session as it was found, by the clock of that moment.
pub(super) struct Found {
    pub(super) grant: Grant,
    revoked: bool,
    standing: bool,
}

impl Found {
    fn state(&self) -> SessionState<'_> {
        let Self {
            grant,
            revoked,
            standing,
        } = self;
        SessionState {
            session: &grant.session,
            revoked: *revoked,
            standing: *standing,
            now: grant.now,
        }
    }

    /// Whether it has not ended.
    pub(super) fn is_live(&self) -> bool {
        let Grant { session, now, .. } = &self.grant;
        self.standing
            && !self.revoked
            && *now < session.idle_expires_at
            && *now < session.expires_at
    }
}

/// Tries to spend the token; if it is not to be spent, looks why, and acts on
/// that unless the session has changed since it looked. Every statement is a
/// transaction of its own: nothing is locked in between, and a caller who goes
/// away leaves none open. What writes nothing needs no lock either: it answers
/// from one snapshot, by the clock of the same statement.
pub(super) async fn rotate(
    lease: &mut Lease,
    rotation: &Rotation,
    effects: &Effects,
) -> Result<RotateOutcome, StoreError> {
    for _ in 0..TRIES {
        if let Some(grant) = spend(lease, rotation).await? {
            return Ok(RotateOutcome::Rotated(Box::new(grant)));
        }
        let Some(found) = find(lease, rotation.tenant, rotation.presented.session()).await? else {
            return Ok(RotateOutcome::Unknown);
        };
        let decision = found.state().decide(rotation);
        let session = &found.grant.session;
        let outcome = match decision {
            Decision::Replay => RotateOutcome::Replayed(Box::new(found.grant)),
            Decision::Superseded => RotateOutcome::Superseded,
            Decision::Ended => RotateOutcome::Ended,
            Decision::Unknown => RotateOutcome::Unknown,
            Decision::Rotate => continue,
            Decision::Reuse => match revoke(lease, &found, "reuse", effects).await? {
                Some(revoked) => RotateOutcome::Reused {
                    session: Box::new(session.clone()),
                    revoked,
                },
                None => continue,
            },
            Decision::Conflict => match revoke(lease, &found, "conflict", effects).await? {
                Some(revoked) => RotateOutcome::Conflict {
                    session: Box::new(session.clone()),
                    revoked,
                },
                None => continue,
            },
        };
        return Ok(outcome);
    }
    Err(StoreError::new(
        StoreErrorKind::Unavailable,
        "the session changes faster than it can be read",
    ))
}

async fn spend(lease: &mut Lease, rotation: &Rotation) -> Result<Option<Grant>, StoreError> {
    let presented = &rotation.presented;
    if presented.generation() == u32::MAX {
        return Ok(None);
    }
    let successor = presented.successor(&rotation.salt).hash();
    let bind = |sql: Statement| {
        sql.bind(rotation.tenant.as_uuid())
            .bind(presented.session().as_uuid().to_owned())
            .bind(rotation.client.as_str())
            .bind(i64::from(presented.generation()))
            .bind(&presented.secret_hash().as_bytes()[..])
            .bind(&rotation.root.0[..])
            .bind(&rotation.salt.as_bytes()[..])
            .bind(&successor.as_bytes()[..])
            .bind(micros(rotation.idle))
    };
    lease
        .write(ROTATE, bind)
        .await?
        .as_ref()
        .map(grant)
        .transpose()
}

/// Reads a session and all that decides over it.
pub(super) async fn find(
    lease: &mut Lease,
    tenant: TenantId,
    session: SessionId,
) -> Result<Option<Found>, StoreError> {
    let row = lease
        .read(FIND, |sql| {
            sql.bind(tenant.as_uuid()).bind(session.as_uuid())
        })
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Found {
        grant: grant(&row)?,
        revoked: get(&row, "revoked")?,
        standing: get(&row, "standing")?,
    }))
}

/// `None` if it is no longer as it was found.
async fn revoke(
    lease: &mut Lease,
    found: &Found,
    reason: &'static str,
    effects: &Effects,
) -> Result<Option<Revocation>, StoreError> {
    let session = &found.grant.session;
    let effects = effects.of_theft(reason, session.generation);
    let bind = |sql: Statement| {
        let sql = sql
            .bind(session.tenant.as_uuid())
            .bind(session.id.as_uuid())
            .bind(i64::from(session.generation))
            .bind(&session.secret_hash.as_bytes()[..])
            .bind(reason);
        bind_events(&effects, sql)
    };
    let sql = told(&effects, REVOKE, REVOKE_TELLING);
    let target = Target::Session {
        tenant: session.tenant,
        session: session.id,
    };
    lease
        .write(sql, bind)
        .await?
        .as_ref()
        .map(|row| revoked(row, target))
        .transpose()
}
