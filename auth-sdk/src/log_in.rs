//! Logging in.

use std::fmt;

use std::sync::Arc;

use auth_core::password::{HashError, Password, PasswordHash, Place};
use auth_core::refresh::{RefreshToken, TokenSecret};
use auth_core::{AccountKey, ClientId, Clock, DeviceToken, Scope, SessionId};
use auth_store::{
    AttemptFrom, HashRenewal, Identifier, NewSession, OpenOutcome, Seen, User, UserRecord,
};
use tracing::Instrument;

use crate::attempts::{Begun, account};
use crate::auth::{Auth, Shared};
use crate::context::Context;
use crate::error::AuthError;
use crate::events::Told;
use crate::replacing::Former;
use crate::throttle::Limited;
use crate::tokens::TokenPair;

/// A user who logs in.
#[derive(Clone)]
#[non_exhaustive]
pub struct LogIn {
    /// What the user signs in with.
    pub identifier: String,
    /// The password.
    pub password: Password,
    /// The client to bind the session to.
    pub client: ClientId,
    /// The scope the client asks for; all that the user may have, if it does
    /// not say.
    pub scope: Option<Scope>,
    /// What an earlier log-in left on the device.
    pub device: Option<DeviceToken>,
    pub(crate) former: Option<Former>,
}

impl LogIn {
    /// With identifier and password, for the application itself.
    pub fn new(identifier: impl Into<String>, password: Password) -> Self {
        Self {
            identifier: identifier.into(),
            password,
            client: ClientId::default(),
            scope: None,
            device: None,
            former: None,
        }
    }

    /// For this client.
    pub fn with_client(mut self, client: ClientId) -> Self {
        self.client = client;
        self
    }

    /// With this scope.
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// From a device that has logged in before: with [`LoggedIn::device`] of that
    /// log-in. One that is none, or of another account, is as good as none.
    pub fn with_device_token(mut self, device: DeviceToken) -> Self {
        self.device = Some(device);
        self
    }
}

impl fmt::Debug for LogIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogIn")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// A user who has logged in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LoggedIn {
    /// The tokens of the new session.
    pub tokens: TokenPair,
    /// The user. Whether the password is to be chosen again is said by
    /// [`Auth::password_is_current`].
    pub user: User,
    /// For the device to keep, for 400 days, and to bring to its next log-in
    /// ([`LogIn::with_device_token`]): then it need not wait for what others do to
    /// the account. It opens nothing.
    pub device: DeviceToken,
}

/// What a session is to be opened with.
pub(crate) struct Opening {
    pub(crate) client: ClientId,
    pub(crate) scope: Option<Scope>,
    /// How the user proved who they are (RFC 8176).
    pub(crate) amr: Vec<String>,
}

impl Opening {
    /// For a user who knows the password.
    pub(crate) fn by_password(client: ClientId, scope: Option<Scope>) -> Self {
        let amr = vec!["pwd".to_owned()];
        Self { client, scope, amr }
    }
}

/// A user whose password was right.
pub(crate) struct Checked {
    pub(crate) record: UserRecord,
    /// Whether the hash is not as one would be made today.
    pub(crate) outdated: bool,
}

/// How often a use-case starts over because the account changed meanwhile.
pub(crate) const TRIES: usize = 2;

