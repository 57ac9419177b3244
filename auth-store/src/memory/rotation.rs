//! Rotation, in memory.

use auth_core::Timestamp;

use super::state::State;
use crate::traits::{Decision, Effects, RotateOutcome, Rotation, SessionState};

impl State {
    /// Answers a presented token, and writes what the answer implies.
    pub(super) fn rotate(
        &mut self,
        rotation: &Rotation,
        effects: &Effects,
        now: Timestamp,
    ) -> RotateOutcome {
        let Some(row) = self
            .sessions
            .get(&(rotation.tenant, rotation.presented.session()))
        else {
            return RotateOutcome::Unknown;
        };
        let session = row.session.clone();
        let (revoked, standing) = (row.revoked, self.stands(row));
        let found = SessionState {
            session: &session,
            revoked,
            standing,
            now,
        };
        match found.decide(rotation) {
            Decision::Rotate => {
                let next = rotation.apply(&session, now);
                let Some(grant) = self.grant(next.clone(), now) else {
                    return RotateOutcome::Ended;
                };
                if let Some(row) = self.sessions.get_mut(&(next.tenant, next.id)) {
                    row.session = next;
                }
                RotateOutcome::Rotated(Box::new(grant))
            }
            Decision::Replay => match self.grant(session, now) {
                Some(grant) => RotateOutcome::Replayed(Box::new(grant)),
                None => RotateOutcome::Ended,
            },
            Decision::Superseded => RotateOutcome::Superseded,
            Decision::Reuse => {
                let revoked = self.revoke_session(&session, now);
                self.tell(
                    &effects.of_theft("reuse", session.generation),
                    session.tenant,
                    &session.user,
                    now,
                );
                RotateOutcome::Reused {
                    session: Box::new(session),
                    revoked,
                }
            }
            Decision::Conflict => {
                let revoked = self.revoke_session(&session, now);
                self.tell(
                    &effects.of_theft("conflict", session.generation),
                    session.tenant,
                    &session.user,
                    now,
                );
                RotateOutcome::Conflict {
                    session: Box::new(session),
                    revoked,
                }
            }
            Decision::Ended => RotateOutcome::Ended,
            Decision::Unknown => RotateOutcome::Unknown,
        }
    }
}
