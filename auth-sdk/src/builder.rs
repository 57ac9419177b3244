//! Building an [`Auth`].

use std::sync::Arc;
use std::time::Duration;

use auth_core::jwt::TokenIssuer;
use auth_core::password::{BreachCheck, ContextWords, HashPool, PasswordPolicy, PoolError};
use auth_core::revocation::RevocationView;
use auth_core::verifier::{Verifier, VerifierBuildError};
use auth_core::{
    Audience, Clock, EntropyError, FlooredClock, Issuer, RootSecrets, SecureRandom, SystemClock,
    SystemRandom,
};
use auth_store::{Rotation, Store, StoreError};

use crate::auth::{Auth, Lifetimes, MAX_ACCESS_TOKEN, Shared, load_revocations};
use crate::error::AuthError;
use crate::keys::{KeyLoadError, KeyRotation, StoredKeys, Tending};
use crate::profile::{PlainProfile, TokenProfile};

/// Builds an [`Auth`].
///
/// # Defaults
/// - access token: 5 min, less up to 5 %
/// - session: 14 days unless refreshed, 90 days at most
/// - rotation grace: 30 s
/// - passwords: at least 15 code points, none of the commonest, not made of the
///   user's or the issuer's name; Argon2id at 19 MiB, 2 passes, 1 lane
/// - breached passwords: not looked up
/// - hash pool: one thread a core, less one when there are several
/// - signing keys: those of [`KeyRotation`], a new one every 30 days
/// - token profile: no scope, no claims of the application's own
/// - attempts at passwords: counted, in a store that must do so
/// - response floor of log-in: none
/// - clock and randomness: the system's
#[derive(Debug)]
pub struct AuthBuilder {
    issuer: Issuer,
    audience: Audience,
    roots: RootSecrets,
    store: Arc<dyn Store>,
    access_token: Duration,
    lifetimes: Lifetimes,
    rotation: KeyRotation,
    policy: PasswordPolicy,
    breaches: Option<BreachCheck>,
    pool: Option<HashPool>,
    profile: Arc<dyn TokenProfile>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
    response_floor: Option<Duration>,
    unlimited_attempts: bool,
}

/// An [`Auth`] cannot be built as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A lifetime that makes no sense or is unsafe.
    #[error("{0}")]
    Lifetime(&'static str),
    /// A rotation of signing keys that others could not follow.
    #[error("{0}")]
    KeyRotation(&'static str),
    /// The store has no place for signing keys.
    #[error("the store keeps no signing keys")]
    NoSigningKeys,
    /// The store counts no attempts at passwords, so that anybody could guess
    /// without end.
    #[error(
        "the store counts no attempts at passwords; \
         danger_accept_unlimited_attempts builds all the same"
    )]
    NoAttempts,
    /// The stored signing keys were sealed under another root secret.
    #[error(
        "the store's signing keys were sealed under a root secret that was not given; \
         give the root secret that this store was first used with"
    )]
    ForeignRoot,
    /// A stored signing key is damaged.
    #[error("a stored signing key is damaged")]
    DamagedKey,
    /// The hash pool cannot be started.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// There is no randomness for a signing key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The revocation log cannot be read.
    #[error(transparent)]
    Log(AuthError),
    /// The verifier refuses what it was given.
    #[error(transparent)]
    Verifier(#[from] VerifierBuildError),
}

impl AuthBuilder {
    pub(crate) fn new(
        issuer: Issuer,
        audience: Audience,
        roots: RootSecrets,
        store: Arc<dyn Store>,
    ) -> Self {
        Self {
            issuer,
            audience,
            roots,
            store,
            access_token: Duration::from_secs(5 * 60),
            lifetimes: Lifetimes {
                idle: Duration::from_secs(14 * 24 * 3600),
                absolute: Duration::from_secs(90 * 24 * 3600),
                grace: Duration::from_secs(30),
            },
            rotation: KeyRotation::default(),
            policy: PasswordPolicy::default(),
            breaches: None,
            pool: None,
            profile: Arc::new(PlainProfile),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
            response_floor: None,
            unlimited_attempts: false,
        }
    }

