//! Devices that have logged in to an account before.
//!
//! Whoever guesses at an account's password soon has to wait. That must not
//! lock out its owner, so a log-in leaves a [`DeviceToken`] on the device, and
//! attempts that bring it are counted apart.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use subtle::ConstantTimeEq;

use crate::id::TenantId;
use crate::random::{EntropyError, SecureRandom, draw};
use crate::root::{RootKeyId, RootSecret, RootSecrets};
use crate::secret::Secret;
use crate::time::Timestamp;

/// The name under which attempts at an account are counted, whether there is
/// such an account or not: SHA-256 of tenant and identifier. What people type
/// into the wrong field is not kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey([u8; 32]);

impl AccountKey {
    /// Of an identifier in its normalised form.
    pub fn of(tenant: TenantId, normalized: &str) -> Self {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(b"auth account v1");
        hash.update(tenant.as_uuid().as_bytes());
        hash.update(normalized.as_bytes());
        let mut key = [0; 32];
        key.copy_from_slice(hash.finish().as_ref());
        Self(key)
    }

    /// The bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Personal data, even so.
impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKey(..)")
    }
}

const PREFIX: &str = "d1.";
const LABEL: &[u8] = b"auth device v1";
/// Root key id, time of issue in seconds, noise.
const BODY: usize = 4 + 8 + 16;
const MAC: usize = 32;
const TEXT: usize = PREFIX.len() + (BODY + MAC) * 4 / 3;

/// Says that the device it is on has logged in to one account. It opens
/// nothing; it only says under which budget a guess is counted. `d1.` and the
/// base64url of root key id (4) ‖ seconds since 1970 (8, big-endian) ‖ noise
/// (16) ‖ HMAC-SHA-256 (32), which binds it to the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceToken(Secret<String>);

impl DeviceToken {
    /// How long a device stays known without a log-in: 400 days, as long as
    /// browsers keep a cookie (RFC 6265bis §5.5).
    pub const LIFETIME: Duration = Duration::from_secs(400 * 24 * 3600);

    /// Takes a text that a client presented.
    pub const fn from_text(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// The text to leave on the device.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Makes one, for a device that has just logged in to `account`.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn issue(
        root: &RootSecret,
        account: &AccountKey,
        now: Timestamp,
        random: &dyn SecureRandom,
    ) -> Result<Self, EntropyError> {
        let noise: [u8; 16] = draw(random)?;
        let mut bytes = Vec::with_capacity(BODY + MAC);
        bytes.extend_from_slice(&root.id().0);
        bytes.extend_from_slice(&now.unix_seconds().to_be_bytes());
        bytes.extend_from_slice(&noise);
        let tag = mac(root, account, &bytes);
        bytes.extend_from_slice(tag.as_ref());
        let mut text = String::with_capacity(TEXT);
        text.push_str(PREFIX);
        BASE64_URL_SAFE_NO_PAD.encode_string(&bytes, &mut text);
        Ok(Self(Secret::new(text)))
    }

    /// Whether we made it for a device of `account`, not longer ago than
    /// [`LIFETIME`](Self::LIFETIME) and not in the future. Needs no I/O.
    pub fn is_of(&self, account: &AccountKey, roots: &RootSecrets, now: Timestamp) -> bool {
        self.issued_at(account, roots)
            .is_some_and(|issued| issued <= now && now < issued + Self::LIFETIME)
    }

    fn issued_at(&self, account: &AccountKey, roots: &RootSecrets) -> Option<Timestamp> {
        let encoded = self.expose().strip_prefix(PREFIX)?;
        if encoded.len() != TEXT - PREFIX.len() {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (body, tag) = bytes.split_at_checked(BODY)?;
        let (id, rest) = body.split_first_chunk::<4>()?;
        let (seconds, _noise) = rest.split_first_chunk::<8>()?;
        let root = roots.find(RootKeyId(*id))?;
        if !bool::from(mac(root, account, body).as_ref().ct_eq(tag)) {
            return None;
        }
        Some(Timestamp::from_unix_seconds(i64::from_be_bytes(*seconds)))
    }
}

fn mac(root: &RootSecret, account: &AccountKey, body: &[u8]) -> hmac::Tag {
    let mut mac = hmac::Context::with_key(root.device());
    mac.update(LABEL);
    mac.update(&account.0);
    mac.update(body);
    mac.sign()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn roots() -> RootSecrets {
        RootSecrets::new(RootSecret::generate(&SystemRandom::new()).unwrap())
    }

    fn account(name: &str) -> AccountKey {
        AccountKey::of(TenantId::DEFAULT, name)
    }

    #[test]
    fn a_device_is_known_to_its_account_alone() {
        let roots = roots();
        let ada = account("ada@x.org");
        let token = DeviceToken::issue(roots.active(), &ada, NOW, &SystemRandom::new()).unwrap();
        assert_eq!(token.expose().len(), TEXT);
        assert!(token.is_of(&ada, &roots, NOW));
        assert!(!token.is_of(&account("eve@x.org"), &roots, NOW));
        let elsewhere = TenantId::from_uuid(uuid::Uuid::from_u128(9));
        assert!(!token.is_of(&AccountKey::of(elsewhere, "ada@x.org"), &roots, NOW));
        assert!(!token.is_of(&ada, &self::roots(), NOW));
    }

    #[test]
    fn a_device_is_forgotten_in_time_and_never_known_before() {
        let roots = roots();
        let ada = account("ada@x.org");
        let token = DeviceToken::issue(roots.active(), &ada, NOW, &SystemRandom::new()).unwrap();
        let second = Duration::from_secs(1);
        assert!(token.is_of(&ada, &roots, NOW + DeviceToken::LIFETIME - second));
        assert!(!token.is_of(&ada, &roots, NOW + DeviceToken::LIFETIME));
        assert!(!token.is_of(&ada, &roots, NOW - second));
    }

    #[test]
    fn every_single_changed_character_is_refused() {
        let roots = roots();
        let ada = account("ada@x.org");
        let token = DeviceToken::issue(roots.active(), &ada, NOW, &SystemRandom::new()).unwrap();
        let text = token.expose();
        for index in 0..text.len() {
            for replacement in ["A", "B", "=", "+", " ", "\u{e9}", ""] {
                let mut mangled = text.to_owned();
                mangled.replace_range(index..=index, replacement);
                if mangled != text {
                    let token = DeviceToken::from_text(mangled);
                    assert!(!token.is_of(&ada, &roots, NOW), "{index} {replacement}");
                }
            }
        }
    }
}
