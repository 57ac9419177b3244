//! Requests that must not be done twice: a client that lost the answer sends the
//! request again with the same `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header), and gets the answer of the first.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ring::{digest, hmac};

use crate::id::TenantId;
use crate::random::{EntropyError, SecureRandom, SystemRandom, draw};
use crate::root::{RootSecret, RootSecrets};
use crate::seal::{Sealed, UnsealError};
use crate::secret::Secret;

/// What a client sends to say that two requests are one: 1 to 255 visible ASCII
/// characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A header's value is no idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is a text of 1 to 255 visible ASCII characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// The most bytes it may have.
    pub const MAX_LEN: usize = 255;

    /// Reads a header's value: a string of RFC 8941 §3.3.3, or the same without
    /// its quotes, as many clients send it; both are one key.
    ///
    /// ```
    /// use auth_core::idempotency::IdempotencyKey;
    ///
    /// let quoted = IdempotencyKey::from_header(br#""8e03978e""#);
    /// assert_eq!(quoted, IdempotencyKey::from_header(b"8e03978e"));
    /// assert!(quoted.is_ok());
    /// assert!(IdempotencyKey::from_header(b"").is_err());
    /// ```
    ///
    /// # Errors
    /// [`IdempotencyKeyError`] for anything else.
    pub fn from_header(value: &[u8]) -> Result<Self, IdempotencyKeyError> {
        let value = value.trim_ascii();
        let inner = match value {
            [b'"', inner @ .., b'"'] => inner,
            bare => bare,
        };
        // No escapes: what they could stand for is not allowed anyway.
        let is_visible = |b: &u8| matches!(b, 0x21..=0x7e) && !matches!(b, b'"' | b'\\');
        let fits = (1..=Self::MAX_LEN).contains(&inner.len()) && inner.iter().all(is_visible);
        match String::from_utf8(inner.to_vec()) {
            Ok(text) if fits => Ok(Self(text)),
            _ => Err(IdempotencyKeyError),
        }
    }
}

/// A request as a store remembers it: whose it is, and what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdempotentRequest {
    /// The tenant it is for.
    pub tenant: TenantId,
    /// The route it is for.
    pub route: String,
    /// SHA-256 of who asks, and the key they chose. Another caller, route or
    /// tenant with the same key is another request.
    pub key: [u8; 32],
    /// What was asked, authenticated under each root secret that is known; the
    /// active one's first, which is the one to store. Two requests ask the same
    /// if they have one in common.
    ///
    /// A mere hash of a body with a password would let whoever has a dump try
    /// passwords.
    pub fingerprints: Vec<[u8; 32]>,
}

impl IdempotentRequest {
    /// A request of `caller` (empty for nobody in particular) with `key` for
    /// `route`, that asks for what `content` says.
    pub fn new(
        roots: &RootSecrets,
        tenant: TenantId,
        route: impl Into<String>,
        caller: &[u8],
        key: &IdempotencyKey,
        content: &[&[u8]],
    ) -> Self {
        let mut named = digest::Context::new(&digest::SHA256);
        for part in [caller, key.0.as_bytes()] {
            named.update(&length(part));
            named.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(named.finish().as_ref());
        let fingerprint = |root: &RootSecret| {
            let mut mac = hmac::Context::with_key(&root.idempotency());
            for part in content {
                mac.update(&length(part));
                mac.update(part);
            }
            let mut tag = [0; 32];
            tag.copy_from_slice(mac.sign().as_ref());
            tag
        };
        Self {
            tenant,
            route: route.into(),
            key: hash,
            fingerprints: roots.all().map(fingerprint).collect(),
        }
    }

    /// Whether a stored fingerprint is of a request that asks the same.
    pub fn asks(&self, stored: &[u8]) -> bool {
        self.fingerprints.iter().any(|own| own == stored)
    }

    /// Seals an answer for this request and no other.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn seal(
        &self,
        roots: &RootSecrets,
        answer: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Sealed, EntropyError> {
        Sealed::seal_apart(roots.active(), &self.context(), answer, random)
    }

    /// Opens an answer to this request.
    ///
    /// # Errors
    /// [`UnsealError`] when it is another request's, was altered, or the root
    /// secret is not known.
    pub fn open(
        &self,
        roots: &RootSecrets,
        answer: &Sealed,
    ) -> Result<Secret<Vec<u8>>, UnsealError> {
        answer.open_apart(roots, &self.context())
    }

    fn context(&self) -> Vec<u8> {
        let tenant = self.tenant.as_uuid().as_bytes();
        [
            b"idempotent answer",
            &tenant[..],
            &self.key,
            self.route.as_bytes(),
        ]
        .concat()
    }
}

fn length(part: &[u8]) -> [u8; 8] {
    // No text in memory is longer.
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}

/// Who works on a request: drawn for each try.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OwnerId([u8; 16]);

impl OwnerId {
    /// Draws one.
    ///
    /// # Errors
    /// [`EntropyError`] when the source of randomness fails.
    pub fn draw(random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        draw(random).map(Self)
    }

    /// Its bytes, for a store.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnerId").finish_non_exhaustive()
    }
}

