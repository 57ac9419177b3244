//! Verified tokens, remembered.
//!
//! A token is sent with every request for as long as it lives. A verifier
//! [with a cache](super::VerifierBuilder::with_token_cache) checks its
//! signature and reads its claims once, and from then on only what can have
//! changed since.
//!
//! # What a hit checks
//! | what | or else |
//! |---|---|
//! | this verifier put it in: the same policy, in the same process | a miss |
//! | the token is that one, every byte of it | a miss |
//! | the verifier's clock is neither at its `exp` nor before its `nbf` or `iat` | judged anew |
//! | its issuer's [epoch](crate::key::KeySource::epoch) is the one it was verified in; or the token finds the same key, of the same algorithm, in the set of now | judged anew |
//! | nothing was revoked since it was checked ([`generation`]); or the floors still let it live | judged anew |
//!
//! A hit only ever accepts. Whatever it does not accept is judged as if there
//! was no cache, and refused for the same reason.
//!
//! # Guarantees
//! - A token that is in a cache stops being accepted at the same instant as
//!   one that is not: when it expires, when the clock is set back to before it
//!   was issued, when its key leaves the set or another key takes its id, when
//!   anything that it stands on is revoked. From the return of
//!   [`RevocationView::raise`](crate::revocation::RevocationView::raise) on, no
//!   thread accepts it.
//! - A cache cannot make a verifier accept anything. It can lose what it was
//!   given, hand out what belongs to another token or another verifier, or what
//!   it should have forgotten: that costs a check of a signature.
//! - Nothing but what was verified is put in: no junk, nothing
//!   [`Undecided`](super::Undecided), no API key.
//! - A hit allocates nothing, awaits nothing and reads the clock once (a source
//!   of keys that age by a clock of its own reads that too).
//!
//! # Not guaranteed
//! - That it is a hit. Whether there is a cache cannot be told from an answer,
//!   but can be from how long it takes.
//! - That the token is nowhere in memory. It is a credential, kept while it is
//!   in a cache or in use, not shown by `Debug`, and wiped with the last
//!   [`Identity`] that was made of it. A copy of the process's memory shows it.
//! - That it waits for nobody. While nothing was revoked a hit takes no lock of
//!   the verifier's or the view's; the first one on each token after a revocation
//!   looks at the floors, which whoever raises one holds for as long as that takes.
//! - What a `KeySource` gives up without another epoch stays good; its contract
//!   says so.
//!
//! [`generation`]: crate::revocation::RevocationView::generation

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::identity::Identity;

/// Keeps verified tokens for [`Verifier`](super::Verifier)s. `MemoryTokenCache`
/// of `auth-cache` is one.
///
/// # Contract
/// There is none that the verifier's judgement stands on: it compares the token
/// and checks again on every hit. What an implementation owes is
/// - speed: `get` is called with every request, by whatever thread serves it. It
///   does not block, and holds no lock that another thread may hold for long;
/// - a bound: whoever may log in may have as many tokens as they like. Nobody
///   who has many should push everybody else's out;
/// - secrecy: the token is a credential. No copy of it is needed, since the
///   identity has one ([`Identity::is_of`]) that is wiped when it is dropped; a
///   keyed hash of it is enough to find it by.
pub trait TokenCache: fmt::Debug + Send + Sync + 'static {
    /// What was inserted by this verifier for this token, if it still is there.
    fn get(&self, verifier: VerifierId, token: &str) -> Option<Arc<Identity>>;

    /// A token was verified. It replaces what is there for it.
    fn insert(&self, verifier: VerifierId, token: &str, identity: &Arc<Identity>);

    /// What [`get`](Self::get) gave is good no more: `identity` is to be
    /// forgotten, unless another is in its place by now.
    fn remove(&self, verifier: VerifierId, token: &str, identity: &Arc<Identity>);
}

/// Which verifier, within this process: one policy, built once. Clones of a
/// verifier are the same, another build is another, so that a cache that
/// verifiers share never lets one accept by the policy of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VerifierId(u64);

impl VerifierId {
    /// One that no other verifier of this process has.
    pub(super) fn draw() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// As a number, to hash.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}
