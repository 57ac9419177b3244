//! The names of algorithms, ours and theirs.

use jsonwebtoken::Algorithm as Theirs;

use crate::key::Algorithm;

/// `jsonwebtoken` has an algorithm that is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the algorithm is not supported")]
pub struct UnknownAlgorithm;

macro_rules! algorithms {
    ($($ours:ident = $theirs:ident,)*) => {
        impl From<Algorithm> for Theirs {
            fn from(algorithm: Algorithm) -> Self {
                match algorithm { $(Algorithm::$ours => Self::$theirs,)* }
            }
        }

        impl TryFrom<Theirs> for Algorithm {
            type Error = UnknownAlgorithm;

            fn try_from(algorithm: Theirs) -> Result<Self, UnknownAlgorithm> {
                match algorithm {
                    $(Theirs::$theirs => Ok(Self::$ours),)*
                    _ => Err(UnknownAlgorithm),
                }
            }
        }
    };
}

algorithms! {
    EdDsa = EdDSA,
    Es256 = ES256,
    Es384 = ES384,
    Rs256 = RS256,
    Rs384 = RS384,
    Rs512 = RS512,
    Ps256 = PS256,
    Ps384 = PS384,
    Ps512 = PS512,
    Hs256 = HS256,
    Hs384 = HS384,
    Hs512 = HS512,
}
