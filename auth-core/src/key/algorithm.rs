//! Signature algorithms, by their JWS names (RFC 7518 §3.1, RFC 8037 §3.1).

use std::fmt;

macro_rules! algorithms {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $family:ident;)*) => {
        /// A signature algorithm. One key has one; a token that names another
        /// is rejected before any cryptography (RFC 8725 §3.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Algorithm {
            $($(#[$doc])* $variant,)*
        }

        impl Algorithm {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in the `alg` header.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Reads the `alg` header, byte for byte; `none` in any spelling
            /// is no algorithm.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            pub(crate) const fn family(self) -> Family {
                match self { $(Self::$variant => Family::$family,)* }
            }
        }
    };
}

algorithms! {
    /// `EdDSA` with Ed25519.
    EdDsa = "EdDSA", Ed25519;
    /// ECDSA with P-256 and SHA-256.
    Es256 = "ES256", P256;
    /// ECDSA with P-384 and SHA-384.
    Es384 = "ES384", P384;
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256 = "RS256", Rsa;
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384 = "RS384", Rsa;
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512 = "RS512", Rsa;
    /// RSASSA-PSS with SHA-256 and MGF1 with SHA-256.
    Ps256 = "PS256", Rsa;
    /// RSASSA-PSS with SHA-384 and MGF1 with SHA-384.
    Ps384 = "PS384", Rsa;
    /// RSASSA-PSS with SHA-512 and MGF1 with SHA-512.
    Ps512 = "PS512", Rsa;
    /// HMAC with SHA-256: whoever verifies can also issue.
    Hs256 = "HS256", Hmac;
    /// HMAC with SHA-384: whoever verifies can also issue.
    Hs384 = "HS384", Hmac;
    /// HMAC with SHA-512: whoever verifies can also issue.
    Hs512 = "HS512", Hmac;
}

impl Algorithm {
    /// How many bytes its hash has; Ed25519's is SHA-512.
    pub(crate) const fn hash_len(self) -> usize {
        match self {
            Self::Es256 | Self::Rs256 | Self::Ps256 | Self::Hs256 => 32,
            Self::Es384 | Self::Rs384 | Self::Ps384 | Self::Hs384 => 48,
            Self::EdDsa | Self::Rs512 | Self::Ps512 | Self::Hs512 => 64,
        }
    }
}

/// What kind of key an algorithm takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Ed25519,
    P256,
    P384,
    Rsa,
    Hmac,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
