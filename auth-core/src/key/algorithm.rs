//! Signature algorithms, by their JWS names (RFC 7518 §3.1, RFC 8037 §3.1).

use std::fmt;

/// A signature algorithm. One key has one; a token that names another is
/// rejected before any cryptography (RFC 8725 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// `EdDSA` with Ed25519.
    EdDsa,
}

impl Algorithm {
    /// The name in the `alg` header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads the `alg` header, byte for byte; `none` in any spelling is no
    /// algorithm.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::EdDsa]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
