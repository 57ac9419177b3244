//! Why a token is no good.

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
