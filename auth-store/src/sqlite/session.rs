//! Sessions. Opening and rotating them have files of their own.

use async_trait::async_trait;
use auth_core::revocation::{Revocation, Target};
use auth_core::{SessionId, TenantId, UserId};

use super::error::failed;
use super::row::{session, session_columns, uuid};
use super::writer::Tx;
use super::{SqliteStore, id, log, open, outbox, rotate};
use crate::error::StoreError;
use crate::traits::{
    ChangeOutcome, Committed, Effects, EndSessions, NewSession, OpenOutcome, RotateOutcome,
    Rotation, Session, SessionStore,
};

pub(super) const LIST: &str = concat!(
    "SELECT ",
    session_columns!(),
    " FROM auth_users AS u JOIN auth_tenants AS t ON t.id = u.tenant_id \
      JOIN auth_sessions AS s \
        ON s.tenant_id = u.tenant_id AND s.user_id = u.id AND s.epoch = u.session_epoch \
     WHERE u.tenant_id = ?1 AND u.id = ?2 AND u.status = 'active' AND t.status = 'active' \
       AND s.revoked_at IS NULL AND s.idle_expires_at > ?3 AND s.expires_at > ?3 \
     ORDER BY s.auth_time DESC, s.id DESC"
);

#[async_trait]
impl SessionStore for SqliteStore {
    async fn open_session(&self, session: NewSession) -> Result<OpenOutcome, StoreError> {
        let effects = self.effects.clone();
        self.write(move |tx| Box::pin(open::open(tx, session, effects)))
            .await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let (rotation, effects) = (rotation.clone(), self.effects.clone());
        self.write(move |tx| Box::pin(async move { rotate::rotate(tx, &rotation, &effects).await }))
            .await
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        let (user, session) = match which {
            EndSessions::One(session) => (None, session),
            EndSessions::OneOf(user, session) => (Some(user), session),
            EndSessions::AllOf(user) => {
                let ended = self
                    .change_user(tenant, user, |_| true, |row| row.user.session_epoch += 1)
                    .await?;
                let value = u64::from(matches!(ended.value, ChangeOutcome::Changed(_)));
                return Ok(Committed {
                    value,
                    revoked: ended.revoked,
                });
            }
        };
        let effects = self.effects.clone();
        self.write(move |tx| {
            Box::pin(async move {
                let target = (tenant, session);
                Ok(
                    match end(tx, target, user, Reason::Ended, &effects).await? {
                        Some(revoked) => Committed {
                            value: 1,
                            revoked: vec![revoked],
                        },
                        None => Committed::quiet(0),
                    },
                )
            })
        })
        .await
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        let rows = sqlx::query(LIST)
            .bind(id(tenant.as_uuid()))
            .bind(id(user.as_uuid()))
            .bind(self.writer.now().unix_micros())
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(session).collect()
    }
}

/// Why a session was ended before it expired.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    Ended,
    Reuse,
    Conflict,
}

impl Reason {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Reuse => "reuse",
            Self::Conflict => "conflict",
        }
    }
}

/// Ends a session that was not ended before, if it is `user`'s where one is
/// named. An expired one too: its last access token may outlive it.
pub(super) async fn end(
    tx: &mut Tx,
    (tenant, session): (TenantId, SessionId),
    user: Option<UserId>,
    reason: Reason,
    effects: &Effects,
) -> Result<Option<Revocation>, StoreError> {
    let ended = sqlx::query(
        "UPDATE auth_sessions SET revoked_at = ?1, revoked_reason = ?2 \
         WHERE tenant_id = ?3 AND id = ?4 AND revoked_at IS NULL AND (?5 IS NULL OR user_id = ?5) \
         RETURNING user_id",
    )
    .bind(tx.now.unix_micros())
    .bind(reason.as_str())
    .bind(id(tenant.as_uuid()))
    .bind(id(session.as_uuid()))
    .bind(user.map(|user| id(user.as_uuid())))
    .fetch_optional(&mut tx.connection)
    .await
    .map_err(failed)?;
    let Some(row) = ended else {
        return Ok(None);
    };
    let user = UserId::from_uuid(uuid(&row, "user_id")?);
    outbox::tell(tx, effects, tenant, user).await?;
    let target = Target::Session { tenant, session };
    log::append(tx, target).await.map(Some)
}