impl Auth {
    /// Opens a session for a user who knows the password.
    ///
    /// Whether the user is unknown, disabled, without a password, or the
    /// password is wrong: the work, the answer and its text are the same, and
    /// attempts are counted in the same way.
    ///
    /// # Attempts
    /// An attempt is charged to the account when its turn has come and before the
    /// password is looked at, and given back if it was right, or if nobody came to
    /// look. Dropping the future gives nothing back: a caller that hangs up then has
    /// failed once more. After five failures each further one waits, from 1 s to 1 h;
    /// after a hundred, the password works from known devices only: those that bring the
    /// [`DeviceToken`] of an earlier log-in, and networks from which the account
    /// has logged in within 30 days. `auth_store::Budget` has the figures, and
    /// [`forget_attempts`](Self::forget_attempts) undoes it.
    ///
    /// Where the request comes from is said by
    /// [`with_client_address`](Context::with_client_address); without it all
    /// requests come from one network, and whoever guesses makes all wait who have
    /// no device token.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] for all of those;
    /// [`AuthError::TooManyAttempts`], whether there is such an account or not;
    /// [`AuthError::RateLimited`], before anything is looked at;
    /// [`AuthError::InvalidScope`], which only someone who knows the password
    /// hears; [`AuthError::Overloaded`] and [`AuthError::Unavailable`].
    #[tracing::instrument(skip_all)]
    pub async fn log_in(&self, cx: &Context, mut request: LogIn) -> Result<LoggedIn, AuthError> {
        // What a network has had enough of says nothing of the account.
        self.shared.charge(cx, Limited::LogIn).await?;
        let floor = self.shared.response_floor.map(tokio::time::sleep);
        let former = request.former.take();
        let mut outcome = self.shared.log_in(cx, request).await;
        if outcome.is_ok()
            && let Some(former) = former
            && let Err(error) = self.end_former(cx, &former).await
        {
            // A client that believed it would go on with two sessions.
            outcome = Err(error);
        }
        // That there is no time to hash says nothing of the account.
        if let Some(floor) = floor
            && !matches!(outcome, Err(AuthError::Overloaded { .. }))
        {
            floor.await;
        }
        outcome
    }
}

impl Shared {
    async fn log_in(self: &Arc<Self>, cx: &Context, request: LogIn) -> Result<LoggedIn, AuthError> {
        let LogIn {
            identifier,
            password,
            client,
            scope,
            device,
            ..
        } = request;
        let opening = Opening::by_password(client, scope);
        let place = self.place(cx).await?;
        let Ok(identifier) = Identifier::new(&identifier) else {
            // Nobody has it, and nobody can: there is nothing to count at.
            self.check_password(place, None, password).await?;
            return Err(AuthError::InvalidCredentials);
        };
        let account = AccountKey::of(cx.tenant, identifier.normalized());
        let now = self.clock.now().wall;
        let from = if device.is_some_and(|device| device.is_of(&account, &self.roots, now)) {
            AttemptFrom::KnownDevice
        } else {
            AttemptFrom::Network(cx.network)
        };
        let (begun, place) = self
            .begin(cx, identifier.clone(), from, &password, place, None)
            .await?;
        let outcome = self
            .log_in_charged(cx, &begun, place, &identifier, password, &opening)
            .await;
        self.settle(&begun, &outcome).await;
        outcome
    }

    async fn log_in_charged(
        self: &Arc<Self>,
        cx: &Context,
        begun: &Begun,
        place: Place,
        identifier: &Identifier,
        password: Password,
        opening: &Opening,
    ) -> Result<LoggedIn, AuthError> {
        let mut record = begun.record.clone();
        let mut place = Some(place);
        for _ in 0..TRIES {
            let place = match place.take() {
                Some(place) => place,
                None => self.place(cx).await?,
            };
            let checked = self.check_password(place, record, password.clone()).await;
            let Checked {
                record: known,
                outdated,
            } = checked?;
            if begun.is_exhausted() {
                return Err(AuthError::InvalidCredentials);
            }
            if let Some(logged_in) = self.open(cx, &known, opening).await? {
                if outdated {
                    self.renew_hash(known, password);
                }
                return Ok(logged_in);
            }
            record = self.store.find_user(cx.tenant, identifier).await?;
        }
        Err(AuthError::InvalidCredentials)
    }

    /// Waits until it is nearly this caller's turn in the hash pool, before
    /// anything is asked of the store: who is refused costs it nothing. The pool
    /// has no timer, and when the store hangs nobody's turn comes.
    pub(crate) async fn place(&self, cx: &Context) -> Result<Place, AuthError> {
        let place = self.pool.for_network(cx.network).place(self.deadline(cx));
        let place = tokio::time::timeout(self.patience(cx), place).await;
        Ok(place.unwrap_or(Err(HashError::DeadlinePassed))?)
    }

