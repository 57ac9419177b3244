//! What a verified token is held against on every hit.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::VerifyError;
use super::cache::VerifierId;
use super::trusted::{Revocations, TrustedIssuer};
use crate::jwt::Compact;
use crate::key::{Algorithm, Thumbprint};
use crate::revocation::{Standing, Standpoint};
use crate::secret::Secret;
use crate::time::{Now, Timestamp};

/// What was true of a token when it was verified, and as of when. First what
/// every hit reads: of thousands of tokens each cache line is a wait.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Vouched {
    /// Who verified it.
    verifier: VerifierId,
    /// From `iat` or `nbf`, whichever is later, to `exp`, with leeway.
    alive: Range<Timestamp>,
    /// The epoch of the keys in which the token was last seen to find its key.
    epoch: AtomicU64,
    /// The generation of the floors that last let it live.
    generation: AtomicU64,
    /// Which of the verifier's issuers issued it, counted from its own.
    issuer: usize,
    token: Text,
    /// `None` if nothing can revoke it.
    standpoint: Option<Standpoint>,
    key: UsedKey,
}

/// A token's text, beside what else is read of it: what is elsewhere in memory is another
/// wait of each hit. It is written where it stays, and wiped when it is dropped.
#[derive(Debug)]
#[repr(C)]
struct Text {
    /// One that is longer than most.
    long: Option<Secret<Box<str>>>,
    length: usize,
    short: Secret<[u8; SHORT]>,
}

/// Most tokens are no longer, in bytes.
const SHORT: usize = 576;

impl Text {
    const fn empty() -> Self {
        Self {
            long: None,
            length: 0,
            short: Secret::new([0; SHORT]),
        }
    }

    fn write(&mut self, token: &str) {
        self.length = token.len();
        match self.short.expose_mut().get_mut(..token.len()) {
            Some(place) => place.copy_from_slice(token.as_bytes()),
            None => self.long = Some(Secret::new(token.into())),
        }
    }

    fn is(&self, token: &str) -> bool {
        match &self.long {
            Some(long) => **long.expose() == *token,
            None => self.short.expose().get(..self.length) == Some(token.as_bytes()),
        }
    }

    fn heap_bytes(&self) -> usize {
        self.long.as_ref().map_or(0, |long| long.expose().len())
    }
}

/// By what a token was verified. It is the same whenever a key is the same
/// material for the same algorithm, whatever it is called and wherever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UsedKey {
    pub(super) thumbprint: Thumbprint,
    pub(super) algorithm: Algorithm,
}

/// How much an issuer knew, read before it was asked. What is learned after
/// that is looked at on the next hit.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsOf {
    epoch: u64,
    generation: u64,
}

/// What was found out about a token.
pub(super) struct Verified {
    pub(super) verifier: VerifierId,
    pub(super) issuer: usize,
    pub(super) alive: Range<Timestamp>,
    pub(super) key: UsedKey,
    pub(super) standpoint: Option<Standpoint>,
    pub(super) as_of: AsOf,
}

impl AsOf {
    /// What `issuer` knows now.
    pub(super) fn now(issuer: &TrustedIssuer) -> Self {
        Self {
            epoch: issuer.keys.epoch(),
            generation: match &issuer.revocations {
                Revocations::View(view) => view.generation(),
                Revocations::None | Revocations::Unsaid => 0,
            },
        }
    }
}

impl Vouched {
    /// Of no token yet.
    pub(super) const fn new(verified: Verified) -> Self {
        let AsOf { epoch, generation } = verified.as_of;
        Self {
            token: Text::empty(),
            verifier: verified.verifier,
            issuer: verified.issuer,
            alive: verified.alive,
            key: verified.key,
            epoch: AtomicU64::new(epoch),
            standpoint: verified.standpoint,
            generation: AtomicU64::new(generation),
        }
    }

    /// Makes it one of this token, where it stays: moved, it would leave the token behind.
    pub(crate) fn be_of(&mut self, token: &str) {
        self.token.write(token);
    }

