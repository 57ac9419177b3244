//! Verifying: the one way from a text to an [`Identity`].
//!
//! A [`Verifier`] is a policy as a value, built once: which issuers it trusts
//! by which keys, for whom their tokens must be, which algorithms, types and
//! claims, how long a token may live and be. Nothing of it is read from a
//! token; a token only says which of the issuers and keys to try.
//!
//! # What is checked, in this order
//!
//! | | what | or else |
//! |---|---|---|
//! | 1 | not longer than 8 KiB | [`TokenError::TooLong`] |
//! | 2 | three parts, two dots (RFC 7515 §7.1) | [`TokenError::NotAJws`] |
//! | 3 | of several issuers: `iss` names one of them | [`TokenError::Issuer`] |
//! | 4 | header: canonical base64url, one JSON object, no name twice, 64 levels at most | [`TokenError::Malformed`], [`TokenError::DuplicateName`] |
//! | 5 | no `crit`, no `b64` (RFC 7515 §4.1.11) | [`TokenError::Critical`] |
//! | 6 | `typ` is an access token's (RFC 9068 §4) | [`TokenError::Type`] |
//! | 7 | `alg` is an algorithm, and one that is allowed (RFC 8725 §3.1) | [`TokenError::Algorithm`] |
//! | 8 | the issuer has the key `kid`, and it is for `alg` | [`TokenError::UnknownKey`]; [`Undecided`] if the issuer can be asked |
//! | 9 | the signature | [`TokenError::Signature`] |
//! | 10 | payload: as in 4 | |
//! | 11 | each claim is of its type; no `cnf.jkt`, which a bearer does not prove (RFC 9449 §7.2) | [`TokenError::Malformed`], [`TokenError::Bound`] |
//! | 12 | `iss`, `sub`, `aud`, `exp` and the required ones are there | [`TokenError::MissingClaim`] |
//! | 13 | `iss` and `aud`, byte for byte | [`TokenError::Issuer`], [`TokenError::Audience`] |
//! | 14 | `exp`, `nbf` and `iat` against the clock; the lifetime | [`TokenError::Expired`], [`TokenError::NotYetValid`], [`TokenError::Lifetime`] |
//! | 15 | key, session, user and tenant stand | [`VerifyError::Revoked`] |
//!
//! Claims are read from the bytes whose signature was checked, once. The `iss`
//! of 3 is read from bytes that anybody can have written: it selects whose
//! keys are tried, and is checked with the others in 13.
//!
//! # API keys
//! With [`VerifierBuilder::with_api_keys`] a credential that begins with the
//! application's prefix is an [API key](crate::api_key), never a token. What is
//! checked: prefix, length, alphabet, version and checksum, then that this
//! process has not revoked it, all without I/O; then, looked up, its secret
//! (in constant time), that neither key nor user nor tenant is revoked or
//! disabled, and its expiry. Whatever is wrong is `invalid_token`; that it
//! cannot be looked up is `temporarily_unavailable`.
//!
//! # A cache
//! With [`VerifierBuilder::with_token_cache`] a token that was verified is
//! remembered, and 5 to 13 are not done again. 14 and 15 are, and so is 8 when
//! the issuer's keys have changed: [`TokenCache`] says what holds, and why no
//! cache can make a verifier accept anything.
//!
//! # Two issuers
//!
//! ```
//! use std::sync::Arc;
//! use auth_core::key::{KeySet, SigningKey};
//! use auth_core::verifier::{TrustedIssuer, Verifier};
//! use auth_core::{Audience, Issuer, SystemRandom};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = || SigningKey::generate(&SystemRandom::new());
//! # let (ours, theirs) = (key()?, key()?);
//! # let our_keys = KeySet::new([ours.verifying_key().clone()])?;
//! # let their_keys = KeySet::new([theirs.verifying_key().clone()])?;
//! let us = Issuer::new("https://auth.example.com")?;
//! let them = Issuer::new("https://login.partner.example")?;
//! let api = Audience::new("https://api.example.com")?;
//!
//! let partner = TrustedIssuer::new(&them, &api, Arc::new(their_keys))
//!     .with_types(["JWT", "at+jwt"])
//!     .with_required_claims(["iat"])
//!     .without_revocations();
//! let verifier = Verifier::builder(&us, &api, Arc::new(our_keys))
//!     .with_issuer(partner)
//!     .without_revocations()
//!     .build()?;
//! assert_eq!(verifier.issuer(), "https://auth.example.com");
//! assert_eq!(verifier.issuers().count(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # The application's own claims
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use auth_core::jwt::{NewToken, TokenIssuer};
//! use auth_core::key::{KeySet, SigningKey};
//! use auth_core::verifier::Verifier;
//! # use auth_core::{Audience, ClientId, Clock, Issuer, Scope, SessionId, SystemClock, SystemRandom, TenantId, UserId};
//!
//! #[derive(serde::Deserialize)]
//! struct Plan {
//!     plan: String,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (us, api) = (Issuer::new("https://auth.example.com")?, Audience::new("https://api.example.com")?);
//! # let random = SystemRandom::new();
//! # let now = SystemClock.now().wall;
//! let key = SigningKey::generate(&random)?;
//! let keys = KeySet::new([key.verifying_key().clone()])?;
//! let verifier = Verifier::builder(&us, &api, Arc::new(keys))
//!     .with_required_claims(["iat", "jti", "plan"])
//!     .without_revocations()
//!     .build()?;
//!
//! let own = serde_json::Map::from_iter([("plan".to_owned(), "gold".into())]);
//! # let (client, scope) = (ClientId::default(), Scope::empty());
//! let token = NewToken {
//!     custom: &own,
//!     // …
//! #   subject: UserId::draw(now, &random)?, tenant: TenantId::DEFAULT, session: SessionId::draw(now, &random)?,
//! #   client: &client, scope: &scope, user_version: 1, tenant_version: 1, amr: &[], auth_time: now, roles: &[], now,
//! };
//! let token = TokenIssuer::new(us, api, Duration::from_secs(300)).issue(&key, &token, &random)?;
//!
//! let identity = verifier.verify_now(token.expose())?;
//! assert_eq!(identity.claims::<Plan>()?.plan, "gold"); // parsed once, kept with the identity
//! # Ok(())
//! # }
//! ```

