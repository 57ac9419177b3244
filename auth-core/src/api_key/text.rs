//! The wire form of a key.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::checksum::crc32;
use super::prefix::ApiKeyPrefix;
use super::secret::{ApiKeyHash, ApiKeySecret};
use crate::id::ApiKeyId;
use crate::secret::Secret;

const VERSION: u8 = 1;
/// Version, id and secret.
const BODY: usize = 1 + 16 + ApiKeySecret::LEN;
const CHECKSUM: usize = 4;
/// A multiple of three: base64 leaves no bits over.
const BYTES: usize = BODY + CHECKSUM;
const TEXT: usize = BYTES / 3 * 4;

/// An API key as it travels. Nothing is known of it before
/// [`open`](Self::open).
///
/// ```
/// use auth_core::api_key::{ApiKey, ApiKeyPrefix, ApiKeySecret};
/// use auth_core::{ApiKeyId, Clock, SystemClock, SystemRandom};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (prefix, random) = ("acme_live".parse::<ApiKeyPrefix>()?, SystemRandom::new());
/// let id = ApiKeyId::draw(SystemClock.now().wall, &random)?;
/// let secret = ApiKeySecret::draw(&random)?;
///
/// let key = ApiKey::encode(&prefix, id, &secret); // acme_live_AZ…, shown once
/// let kept = secret.hash(id);
///
/// let presented = ApiKey::from_text(key.expose().to_owned()).open(&prefix)?;
/// assert_eq!((presented.id(), presented.hash()), (id, kept));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey(Secret<String>);

/// The text is no API key of this application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidApiKey {
    /// It does not begin with the application's prefix.
    #[error("an API key with another prefix")]
    Prefix,
    /// Wrong length, alphabet or version.
    #[error("malformed API key")]
    Malformed,
    /// The checksum does not fit: it was mistyped, or cut and patched.
    #[error("an API key with a wrong checksum")]
    Checksum,
}

impl ApiKey {
    /// Takes a text that a client presented.
    pub const fn from_text(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text to hand to the client. It is not stored, and cannot be shown
    /// again.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Encodes a key.
    pub fn encode(prefix: &ApiKeyPrefix, id: ApiKeyId, secret: &ApiKeySecret) -> Self {
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        let (body, checksum) = bytes.split_at_mut(BODY);
        body[0] = VERSION;
        body[1..17].copy_from_slice(id.as_uuid().as_bytes());
        body[17..].copy_from_slice(secret.expose());
        checksum.copy_from_slice(&checksum_of(prefix, body));
        let mut text = String::with_capacity(prefix.as_str().len() + 1 + TEXT);
        text.push_str(prefix.as_str());
        text.push('_');
        BASE64_URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Self(Secret::new(text))
    }

    /// Checks form and checksum, without I/O.
    ///
    /// # Errors
    /// [`InvalidApiKey`]; the client hears `invalid_token` for each.
    pub fn open(&self, prefix: &ApiKeyPrefix) -> Result<PresentedApiKey, InvalidApiKey> {
        PresentedApiKey::read(self.expose(), prefix)
    }
}

/// A text that has the form of one of our keys. Anybody can make up such a
/// text; whether it is a key only the store can tell.
#[derive(Clone, Debug)]
pub struct PresentedApiKey {
    id: ApiKeyId,
    secret: ApiKeySecret,
}

impl PresentedApiKey {
    pub(crate) fn read(text: &str, prefix: &ApiKeyPrefix) -> Result<Self, InvalidApiKey> {
        use InvalidApiKey::{Checksum, Malformed, Prefix};
        let encoded = prefix.rest_of(text).ok_or(Prefix)?;
        if encoded.len() != TEXT {
            return Err(Malformed);
        }
        let mut bytes = Zeroizing::new([0_u8; BYTES]);
        match BASE64_URL_SAFE_NO_PAD.decode_slice(encoded, &mut *bytes) {
            Ok(BYTES) => {}
            _ => return Err(Malformed),
        }
        let (body, checksum) = bytes.split_at(BODY);
        // Of a later version everything may mean something else.
        let (VERSION, rest) = body.split_first().map_or((0, body), |(v, rest)| (*v, rest)) else {
            return Err(Malformed);
        };
        if checksum != checksum_of(prefix, body) {
            return Err(Checksum);
        }
        let (id, secret) = rest.split_first_chunk::<16>().ok_or(Malformed)?;
        Ok(Self {
            id: ApiKeyId::from_uuid(Uuid::from_bytes(*id)),
            secret: ApiKeySecret::from_bytes(secret.try_into().map_err(|_| Malformed)?),
        })
    }

    /// Which key it says to be.
    pub const fn id(&self) -> ApiKeyId {
        self.id
    }

