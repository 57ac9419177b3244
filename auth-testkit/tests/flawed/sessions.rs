//! Sessions are opened, ended and listed wrongly.

use std::cmp::Reverse;
use std::time::Duration;

use async_trait::async_trait;
use auth_core::revocation::Target;
use auth_core::{SessionId, TenantId, UserId};
use auth_store::{
    Committed, EndSessions, NewSession, OpenOutcome, RotateOutcome, Rotation, Seen, Session,
    SessionStore, StoreError, UserRecord, UserStatus, UserStore,
};
use tokio::sync::oneshot;

use super::{Flaw, Flawed, Row};

impl Flawed {
    /// What the user's row says now, whatever was seen.
    async fn seen_now(&self, tenant: TenantId, user: UserId) -> Result<Option<Seen>, StoreError> {
        let found = self.inner.user(tenant, user).await?;
        Ok(found.map(
            |UserRecord {
                 user,
                 password_hash,
                 ..
             }| Seen {
                ver: user.ver,
                session_epoch: user.session_epoch,
                password_hash,
            },
        ))
    }

    async fn open(&self, new: NewSession) -> Result<OpenOutcome, StoreError> {
        let mut rows = self.rows.lock().await;
        let known = rows.sessions.get(&new.id).map(|row| row.session.clone());
        let outcome = match (self.inner.open_session(new.clone()).await, known) {
            (Err(_), Some(known)) if self.has(Flaw::SessionIdOverwrites) => {
                let other = NewSession {
                    id: SessionId::from_uuid(*new.user.as_uuid()),
                    ..new
                };
                let mut outcome = self.inner.open_session(other).await?;
                if let OpenOutcome::Opened(grant) = &mut outcome {
                    grant.session.id = known.id;
                }
                outcome
            }
            (outcome, _) => outcome?,
        };
        if let OpenOutcome::Opened(grant) = &outcome {
            if self.has(Flaw::SecondSessionReplacesFirst) {
                rows.sessions
                    .retain(|_, row| row.session.user != grant.user.id);
            }
            let (session, user) = (grant.session.clone(), grant.user.clone());
            let row = Row {
                session,
                epoch: user.session_epoch,
                revoked: false,
                user,
            };
            rows.sessions.insert(row.session.id, row);
        }
        Ok(outcome)
    }

    async fn end_one(
        &self,
        tenant: TenantId,
        user: Option<UserId>,
        id: SessionId,
    ) -> Result<Committed<u64>, StoreError> {
        let which = user.map_or(EndSessions::One(id), |user| EndSessions::OneOf(user, id));
        if self.has(Flaw::EndReadsThenWrites) {
            let is_live = self
                .rows
                .lock()
                .await
                .sessions
                .get(&id)
                .is_some_and(|row| !row.revoked);
            self.meanwhile().await;
            if is_live {
                let mut ended = self.inner.end_sessions(tenant, which).await?;
                ended.value = 1;
                return Ok(ended);
            }
        }
        if self.has(Flaw::EndIsTwoSteps) {
            if let Some(row) = self.rows.lock().await.sessions.get_mut(&id) {
                row.revoked = true;
            }
            self.meanwhile().await;
        }
        let mut rows = self.rows.lock().await;
        let now = self.now();
        let row = rows
            .sessions
            .get_mut(&id)
            .filter(|row| row.session.tenant == tenant);
        let expired = row
            .as_ref()
            .is_some_and(|row| now >= row.session.idle_expires_at);
        if expired && self.has(Flaw::ExpiredIsNotEnded) {
            return Ok(Committed::quiet(0));
        }
        let ended = self.inner.end_sessions(tenant, which).await?;
        if let Some(row) = row.filter(|_| ended.value == 1) {
            row.revoked = true;
        }
        Ok(ended)
    }

    /// Says what will be revoked, and does it later.
    async fn end_later(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        let expires_at = self.now() + Duration::from_secs(3600);
        let target = match which {
            EndSessions::One(session) | EndSessions::OneOf(_, session) => {
                Target::Session { tenant, session }
            }
            EndSessions::AllOf(user) => {
                let seen = self.seen_now(tenant, user).await?;
                Target::User {
                    tenant,
                    user,
                    floor: seen.map_or(0, |seen| seen.ver) + 1,
                }
            }
            _ => return Ok(Committed::quiet(0)),
        };
        let later = Self {
            flaw: Flaw::None,
            ..self.clone()
        };
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let _ = later.end_sessions(tenant, which).await;
        });
        let revoked = vec![auth_core::revocation::Revocation { target, expires_at }];
        Ok(Committed { value: 1, revoked })
    }
}