mod api_keys;
mod bearer;
mod builder;
mod cache;
mod checks;
mod hit;
mod stats;
mod trusted;
mod undecided;
mod vouched;

use std::fmt;
use std::sync::Arc;

pub use bearer::{BearerError, bearer_token};
pub use builder::{VerifierBuildError, VerifierBuilder};
pub use cache::{TokenCache, VerifierId};
pub use checks::{SignatureCheck, SignatureChecks};
pub use stats::VerifierStats;
pub use trusted::TrustedIssuer;
pub use undecided::Undecided;

use api_keys::ApiKeys;
use stats::Counters;
use undecided::Question;
use vouched::{AsOf, Verified};

pub(crate) use vouched::Vouched;

use crate::api_key::ApiKeyError;
use crate::clock::Clock;
use crate::error::Code;
use crate::identity::Identity;
use crate::issuer::{Audience, Issuer};
use crate::jwt::{Claims, Compact, TokenError, claimed_issuer};
use crate::key::{KeySource, Unavailable};
use crate::time::Now;

/// Verifies access tokens of the issuers that it trusts, and API keys where it
/// is told of them. Clones share everything.
///
/// # Guarantees
/// - A token is accepted by the keys of the issuer that it names, and on that
///   issuer's terms; no other issuer's.
/// - A token of an issuer that is not trusted costs no cryptography and no
///   I/O.
///
/// Not guaranteed: that issuers are two if they have the same key. Whoever has
/// a key of an issuer can say to be that issuer.
#[derive(Clone)]
pub struct Verifier {
    shared: Arc<Shared>,
}

struct Shared {
    own: TrustedIssuer,
    /// In the order of their names.
    others: Vec<TrustedIssuer>,
    api_keys: Option<ApiKeys>,
    max_len: usize,
    clock: Arc<dyn Clock>,
    id: VerifierId,
    cache: Option<Arc<dyn TokenCache>>,
    checks: SignatureChecks,
    counters: Counters,
}

/// A token was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It is no good.
    #[error(transparent)]
    Invalid(#[from] TokenError),
    /// It is an API key, and no good.
    #[error(transparent)]
    ApiKey(#[from] ApiKeyError),
    /// It was good once, and is revoked.
    #[error("the token is revoked")]
    Revoked,
    /// It cannot be judged without I/O. Ask [`Verifier::confirm`]; to ignore
    /// this is to reject the token.
    #[error("the token cannot be judged without asking")]
    Undecided(Undecided),
    /// It cannot be judged at present. This is no "no".
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl VerifyError {
    /// What the caller is told.
    pub const fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::ApiKey(_) | Self::Revoked => Code::InvalidToken,
            Self::Undecided(_) | Self::Unavailable(_) => Code::Unavailable,
        }
    }
}

impl Verifier {
    /// Begins a verifier that trusts `keys` for `issuer` and accepts tokens
    /// for `audience`. [`VerifierBuilder::with_issuer`] adds others.
    pub fn builder(
        issuer: &Issuer,
        audience: &Audience,
        keys: Arc<dyn KeySource>,
    ) -> VerifierBuilder {
        VerifierBuilder::new(issuer, audience, keys)
    }

