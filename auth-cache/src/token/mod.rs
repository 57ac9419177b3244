//! Verified tokens, in the memory of the process.
//!
//! [`MemoryTokenCache`] is a [`TokenCache`]: a verifier that has one checks a
//! token's signature once, and from then on only what can have changed.
//!
//! ```
//! use std::sync::Arc;
//! use auth_cache::token::MemoryTokenCache;
//! # use auth_core::jwt::{NewToken, TokenIssuer};
//! # use auth_core::key::{KeySet, SigningKey};
//! use auth_core::verifier::Verifier;
//! # use auth_core::{Audience, ClientId, Clock, Issuer, Scope, SessionId, SystemClock, SystemRandom, TenantId, UserId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let random = SystemRandom::new();
//! # let (issuer, audience) = (Issuer::new("https://auth.example.com")?, Audience::new("https://api.example.com")?);
//! # let key = SigningKey::generate(&random)?;
//! # let keys = Arc::new(KeySet::new([key.verifying_key().clone()])?);
//! let cache = Arc::new(MemoryTokenCache::default());
//! let verifier = Verifier::builder(&issuer, &audience, keys)
//!     .with_token_cache(cache.clone())
//!     .without_revocations()
//!     .build()?;
//! # let now = SystemClock.now().wall;
//! # let (client, scope, custom) = (ClientId::default(), Scope::empty(), serde_json::Map::new());
//! # let token = NewToken {
//! #     subject: UserId::draw(now, &random)?, tenant: TenantId::DEFAULT, session: SessionId::draw(now, &random)?,
//! #     client: &client, scope: &scope, user_version: 1, tenant_version: 1, amr: &[], auth_time: now, roles: &[], now,
//! #     custom: &custom,
//! # };
//! # let issuer = TokenIssuer::new(issuer, audience, std::time::Duration::from_secs(300));
//! # let token = issuer.issue(&key, &token, &random)?;
//! # let token = token.expose();
//! verifier.verify_now(token)?;
//! verifier.verify_now(token)?;
//! assert_eq!((verifier.stats().hits, verifier.stats().misses), (1, 1));
//! assert_eq!(cache.stats().entries, 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//! - What [`TokenCache`] says holds with it as with any other: it cannot make a
//!   verifier accept what it would not accept without.
//! - A hit takes no lock, writes nothing that another hit reads but the count of
//!   owners of the identity, and allocates nothing.
//! - When an insertion has returned, there are no more entries and no more bytes
//!   than the bounds allow, and no more entries of the subject. Several threads
//!   that insert at the same time may exceed them by an entry each meanwhile.
//! - **One subject's tokens push out only each other.** A subject (`iss` and
//!   `sub`) has so many entries; one more replaces the oldest of them, used or
//!   not. Whoever draws a million valid tokens keeps the newest of their own, and
//!   nobody else's is touched.
//! - Beyond that, what goes first is what has expired, then what was not used
//!   since it was last looked at.
//! - Nobody can aim at a place: it is picked by a hash whose key is drawn per
//!   process. The hash is of the verifier and the end of the token, which is
//!   its signature; tokens that share it push each other out, and the verifier
//!   compares the whole of them.
//!
//! # What it does not do
//! - It has no task of its own. What has expired goes when it is asked for, when
//!   its place is needed, and little by little with each insertion; a process
//!   that verifies nothing new any more keeps it until
//!   [`expire`](MemoryTokenCache::expire) is called.
//! - Places are in sets of eight. A set that is full gives up one of its own
//!   although there may be room elsewhere; with twice as many places as entries,
//!   about one entry in 4 000 is lost that way.
//! - Subjects are told apart by a keyed hash of 64 bits. Two that share it, which
//!   happens to nobody, share their bound.
//! - What the application makes of its [own
//!   claims](auth_core::Identity::claims) is kept with the identity, and not
//!   counted among the bytes.
//!
//! # Why one of our own
//! For the bound of what one subject may have, which none of the caches at hand
//! knows, and for hits without a lock. Not for speed alone: given the hash of a
//! token's end, `quick_cache` takes 4 % longer, locking a shard on each hit; what
//! is slow is to hash the whole token. The benchmark suite `cached-tokens` has
//! them side by side.
//!
//! [`TokenCache`]: auth_core::verifier::TokenCache

mod builder;
mod cache;
mod hash;
mod set;
mod stats;
mod subjects;

pub use builder::MemoryTokenCacheBuilder;
pub use cache::MemoryTokenCache;
pub use stats::TokenCacheStats;
