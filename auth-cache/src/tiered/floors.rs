//! What the values of a cache are held against.

use std::fmt;

use auth_core::Monotonic;
use auth_core::revocation::{Anchor, RevocationView};

/// A value that decides who may do what.
pub trait SecurityState {
    /// Everything whose revocation ends it. One that is left out is one by which it
    /// survives.
    fn anchors(&self) -> impl Iterator<Item = Anchor>;
}

/// What is known to be revoked.
///
/// # Contract
/// What was revoked stays so for as long as anything loaded before could be kept:
/// 60 s. [`generation`](Self::generation) has changed by the time that
/// [`revokes`](Self::revokes) answers differently; otherwise revoked values are
/// served until they expire.
pub trait Floors: fmt::Debug + Send + Sync + 'static {
    /// Changes with everything that is learned.
    fn generation(&self) -> u64;

    /// Whether what stands on `anchor` is revoked.
    fn revokes(&self, anchor: &Anchor) -> bool;

    /// Whether everything that was revoked before a short while ago is known at
    /// `now`.
    fn is_live(&self, now: Monotonic) -> bool;
}

/// A view that only this process feeds does not hear of others, so nothing stale is
/// served over it.
impl Floors for RevocationView {
    fn generation(&self) -> u64 {
        self.generation()
    }

    fn revokes(&self, anchor: &Anchor) -> bool {
        self.revokes(anchor)
    }

    fn is_live(&self, _now: Monotonic) -> bool {
        false
    }
}
