//! The keys of one issuer.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::algorithm::Algorithm;
use super::backend::Backend;
use super::error::KeyError;
use super::jwk::{Jwks, RawJwk, is_private};
use super::verifying::VerifyingKey;

/// Keys of one issuer, each found by its id. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Arc<[Entry]>);

struct Entry {
    key: VerifyingKey,
    /// The header of the first good token, so that the next one is recognised
    /// by it. An issuer writes one header for all tokens of a key.
    header: OnceLock<KnownHeader>,
}

struct KnownHeader {
    text: Box<str>,
    typ: Box<str>,
}

/// Keys do not make a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Two keys have one id, which would not tell which is meant
    /// (RFC 7517 §4.5).
    #[error("two keys of the set have the same key id")]
    DuplicateKeyId,
    /// The text is no JWK set.
    #[error("not a JWK set")]
    Malformed,
    /// The set shows a private key. It is compromised.
    #[error("the public key set contains private members; consider its keys compromised")]
    Private,
    /// More keys than any issuer has.
    #[error("the set has more than {} keys", KeySet::MAX_KEYS)]
    TooMany,
}

#[derive(Deserialize)]
struct RawSet<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl KeySet {
    /// The most keys a set may have.
    pub const MAX_KEYS: usize = 100;

    /// A set of these keys.
    ///
    /// # Errors
    /// [`KeySetError`] when an id would not tell which key is meant.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeySetError> {
        let mut set = Vec::<VerifyingKey>::new();
        for key in keys {
            if set.len() == Self::MAX_KEYS {
                return Err(KeySetError::TooMany);
            }
            if set.iter().any(|known| known.kid() == key.kid()) {
                return Err(KeySetError::DuplicateKeyId);
            }
            set.push(key);
        }
        let entry = |key| Entry {
            key,
            header: OnceLock::new(),
        };
        Ok(Self(set.into_iter().map(entry).collect()))
    }

    /// Reads a public JWK set on the default backend, as
    /// [`from_jwks_on`](Self::from_jwks_on) does.
    ///
    /// # Errors
    /// [`KeySetError`] when the text is no set, an id stands twice, or a
    /// private key is shown.
    pub fn from_jwks(json: &str) -> Result<(Self, Vec<(usize, KeyError)>), KeySetError> {
        Self::from_jwks_on(Backend::default(), json)
    }

    /// Reads a public JWK set (RFC 7517 §5), and prepares its keys for this
    /// backend. Keys of unknown types and those that are for something else are
    /// skipped, as the RFC asks; each with its place in the set and the reason.
    ///
    /// # Errors
    /// [`KeySetError`] when the text is no set, an id stands twice, or a
    /// private key is shown.
    ///
    /// ```
    /// use auth_core::key::{Backend, KeySet};
    ///
    /// // RFC 8037 A.2, and a type that is not known here.
    /// let jwks = r#"{"keys":[
    ///     {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ///     {"kty":"AKP","alg":"ML-DSA-44"}]}"#;
    /// let (keys, skipped) = KeySet::from_jwks_on(Backend::Ring, jwks)?;
    /// assert!(keys.contains("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"));
    /// assert_eq!(skipped.len(), 1);
    /// # Ok::<(), auth_core::key::KeySetError>(())
    /// ```
    pub fn from_jwks_on(
        backend: Backend,
        json: &str,
    ) -> Result<(Self, Vec<(usize, KeyError)>), KeySetError> {
        let set: RawSet<'_> = serde_json::from_str(json).map_err(|_| KeySetError::Malformed)?;
        let (mut keys, mut skipped) = (Vec::new(), Vec::new());
        for (place, jwk) in set.keys.into_iter().enumerate() {
            if is_private(jwk.get()) {
                return Err(KeySetError::Private);
            }
            let key =
                RawJwk::parse(jwk.get()).and_then(|jwk| VerifyingKey::from_raw(&jwk, backend));
            match key {
                Ok(key) => keys.push(key),
                Err(reason) => skipped.push((place, reason)),
            }
        }
        Ok((Self::new(keys)?, skipped))
    }

    /// The same keys, prepared for another library.
    ///
    /// # Errors
    /// [`KeyError`] when the library does not take one of them.
    pub fn with_backend(self, backend: Backend) -> Result<Self, KeyError> {
        let entry = |key: &VerifyingKey| {
            Ok(Entry {
                key: key.clone().with_backend(backend)?,
                header: OnceLock::new(),
            })
        };
        self.iter().map(entry).collect::<Result<_, _>>().map(Self)
    }

    /// The key that a token with this header is verified by: the one named,
    /// compared byte for byte; without a name the only one there is. A key
    /// bound to another algorithm is not found.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&VerifyingKey> {
        let key = match kid {
            Some(kid) => self.iter().find(|key| key.kid() == kid),
            None if self.0.len() == 1 => self.iter().next(),
            None => None,
        };
        key.filter(|key| key.algorithm() == algorithm)
    }

    /// The key whose good tokens have this header, as it is written, and the
    /// `typ` in it: what reading the header and [`find`](Self::find) would
    /// come to. `None` says nothing.
    pub(crate) fn recognise(&self, header: &str) -> Option<(&VerifyingKey, &str)> {
        // Reading a header costs as much as comparing many.
        self.0.iter().take(8).find_map(|entry| {
            let known = entry.header.get()?;
            (*known.text == *header).then_some((&entry.key, &*known.typ))
        })
    }

    /// Recognises `header` from now on, if it is the first for `key`.
    ///
    /// # Contract
    /// The header is one of a token that `key` signed, and this set finds
    /// `key` for it. A header that is not could be anybody's.
    pub(crate) fn remember(&self, key: &VerifyingKey, header: &str, typ: &str) {
        let entry = self.0.iter().find(|entry| entry.key.kid() == key.kid());
        if let Some(entry) = entry
            && header.len() <= 512
        {
            entry.header.get_or_init(|| KnownHeader {
                text: header.into(),
                typ: typ.into(),
            });
        }
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key has this id.
    pub fn contains(&self, kid: &str) -> bool {
        self.iter().any(|key| key.kid() == kid)
    }

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.0.iter().map(|entry| &entry.key)
    }

    /// The set as it is published: without shared secrets.
    pub fn to_jwks(&self) -> Jwks {
        Jwks {
            keys: self.iter().filter_map(VerifyingKey::to_jwk).collect(),
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}
