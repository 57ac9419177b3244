//! The server is killed (SIGKILL) while it is used, and comes back: nothing that
//! it had acknowledged is gone, no token is spent twice, and nobody has to start
//! again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth_core::refresh::RefreshToken;
use auth_core::{RootSecret, RootSecrets, SystemRandom};
use auth_store::{
    ChangeOutcome, EndSessions, PasswordChange, RotateOutcome, SessionStore, StoreErrorKind, User,
    UserStore,
};
use auth_testkit::servers::Postgres;

use super::support::{Place, TENANT, builder};

const CLIENTS: usize = 6;
const CRASHES: usize = 4;

/// What a client was told, and what it may still be owed.
struct Client {
    place: Arc<Place>,
    user: User,
    /// Every token it was given, with the last one it knows of at the end.
    tokens: Vec<RefreshToken>,
    /// The hash of the last password change that was acknowledged.
    hash: String,
    changes: i64,
}

/// Nothing but what a store that is away may say.
fn is_away(kind: StoreErrorKind) -> bool {
    matches!(
        kind,
        StoreErrorKind::Unavailable | StoreErrorKind::OutcomeUnknown | StoreErrorKind::Timeout
    )
}

impl Client {
    async fn live(mut self, is_over: Arc<AtomicBool>) -> Self {
        while !is_over.load(Ordering::SeqCst) {
            self.renew().await;
            self.change_password().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self
    }

    /// Asks until it is answered, as a client does whose answer was lost.
    async fn renew(&mut self) {
        let token = self.tokens.last().unwrap().clone();
        loop {
            let rotation = self.place.rotation(&token);
            match self.place.store.rotate_session(&rotation).await {
                Ok(RotateOutcome::Rotated(grant) | RotateOutcome::Replayed(grant)) => {
                    let next = usize::try_from(grant.session.generation).unwrap();
                    assert_eq!(next, self.tokens.len(), "one generation for each token");
                    self.tokens.push(self.place.successor(&rotation, &grant));
                    return;
                }
                // The client took longer than the grace to be heard; not here.
                Ok(other) => panic!("{other:?}"),
                Err(error) => assert!(is_away(error.kind()), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Of another user, whose sessions nobody needs.
    async fn change_password(&mut self) {
        let new_hash = format!("hash {}", self.changes + 1);
        loop {
            let change = PasswordChange {
                tenant: TENANT,
                user: self.user.id,
                seen_hash: Some(self.hash.clone()),
                seen_epoch: None,
                new_hash: new_hash.clone(),
                new_policy: None,
            };
            match self.place.store.change_password(change).await {
                // Moved by itself: there is nobody else.
                Ok(done) => {
                    let ChangeOutcome::Changed(_) = done.value else {
                        assert_eq!(done.value, ChangeOutcome::Moved);
                        break;
                    };
                    break;
                }
                Err(error) => assert!(is_away(error.kind()), "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.hash = new_hash;
        self.changes += 1;
    }

    async fn check(&self) {
        let found = self.place.store.user(TENANT, self.user.id).await.unwrap();
        let found = found.unwrap();
        assert_eq!(found.password_hash.as_ref(), Some(&self.hash));
        assert_eq!(
            found.user.ver,
            self.user.ver + self.changes,
            "each change was made once"
        );
        let (current, spent) = self.tokens.split_last().unwrap();
        let (grant, _) = self.place.renew(current).await;
        // Long spent: whoever has it is a thief.
        if let Some(old) = spent.first().filter(|_| spent.len() > 3) {
            let presented = self.place.rotation(old);
            let outcome = self.place.store.rotate_session(&presented).await.unwrap();
            assert!(
                matches!(outcome, RotateOutcome::Reused { .. }),
                "{outcome:?}"
            );
            let which = EndSessions::One(grant.session.id);
            let ended = self.place.store.end_sessions(TENANT, which).await;
            assert_eq!(ended.unwrap().value, 0, "it has ended");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c64_f08_what_was_spent_stays_spent_however_often_the_server_is_killed() {
    let mut server = Postgres::start().await.unwrap();
    let store = builder(&server.url(), "auth")
        .with_max_connections(3)
        .with_acquire_timeout(Duration::from_millis(500))
        .connect()
        .await
        .unwrap();
    let roots = RootSecrets::new(RootSecret::generate(&SystemRandom::new()).unwrap());
    let place = Arc::new(Place::on(store, "auth", &server.url(), roots).await);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let owner = place.user().await;
        let (_, token) = place.open(&owner).await;
        let client = Client {
            place: place.clone(),
            user: place.user().await,
            tokens: vec![token],
            hash: "first".into(),
            changes: 0,
        };
        clients.push(tokio::spawn(client.live(is_over.clone())));
    }
    for _ in 0..CRASHES {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill_9().unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.restart().await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    is_over.store(true, Ordering::SeqCst);
    let mut rotations = 0;
    for client in clients {
        let client = client.await.unwrap();
        client.check().await;
        rotations += client.tokens.len();
    }
    assert!(rotations > CLIENTS * CRASHES, "{rotations} rotations");
}
