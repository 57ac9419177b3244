//! One user after another: signs up, logs in, changes the password, logs out.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use auth_sdk::{
    AuthError, ChangePassword, Code, Context, LogIn, Password, RefreshToken, SessionId, SignUp,
    TokenPair, UserId, UserStatus,
};

use super::Field;
use super::journal::{Change, Journal};
use crate::Failure;
use crate::chance::Chance;

/// What a user does, at most.
const STEPS: std::ops::Range<u64> = 6..14;

pub(crate) async fn lane(field: Arc<Field>, mut chance: Chance) -> Result<(), Failure> {
    while !field.is_over() {
        let Some(mut life) = Life::begin(&field, chance.split()).await? else {
            continue;
        };
        for _ in 0..life.chance.among(&STEPS) {
            if !life.step().await? || field.is_over() {
                break;
            }
        }
    }
    Ok(())
}

struct Life<'a> {
    field: &'a Field,
    cx: Context,
    chance: Chance,
    user: UserId,
    identifier: String,
    password: String,
    sessions: Vec<(SessionId, RefreshToken)>,
}

impl<'a> Life<'a> {
    async fn begin(field: &'a Field, mut chance: Chance) -> Result<Option<Self>, Failure> {
        let number = field.users.fetch_add(1, Ordering::Relaxed);
        let identifier = format!("user{number}@example.org");
        let password = draw(&mut chance);
        let cx = Context::new();
        let _turn = field.gate.read().await;
        field.journal(|it| it.will_have(&identifier, &password));
        let request = SignUp::new(identifier.clone(), Password::new(password.clone())?);
        let user = match field.auth.sign_up(&cx, request).await {
            Ok(user) => user.id,
            Err(error) => {
                field.failed("a sign-up", &error).await;
                return Ok(None);
            }
        };
        field.journal(|it| it.signed_up(&identifier, &password));
        Ok(Some(Self {
            field,
            cx,
            chance,
            user,
            identifier,
            password,
            sessions: Vec::new(),
        }))
    }

    /// Whether it goes on: not when something is in doubt.
    async fn step(&mut self) -> Result<bool, Failure> {
        if self.sessions.is_empty() {
            return self.log_in().await;
        }
        match self.chance.among(&(0..12)) {
            0..=3 => self.change_password().await,
            4..=5 => self.log_out().await,
            6..=7 => self.end_session().await,
            8 => self.raise(Change::AllSessions).await,
            9 => self.raise(Change::Disable).await,
            _ => self.log_in().await,
        }
    }

    async fn log_in(&mut self) -> Result<bool, Failure> {
        let _turn = self.field.gate.read().await;
        let request = LogIn::new(
            self.identifier.clone(),
            Password::new(self.password.clone())?,
        );
        match self.field.auth.log_in(&self.cx, request).await {
            Ok(there) => {
                self.opened(there.tokens, Journal::logged_in);
                Ok(true)
            }
            Err(error) => {
                // A session that nobody has heard of may be there, and does no harm.
                self.field.failed("a log-in", &error).await;
                Ok(is_outage(&error))
            }
        }
    }

    fn opened(&mut self, tokens: TokenPair, note: impl FnOnce(&mut Journal, &str, uuid::Uuid)) {
        let session = *tokens.session.as_uuid();
        self.field.journal(|it| note(it, &self.identifier, session));
        self.sessions.push((tokens.session, tokens.refresh_token));
    }

    async fn change_password(&mut self) -> Result<bool, Failure> {
        let _turn = self.field.gate.read().await;
        let new = draw(&mut self.chance);
        self.field.journal(|it| {
            it.will_have(&self.identifier, &new);
            it.may_raise(&self.identifier);
        });
        let current = Password::new(self.password.clone())?;
        let request = ChangePassword::new(current, Password::new(new.clone())?);
        let changed = self
            .field
            .auth
            .change_password(&self.cx, self.user, request);
        match changed.await {
            Ok(there) => {
                self.sessions.clear();
                self.password.clone_from(&new);
                self.opened(there.tokens, |it, identifier, session| {
                    it.changed(identifier, &new, session);
                });
                Ok(true)
            }
            Err(error) => {
                self.field.failed("a password change", &error).await;
                Ok(false)
            }
        }
    }

    async fn log_out(&mut self) -> Result<bool, Failure> {
        let (session, token) = self.one();
        let change = || self.field.auth.log_out(&self.cx, &token);
        self.end(session, Change::LogOut, change).await
    }

    async fn end_session(&mut self) -> Result<bool, Failure> {
        let (session, _) = self.one();
        let change = || self.field.auth.end_session(&self.cx, self.user, session);
        self.end(session, Change::Session, change).await
    }

    fn one(&mut self) -> (SessionId, RefreshToken) {
        let which = self.chance.next() % self.sessions.len() as u64;
        self.sessions
            .swap_remove(usize::try_from(which).unwrap_or_default())
    }

    /// Asks again until it is acknowledged, as whoever wants it done does.
    async fn end<F>(
        &self,
        session: SessionId,
        by: Change,
        change: impl Fn() -> F,
    ) -> Result<bool, Failure>
    where
        F: Future<Output = Result<(), AuthError>>,
    {
        let session = *session.as_uuid();
        let mut is_first = true;
        loop {
            let _turn = self.field.gate.read().await;
            self.field
                .journal(|it| it.may_end(&self.identifier, session));
            match change().await {
                Ok(()) => {
                    self.field
                        .journal(|it| it.ended(&self.identifier, session, by));
                    return Ok(true);
                }
                // The first try may have ended it.
                Err(AuthError::NotFound) if !is_first => return Ok(true),
                Err(error) => {
                    self.field.failed("the end of a session", &error).await;
                    if !is_outage(&error) {
                        return Ok(false);
                    }
                }
            }
            is_first = false;
        }
    }

    /// Ends everything of the user; a try that is in doubt ends the life, since
    /// nobody could tell its rows from those of the next.
    async fn raise(&mut self, by: Change) -> Result<bool, Failure> {
        let _turn = self.field.gate.read().await;
        self.field.journal(|it| it.may_raise(&self.identifier));
        let (auth, cx) = (&self.field.auth, &self.cx);
        let done = if by == Change::Disable {
            let disabled = UserStatus::Disabled;
            let done = auth.set_user_status(cx, self.user, disabled).await;
            done.map(drop)
        } else {
            auth.log_out_everywhere(cx, self.user).await
        };
        match done {
            Ok(()) => {
                self.sessions.clear();
                self.field.journal(|it| it.raised(&self.identifier, by));
                Ok(by != Change::Disable)
            }
            Err(error) => {
                self.field.failed("the end of all sessions", &error).await;
                Ok(false)
            }
        }
    }
}

pub(super) fn is_outage(error: &AuthError) -> bool {
    matches!(error.code(), Code::Unavailable | Code::Overloaded)
}

impl Field {
    /// Outages are expected; whatever else is said is not.
    async fn failed(&self, what: &str, error: &AuthError) {
        self.journal(|it| {
            it.in_doubt += 1;
            if !is_outage(error) {
                it.refused.push(format!("{what}: {error:?}"));
            }
        });
        // As a client does that was told to come again later.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Nobody's name is in it, and it is not common.
fn draw(chance: &mut Chance) -> String {
    format!("{:016x} {:016x}", chance.next(), chance.next())
}
