//! Why a key is not taken.

use crate::random::EntropyError;

/// Bytes or a JWK are not a key that may be used for the purpose. Nothing of
/// the key is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a key in the form that was expected.
    #[error("not a key in the expected form")]
    Malformed,
    /// The parts of a private key do not belong together, or the public half
    /// is missing.
    #[error("the private key's parts do not belong together, or its public half is missing")]
    Inconsistent,
    /// A certificate. It holds a key, and says for how long and by whose word,
    /// which nobody here checks: take the key out of it.
    #[error("a certificate is not a key; extract its public key (`openssl x509 -pubkey`)")]
    Certificate,
    /// A private key under a password.
    #[error("the key is encrypted; decrypt it first (`openssl pkcs8`)")]
    Encrypted,
    /// A PEM of another kind than `PRIVATE KEY` (PKCS#8), or than `PUBLIC KEY`.
    #[error("the PEM is of another kind than PRIVATE KEY (PKCS#8) or PUBLIC KEY")]
    PemLabel,
    /// A key of another type or curve than the algorithm takes (RFC 7518 §3.1).
    #[error("the key is not of the algorithm's type")]
    WrongType,
    /// A type, curve or algorithm that is not implemented.
    #[error("the key's type or algorithm is not supported")]
    Unsupported,
    /// The JWK says that it is for something else (RFC 7517 §4.2–4.4).
    #[error("the key's use, key_ops or alg say that it is for something else")]
    WrongPurpose,
    /// An RSA modulus below 2048 or above 8192 bits (RFC 7518 §3.3); of a
    /// private key, anything but 2048, 3072 or 4096.
    #[error("an RSA key must have 2048 to 8192 bits; a private one 2048, 3072 or 4096")]
    RsaSize,
    /// An RSA modulus that is even, or an exponent that is even, below 3 or
    /// above 2³³ − 1; of a private key, below 65537.
    #[error("the RSA key's modulus or exponent is not allowed")]
    RsaExponent,
    /// An HMAC secret shorter than the hash (RFC 7518 §3.2).
    #[error("an HMAC key must be at least as long as its hash")]
    HmacTooShort,
    /// A point that is not on the curve, is its infinity, stands there
    /// compressed, or generates a small group.
    #[error("the key's point is not allowed")]
    Point,
    /// A set of public keys shows a private one. The key is compromised.
    #[error("a public key set contains private members; consider the key compromised")]
    PrivateInPublic,
    /// The key id is longer than 256 bytes.
    #[error("the key id is too long")]
    KeyId,
    /// The backend cannot do this: ring generates no RSA keys.
    #[error("the backend cannot do this")]
    Backend,
    /// There is no randomness to draw a key from.
    #[error("the random number generator failed")]
    Entropy,
}

impl From<EntropyError> for KeyError {
    fn from(_: EntropyError) -> Self {
        Self::Entropy
    }
}