    /// Access tokens live for `lifetime`, 10 s to 1 h, in whole seconds.
    pub const fn with_access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.access_token = lifetime;
        self
    }

    /// Sessions end after `idle` without a refresh, and `absolute` after the
    /// log-in in any case.
    pub const fn with_session_lifetime(mut self, idle: Duration, absolute: Duration) -> Self {
        self.lifetimes.idle = idle;
        self.lifetimes.absolute = absolute;
        self
    }

    /// A spent refresh token is answered with its successor for `grace`, 0 to
    /// 60 s: a client whose answer was lost may ask again. Within it, a thief
    /// of the spent token gets the same successor.
    pub const fn with_rotation_grace(mut self, grace: Duration) -> Self {
        self.lifetimes.grace = grace;
        self
    }

    /// Signing keys are changed as `rotation` says.
    pub const fn with_signing_key_rotation(mut self, rotation: KeyRotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// New passwords must meet `policy`, and not be made of the issuer's name.
    pub fn with_password_policy(mut self, policy: PasswordPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// New passwords are looked up among breached ones, for 2 s at most.
    pub fn with_breach_check(mut self, breaches: BreachCheck) -> Self {
        self.breaches = Some(breaches);
        self
    }

    /// Passwords are hashed by `pool`.
    pub fn with_hash_pool(mut self, pool: HashPool) -> Self {
        self.pool = Some(pool);
        self
    }

    /// Tokens allow and say what `profile` decides.
    pub fn with_token_profile(mut self, profile: Arc<dyn TokenProfile>) -> Self {
        self.profile = profile;
        self
    }

    /// Takes the time from `clock`.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes randomness from `random`.
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// A log-in is answered no earlier than `floor` after it began, whatever the
    /// answer; only [`AuthError::Overloaded`], which says nothing of an account, is
    /// answered at once. 10 s at most.
    ///
    /// It hides that hashes of other systems, and those of other parameters, take
    /// another time than the dummy of an account that is not there, if it is longer
    /// than the slowest of them, its place in the queue included. While all hashes
    /// are current it has nothing to hide.
    pub const fn with_response_floor(mut self, floor: Duration) -> Self {
        self.response_floor = Some(floor);
        self
    }

    /// Builds over a store that counts no attempts too. Then anybody may guess at a
    /// password as often and as fast as hashes can be computed, unless something
    /// in front of the service counts. A store that does count counts on.
    pub const fn danger_accept_unlimited_attempts(mut self) -> Self {
        self.unlimited_attempts = true;
        self
    }

    /// Builds it: makes or unseals the signing keys, seals them anew under the
    /// active root secret, and learns what is revoked. A task that looks after
    /// the keys runs until the last handle is dropped.
    ///
    /// # Errors
    /// [`BuildError`] names what is unsafe, missing or unreachable.
    pub async fn build(self) -> Result<Auth, BuildError> {
        self.check_lifetimes()?;
        self.rotation.check().map_err(BuildError::KeyRotation)?;
        if self.store.attempt_store().is_none() && !self.unlimited_attempts {
            return Err(BuildError::NoAttempts);
        }
        let pool = match self.pool {
            Some(pool) => pool,
            None => HashPool::builder()
                .with_clock(self.clock.clone())
                .with_random(self.random.clone())
                .build()?,
        };
        let clock = Arc::new(FlooredClock::new(self.clock));
        // From here on every revocation outlives a token of this lifetime.
        self.store.settings(self.access_token).await?;
        let view = RevocationView::new();
        let keys = Arc::new(StoredKeys::new(
            self.store.clone(),
            self.roots.clone(),
            self.random.clone(),
            clock.clone(),
            view.clone(),
            self.rotation,
        ));
        keys.load().await?;
        load_revocations(&*self.store, &view, &clock)
            .await
            .map_err(BuildError::Log)?;
        let verifier = Verifier::builder(&self.issuer, &self.audience, keys.clone())
            .with_revocations(view.clone())
            // Not the present maximum: other instances may raise it.
            .with_max_lifetime(MAX_ACCESS_TOKEN)
            .with_clock(clock.clone())
            .build()?;
        let service = ContextWords::new().with_domain(host(self.issuer.as_str()));
        Ok(Auth {
            shared: Arc::new(Shared {
                issuer_name: self.issuer.as_str().to_owned(),
                issuer: TokenIssuer::new(self.issuer, self.audience, self.access_token),
                store: self.store,
                roots: self.roots,
                policy: self.policy.with_service_words(&service),
                breaches: self.breaches,
                profile: self.profile,
                random: self.random,
                lifetimes: self.lifetimes,
                response_floor: self.response_floor,
                pool,
                clock,
                tending: Tending::begin(&keys),
                keys,
                view,
                verifier,
            }),
        })
    }

    fn check_lifetimes(&self) -> Result<(), BuildError> {
        let Lifetimes {
            idle,
            absolute,
            grace,
        } = self.lifetimes;
        let token = self.access_token;
        let wrong = if token < Duration::from_secs(10) || token > MAX_ACCESS_TOKEN {
            "an access token must live 10 s to 1 h"
        } else if token.subsec_nanos() != 0 {
            "an access token's lifetime must be whole seconds"
        } else if idle < token {
            "a session must outlive an access token"
        } else if absolute < idle {
            "a session's absolute lifetime must not be shorter than its idle one"
        } else if absolute > Duration::from_secs(400 * 24 * 3600) {
            "a session must end within 400 days"
        } else if grace > Rotation::MAX_GRACE {
            "the rotation grace must not exceed 60 s"
        } else if self.response_floor > Some(MAX_RESPONSE_FLOOR) {
            "the response floor must not exceed 10 s"
        } else {
            return Ok(());
        };
        Err(BuildError::Lifetime(wrong))
    }
}

/// Longer than any client waits.
const MAX_RESPONSE_FLOOR: Duration = Duration::from_secs(10);

impl From<KeyLoadError> for BuildError {
    fn from(error: KeyLoadError) -> Self {
        match error {
            KeyLoadError::None => Self::NoSigningKeys,
            KeyLoadError::ForeignRoot => Self::ForeignRoot,
            KeyLoadError::Damaged => Self::DamagedKey,
            KeyLoadError::Entropy(error) => Self::Entropy(error),
            KeyLoadError::Store(error) => Self::Store(error),
        }
    }
}

/// The host of an issuer: it is an https URL.
fn host(issuer: &str) -> &str {
    let rest = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default()
}
