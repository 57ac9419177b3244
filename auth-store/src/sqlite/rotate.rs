//! Spending a refresh token, under the write lock.

use auth_core::Timestamp;
use auth_core::revocation::Revocation;

use super::error::failed;
use super::id;
use super::row::{get, session, session_columns, user, user_columns};
use super::session::{Reason, end};
use super::writer::Tx;
use crate::error::{StoreError, StoreErrorKind};
use crate::traits::{
    Decision, Effects, Grant, RotateOutcome, Rotation, Session, SessionState, User, UserStatus,
};

/// The first `tenant_id` and `user_id` are the session's; they are the user's
/// too.
pub(super) const FIND: &str = concat!(
    "SELECT ",
    session_columns!(),
    ", ",
    user_columns!(),
    ", s.epoch, s.revoked_at IS NOT NULL AS revoked, t.status = 'active' AS tenant_active, t.ver AS tver \
     FROM auth_sessions AS s \
     JOIN auth_users AS u ON u.tenant_id = s.tenant_id AND u.id = s.user_id \
     JOIN auth_tenants AS t ON t.id = s.tenant_id \
     WHERE s.tenant_id = ? AND s.id = ?"
);

pub(super) async fn rotate(
    tx: &mut Tx,
    rotation: &Rotation,
    effects: &Effects,
) -> Result<RotateOutcome, StoreError> {
    let Some(Found {
        session,
        revoked,
        standing,
        user,
        tver,
    }) = find(tx, rotation).await?
    else {
        return Ok(RotateOutcome::Unknown);
    };
    let now = tx.now;
    let state = SessionState {
        session: &session,
        revoked,
        standing,
        now,
    };
    Ok(match state.decide(rotation) {
        Decision::Rotate => {
            let session = rotation.apply(&session, now);
            save(tx, &session).await?;
            RotateOutcome::Rotated(Box::new(Grant {
                session,
                user,
                tver,
                now,
            }))
        }
        Decision::Replay => RotateOutcome::Replayed(Box::new(Grant {
            session,
            user,
            tver,
            now,
        })),
        Decision::Superseded => RotateOutcome::Superseded,
        Decision::Reuse => {
            let revoked = revoke(tx, &session, Reason::Reuse, effects).await?;
            RotateOutcome::Reused {
                session: Box::new(session),
                revoked,
            }
        }
        Decision::Conflict => {
            let revoked = revoke(tx, &session, Reason::Conflict, effects).await?;
            RotateOutcome::Conflict {
                session: Box::new(session),
                revoked,
            }
        }
        Decision::Ended => RotateOutcome::Ended,
        Decision::Unknown => RotateOutcome::Unknown,
    })
}

/// A session with all that decides over it.
struct Found {
    session: Session,
    revoked: bool,
    standing: bool,
    user: User,
    tver: i64,
}

async fn find(tx: &mut Tx, rotation: &Rotation) -> Result<Option<Found>, StoreError> {
    let row = sqlx::query(FIND)
        .bind(id(rotation.tenant.as_uuid()))
        .bind(id(rotation.presented.session().as_uuid()))
        .fetch_optional(&mut tx.connection)
        .await
        .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let user = user(&row)?;
    let standing = user.status == UserStatus::Active
        && get(&row, "tenant_active")?
        && user.session_epoch == get::<i64>(&row, "epoch")?;
    Ok(Some(Found {
        session: session(&row)?,
        revoked: get(&row, "revoked")?,
        standing,
        user,
        tver: get(&row, "tver")?,
    }))
}

async fn save(tx: &mut Tx, session: &Session) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE auth_sessions SET generation = ?, root = ?, salt = ?, secret_hash = ?, \
                                  rotated_at = ?, prev_rotated_at = ?, idle_expires_at = ? \
         WHERE tenant_id = ? AND id = ?",
    )
    .bind(i64::from(session.generation))
    .bind(session.root.0.to_vec())
    .bind(session.salt.as_bytes().to_vec())
    .bind(session.secret_hash.as_bytes().to_vec())
    .bind(session.rotated_at.unix_micros())
    .bind(session.prev_rotated_at.map(Timestamp::unix_micros))
    .bind(session.idle_expires_at.unix_micros())
    .bind(id(session.tenant.as_uuid()))
    .bind(id(session.id.as_uuid()))
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn revoke(
    tx: &mut Tx,
    session: &Session,
    reason: Reason,
    effects: &Effects,
) -> Result<Revocation, StoreError> {
    let told = effects.of_theft(reason.as_str(), session.generation);
    end(tx, (session.tenant, session.id), None, reason, &told)
        .await?
        // `decide` never says so of a session that was revoked.
        .ok_or_else(|| StoreError::new(StoreErrorKind::Other, "the session was revoked before"))
}