/// What a store says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Begun {
    /// It is the caller's to do.
    Owned,
    /// Somebody is at it.
    Busy {
        /// When they will be given up, unless they are done before.
        retry_after: Duration,
    },
    /// The key was used for another request.
    Mismatch,
    /// It was done, and this was the answer; `None` if that was not kept.
    Done(Option<Sealed>),
}

/// The store cannot say.
#[derive(Debug, thiserror::Error)]
#[error("idempotency keys cannot be read or written")]
pub struct IdempotencyError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Remembers requests by their idempotency keys.
///
/// # Contract
/// Of any number of calls with one request, on any number of instances, one owns
/// it, until it says that it is done or has released it, or its lease has run out.
/// Each step is atomic. A store that gives one request to two owners has it done
/// twice: two orders, two payments.
///
/// Answers come [`Sealed`]: what is stored can be read by nobody who has only the
/// store.
#[async_trait]
pub trait IdempotencyStore: fmt::Debug + Send + Sync + 'static {
    /// Begins a request, as `owner`, who has to be done within `lease`; the key
    /// is remembered for `keep` from now, and never for less than `lease`. The same
    /// owner may ask again.
    ///
    /// # Errors
    /// [`IdempotencyError`] when the store fails; the request must not be done.
    async fn begin_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        lease: Duration,
        keep: Duration,
    ) -> Result<Begun, IdempotencyError>;

    /// Says that the request is done, with the answer that is to be repeated, if
    /// one is kept. False if `owner` does not own it any more; then nothing changed.
    ///
    /// # Errors
    /// [`IdempotencyError`] when the store fails.
    async fn complete_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
        answer: Option<&Sealed>,
    ) -> Result<bool, IdempotencyError>;

    /// Says that the request was not done: the next one with its key begins anew,
    /// whatever it asks. Nothing changes if `owner` does not own it.
    ///
    /// # Errors
    /// [`IdempotencyError`] when the store fails.
    async fn release_request(
        &self,
        request: &IdempotentRequest,
        owner: OwnerId,
    ) -> Result<(), IdempotencyError>;
}

/// Where requests are remembered, and the secrets that what is remembered is
/// authenticated and sealed with. Clones share everything.
#[derive(Clone, Debug)]
pub struct Idempotency {
    store: Arc<dyn IdempotencyStore>,
    roots: RootSecrets,
    random: Arc<dyn SecureRandom>,
}

impl Idempotency {
    /// In `store`, under `roots`.
    pub fn new(store: Arc<dyn IdempotencyStore>, roots: impl Into<RootSecrets>) -> Self {
        Self {
            store,
            roots: roots.into(),
            random: Arc::new(SystemRandom::new()),
        }
    }

    /// Takes randomness from `random`.
    pub fn with_random(mut self, random: Arc<dyn SecureRandom>) -> Self {
        self.random = random;
        self
    }

    /// The store.
    pub fn store(&self) -> &dyn IdempotencyStore {
        &*self.store
    }

    /// The secrets.
    pub const fn roots(&self) -> &RootSecrets {
        &self.roots
    }

    /// The randomness.
    pub fn random(&self) -> &dyn SecureRandom {
        &*self.random
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> RootSecret {
        RootSecret::generate(&SystemRandom::new()).unwrap()
    }

    fn request(roots: &RootSecrets, caller: &str, key: &str, body: &str) -> IdempotentRequest {
        let key = IdempotencyKey::from_header(key.as_bytes()).unwrap();
        let content: &[&[u8]] = &[b"POST", body.as_bytes()];
        IdempotentRequest::new(
            roots,
            TenantId::DEFAULT,
            "/orders",
            caller.as_bytes(),
            &key,
            content,
        )
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let long = "x".repeat(256);
        for bad in ["", "\"\"", "a b", "a\"b", "\"a", "é", "a\0", "a\\b", &long] {
            assert!(
                IdempotencyKey::from_header(bad.as_bytes()).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn caller_and_key_cannot_run_into_each_other() {
        let roots = RootSecrets::new(root());
        let (a, b) = (
            request(&roots, "ab", "c", ""),
            request(&roots, "a", "bc", ""),
        );
        assert_ne!(a.key, b.key);
    }

    #[test]
    fn a_new_root_secret_still_knows_what_was_asked_under_the_old_one() {
        let (old, new) = (root(), root());
        let before = request(&RootSecrets::new(old.clone()), "a", "k", "body");
        let roots = RootSecrets::new(new.clone()).with_other(old).unwrap();
        assert!(request(&roots, "a", "k", "body").asks(&before.fingerprints[0]));
        assert!(!request(&roots, "a", "k", "other").asks(&before.fingerprints[0]));
        let without = RootSecrets::new(new);
        assert!(!request(&without, "a", "k", "body").asks(&before.fingerprints[0]));
    }

    #[test]
    fn an_answer_opens_for_its_own_request_only() {
        let roots = RootSecrets::new(root());
        let own = request(&roots, "a", "k", "body");
        let sealed = own.seal(&roots, b"201", &SystemRandom::new()).unwrap();
        assert_eq!(own.open(&roots, &sealed).unwrap().expose(), b"201");
        let others = request(&roots, "b", "k", "body");
        assert!(others.open(&roots, &sealed).is_err());
        assert!(sealed.open(&roots, &own.context()).is_err());
    }
}
