//! Sealing what Redis keeps: AES-256-GCM, each process under a key of its own.
//!
//! A sealed value is
//! version (1) ‖ root key id (4) ‖ salt (16) ‖ counter (8) ‖ server (8) ‖ ciphertext and
//! tag. The salt is drawn by the process that seals, and names its key: HKDF of `k_l2`
//! with that salt. The counter is the nonce. All of it, and where the value belongs, is
//! authenticated.
//!
//! Two processes that are one, a fork or the clone of a running machine, would count
//! twice with one key. Do not fork a process that has a tier.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use auth_core::{EntropyError, Monotonic, RootKeyId, RootSecrets, SecureRandom, draw};
use quick_cache::sync::Cache;
use ring::aead::{Aad, LessSafeKey, Nonce};

use super::keys::{Roots, Salt};
use super::refusal::Refusal;
use crate::redis::{RunId, ServerMark};

const VERSION: u8 = 1;
/// Of what comes before the ciphertext.
pub(super) const HEADER: usize = 1 + 4 + 16 + 8 + 8;
const TAG: usize = 16;
/// What one key seals; then the process draws another salt.
const MOST_SEALED: u64 = 1 << 32;
/// Keys of others that are remembered.
const MOST_KNOWN: usize = 1024;
/// Salts that led to nothing, in a second, before no unknown one is tried in it.
const MOST_TRIES: u64 = 256;

/// Where a value belongs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// What it is: "value", "tail".
    pub(super) kind: &'a str,
    pub(super) prefix: &'a str,
    pub(super) cache: &'a str,
    pub(super) schema: u32,
    pub(super) key: &'a [u8],
    /// That keeps it.
    pub(super) server: Server<'a>,
}

/// The life of a server that keeps what is sealed for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server<'a> {
    id: &'a [u8],
    mark: ServerMark,
}

impl Server<'static> {
    /// For what may be kept by any. The mark is that of no `run_id`.
    pub(super) const ANY: Self = Self {
        id: b"",
        mark: [0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14],
    };
}

impl<'a> From<&'a RunId> for Server<'a> {
    fn from(id: &'a RunId) -> Self {
        Self {
            mark: id.mark(),
            id: id.as_bytes(),
        }
    }
}

/// Seals, and opens what this and other processes have sealed.
#[derive(Debug)]
pub(super) struct Sealer {
    roots: Roots,
    random: Arc<dyn SecureRandom>,
    own: RwLock<Arc<Own>>,
    /// Only keys that have opened something: strangers cannot fill it.
    known: Cache<(RootKeyId, Salt), Arc<LessSafeKey>>,
    tries: Tries,
}

#[derive(Debug)]
struct Own {
    root: RootKeyId,
    salt: Salt,
    key: Arc<LessSafeKey>,
    sealed: AtomicU64,
}

impl Sealer {
    pub(super) fn new(
        roots: &RootSecrets,
        random: Arc<dyn SecureRandom>,
    ) -> Result<Self, EntropyError> {
        let roots = Roots::new(roots);
        let own = Own::draw(&roots, &*random)?;
        Ok(Self {
            roots,
            random,
            own: RwLock::new(Arc::new(own)),
            known: Cache::new(MOST_KNOWN),
            tries: Tries::default(),
        })
    }

    pub(super) const fn roots(&self) -> &Roots {
        &self.roots
    }

