//! The claims that have a meaning here.

macro_rules! claims {
    ($($claim:ident = $name:literal $bytes:literal,)*) => {
        /// A claim that is read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Claim {
            $($claim,)*
        }

        impl Claim {
            /// Reads a claim's name, byte for byte.
            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name.as_bytes() {
                    $($bytes => Some(Self::$claim),)*
                    _ => None,
                }
            }

            /// The name of the claim with this bit.
            pub(super) fn with_bit(bit: u32) -> &'static str {
                [$($name),*].get(bit as usize).copied().unwrap_or_default()
            }
        }
    };
}

claims! {
    Iss = "iss" b"iss",
    Sub = "sub" b"sub",
    Aud = "aud" b"aud",
    Exp = "exp" b"exp",
    Iat = "iat" b"iat",
    Nbf = "nbf" b"nbf",
    Jti = "jti" b"jti",
    ClientId = "client_id" b"client_id",
    Sid = "sid" b"sid",
    Scope = "scope" b"scope",
    Tid = "tid" b"tid",
    Ver = "ver" b"ver",
    Tver = "tver" b"tver",
    Amr = "amr" b"amr",
    AuthTime = "auth_time" b"auth_time",
    Roles = "roles" b"roles",
    Cnf = "cnf" b"cnf",
}

impl Claim {
    /// Its bit in a set of claims.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl From<Claim> for u8 {
    fn from(claim: Claim) -> Self {
        claim as Self
    }
}

/// Names that only this crate writes; the application's own claims cannot
/// have them.
pub(super) fn is_reserved(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "acr",
        "act",
        "may_act",
        "azp",
        "nonce",
        "groups",
        "entitlements",
    ];
    Claim::from_name(name).is_some() || OTHERS.contains(&name)
}
