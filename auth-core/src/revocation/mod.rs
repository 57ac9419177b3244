//! Revocation: what is dead, and how every verifier knows.
//!
//! The truth is a [log](RevocationLog) in the store, written in the same
//! transaction as the change. Each process holds a [view](RevocationView) of
//! it in memory; verifying a token looks there and does no I/O.

mod anchor;
mod log;
mod target;
mod view;

pub use anchor::Anchor;
pub use log::{Cursor, LogError, LogPage, RevocationLog};
pub use target::{Revocation, Target};
pub use view::RevocationView;
pub(crate) use view::{Standing, Standpoint};