    /// Seals what is put together of `parts`.
    ///
    /// # Errors
    /// When another key is due, and there is no randomness to draw one from.
    pub(super) fn seal(&self, place: Place<'_>, parts: &[&[u8]]) -> Result<Vec<u8>, EntropyError> {
        let (own, count) = self.next()?;
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let mut sealed = Vec::with_capacity(HEADER + length + TAG);
        sealed.push(VERSION);
        sealed.extend_from_slice(&own.root.0);
        sealed.extend_from_slice(&own.salt);
        sealed.extend_from_slice(&count.to_be_bytes());
        sealed.extend_from_slice(&place.server.mark);
        let aad = place.aad(&sealed);
        for part in parts {
            sealed.extend_from_slice(part);
        }
        let body = &mut sealed[HEADER..];
        let tag = own
            .key
            .seal_in_place_separate_tag(nonce(count), Aad::from(&aad), body)
            // Fails only beyond 64 GiB.
            .map_err(|_| EntropyError)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens in place. Says where the plain text is.
    pub(super) fn open(
        &self,
        place: Place<'_>,
        sealed: &mut [u8],
        now: Monotonic,
    ) -> Result<Range<usize>, Refusal> {
        let header = sealed.first_chunk::<HEADER>().ok_or(Refusal::Form)?;
        let aad = place.aad(header);
        let header = Header::read(header)?;
        let root = self.roots.find(header.root).ok_or(Refusal::ForeignRoot)?;
        if header.server != place.server.mark {
            return Err(Refusal::FormerServer);
        }
        let known = self.key(header.root, &header.salt);
        let is_new = known.is_none();
        let key = if let Some(key) = known {
            key
        } else if self.tries.may_try(now) {
            Arc::new(root.sealing(&header.salt).ok_or(Refusal::Altered)?)
        } else {
            return Err(Refusal::TooManySalts);
        };
        let body = &mut sealed[HEADER..];
        let opened = key.open_in_place(nonce(header.count), Aad::from(&aad), body);
        let Ok(plain) = opened else {
            if is_new {
                self.tries.failed(now);
            }
            return Err(Refusal::Altered);
        };
        let end = HEADER + plain.len();
        if is_new {
            self.known.insert((header.root, header.salt), key);
        }
        Ok(HEADER..end)
    }

    fn key(&self, root: RootKeyId, salt: &Salt) -> Option<Arc<LessSafeKey>> {
        {
            let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
            if own.root == root && own.salt == *salt {
                return Some(Arc::clone(&own.key));
            }
        }
        self.known.get(&(root, *salt))
    }

    /// The key to seal with, and a number that it has not had.
    fn next(&self) -> Result<(Arc<Own>, u64), EntropyError> {
        loop {
            let own = Arc::clone(&self.own.read().unwrap_or_else(PoisonError::into_inner));
            let count = own.sealed.fetch_add(1, Ordering::Relaxed);
            if count < MOST_SEALED {
                return Ok((own, count));
            }
            let mut current = self.own.write().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&own, &current) {
                let new = Own::draw(&self.roots, &*self.random)?;
                let used = (own.root, own.salt);
                self.known.insert(used, Arc::clone(&own.key));
                *current = Arc::new(new);
            }
        }
    }
}

impl Own {
    fn draw(roots: &Roots, random: &dyn SecureRandom) -> Result<Self, EntropyError> {
        let (root, salt) = (roots.active(), draw(random)?);
        Ok(Self {
            root: root.id(),
            key: Arc::new(root.sealing(&salt).ok_or(EntropyError)?),
            salt,
            sealed: AtomicU64::new(0),
        })
    }
}

impl Place<'_> {
    fn aad(&self, header: &[u8]) -> Vec<u8> {
        let schema = self.schema.to_be_bytes();
        let parts: [&[u8]; 7] = [
            self.kind.as_bytes(),
            self.prefix.as_bytes(),
            self.cache.as_bytes(),
            &schema,
            self.key,
            self.server.id,
            header,
        ];
        let length: usize = parts.iter().map(|part| 8 + part.len()).sum();
        let mut aad = Vec::with_capacity(length);
        for part in parts {
            aad.extend_from_slice(&(part.len() as u64).to_be_bytes());
            aad.extend_from_slice(part);
        }
        aad
    }
}

struct Header {
    root: RootKeyId,
    salt: Salt,
    count: u64,
    server: ServerMark,
}

impl Header {
    fn read(bytes: &[u8; HEADER]) -> Result<Self, Refusal> {
        let (version, rest) = bytes.split_first().ok_or(Refusal::Form)?;
        let (root, rest) = rest.split_first_chunk().ok_or(Refusal::Form)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(Refusal::Form)?;
        let (count, rest) = rest.split_first_chunk().ok_or(Refusal::Form)?;
        let server = rest.first_chunk().ok_or(Refusal::Form)?;
        if *version != VERSION {
            return Err(Refusal::Form);
        }
        Ok(Self {
            root: RootKeyId(*root),
            salt: *salt,
            count: u64::from_be_bytes(*count),
            server: *server,
        })
    }
}

fn nonce(count: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&count.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Salts that led to nothing: which second it is, and how many there were in it.
#[derive(Debug, Default)]
struct Tries(AtomicU64);

impl Tries {
    fn may_try(&self, now: Monotonic) -> bool {
        let seen = self.0.load(Ordering::Relaxed);
        seen >> 32 != second(now) || seen & u64::from(u32::MAX) < MOST_TRIES
    }

    fn failed(&self, now: Monotonic) {
        let now = second(now);
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seen| {
                let before = if seen >> 32 == now { seen } else { now << 32 };
                // Stops long before it runs into the second.
                (before & u64::from(u32::MAX) < MOST_TRIES).then_some(before + 1)
            });
    }
}

fn second(now: Monotonic) -> u64 {
    now.elapsed().as_secs() & u64::from(u32::MAX)
}

#[cfg(test)]
#[path = "seal/tests.rs"]
mod tests;
