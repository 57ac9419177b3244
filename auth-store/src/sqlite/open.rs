//! Opening a session, under the write lock.

use super::error::failed;
use super::row::{get, user_columns, user_record};
use super::writer::Tx;
use super::{FORGOTTEN_AFTER, id, list, outbox};
use crate::error::{StoreError, StoreErrorKind};
use crate::traits::{Effects, Grant, NewSession, OpenOutcome, Seen, Session};

pub(super) const USER: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", t.status = 'active' AS tenant_active, t.ver AS tver \
     FROM auth_users AS u JOIN auth_tenants AS t ON t.id = u.tenant_id \
     WHERE u.tenant_id = ? AND u.id = ?"
);

pub(super) const FORGET: &str = "\
    DELETE FROM auth_sessions WHERE (tenant_id, id) IN \
        (SELECT tenant_id, id FROM auth_sessions WHERE expires_at < ? ORDER BY expires_at LIMIT 100)";

pub(super) async fn open(
    tx: &mut Tx,
    new: NewSession,
    effects: Effects,
) -> Result<OpenOutcome, StoreError> {
    let row = sqlx::query(USER)
        .bind(id(new.tenant.as_uuid()))
        .bind(id(new.user.as_uuid()))
        .fetch_optional(&mut tx.connection)
        .await
        .map_err(failed)?;
    let Some(row) = row else {
        return Ok(OpenOutcome::Moved);
    };
    let found = user_record(&row)?;
    let Seen {
        ver,
        session_epoch,
        password_hash,
    } = &new.seen;
    let unmoved = found.user.ver == *ver
        && found.user.session_epoch == *session_epoch
        && found.password_hash == *password_hash;
    if !(unmoved && found.is_active()) {
        return Ok(OpenOutcome::Moved);
    }
    forget_ended(tx).await?;
    let session = new.open(tx.now);
    insert(tx, &session, found.user.session_epoch).await?;
    outbox::tell(tx, &effects, session.tenant, session.user).await?;
    let grant = Grant {
        session,
        user: found.user,
        tver: get(&row, "tver")?,
        now: tx.now,
    };
    Ok(OpenOutcome::Opened(Box::new(grant)))
}

async fn insert(tx: &mut Tx, session: &Session, epoch: i64) -> Result<(), StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO auth_sessions (tenant_id, id, user_id, epoch, client_id, scope, amr, auth_time, \
                                    device, generation, root, salt, secret_hash, rotated_at, \
                                    idle_expires_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(id(session.tenant.as_uuid()))
    .bind(id(session.id.as_uuid()))
    .bind(id(session.user.as_uuid()))
    .bind(epoch)
    .bind(session.client.as_str())
    .bind(session.scope.to_string())
    .bind(list::encode(&session.amr))
    .bind(session.auth_time.unix_micros())
    .bind(session.device.as_deref())
    .bind(i64::from(session.generation))
    .bind(session.root.0.to_vec())
    .bind(session.salt.as_bytes().to_vec())
    .bind(session.secret_hash.as_bytes().to_vec())
    .bind(session.rotated_at.unix_micros())
    .bind(session.idle_expires_at.unix_micros())
    .bind(session.expires_at.unix_micros())
    .execute(&mut tx.connection)
    .await
    .map_err(failed)?;
    match inserted.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::new(
            StoreErrorKind::Other,
            "the session id is in use",
        )),
    }
}

async fn forget_ended(tx: &mut Tx) -> Result<(), StoreError> {
    sqlx::query(FORGET)
        .bind((tx.now - FORGOTTEN_AFTER).unix_micros())
        .execute(&mut tx.connection)
        .await
        .map_err(failed)?;
    Ok(())
}
