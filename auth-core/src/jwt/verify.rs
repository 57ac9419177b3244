//! Whether a token is good, in every respect that needs no I/O.

use std::time::Duration;

use super::claims::Claims;
use crate::key::Algorithm;
use crate::time::Timestamp;

/// Why a token is no good: for operators. A client hears `invalid_token` for
/// each (RFC 6750 §3.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Not three parts with two dots: a JWE, a JSON serialisation, or noise.
    #[error("not a compact JWS")]
    NotAJws,
    /// Longer than the policy allows.
    #[error("token too long")]
    TooLong,
    /// A part that is not what it must be.
    #[error("malformed token: {0}")]
    Malformed(&'static str),
    /// A header or claim name stands twice.
    #[error("a name stands twice in the token")]
    DuplicateName,
    /// A critical extension, none of which is implemented.
    #[error("critical header extension")]
    Critical,
    /// No `typ`, or not an access token's.
    #[error("not an access token by its typ")]
    Type,
    /// No `alg`, or none that is allowed.
    #[error("algorithm missing or not allowed")]
    Algorithm,
    /// No key of the issuer has this id and algorithm.
    #[error("no such key")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("wrong signature")]
    Signature,
    /// A claim that the policy requires is absent.
    #[error("claim {0} is missing")]
    MissingClaim(String),
    /// Another issuer's.
    #[error("another issuer")]
    Issuer,
    /// For another audience.
    #[error("another audience")]
    Audience,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// Its time has not come, or it was issued in the future.
    #[error("not yet valid")]
    NotYetValid,
    /// It would live longer than any token may.
    #[error("lifetime too long")]
    Lifetime,
    /// Bound to a key that a bearer does not prove (RFC 9449 §7.2).
    #[error("a sender-constrained token was presented as a bearer token")]
    Bound,
}

/// What a token must say.
#[derive(Clone, Debug)]
pub struct TokenPolicy {
    pub(crate) issuer: String,
    pub(crate) audiences: Vec<String>,
    /// `None`: whichever the key is bound to.
    pub(crate) algorithms: Option<Vec<Algorithm>>,
    pub(crate) types: Vec<String>,
    pub(crate) required: Vec<String>,
    pub(crate) leeway: Duration,
    pub(crate) max_lifetime: Duration,
    pub(crate) max_len: usize,
}

impl TokenPolicy {
    /// The greatest leeway.
    pub const MAX_LEEWAY: Duration = Duration::from_secs(60);

    /// Media types compare without case (RFC 9068 §2.1).
    pub(crate) fn is_type(&self, typ: &str) -> bool {
        self.types
            .iter()
            .any(|known| known.eq_ignore_ascii_case(typ))
    }

    pub(crate) fn allows(&self, algorithm: Algorithm) -> bool {
        self.algorithms
            .as_ref()
            .is_none_or(|allowed| allowed.contains(&algorithm))
    }

    pub(crate) fn check_times(&self, claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
        let (exp, iat) = (claims.expires_at(), claims.issued_at());
        if now >= exp + self.leeway {
            return Err(TokenError::Expired);
        }
        let soon = now + self.leeway;
        let early = |time: Option<Timestamp>| time.is_some_and(|time| time > soon);
        if early(iat) || early(claims.not_before()) {
            return Err(TokenError::NotYetValid);
        }
        let lifetime = iat.map(|iat| exp.since(iat));
        if lifetime.is_some_and(|lifetime| lifetime > self.max_lifetime) {
            return Err(TokenError::Lifetime);
        }
        Ok(())
    }
}
