//! The state table, got wrong.

use std::time::Duration;

use auth_core::revocation::Revocation;
use auth_store::{
    Decision, EndSessions, Grant, RotateOutcome, Rotation, Session, SessionState, SessionStore,
    StoreError, User, UserStatus, UserStore,
};

use super::{Flaw, Flawed, Row, Rows};

impl Flawed {
    pub(super) async fn rotate(&self, rotation: &Rotation) -> Result<RotateOutcome, StoreError> {
        let mut rotation = rotation.clone();
        rotation.tenant = self.tenant(rotation.tenant);
        let id = rotation.presented.session();
        let unknown = if self.has(Flaw::UnknownIsEnded) {
            RotateOutcome::Ended
        } else {
            RotateOutcome::Unknown
        };
        let mut rows = self.rows.lock().await;
        let Some(mut row) = rows.sessions.get(&id).cloned() else {
            return Ok(unknown);
        };
        // Before the tenant's status: a token of an active one has an old version
        // when it is disabled in between.
        let tver = self.tver(row.session.tenant).await?;
        let Some(found) = self
            .inner
            .user(row.session.tenant, row.session.user)
            .await?
        else {
            return Ok(unknown);
        };
        let tenant_stands = self.tenant_stands(&found);
        let mut user = found.user;
        let mut decision = self.decide(&mut rotation, &row, &user, tenant_stands);
        match self.flaw {
            Flaw::RotationIsFromAStaleRead => {
                drop(rows);
                self.meanwhile().await;
                rows = self.rows.lock().await;
            }
            // Two statements: may it be rotated, and then rotate it.
            Flaw::StandingIsFromAStaleRead => {
                drop(rows);
                self.meanwhile().await;
                rows = self.rows.lock().await;
                let found = self
                    .inner
                    .user(row.session.tenant, row.session.user)
                    .await?;
                user = found.map_or(user, |found| found.user);
                row = rows.sessions.get(&id).cloned().unwrap_or(row);
                if decision != Decision::Ended {
                    let standing = Row {
                        revoked: false,
                        epoch: user.session_epoch,
                        ..row.clone()
                    };
                    let active = User {
                        status: UserStatus::Active,
                        ..user.clone()
                    };
                    decision = self.decide(&mut rotation, &standing, &active, true);
                }
            }
            _ => {}
        }
        match self.flaw {
            Flaw::UserIsFromTheLogIn => user = row.user.clone(),
            Flaw::RolesAreFromTheLogIn => user.roles.clone_from(&row.user.roles),
            _ => {}
        }
        self.carry_out(rows, decision, &rotation, row, (user, tver), unknown)
            .await
    }

    fn decide(
        &self,
        rotation: &mut Rotation,
        row: &Row,
        user: &User,
        tenant_stands: bool,
    ) -> Decision {
        let mut session = row.session.clone();
        let mut revoked = row.revoked;
        let mut standing =
            user.status == UserStatus::Active && user.session_epoch == row.epoch && tenant_stands;
        let now = self.now();
        let age = session
            .generation
            .checked_sub(rotation.presented.generation());
        match self.flaw {
            Flaw::ClientIsNotChecked => rotation.client = session.client.clone(),
            Flaw::StandingIsNotChecked => standing = true,
            Flaw::RevokedIsNotChecked => revoked = false,
            Flaw::IdleIsNotChecked => session.idle_expires_at = session.expires_at,
            Flaw::IdleEndsEarly => {
                session.idle_expires_at = session.idle_expires_at - Duration::from_secs(7200);
            }
            Flaw::AbsoluteIsNotChecked => session.expires_at = session.idle_expires_at,
            Flaw::ReplayIsRefused => rotation.grace = Duration::ZERO,
            Flaw::GraceIsOneTooLong => rotation.grace += Duration::from_micros(1),
            Flaw::GraceIsUnbounded if !rotation.grace.is_zero() => {
                session.rotated_at = now;
            }
            Flaw::GraceOfTheNextTokenCounts => session.prev_rotated_at = Some(session.rotated_at),
            _ => {}
        }
        let found = SessionState {
            session: &session,
            revoked,
            standing,
            now,
        };
        let mut decision = found.decide(rotation);
        if self.has(Flaw::GraceIsOneTooLong) && decision == Decision::Reuse && age == Some(1) {
            let is_within = now <= session.rotated_at + rotation.grace.min(Rotation::MAX_GRACE);
            decision = if is_within {
                Decision::Replay
            } else {
                decision
            };
        }
        match (self.flaw, decision, age) {
            (Flaw::SupersededIsReuse, Decision::Superseded, _) => Decision::Reuse,
            (Flaw::OldTokensAreForgiven, Decision::Reuse, Some(3..)) => Decision::Superseded,
            (Flaw::ConflictIsForgiven, Decision::Conflict, Some(0)) => Decision::Unknown,
            (Flaw::FutureIsForgiven, Decision::Conflict, None) => Decision::Superseded,
            (Flaw::SpentSecretIsNotChecked, Decision::Reuse, Some(1))
                if !rotation.grace.is_zero() =>
            {
                Decision::Replay
            }
            (Flaw::SupersededIsReplayOfAnything, Decision::Superseded, _) => Decision::Replay,
            (Flaw::EveryReuseIsFound, Decision::Ended, Some(1..)) => Decision::Reuse,
            (_, decision, _) => decision,
        }
    }

