//! Revoking races with logging in.

use auth_store::{OpenOutcome, RotateOutcome};

use super::Subject;
use super::race::{a_while, both};
use super::revoking::{ROUNDS, Way, is_covered};
use super::tokens::Held;
use super::world::{World, holds};

async fn log_in_races(subject: &dyn Subject, way: Way) {
    let world = World::new(subject).await;
    for round in 0..ROUNDS {
        let user = world.user_of(way.tenant(&world).await).await;
        let (session, secret) = world.new_session(&user, world.seen(&user).await);
        let (at_door, at_end) = (world.handle(round), world.handle(round / 2));
        let opening = async move {
            a_while(round / 8).await;
            at_door.open_session(session).await.unwrap()
        };
        let ending = {
            let user = user.clone();
            async move {
                a_while(round).await;
                way.end(&*at_end, &user, None).await
            }
        };
        let (opened, revoked) = both(opening, ending).await;
        let contract = "no session that was opened with what is no longer so is alive";
        assert_eq!(
            world.second.sessions(user.tenant, user.id).await.unwrap(),
            [],
            "{contract}"
        );
        match opened {
            OpenOutcome::Moved => {}
            OpenOutcome::Opened(grant) => {
                assert!(
                    is_covered(&grant, &revoked),
                    "{contract}: {grant:?} is not covered by {revoked:?}"
                );
                let held = Held {
                    token: world.token(&grant, 0, &secret),
                    grant: *grant,
                };
                let outcome = world.present(&held, &held.token).await;
                holds!(outcome, RotateOutcome::Ended, contract);
            }
            other => panic!("{contract}: {other:?}"),
        }
    }
}

/// A log-in against a password change: no session opened with the old password
/// is alive once the change returned.
pub async fn no_log_in_with_the_old_password_outlives_its_change(subject: &dyn Subject) {
    log_in_races(subject, Way::Password).await;
}

/// A log-in against a log-out everywhere.
pub async fn no_log_in_slips_past_a_log_out_everywhere(subject: &dyn Subject) {
    log_in_races(subject, Way::All).await;
}

/// A log-in against a disabling.
pub async fn no_log_in_slips_past_a_disabling(subject: &dyn Subject) {
    log_in_races(subject, Way::Disable).await;
}

/// A log-in against the disabling of its tenant.
pub async fn no_log_in_slips_past_the_disabling_of_a_tenant(subject: &dyn Subject) {
    log_in_races(subject, Way::Tenant).await;
}