    /// Whether it is of this token: the whole of it is compared. Not in
    /// constant time: who gets here brought the token, or one whose keyed hash
    /// is the same.
    pub(crate) fn is_of(&self, token: &str) -> bool {
        self.token.is(token)
    }

    pub(super) const fn issuer(&self) -> usize {
        self.issuer
    }

    pub(super) fn is_by(&self, verifier: VerifierId) -> bool {
        self.verifier == verifier
    }

    pub(super) fn is_alive(&self, now: Timestamp) -> bool {
        self.alive.contains(&now)
    }

    pub(crate) const fn dead_from(&self) -> Timestamp {
        self.alive.end
    }

    /// What it takes of the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.token.heap_bytes()
    }

    /// Whether the token would still find the key that verified it. Its
    /// signature need not be checked again by a key that is the same.
    pub(super) fn finds_its_key(&self, token: &str, issuer: &TrustedIssuer, now: Now) -> bool {
        let epoch = || issuer.keys.epoch_at(now);
        still_holds(&self.epoch, epoch, || self.finds_it_again(token, issuer))
    }

    #[cold]
    fn finds_it_again(&self, token: &str, issuer: &TrustedIssuer) -> bool {
        let found = Compact::split(token, usize::MAX)
            .map_err(VerifyError::from)
            .and_then(|compact| issuer.key_of(token, &compact));
        found.is_ok_and(|found| found == self.key)
    }

    /// Whether nothing that it stands on is revoked.
    pub(super) fn stands(&self, issuer: &TrustedIssuer) -> bool {
        let (Revocations::View(view), Some(standpoint)) = (&issuer.revocations, &self.standpoint)
        else {
            return true;
        };
        let stands = || view.check(standpoint) == Standing::Live;
        still_holds(&self.generation, || view.generation(), stands)
    }
}

/// Whether what was found to hold `as_of` some number still does: nothing has changed
/// since, or `look` finds it again. The number of `now` is read before that looks, since
/// what changes while it looks is to be looked at next time.
#[inline]
fn still_holds(as_of: &AtomicU64, now: impl FnOnce() -> u64, look: impl FnOnce() -> bool) -> bool {
    let now = now();
    if as_of.load(Ordering::Acquire) == now {
        return true;
    }
    let holds = look();
    if holds {
        as_of.store(now, Ordering::Release);
    }
    holds
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_text_is_itself_and_nothing_else_wherever_it_is_kept() {
        for length in [1, SHORT - 1, SHORT, SHORT + 1, 8 * 1024, 70_000] {
            let token = "a".repeat(length);
            let mut text = Text::empty();
            assert!(!text.is(&token), "{length}");
            text.write(&token);
            assert!(text.is(&token), "{length}");
            let is_elsewhere = length > SHORT;
            assert_eq!(text.heap_bytes(), if is_elsewhere { length } else { 0 });
            let (longer, padded) = (format!("{token}a"), format!("{token}\0"));
            assert!(!text.is(&longer) && !text.is(&padded), "{length}");
            let shorter = &token[..length - 1];
            let other = format!("{shorter}b");
            assert!(!text.is(shorter) && !text.is(&other), "{length}");
        }
    }

    /// A floor rises just after it was looked at.
    #[test]
    fn what_changes_during_a_look_is_looked_at_the_next_time() {
        let (as_of, now, is_good) = (AtomicU64::new(1), Cell::new(2), Cell::new(true));
        let judge = || {
            still_holds(
                &as_of,
                || now.get(),
                || {
                    let was_good = is_good.replace(false);
                    now.set(now.get() + 1);
                    was_good
                },
            )
        };
        assert!(judge(), "as of before");
        assert!(!judge());
    }

    #[test]
    fn what_was_found_is_not_looked_for_again_until_something_changes() {
        let as_of = AtomicU64::new(1);
        assert!(still_holds(&as_of, || 1, || false));
        assert!(!still_holds(&as_of, || 2, || false));
        assert!(still_holds(&as_of, || 2, || true));
        assert!(still_holds(&as_of, || 2, || false));
    }
}