#[async_trait]
impl SessionStore for Flawed {
    async fn open_session(&self, mut new: NewSession) -> Result<OpenOutcome, StoreError> {
        self.connect().await?;
        new.tenant = self.tenant(new.tenant);
        new.device = new.device.map(|device| self.text(device));
        new.amr = self.texts(new.amr);
        let (tenant, user) = (new.tenant, new.user);
        let now = self.seen_now(tenant, user).await?;
        match (self.flaw, now) {
            (Flaw::NullIsNeverEqual, _) if new.seen.password_hash.is_none() => {
                return Ok(OpenOutcome::Moved);
            }
            (Flaw::SeenIsIgnored, Some(now)) => new.seen = now,
            (Flaw::SeenIsReadThenWritten, Some(now)) if now == new.seen => {
                self.meanwhile().await;
                new.seen = self.seen_now(tenant, user).await?.unwrap_or(now);
            }
            (Flaw::HashComparesWithoutCase, Some(now)) => {
                let fold = |hash: &Option<String>| hash.as_ref().map(|hash| hash.to_lowercase());
                if fold(&now.password_hash) == fold(&new.seen.password_hash) {
                    new.seen.password_hash = now.password_hash;
                }
            }
            (Flaw::DeviceIsLost, _) => new.device = None,
            (Flaw::TimesOverflow, _) => {
                i64::try_from(new.absolute.as_micros()).expect("the lifetime fits the column");
            }
            (Flaw::LogInGoesOnWhenDropped, Some(_)) => {
                let this = self.clone();
                let (is_wanted, wanted) = oneshot::channel();
                let opening = tokio::spawn(async move {
                    if wanted.await.is_err() {
                        // When whoever gave it up has gone on.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    if let Some(seen) = this.seen_now(tenant, user).await? {
                        new.seen = seen;
                    }
                    this.open(new).await
                });
                self.meanwhile().await;
                is_wanted.send(()).expect("it waits for that");
                return opening.await.expect("opening does not panic");
            }
            _ => {}
        }
        self.open(new).await
    }

    async fn rotate_session(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        self.connect().await?;
        self.rotate(rotation).await
    }

    async fn end_sessions(
        &self,
        tenant: TenantId,
        which: EndSessions,
    ) -> Result<Committed<u64>, StoreError> {
        self.connect().await?;
        let tenant = self.tenant(tenant);
        if self.has(Flaw::EndIsLater) {
            return self.end_later(tenant, which).await;
        }
        let lifetime = self.rows.lock().await.lifetime;
        if self.has(Flaw::LifetimeIsReadThenWritten) {
            self.meanwhile().await;
        }
        let mut ended = match (which, self.flaw) {
            (EndSessions::OneOf(_, id), Flaw::EndsAnybodys) | (EndSessions::One(id), _) => {
                self.end_one(tenant, None, id).await?
            }
            (EndSessions::OneOf(user, id), _) => self.end_one(tenant, Some(user), id).await?,
            (EndSessions::AllOf(user), Flaw::EndOfAllLoops) => {
                let mut all = Committed::quiet(0);
                for session in self.sessions(tenant, user).await? {
                    let one = self.end_one(tenant, None, session.id).await?;
                    all.value += one.value;
                    all.revoked.extend(one.revoked);
                }
                all
            }
            (EndSessions::AllOf(user), Flaw::EndOfAllOnce)
                if self.sessions(tenant, user).await?.is_empty() =>
            {
                Committed::quiet(0)
            }
            _ => self.inner.end_sessions(tenant, which).await?,
        };
        match (self.flaw, which) {
            (Flaw::EndsOnceMore | Flaw::EndOfGhostsCounts, EndSessions::AllOf(_)) => {
                ended.value = 1;
            }
            (Flaw::EndsOnceMore, _) => ended.value = 1,
            (Flaw::EndsAllForOne, EndSessions::One(id) | EndSessions::OneOf(_, id)) => {
                let row = self.rows.lock().await.sessions.get(&id).cloned();
                if let Some(row) = row {
                    let all = EndSessions::AllOf(row.session.user);
                    let _ = self.inner.end_sessions(tenant, all).await?;
                }
            }
            (Flaw::LifetimeIsReadThenWritten, _) => {
                for row in &mut ended.revoked {
                    row.expires_at = self.now() + lifetime + Duration::from_secs(120);
                }
            }
            _ => {}
        }
        Ok(Committed {
            revoked: self.returned(ended.revoked),
            ..ended
        })
    }

    async fn sessions(&self, tenant: TenantId, user: UserId) -> Result<Vec<Session>, StoreError> {
        self.connect().await?;
        let tenant = self.tenant(tenant);
        let rows = self.rows.lock().await;
        let (found, now) = (self.inner.user(tenant, user).await?, self.now());
        let stands = |row: &Row| {
            let user = found.as_ref().map(|record| &record.user);
            user.is_some_and(|user| {
                user.status == UserStatus::Active && user.session_epoch == row.epoch
            }) && found
                .as_ref()
                .is_some_and(|found| self.tenant_stands(found))
                && !row.revoked
                && now < row.session.idle_expires_at
                && now < row.session.expires_at
        };
        let of_user = |session: &Session| session.tenant == tenant && session.user == user;
        let mut sessions: Vec<Session> = rows
            .sessions
            .values()
            .filter(|row| of_user(&row.session))
            .filter(|row| self.has(Flaw::ListHasTheDead) || stands(row))
            .map(|row| row.session.clone())
            .collect();
        sessions.sort_by_key(|session| Reverse((session.auth_time, session.id)));
        if self.has(Flaw::ListIsOldestFirst) {
            sessions.reverse();
        }
        Ok(sessions)
    }
}
