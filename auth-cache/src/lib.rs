//! What is fast and may be lost.
//!
//! # Look-ups
//! [`tiered`] has a cache for what an application asks its database for, over and
//! over, with a guard against everything that caches are known to go wrong by;
//! [`tier`] is what such caches of several processes share, in Redis by the feature
//! `redis`, and [`write_behind`] gathers
//! writes where only the last of many matters.
//!
//! # Verified tokens
//! [`token`] keeps tokens that a verifier has verified, so that each costs one check
//! of a signature and not one with every request.
//!
//! # Rates
//! [`throttle`] counts what is done, and says who has had enough: in one process, or by
//! the feature `redis` in all of them together.
//!
//! # Requests that must not be done twice
//! `idempotency` (feature `redis`) remembers them in Redis.
//!
//! # Redis
//! `redis` (feature `redis`) has the link that everything goes through that uses Redis;
//! `publisher`, by the same feature, takes a store's events to a stream of it.
//!
//! # Keys of remote issuers
//! [`RemoteJwks`] knows the public keys of an issuer that is somewhere else:
//! with it a [`Verifier`](auth_core::verifier::Verifier) judges the tokens of
//! that issuer without a database and, but for keys it has not met, without
//! asking anybody. A background task fetches the keys ahead of time, an unknown
//! key id makes it look again, and an issuer that cannot be reached does not
//! turn good tokens into bad ones.
//!
//! It asks through the port [`Fetch`], which `HttpFetch` (feature `http`)
//! implements over HTTPS.
//!
#![cfg_attr(feature = "http", doc = "```no_run")]
#![cfg_attr(not(feature = "http"), doc = "```ignore")]
//! use std::sync::Arc;
//! use auth_cache::jwks::RemoteJwks;
//! use auth_core::verifier::Verifier;
//! use auth_core::{Audience, Issuer};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let issuer = Issuer::new("https://auth.example.com")?;
//! let audience = Audience::new("https://api.example.com")?;
//! let keys = RemoteJwks::discover(&issuer).await?;
//! let verifier = Verifier::builder(&issuer, &audience, Arc::new(keys))
//!     .without_revocations()
//!     .build()?;
//!
//! let identity = verifier.verify("eyJ…").await?;
//! # Ok(())
//! # }
//! ```
//!
//! Several issuers are several [`RemoteJwks`], each a
//! [`TrustedIssuer`](auth_core::verifier::TrustedIssuer) of one verifier: keys
//! of one are never tried on tokens of another (RFC 8725 §3.8), and an unknown
//! key is asked of the issuer that the token names.
//!
//! ## Guarantees
//! - Verifying by a known key does no I/O and waits for none, however many
//!   unknown key ids are about.
//! - Unknown key ids cause one fetch per cool-down, however many they are and
//!   however many callers give up waiting.
//! - A key is used for no longer than the bounded age after the issuer last
//!   showed it. From then on the answer is "unavailable", never "invalid".
//! - A key that the issuer no longer shows is gone with the next good fetch;
//!   an id that names other material names that material only.
//! - A key set with a private key or shared secret in it is never used.
//! - Nothing but `https` to the address given, or found by discovery on the
//!   issuer's own origin; no redirect is followed, and an answer that is too
//!   long or too slow is cut off.
//!
//! ## What it does not do
//! - A key that the issuer withdraws is believed until the next good fetch: a
//!   refresh interval, or the bounded age while the issuer cannot be reached.
//!   Whoever can keep the issuer from being reached gains that much.
//! - New material under a known id is not seen before the next refresh; new
//!   keys want new ids.
//! - A new key may be unknown for one cool-down, if others made up key ids just
//!   before it was published.
//! - `Cache-Control` and `Expires` are ignored: the issuer cannot say how often
//!   it is asked, nor how long its keys are believed.
//! - The address of the key set is discovered once. An issuer that moves it is
//!   discovered anew by a new [`RemoteJwks`].
//! - A token without a key id cannot make it look; where no key is known, such
//!   a token is invalid.
//! - Ages are counted by the monotonic clock, which stands still on some systems
//!   while the machine sleeps.
//! - Which certificate authorities are trusted is up to the operating system.
//!
//! [`Fetch`]: jwks::Fetch
//! [`RemoteJwks`]: jwks::RemoteJwks

#[cfg(feature = "redis")]
pub mod idempotency;
pub mod jwks;
#[cfg(feature = "redis")]
pub mod publisher;
#[cfg(feature = "redis")]
pub mod redis;
pub mod throttle;
pub mod tier;
pub mod tiered;
pub mod token;
pub mod write_behind;