    /// The record, if it is an active user's and `password` is theirs. It
    /// costs one hash in every case.
    pub(crate) async fn check_password(
        &self,
        place: Place,
        record: Option<UserRecord>,
        password: Password,
    ) -> Result<Checked, AuthError> {
        let against = record
            .as_ref()
            .and_then(|record| record.password_hash.clone())
            .map(PasswordHash::from_phc);
        let (right, outdated) = match place.verify(password, against).await {
            Err(HashError::Corrupt(error)) => {
                tracing::error!(%error, user = ?record.as_ref().map(|r| r.user.id), "unusable password hash");
                (false, false)
            }
            Err(error @ HashError::UnknownPepper) => {
                tracing::error!(%error, "a pepper is missing from the configuration");
                return Err(error.into());
            }
            verdict => {
                let verdict = verdict?;
                (verdict.matches, verdict.outdated)
            }
        };
        record
            .filter(|record| right && record.is_active())
            .map(|record| Checked { record, outdated })
            .ok_or(AuthError::InvalidCredentials)
    }

    /// Replaces a hash that is not as one would be made today, in the background:
    /// whoever logs in does not wait for it, and does not hear of it when it
    /// fails; the next log-in tries again. What changed the hash meanwhile wins.
    fn renew_hash(self: &Arc<Self>, record: UserRecord, password: Password) {
        let shared = self.clone();
        let renewal = async move {
            let UserRecord {
                user,
                password_hash,
                ..
            } = record;
            let by = shared.deadline(&Context::new());
            let renewed = match shared.pool.hash(password, by).await {
                Ok(hash) => {
                    let renewal = HashRenewal {
                        tenant: user.tenant,
                        user: user.id,
                        seen_hash: password_hash,
                        new_hash: hash.expose_phc().to_owned(),
                    };
                    let renewed = shared.store.renew_password_hash(renewal).await;
                    renewed.map_err(AuthError::from)
                }
                Err(error) => Err(error.into()),
            };
            match renewed {
                Ok(renewed) => tracing::debug!(user = ?user.id, renewed, "outdated password hash"),
                Err(error) => {
                    tracing::warn!(%error, user = ?user.id, "an outdated password hash stays");
                }
            }
        };
        // Nobody waits for it: at a shut-down it is dropped or refused.
        drop(tokio::spawn(renewal.in_current_span()));
    }

    /// Opens a session, unless the account is no longer as `record` says.
    pub(crate) async fn open(
        &self,
        cx: &Context,
        record: &UserRecord,
        opening: &Opening,
    ) -> Result<Option<LoggedIn>, AuthError> {
        let user = &record.user;
        let scope = self.granted(user, opening)?;
        let root = self.roots.active();
        let secret = TokenSecret::draw(&*self.random)?;
        let session = NewSession {
            id: SessionId::draw(self.clock.now().wall, &*self.random)?,
            tenant: user.tenant,
            user: user.id,
            seen: Seen {
                ver: user.ver,
                session_epoch: user.session_epoch,
                password_hash: record.password_hash.clone(),
            },
            client: opening.client.clone(),
            scope,
            amr: opening.amr.clone(),
            device: cx.device.clone(),
            root: root.id(),
            secret_hash: secret.hash(),
            idle: self.lifetimes.idle,
            absolute: self.lifetimes.absolute,
        };
        let store = self.telling(|| Told::Opened {
            session: session.id.to_string(),
            client: session.client.to_string(),
        })?;
        let OpenOutcome::Opened(grant) = store.open_session(session).await? else {
            return Ok(None);
        };
        let refresh_token = RefreshToken::encode(
            root,
            user.tenant,
            grant.session.id,
            grant.session.generation,
            &secret,
        );
        let tokens = self.issue(&grant, refresh_token).await?;
        let account = account(&grant.user)?;
        // By the store's clock: no instance is behind it.
        let device = DeviceToken::issue(root, &account, grant.now, &*self.random)?;
        Ok(Some(LoggedIn {
            tokens,
            user: grant.user,
            device,
        }))
    }

    /// The scope of a new session: what was asked for, if the user may have
    /// it; all that the user may have, if nothing was.
    pub(crate) fn granted(&self, user: &User, opening: &Opening) -> Result<Scope, AuthError> {
        let allowed = self.profile.scope(user);
        match &opening.scope {
            Some(asked) if !asked.is_subset_of(&allowed) => Err(AuthError::InvalidScope),
            Some(asked) => Ok(asked.clone()),
            None => Ok(allowed),
        }
    }
}
