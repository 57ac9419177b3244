//! Devices that have logged in to an account before.
//!
//! Whoever guesses at an account's password soon has to wait. That must not
//! lock out its owner, so a log-in leaves a [`DeviceToken`] on the device, and
//! attempts that bring it are counted apart.

use std::fmt;
use std::time::Duration;

use ring::digest;

use crate::id::TenantId;
use crate::maced::Form;
use crate::random::{EntropyError, SecureRandom, draw};
use crate::root::{RootSecret, RootSecrets};
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

/// Time of issue in seconds, noise.
const FORM: Form<{ 8 + 16 }> = Form {
    prefix: "d1.",
    label: b"auth device v1",
    key: |root| root.device().clone(),
};

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
        let issued = now.unix_seconds().to_be_bytes();
        Ok(Self(FORM.write(root, &account.0, &[&issued, &noise])))
    }

    /// Whether we made it for a device of `account`, not longer ago than
    /// [`LIFETIME`](Self::LIFETIME) and not in the future. Needs no I/O.
    pub fn is_of(&self, account: &AccountKey, roots: &RootSecrets, now: Timestamp) -> bool {
        self.issued_at(account, roots)
            .is_some_and(|issued| issued <= now && now < issued + Self::LIFETIME)
    }

    fn issued_at(&self, account: &AccountKey, roots: &RootSecrets) -> Option<Timestamp> {
        let opened = FORM.read(self.expose(), &account.0, roots).ok()?;
        let (seconds, _noise) = opened.said.split_first_chunk::<8>()?;
        Some(Timestamp::from_unix_seconds(i64::from_be_bytes(*seconds)))
    }
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
        assert_eq!(token.expose().len(), 83);
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
