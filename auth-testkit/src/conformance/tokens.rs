//! Sessions, and the tokens their clients hold.

use std::time::Duration;

use auth_core::refresh::{RefreshToken, Salt, TokenSecret};
use auth_core::{ClientId, SystemRandom};
use auth_store::{
    Grant, NewSession, OpenOutcome, RotateOutcome, Rotation, Seen, Session, User, UserRecord,
};

use super::world::{ABSOLUTE, GRACE, IDLE, World, holds};

/// A session, and the refresh token its client holds.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) grant: Grant,
    pub(super) token: RefreshToken,
}

impl World {
    /// What a log-in sees before it checks the password.
    pub(super) async fn seen(&self, user: &User) -> Seen {
        let UserRecord {
            user,
            password_hash,
            ..
        } = self.record(user).await;
        Seen {
            ver: user.ver,
            session_epoch: user.session_epoch,
            password_hash,
        }
    }

    /// The command that opens a session, and the secret of its first token.
    pub(super) fn new_session(&self, user: &User, seen: Seen) -> (NewSession, TokenSecret) {
        let secret = TokenSecret::draw(&SystemRandom::new()).unwrap();
        let session = NewSession {
            id: self.session_id(),
            tenant: user.tenant,
            user: user.id,
            seen,
            client: ClientId::default(),
            scope: "orders:read orders:write".parse().unwrap(),
            amr: vec!["pwd".to_owned()],
            device: Some("Firefox on Linux".to_owned()),
            root: self.root(0),
            secret_hash: secret.hash(),
            idle: IDLE,
            absolute: ABSOLUTE,
        };
        (session, secret)
    }

    /// Opens a session for a user who has not moved.
    pub(super) async fn open(&self, user: &User) -> Held {
        let (session, secret) = self.new_session(user, self.seen(user).await);
        let outcome = self.store.open_session(session).await.unwrap();
        let contract = "a session opens when the user's row says what was seen";
        let grant = holds!(outcome, OpenOutcome::Opened(grant) => *grant, contract);
        let token = self.token(&grant, 0, &secret);
        Held { grant, token }
    }

    /// A user with a session.
    pub(super) async fn logged_in(&self) -> (User, Held) {
        let user = self.user().await;
        let held = self.open(&user).await;
        (user, held)
    }

    /// A token with a right MAC, for whatever generation and secret.
    pub(super) fn token(
        &self,
        grant: &Grant,
        generation: u32,
        secret: &TokenSecret,
    ) -> RefreshToken {
        let Session {
            tenant, id, root, ..
        } = grant.session;
        let root = self.roots[0]
            .find(root)
            .expect("the session names the root secret of its token");
        RefreshToken::encode(root, tenant, id, generation, secret)
    }

    /// A token with a right MAC and a secret that was never given.
    pub(super) fn stray(&self, grant: &Grant, generation: u32) -> RefreshToken {
        self.token(
            grant,
            generation,
            &TokenSecret::draw(&SystemRandom::new()).unwrap(),
        )
    }

    /// The command that presents `token`.
    pub(super) fn rotation(&self, grant: &Grant, token: &RefreshToken) -> Rotation {
        let Session {
            tenant, ref client, ..
        } = grant.session;
        Rotation {
            tenant,
            client: client.clone(),
            presented: token
                .open(&self.roots[0], tenant)
                .expect("the token's MAC is right"),
            root: self.root(0),
            salt: Salt::draw(&SystemRandom::new()).unwrap(),
            grace: GRACE,
            idle: IDLE,
        }
    }

    /// Presents a token of `held`'s session.
    pub(super) async fn present(&self, held: &Held, token: &RefreshToken) -> RotateOutcome {
        self.store
            .rotate_session(&self.rotation(&held.grant, token))
            .await
            .unwrap()
    }

    /// Presents a token, with a grace of the caller's.
    pub(super) async fn present_within(&self, held: &Held, grace: Duration) -> RotateOutcome {
        let rotation = Rotation {
            grace,
            ..self.rotation(&held.grant, &held.token)
        };
        self.second.rotate_session(&rotation).await.unwrap()
    }

    /// What the client gets for a token that was rotated or replayed: encoded
    /// with the root secret that the store names.
    pub(super) fn successor(&self, rotation: &Rotation, grant: &Grant) -> Held {
        let secret = rotation.presented.successor(&grant.session.salt);
        let token = self.token(grant, grant.session.generation, &secret);
        Held {
            grant: grant.clone(),
            token,
        }
    }

    /// Spends the held token, which must be the current one.
    pub(super) async fn renew(&self, held: &Held) -> Held {
        let rotation = self.rotation(&held.grant, &held.token);
        let outcome = self.store.rotate_session(&rotation).await.unwrap();
        let grant =
            holds!(outcome, RotateOutcome::Rotated(grant) => *grant, "the current token rotates");
        self.successor(&rotation, &grant)
    }
}
