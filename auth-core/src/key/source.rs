//! Where a verifier's keys come from.

use std::fmt;

use async_trait::async_trait;

use super::set::KeySet;
use crate::time::Now;

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
///
/// # What a cache may rely on
/// A cache that keeps with each verdict the epoch that was read before the key
/// was looked up, and at each hit compares it with the epoch of now, accepts
/// nothing by a key that its source has given up:
/// - in the process that revokes a key, from the return of the revocation on
///   (`Auth::revoke_signing_key` in the SDK). The epoch is then none that it
///   was while the key was in the set, and never will be again;
/// - in every other process, as soon as its source has heard of it. How long
///   that takes, and for how long a source that cannot ask believes what it
///   knows, the source says. The SDK's stored keys are read again every 30 s by
///   default, and believed until they can be.
///
/// The epoch is of keys alone. That a session, a user or a tenant was revoked
/// is seen in the [`RevocationView`](crate::revocation::RevocationView), which
/// has a number of its own.
#[async_trait]
pub trait KeySource: fmt::Debug + Send + Sync + 'static {
    /// The keys as known now, without I/O.
    fn keys(&self) -> KeySet;

    /// Which set of keys is known now. It is asked for with every request:
    /// without I/O, and without a lock while nothing has changed. It never
    /// comes back to a number it has had.
    fn epoch(&self) -> u64;

    /// [`epoch`](Self::epoch) for a verifier that has just read its clock, so that
    /// a source that goes by the same clock need not read it again. Only such a
    /// source has its own: by another clock's `now` it could take a key that has
    /// aged out for one that has not.
    fn epoch_at(&self, now: Now) -> u64 {
        let _ = now;
        self.epoch()
    }

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
