//! Sessions, in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use auth_core::revocation::{Revocation, Target};
use auth_core::{SessionId, TenantId, Timestamp, UserId};

use super::MemoryStore;
use super::state::State;
use super::user::UserRow;
use crate::error::{StoreError, StoreErrorKind};
use crate::traits::{
    ChangeOutcome, Committed, Effects, EndSessions, Grant, NewSession, OpenOutcome,
    REVOCATION_MARGIN, RotateOutcome, Rotation, Session, SessionStore,
};

/// A session's row.
pub(super) struct SessionRow {
    pub(super) session: Session,
    /// The user's epoch when it was opened.
    epoch: i64,
    pub(super) revoked: bool,
}

impl SessionRow {
    fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.session.idle_expires_at || now >= self.session.expires_at
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn open_session(&self, new: NewSession) -> Result<OpenOutcome, StoreError> {
        let (mut state, now) = self.lock();
        if !state.may_open(&new) {
            return Ok(OpenOutcome::Moved);
        }
        let key = (new.tenant, new.id);
        if state.sessions.contains_key(&key) {
            return Err(StoreError::new(
                StoreErrorKind::Other,
                "the session id is in use",
            ));
        }
        state.sweep_sessions(now);
        let epoch = new.seen.session_epoch;
        let session = new.open(now);
        state
            .sessions_of
            .insert((session.tenant, session.user, session.id));
        state.sessions.insert(
            key,
            SessionRow {
                session: session.clone(),
                epoch,
                revoked: false,
            },
        );
        state.tell(&self.effects, session.tenant, &session.user, now);
        // Neither is absent: `may_open` has just looked at both.
        Ok(state
            .grant(session, now)
            .map_or(OpenOutcome::Moved, |grant| {
                OpenOutcome::Opened(Box::new(grant))
            }))
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let (mut state, now) = self.lock();
        Ok(state.rotate(rotation, &self.effects, now))
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        let (mut state, now) = self.lock();
        Ok(match which {
            EndSessions::One(session) => state.end_one(&self.effects, tenant, None, session, now),
            EndSessions::OneOf(user, session) => {
                state.end_one(&self.effects, tenant, Some(user), session, now)
            }
            EndSessions::AllOf(user) => {
                let ended = state.change_user(
                    &self.effects,
                    tenant,
                    user,
                    now,
                    |_| true,
                    |row| row.user.session_epoch += 1,
                );
                let value = u64::from(matches!(ended.value, ChangeOutcome::Changed(_)));
                Committed {
                    value,
                    revoked: ended.revoked,
                }
            }
        })
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        let (state, now) = self.lock();
        let mut live: Vec<Session> = state
            .sessions_of(tenant, user)
            .filter(|row| !row.revoked && !row.is_expired(now) && state.stands(row))
            .map(|row| row.session.clone())
            .collect();
        live.sort_by_key(|session| Reverse((session.auth_time, session.id)));
        Ok(live)
    }
}

impl State {
    /// Whether tenant and user are active and the user's row still says what
    /// was seen.
    fn may_open(&self, new: &NewSession) -> bool {
        let unmoved = |row: &UserRow| {
            row.is_active() && new.seen.is_so(&row.user, row.password_hash.as_deref())
        };
        self.tenant_is_active(new.tenant)
            && self.users.get(&(new.tenant, new.user)).is_some_and(unmoved)
    }

    /// Whether tenant and user are active and the session's epoch is the
    /// user's.
    pub(super) fn stands(&self, row: &SessionRow) -> bool {
        let Session { tenant, user, .. } = row.session;
        self.tenant_is_active(tenant)
            && self
                .users
                .get(&(tenant, user))
                .is_some_and(|user| user.is_active() && user.user.session_epoch == row.epoch)
    }

    pub(super) fn grant(&self, session: Session, now: Timestamp) -> Option<Grant> {
        let user = self
            .users
            .get(&(session.tenant, session.user))?
            .user
            .clone();
        let tver = self.tenants.get(&session.tenant)?.ver;
        Some(Grant {
            session,
            user,
            tver,
            now,
        })
    }

    fn sessions_of(&self, tenant: TenantId, user: UserId) -> impl Iterator<Item = &SessionRow> {
        let all = |id| (tenant, user, SessionId::from_uuid(id));
        self.sessions_of
            .range(all(uuid::Uuid::nil())..=all(uuid::Uuid::max()))
            .filter_map(|(tenant, _, session)| self.sessions.get(&(*tenant, *session)))
    }

    /// Ends a session that was not ended before, if it is `user`'s where one is
    /// named. An expired one too: its last access token may outlive it.
    fn end_one(
        &mut self,
        effects: &Effects,
        tenant: TenantId,
        user: Option<UserId>,
        id: SessionId,
        now: Timestamp,
    ) -> Committed<u64> {
        let session = self
            .sessions
            .get(&(tenant, id))
            .filter(|row| !row.revoked && user.is_none_or(|user| user == row.session.user))
            .map(|row| row.session.clone());
        match session {
            Some(session) => {
                let revoked = vec![self.revoke_session(&session, now)];
                self.tell(effects, tenant, &session.user, now);
                Committed { value: 1, revoked }
            }
            None => Committed::quiet(0),
        }
    }

    pub(super) fn revoke_session(&mut self, session: &Session, now: Timestamp) -> Revocation {
        if let Some(row) = self.sessions.get_mut(&(session.tenant, session.id)) {
            row.revoked = true;
        }
        self.revoke(
            Target::Session {
                tenant: session.tenant,
                session: session.id,
            },
            now,
        )
    }

    /// Forgets sessions whose last access token has expired, each time their
    /// number has doubled.
    fn sweep_sessions(&mut self, now: Timestamp) {
        const SWEEP_FROM: usize = 1024;
        if self.sessions.len() < self.sweep_at.max(SWEEP_FROM) {
            return;
        }
        let tokens_expired_at = now - (self.max_token_lifetime + REVOCATION_MARGIN);
        self.sessions
            .retain(|_, row| !row.is_expired(tokens_expired_at));
        let Self {
            sessions,
            sessions_of,
            ..
        } = self;
        sessions_of.retain(|(tenant, _, session)| sessions.contains_key(&(*tenant, *session)));
        self.sweep_at = self.sessions.len() * 2;
    }
}
