//! A log-in by a client that is in a session already: that one ends.

use auth_core::refresh::RefreshToken;
use auth_core::{Identity, SessionId, UserId};
use auth_store::EndSessions;

use crate::auth::Auth;
use crate::context::Context;
use crate::error::AuthError;
use crate::log_in::LogIn;

/// The session that a client was in, proven by what it holds.
#[derive(Clone, Debug)]
pub(crate) enum Former {
    Token(RefreshToken),
    Session(UserId, SessionId),
}

impl LogIn {
    /// By a client that holds this refresh token: its session ends with the
    /// log-in, and is dead in this process when the call returns. A client that
    /// logs in again without it leaves a session behind that nobody ends before
    /// its time.
    ///
    /// Whoever's session it is, as with [`Auth::log_out`]: two people may use
    /// one browser. A text that is no refresh token of ours ends nothing, and
    /// neither does a log-in that fails.
    pub fn replacing(mut self, token: RefreshToken) -> Self {
        self.former = Some(Former::Token(token));
        self
    }

    /// The same, by a client that has shown an access token: `identity` is what
    /// it was verified to. One of an API key has no session.
    pub fn replacing_session_of(mut self, identity: &Identity) -> Self {
        let session = identity.user().zip(identity.session());
        self.former = session.map(|(user, session)| Former::Session(user, session));
        self
    }
}

impl Auth {
    /// Ends the session that a client was in, before it hears of the new one.
    pub(crate) async fn end_former(&self, cx: &Context, former: &Former) -> Result<(), AuthError> {
        let (session, which) = match former {
            Former::Token(token) => match self.shared.opened(cx, token) {
                Ok(presented) => (presented.session(), EndSessions::One(presented.session())),
                Err(_) => return Ok(()),
            },
            Former::Session(user, session) => (*session, EndSessions::OneOf(*user, *session)),
        };
        self.end(cx, which).await?;
        // Whoever ended it, here or elsewhere: it has ended.
        self.shared.raise_session(cx.tenant, session);
        Ok(())
    }
}
