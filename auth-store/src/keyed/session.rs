//! Sessions, under keys.

use std::cmp::Reverse;

use async_trait::async_trait;
use auth_core::revocation::{Revocation, Target};
use auth_core::{SessionId, TenantId, UserId};

use super::KeyedStore;
use super::database::Database;
use super::row::{SessionRow, UserRow};
use super::tx::{Tx, View, session_key, session_of_key};
use crate::error::StoreError;
use crate::traits::{
    ChangeOutcome, Committed, Decision, EndSessions, Grant, NewSession, OpenOutcome,
    REVOCATION_MARGIN, RotateOutcome, Rotation, Session, SessionState, SessionStore,
};

#[async_trait]
impl<D: Database> SessionStore for KeyedStore<D> {
    async fn open_session(&self, new: NewSession) -> Result<OpenOutcome, StoreError> {
        self.write(move |tx| tx.open(new.clone())).await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let rotation = rotation.clone();
        self.write(move |tx| tx.rotate(&rotation)).await
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        self.write(move |tx| match which {
            EndSessions::One(session) => tx.end_one(tenant, None, session),
            EndSessions::OneOf(user, session) => tx.end_one(tenant, Some(user), session),
            EndSessions::AllOf(user) => {
                let next_epoch = |row: &mut UserRow| row.user.session_epoch += 1;
                let ended = tx.change_user(tenant, user, |_| true, next_epoch)?;
                Ok(Committed {
                    value: u64::from(matches!(ended.value, ChangeOutcome::Changed(_))),
                    revoked: ended.revoked,
                })
            }
        })
        .await
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.read(move |view| {
            let mut live = Vec::new();
            for row in view.sessions_of(tenant, user)? {
                if !row.revoked && !row.is_expired(view.now) && view.stands(&row)? {
                    live.push(row.session);
                }
            }
            live.sort_by_key(|session| Reverse((session.auth_time, session.id)));
            Ok(live)
        })
        .await
    }
}

impl View<'_> {
    /// Whether tenant and user are active and the session's epoch is the user's.
    fn stands(&self, row: &SessionRow) -> Result<bool, StoreError> {
        let Session { tenant, user, .. } = row.session;
        let stands = |user: UserRow| user.is_active() && user.user.session_epoch == row.epoch;
        let user = self.user(tenant, user)?;
        Ok(user.is_some_and(stands) && self.tenant_is_active(tenant)?)
    }

    fn grant(&self, session: Session) -> Result<Option<Box<Grant>>, StoreError> {
        let user = self.user(session.tenant, session.user)?;
        let tenant = self.tenant(session.tenant)?;
        Ok(user.zip(tenant).map(|(row, tenant)| {
            Box::new(Grant {
                session,
                user: row.user,
                tver: tenant.ver,
                now: self.now,
            })
        }))
    }
}

impl Tx<'_> {
    fn open(&mut self, new: NewSession) -> Result<OpenOutcome, StoreError> {
        let active = self.view().tenant_is_active(new.tenant)?;
        let user = self.view().user(new.tenant, new.user)?;
        let unmoved = |row: &UserRow| {
            row.is_active() && new.seen.is_so(&row.user, row.password_hash.as_deref())
        };
        let Some(user) = user.filter(|row| active && unmoved(row)) else {
            return Ok(OpenOutcome::Moved);
        };
        self.sweep(new.tenant, new.user)?;
        let row = SessionRow {
            session: new.open(self.now),
            epoch: user.user.session_epoch,
            revoked: false,
        };
        let Session {
            tenant, user, id, ..
        } = row.session;
        self.add(&session_key(tenant, id), &row)?;
        self.put(&session_of_key(tenant, user, id), &())?;
        let grant = self.view().grant(row.session)?;
        Ok(grant.map_or(OpenOutcome::Moved, OpenOutcome::Opened))
    }

    fn rotate(&mut self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let found = self
            .view()
            .session(rotation.tenant, rotation.presented.session())?;
        let Some(mut row) = found else {
            return Ok(RotateOutcome::Unknown);
        };
        let state = SessionState {
            session: &row.session,
            revoked: row.revoked,
            standing: self.view().stands(&row)?,
            now: self.now,
        };
        let ended = |grant: Option<_>, to: fn(_) -> _| grant.map_or(RotateOutcome::Ended, to);
        Ok(match state.decide(rotation) {
            Decision::Rotate => {
                row.session = rotation.apply(&row.session, self.now);
                self.put(&session_key(rotation.tenant, row.session.id), &row)?;
                ended(self.view().grant(row.session)?, RotateOutcome::Rotated)
            }
            Decision::Replay => ended(self.view().grant(row.session)?, RotateOutcome::Replayed),
            Decision::Superseded => RotateOutcome::Superseded,
            Decision::Reuse => RotateOutcome::Reused {
                revoked: self.revoke_session(&row)?,
                session: Box::new(row.session),
            },
            Decision::Conflict => RotateOutcome::Conflict {
                revoked: self.revoke_session(&row)?,
                session: Box::new(row.session),
            },
            Decision::Ended => RotateOutcome::Ended,
            Decision::Unknown => RotateOutcome::Unknown,
        })
    }

    /// Ends a session that was not ended before, if it is `user`'s where one is named.
    fn end_one(
        &mut self,
        tenant: TenantId,
        user: Option<UserId>,
        session: SessionId,
    ) -> Result<Committed<u64>, StoreError> {
        let is_meant =
            |row: &SessionRow| !row.revoked && user.is_none_or(|user| user == row.session.user);
        let Some(row) = self.view().session(tenant, session)?.filter(is_meant) else {
            return Ok(Committed::quiet(0));
        };
        Ok(Committed {
            value: 1,
            revoked: vec![self.revoke_session(&row)?],
        })
    }

    fn revoke_session(&mut self, row: &SessionRow) -> Result<Revocation, StoreError> {
        let Session {
            tenant,
            id: session,
            ..
        } = row.session;
        let revoked = SessionRow {
            revoked: true,
            ..row.clone()
        };
        self.put(&session_key(tenant, session), &revoked)?;
        self.revoke(Target::Session { tenant, session })
    }

    /// Forgets the user's sessions whose last access token has expired.
    fn sweep(&mut self, tenant: TenantId, user: UserId) -> Result<(), StoreError> {
        let lifetime = self.view().settings()?.max_token_lifetime;
        let tokens_expired_at = self.now - (lifetime + REVOCATION_MARGIN);
        for row in self.view().sessions_of(tenant, user)? {
            if row.is_expired(tokens_expired_at) {
                let id = row.session.id;
                self.rows.remove(&session_key(tenant, id))?;
                self.rows.remove(&session_of_key(tenant, user, id))?;
            }
        }
        Ok(())
    }
}
