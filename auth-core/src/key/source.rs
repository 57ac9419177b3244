//! Where a verifier's keys come from.

use std::fmt;

use async_trait::async_trait;

use super::set::KeySet;

/// Something that a decision needs cannot be asked at present. It is never a
/// "no": the caller answers 503, not 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decision cannot be made at present")]
pub struct Unavailable;

/// The keys of the issuer that a verifier trusts.
///
/// # Contract
/// [`keys`](Self::keys) gives only keys of that issuer. A stranger's key in it
/// lets the stranger be anybody.
///
/// [`epoch`](Self::epoch) is another number whenever `keys` would give another
/// set than before, whatever the reason: a reload, a revocation, or time alone,
/// as when a key has aged out. Who read the epoch *before* the keys, and finds
/// it unchanged, need not look the key up again; otherwise it must, and by what
/// the key is ([`thumbprint`](super::VerifyingKey::thumbprint)), since a key id
/// may be used again. An epoch that stays while a key goes keeps that key's
/// cached tokens alive.
#[async_trait]
pub trait KeySource: fmt::Debug + Send + Sync + 'static {
    /// The keys as known now, without I/O.
    fn keys(&self) -> KeySet;

    /// Which set of keys is known now. It is asked for with every request:
    /// without I/O, and without a lock while nothing has changed. It never
    /// comes back to a number it has had.
    fn epoch(&self) -> u64;

    /// Asks again, because a token names a key that is not known. Calls are
    /// coalesced and cooled down by the source: made-up key ids cause no
    /// flood. `unknown` is empty for a token that names no key.
    ///
    /// # Errors
    /// [`Unavailable`] when the keys cannot be asked for.
    async fn refresh(&self, unknown: &str) -> Result<(), Unavailable>;
}

/// Keys that never change.
#[async_trait]
impl KeySource for KeySet {
    fn keys(&self) -> KeySet {
        self.clone()
    }

    fn epoch(&self) -> u64 {
        0
    }

    async fn refresh(&self, _unknown: &str) -> Result<(), Unavailable> {
        Ok(())
    }
}