    async fn carry_out(
        &self,
        mut rows: tokio::sync::MutexGuard<'_, Rows>,
        decision: Decision,
        rotation: &Rotation,
        row: Row,
        (user, tver): (User, i64),
        unknown: RotateOutcome,
    ) -> Result<RotateOutcome, StoreError> {
        let (id, now) = (row.session.id, self.now());
        let grant = |session: Session| {
            Box::new(Grant {
                session,
                user,
                tver,
                now,
            })
        };
        Ok(match decision {
            Decision::Rotate => {
                let next = self.next(rotation, &row.session);
                if self.has(Flaw::RotationIsTwoSteps) {
                    if let Some(stored) = rows.sessions.get_mut(&id) {
                        stored.session.generation = next.generation;
                    }
                    self.meanwhile().await;
                }
                rows.sessions.insert(
                    id,
                    Row {
                        session: next.clone(),
                        ..row
                    },
                );
                RotateOutcome::Rotated(grant(next))
            }
            Decision::Replay => match self.flaw {
                Flaw::ReplayIsRotation => RotateOutcome::Rotated(grant(row.session)),
                Flaw::ReplayExtendsIdle => {
                    let mut session = row.session.clone();
                    session.idle_expires_at = now + rotation.idle;
                    rows.sessions.insert(
                        id,
                        Row {
                            session: session.clone(),
                            ..row
                        },
                    );
                    RotateOutcome::Replayed(grant(session))
                }
                Flaw::ReplayNamesItsOwnRoot => {
                    let session = Session {
                        root: rotation.root,
                        ..row.session
                    };
                    RotateOutcome::Replayed(grant(session))
                }
                _ => RotateOutcome::Replayed(grant(row.session)),
            },
            Decision::Superseded => RotateOutcome::Superseded,
            Decision::Ended => RotateOutcome::Ended,
            Decision::Unknown => unknown,
            Decision::Reuse | Decision::Conflict => {
                let revoked = self.revoke(&mut rows, &row.session).await?;
                let session = Box::new(row.session);
                match decision {
                    Decision::Reuse => RotateOutcome::Reused { session, revoked },
                    _ => RotateOutcome::Conflict { session, revoked },
                }
            }
        })
    }

    /// The next generation, as a careless statement writes it.
    fn next(&self, rotation: &Rotation, session: &Session) -> Session {
        let mut next = rotation.apply(session, self.now());
        match self.flaw {
            Flaw::TimesAreNotMoved => next.prev_rotated_at = session.prev_rotated_at,
            Flaw::AbsoluteIsExtended => {
                next.expires_at = self.now() + Duration::from_secs(30 * 3600);
            }
            Flaw::AbsoluteIsNotChecked => next.idle_expires_at = self.now() + rotation.idle,
            Flaw::RootIsNeverMoved => next.root = session.root,
            _ => {}
        }
        next
    }

    async fn revoke(&self, rows: &mut Rows, session: &Session) -> Result<Revocation, StoreError> {
        let (tenant, id) = (session.tenant, session.id);
        if let Some(row) = rows.sessions.get_mut(&id) {
            row.revoked = !self.has(Flaw::ReuseLeavesTheSession);
        }
        let target = auth_core::revocation::Target::Session {
            tenant,
            session: id,
        };
        let made_up = Revocation {
            target,
            expires_at: self.now() + Duration::from_secs(7320),
        };
        if self.has(Flaw::ReuseIsNotLogged) {
            return Ok(made_up);
        }
        let ended = self
            .inner
            .end_sessions(tenant, EndSessions::One(id))
            .await?;
        Ok(self
            .returned(ended.revoked)
            .first()
            .copied()
            .unwrap_or(made_up))
    }
}
