//! The `WWW-Authenticate` challenges: RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3.

use std::fmt::Write;
use std::sync::Arc;

use auth_core::Code;
use http::HeaderValue;

/// The realm of a challenge, written as the inside of a quoted string
/// (RFC 9110 §5.6.4).
#[derive(Clone, Debug)]
pub(crate) struct Realm(Arc<str>);

impl Realm {
    /// What a header cannot carry becomes `?`.
    pub(crate) fn new(text: &str) -> Self {
        let mut quoted = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                ' '..='~' => quoted.push(c),
                _ => quoted.push('?'),
            }
        }
        Self(quoted.into())
    }

    /// No credentials were sent: no error code either (RFC 6750 §3.1).
    pub(crate) fn bare(&self) -> HeaderValue {
        header(format!("Bearer realm=\"{}\"", self.0))
    }

    /// What is wrong with the credentials, or what they lack: `extra` is a
    /// parameter of the code's own, of characters that need no quoting.
    pub(crate) fn error(&self, code: Code, extra: Option<(&str, &str)>) -> HeaderValue {
        self.challenge("Bearer", code, extra)
    }

    /// The token is bound to a key (RFC 9449 §7.1).
    pub(crate) fn bound(&self) -> HeaderValue {
        self.challenge("DPoP", Code::InvalidToken, None)
    }

    fn challenge(&self, scheme: &str, code: Code, extra: Option<(&str, &str)>) -> HeaderValue {
        let (realm, error, description) = (&self.0, code.as_str(), code.title());
        let mut value = format!(
            "{scheme} realm=\"{realm}\", error=\"{error}\", error_description=\"{description}\""
        );
        if let Some((name, content)) = extra {
            // Writing to a string cannot fail.
            let _ = write!(value, ", {name}=\"{content}\"");
        }
        header(value)
    }
}

fn header(value: String) -> HeaderValue {
    // Nothing in it is outside printable ASCII.
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_realm_cannot_end_its_quotes() {
        let realm = Realm::new("a\", error=\"x\\\r\né");
        assert_eq!(realm.bare(), "Bearer realm=\"a\\\", error=\\\"x\\\\???\"");
    }

    #[test]
    fn every_code_fits_a_challenge() {
        for code in Code::ALL {
            let value = Realm::new("r").error(*code, Some(("scope", "a b")));
            assert!(value.to_str().unwrap().contains(code.as_str()));
        }
    }
}
