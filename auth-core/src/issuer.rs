//! Who issues tokens, and for whom.

use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $type(String);

        impl $type {
            /// Takes the text as it is: it is compared byte for byte, so
            /// `https://a.example` and `https://a.example/` are two.
            ///
            /// # Errors
            /// [`NameError`] when it is empty, longer than 512 bytes, or has
            /// white space or control characters in it.
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                let odd = |c: char| c.is_whitespace() || c.is_control();
                if text.is_empty() || text.len() > 512 || text.contains(odd) {
                    return Err(NameError(stringify!($type)));
                }
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// Who issues tokens: the `iss` claim, by RFC 8414 an `https` URL.
    Issuer
}
name! {
    /// Whom tokens are for: the `aud` claim, usually the URL of an API.
    Audience
}

/// A text cannot name an issuer or audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} must be 1 to 512 bytes without white space or control characters")]
pub struct NameError(&'static str);
