//! API keys: what a machine, or a person's script, proves itself by.
//!
//! An API key is a bearer credential like an access token, sent in the same
//! header and met by the same extractors, but it says nothing itself: whose it
//! is and what it allows is looked up with every use ([`ApiKeyLookup`] says where),
//! so that a key that is revoked is dead. It has the form
//!
//! ```text
//! prefix _ base64url( version (1) ‖ id (16) ‖ secret (24) ‖ CRC-32 (4) )
//! ```
//!
//! - The **prefix** is the application's ([`ApiKeyPrefix`]): it tells its keys
//!   from tokens, and a scanner that finds one in a public repository whose it
//!   is. The rest has always 60 characters.
//! - The **id** finds the key's row. It is no secret.
//! - The **secret** is 192 random bits. The store keeps only
//!   [its hash](ApiKeyHash).
//! - The **checksum** covers the prefix too. Whatever is not a key, because it
//!   was mistyped, cut, or is of another system, is refused without I/O. It
//!   keeps nobody from making up keys: anybody can compute it, and the
//!   scanners must.
//!
//! # Why SHA-256 is enough
//! Slow hashes protect what people choose, of which there is so little that
//! whoever has stolen the hashes could try it all. Of 192 random bits nobody
//! tries a noticeable part, however fast; and a hash that takes 20 ms with each
//! request would be an invitation to keep a service busy.

mod checksum;
mod lookup;
mod prefix;
mod secret;
mod text;

pub use lookup::{ApiKeyError, ApiKeyLookup, FormerSecret, KnownApiKey};
pub use prefix::{ApiKeyPrefix, ApiKeyPrefixError};
pub use secret::{ApiKeyHash, ApiKeySecret};
pub use text::{ApiKey, InvalidApiKey, PresentedApiKey};
