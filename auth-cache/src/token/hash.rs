//! Where an entry is looked for.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

use auth_core::Identity;
use auth_core::verifier::VerifierId;
use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

/// A fast hash under a key that is drawn per process. It picks places and tells
/// nothing apart: the verifier compares whatever is found.
#[derive(Clone)]
pub(super) struct Keyed(SeedableRandomState);

/// So many bytes of a token's end are hashed. They are of its signature, which
/// is another for every token; who shares them with a token that is cached shares
/// its place, and gets in only if it is as good.
const TAIL: usize = 64;

impl Keyed {
    pub(super) fn new() -> Self {
        static SEED: OnceLock<SharedSeed> = OnceLock::new();
        // Std's keys are drawn from the system's generator.
        let drawn = || RandomState::new().hash_one(());
        let seed = SEED.get_or_init(|| SharedSeed::from_u64(drawn()));
        Self(SeedableRandomState::with_seed(drawn(), seed))
    }

    pub(super) fn token(&self, verifier: VerifierId, token: &str) -> u64 {
        let bytes = token.as_bytes();
        let tail = bytes.last_chunk::<TAIL>();
        let mut hasher = self.0.build_hasher();
        hasher.write_u64(verifier.as_u64());
        match tail {
            Some(tail) => hasher.write(tail),
            None => hasher.write(bytes),
        }
        hasher.finish()
    }

    /// A subject is one only together with its issuer (RFC 7519 §4.1.2).
    pub(super) fn subject(&self, identity: &Identity) -> u64 {
        self.0.hash_one((identity.issuer(), identity.subject()))
    }
}