    /// What the store has kept of its secret, if it is that key.
    pub fn hash(&self) -> ApiKeyHash {
        self.secret.hash(self.id)
    }
}

fn checksum_of(prefix: &ApiKeyPrefix, body: &[u8]) -> [u8; CHECKSUM] {
    crc32(&[prefix.as_str().as_bytes(), b"_", body])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn prefix(text: &str) -> ApiKeyPrefix {
        text.parse().unwrap()
    }

    fn key() -> (ApiKeyId, ApiKeySecret, ApiKey) {
        let id = ApiKeyId::from_uuid(Uuid::from_u128(7));
        let secret = ApiKeySecret::draw(&SystemRandom::new()).unwrap();
        let key = ApiKey::encode(&prefix("acme_live"), id, &secret);
        (id, secret, key)
    }

    fn open(text: &str) -> Result<PresentedApiKey, InvalidApiKey> {
        ApiKey::from_text(text.to_owned()).open(&prefix("acme_live"))
    }

    #[test]
    fn a_key_opens_to_what_was_encoded() {
        let (id, secret, key) = key();
        assert_eq!(key.expose().len(), "acme_live_".len() + 60);
        let presented = open(key.expose()).unwrap();
        assert_eq!(presented.id(), id);
        assert_eq!(presented.hash(), secret.hash(id));
        let other = ApiKeyId::from_uuid(Uuid::from_u128(8));
        assert_ne!(presented.hash(), secret.hash(other), "a hash is one key's");
    }

    /// Whoever writes a scanner can check against this one. It was computed by
    /// another implementation.
    #[test]
    fn the_form_never_changes() {
        let id = ApiKeyId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        let secret = ApiKeySecret::from_bytes(*b"0123456789abcdefghijklmn");
        let key = ApiKey::encode(&prefix("acme_live"), id, &secret);
        assert_eq!(
            key.expose(),
            "acme_live_AQGQAAAAAHAAgAAAAAAAAAEwMTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW42_OiX"
        );
    }

    #[test]
    fn every_single_changed_character_is_refused() {
        let (_, _, key) = key();
        let text = key.expose();
        let alphabet = ('a'..='z').chain('A'..='Z').chain('0'..='9');
        let others: Vec<char> = alphabet.chain("-_=+/. é".chars()).collect();
        for index in 0..text.len() {
            for other in &others {
                let mut mangled = text.to_owned();
                mangled.replace_range(index..=index, &other.to_string());
                if mangled != text {
                    assert!(open(&mangled).is_err(), "{index} {other}");
                }
            }
        }
    }

    #[test]
    fn two_neighbours_that_changed_places_are_refused() {
        let (_, _, key) = key();
        let text = key.expose().as_bytes();
        for index in 0..text.len() - 1 {
            let mut mangled = text.to_owned();
            mangled.swap(index, index + 1);
            if mangled != text {
                assert!(
                    open(&String::from_utf8(mangled).unwrap()).is_err(),
                    "{index}"
                );
            }
        }
    }

    #[test]
    fn other_lengths_versions_and_prefixes_are_refused() {
        let (id, secret, key) = key();
        let text = key.expose();
        for bad in [
            "",
            "acme_live",
            "acme_live_",
            &text[..text.len() - 1],
            &format!("{text}A"),
            &format!("{text}="),
            &format!(" {text}"),
        ] {
            assert!(open(bad).is_err(), "{bad}");
        }
        let other = ApiKey::encode(&prefix("acme_test"), id, &secret);
        assert_eq!(open(other.expose()).err(), Some(InvalidApiKey::Prefix));
        let body = text.strip_prefix("acme_live_").unwrap();
        let renamed = ApiKey::from_text(format!("acme_test_{body}"));
        assert_eq!(
            renamed.open(&prefix("acme_test")).err(),
            Some(InvalidApiKey::Checksum),
            "the prefix is covered by the checksum"
        );
        let mut later = BASE64_URL_SAFE_NO_PAD.decode(body).unwrap();
        later[0] = VERSION + 1;
        let checksum = checksum_of(&prefix("acme_live"), &later[..BODY]);
        later[BODY..].copy_from_slice(&checksum);
        let later = format!("acme_live_{}", BASE64_URL_SAFE_NO_PAD.encode(later));
        assert_eq!(open(&later).err(), Some(InvalidApiKey::Malformed));
    }

    #[test]
    fn nothing_shows_a_key() {
        let (_, _, key) = key();
        let presented = open(key.expose()).unwrap();
        let shown = format!("{key:?} {presented:?} {:?}", presented.hash());
        assert!(!shown.contains("acme"), "{shown}");
        assert!(shown.contains("Secret(..)") && shown.contains("ApiKeyHash(..)"));
    }
}
