//! Building an [`Auth`](crate::Auth).

mod assemble;
mod checks;

use std::sync::Arc;
use std::time::Duration;

use auth_core::api_key::ApiKeyPrefix;
use auth_core::key::Backend;
use auth_core::password::{BreachCheck, HashPool, PasswordPolicy};
use auth_core::verifier::TokenCache;
use auth_core::{Audience, Clock, Issuer, RootSecrets, SecureRandom, SystemClock, SystemRandom};
use auth_store::Store;

use crate::auth::Lifetimes;
use crate::keys::{KeyRotation, OwnKeys};
use crate::lookups::Asked;
use crate::profile::{PlainProfile, TokenProfile};
use crate::throttle::RateLimits;

/// Builds an [`Auth`](crate::Auth).
///
/// # Defaults
/// - access token: 5 min, less up to 5 %
/// - session: 14 days unless refreshed, 90 days at most
/// - rotation grace: 30 s
/// - password reset: 30 min
/// - passwords: at least 15 code points, none of the commonest, not made of the
///   user's or the issuer's name; Argon2id at 19 MiB, 2 passes, 1 lane
/// - breached passwords: not looked up
/// - hash pool: one thread a core, less one when there are several
/// - signing keys: made, sealed, shared and changed in the store, as
///   [`KeyRotation`] says: a new one every 30 days
/// - library that signs and verifies by them: [`Backend::Ring`]
/// - token profile: no scope, no claims of the application's own
/// - attempts at passwords: counted, in a store that must do so
/// - limits for each network: none ([`with_rate_limits`](Self::with_rate_limits))
/// - response floor of log-in: none
/// - API keys: none; where there are, 100 live ones of each user
/// - events: none
/// - verified access tokens: remembered, up to 10 000 of them and 32 MiB, 64 of
///   one user ([`MemoryTokenCache`](crate::MemoryTokenCache)); they end at the same instant as others
/// - API keys and users to be shown: kept for up to 60 s over a store that only this
///   process changes, asked for each time over others ([`Self::with_lookup_cache`])
/// - clock and randomness: the system's
#[derive(Debug)]
pub struct AuthBuilder {
    issuer: Issuer,
    audience: Audience,
    roots: RootSecrets,
    store: Arc<dyn Store>,
    access_token: Duration,
    lifetimes: Lifetimes,
    rotation: Option<KeyRotation>,
    backend: Option<Backend>,
    keys: Option<OwnKeys>,
    policy: PasswordPolicy,
    breaches: Option<BreachCheck>,
    pool: Option<HashPool>,
    profile: Arc<dyn TokenProfile>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn SecureRandom>,
    response_floor: Option<Duration>,
    unlimited_attempts: bool,
    pub(crate) api_keys: Option<ApiKeyPrefix>,
    pub(crate) api_key_limit: u32,
    pub(crate) rate_limits: Option<RateLimits>,
    events: bool,
    token_cache: Remembered,
    pub(crate) lookups: Asked,
}

/// Where verified tokens are kept.
#[derive(Debug)]
enum Remembered {
    ByDefault,
    In(Arc<dyn TokenCache>),
    Nowhere,
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
                reset: Duration::from_secs(30 * 60),
            },
            rotation: None,
            backend: None,
            keys: None,
            policy: PasswordPolicy::default(),
            breaches: None,
            pool: None,
            profile: Arc::new(PlainProfile),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::new()),
            response_floor: None,
            unlimited_attempts: false,
            api_keys: None,
            api_key_limit: 100,
            rate_limits: None,
            events: false,
            token_cache: Remembered::ByDefault,
            lookups: Asked::default(),
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

    /// A user who has forgotten the password has `lifetime` to choose another one,
    /// 1 min to 1 h, from when that was asked for.
    pub const fn with_password_reset_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.reset = lifetime;
        self
    }

    /// Signing keys are changed as `rotation` says.
    pub const fn with_signing_key_rotation(mut self, rotation: KeyRotation) -> Self {
        self.rotation = Some(rotation);
        self
    }

    /// Tokens are signed, and verified, by the library that `backend` names. All
    /// accept the same tokens; they differ in speed and in who wrote them. The
    /// store says nothing of it: instances of one store may each use another,
    /// and one may change it from one start to the next.
    ///
    /// All else (sealing the keys, refresh tokens, derived keys) stays with
    /// ring. The application's [own keys](Self::with_keys) are prepared for a
    /// library already, by
    /// [`SigningKey::with_backend`](auth_core::key::SigningKey::with_backend).
    pub const fn with_signing_key_backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// Tokens are signed and verified by the application's own `keys`, and not
    /// by those of the store. [`OwnKeys`] says what that takes.
    pub fn with_keys(mut self, keys: impl Into<OwnKeys>) -> Self {
        self.keys = Some(keys.into());
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
    /// answer; only [`AuthError::Overloaded`](crate::AuthError::Overloaded), which says
    /// nothing of an account, is answered at once. 10 s at most.
    ///
    /// It hides that hashes of other systems, and those of other parameters, take
    /// another time than the dummy of an account that is not there, if it is longer
    /// than the slowest of them, its place in the queue included. While all hashes
    /// are current it has nothing to hide.
    pub const fn with_response_floor(mut self, floor: Duration) -> Self {
        self.response_floor = Some(floor);
        self
    }

    /// Changes tell of themselves: with each, in the same transaction, an event is put
    /// into the store's outbox, from where an `auth_store::outbox::Relay` publishes it.
    /// It costs a row, and no round trip.
    ///
    /// The subject of each event is the id of the user, or of the tenant where that is
    /// what changes; its `source` is the issuer. None holds a
    /// password, a token, or what a user signs in with.
    ///
    /// | kind | data |
    /// |---|---|
    /// | `auth.user.created` | `roles` |
    /// | `auth.password.changed` | |
    /// | `auth.user.status_changed` | `status` |
    /// | `auth.user.roles_changed` | `roles` |
    /// | `auth.session.opened` | `session`, `client` |
    /// | `auth.session.ended` | `session` |
    /// | `auth.sessions.ended` | |
    /// | `auth.session.compromised` | `session`, `presented`: the generation of the token that should not exist, `generation`: the current one, `reason`: `reuse` or `conflict` |
    /// | `auth.platform.linked`, `auth.platform.unlinked` | `platform`, and not whose account there |
    /// | `auth.password.removed` | |
    /// | `auth.tenant.status_changed` | `status` |
    /// | `auth.api_key.created`, `auth.api_key.rotated`, `auth.api_key.revoked` | `api_key` |
    /// | `auth.api_keys.revoked` | |
    ///
    /// A password change, a change of status, and a way to log in that is removed end all
    /// sessions without an event of their own for that. A refresh that succeeds tells
    /// nothing, and so does what expires.
    pub const fn with_events(mut self) -> Self {
        self.events = true;
        self
    }

    /// Keeps verified access tokens in `cache`; another bound is another
    /// [`MemoryTokenCache`](crate::MemoryTokenCache).
    pub fn with_token_cache(mut self, cache: Arc<dyn TokenCache>) -> Self {
        self.token_cache = Remembered::In(cache);
        self
    }

    /// Checks the signature of an access token with every request.
    pub fn without_token_cache(mut self) -> Self {
        self.token_cache = Remembered::Nowhere;
        self
    }

    /// Builds over a store that counts no attempts too. Then anybody may guess at a
    /// password as often and as fast as hashes can be computed, unless something
    /// in front of the service counts. A store that does count counts on.
    pub const fn danger_accept_unlimited_attempts(mut self) -> Self {
        self.unlimited_attempts = true;
        self
    }
}