    /// Verifies what can be verified now, without I/O and without waiting.
    ///
    /// # Errors
    /// [`VerifyError`]; [`Undecided`] when the answer needs I/O.
    pub fn verify_now(&self, token: &str) -> Result<Arc<Identity>, VerifyError> {
        let shared = &*self.shared;
        if let Some(keys) = &shared.api_keys
            && keys.prefix.is_of(token)
        {
            let presented = keys.read(token, &shared.own)?;
            return Err(Undecided(Question::ApiKey(presented)).into());
        }
        match &shared.cache {
            Some(cache) => shared.judge_by(&**cache, token),
            None => shared.judge(token),
        }
    }

    /// Decides what [`verify_now`](Self::verify_now) could not: asks for the
    /// keys of the issuer that the token names, and of no other; looks an API
    /// key up.
    ///
    /// # Errors
    /// [`VerifyError`], never [`VerifyError::Undecided`].
    pub async fn confirm(&self, undecided: Undecided) -> Result<Arc<Identity>, VerifyError> {
        let (token, kid, keys) = match undecided.0 {
            Question::SigningKey { token, kid, keys } => (token, kid, keys),
            Question::ApiKey(presented) => return self.confirm_api_key(&presented).await,
        };
        keys.refresh(&kid).await?;
        match self.verify_now(token.expose()) {
            Err(VerifyError::Undecided(_)) => Err(TokenError::UnknownKey.into()),
            decided => decided,
        }
    }

    /// [`verify_now`](Self::verify_now), and [`confirm`](Self::confirm) where
    /// it could not tell.
    ///
    /// # Errors
    /// [`VerifyError`], never [`VerifyError::Undecided`].
    pub async fn verify(&self, token: &str) -> Result<Arc<Identity>, VerifyError> {
        match self.verify_now(token) {
            Err(VerifyError::Undecided(undecided)) => self.confirm(undecided).await,
            decided => decided,
        }
    }

    /// Its own issuer: the one that it was begun with.
    pub fn issuer(&self) -> &str {
        self.shared.own.issuer.as_str()
    }

    /// The issuers whose tokens it accepts, its own first.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        let others = self.shared.others.iter();
        std::iter::once(&self.shared.own)
            .chain(others)
            .map(|trusted| trusted.issuer.as_str())
    }

    /// What it has done since it was built.
    pub fn stats(&self) -> VerifierStats {
        self.shared.counters.read()
    }

    /// The verifier's clock.
    pub fn now(&self) -> Now {
        self.shared.clock.now()
    }
}

impl Shared {
    /// Judges a token by what it says, its signature and all.
    fn judge(&self, token: &str) -> Result<Arc<Identity>, VerifyError> {
        let compact = Compact::split(token, self.max_len)?;
        let (place, trusted, payload) = if self.others.is_empty() {
            (0, &self.own, None)
        } else {
            let payload = compact.payload()?;
            let (place, trusted) = self.named(&claimed_issuer(&payload)?)?;
            (place, trusted, Some(payload))
        };
        // Before anything is looked up in it.
        let as_of = self.cache.as_ref().map(|_| AsOf::now(trusted));
        let key = trusted
            .check_signature(token, &compact, &self.checks)
            .inspect_err(|error| {
                if matches!(error, VerifyError::Unavailable(_)) {
                    self.counters.overloaded();
                }
            })?;
        let payload = payload.map_or_else(|| compact.payload(), Ok)?;
        let claims = Claims::parse(payload, &trusted.policy, self.clock.now().wall)?;
        let standpoint = trusted.check_standing(&claims, key.thumbprint)?;
        let vouched = as_of.map(|as_of| {
            let verified = Verified {
                verifier: self.id,
                issuer: place,
                alive: trusted.policy.alive(&claims),
                key,
                standpoint,
                as_of,
            };
            Vouched::new(verified)
        });
        Ok(Identity::of_token(claims, place == 0, vouched, token))
    }

    /// The issuer of this name, and its place: 0 is the verifier's own.
    fn named(&self, issuer: &str) -> Result<(usize, &TrustedIssuer), TokenError> {
        if self.own.issuer.as_str() == issuer {
            return Ok((0, &self.own));
        }
        let place = self
            .others
            .binary_search_by(|other| other.issuer.as_str().cmp(issuer))
            .map_err(|_| TokenError::Issuer)?;
        let other = self.others.get(place).ok_or(TokenError::Issuer)?;
        Ok((place + 1, other))
    }

    /// The issuer in a place.
    fn issuer(&self, place: usize) -> Option<&TrustedIssuer> {
        match place.checked_sub(1) {
            None => Some(&self.own),
            Some(place) => self.others.get(place),
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("own", &self.shared.own.policy)
            .field("others", &self.shared.others.len())
            .field("api_keys", &self.shared.api_keys)
            .field("cache", &self.shared.cache)
            .finish_non_exhaustive()
    }
}
