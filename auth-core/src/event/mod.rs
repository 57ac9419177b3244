//! Events: what has happened, told to others after it was committed.
//!
//! A store keeps events beside the change they tell of, in one transaction; a
//! relay hands them to a [`Publisher`], at least once and in order for each
//! subject. On the wire they are CloudEvents 1.0.

mod kind;
mod publisher;
mod wire;

pub use kind::{EventKind, EventKindError};
pub use publisher::{PublishError, PublishErrorKind, Publisher};

use crate::id::{EventId, TenantId};
use crate::time::Timestamp;

/// An event that was committed.
///
/// # Contract
/// It holds no secret: no password, token, hash, key, or identifier that a user
/// signs in with. Whoever reads the bus reads all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Which event it is; the same however often it is published.
    pub id: EventId,
    /// The tenant it is about.
    pub tenant: TenantId,
    /// Who tells of it: a URI reference, such as the issuer.
    pub source: String,
    /// What has happened.
    pub kind: EventKind,
    /// To whom. Events of one tenant and subject are published in order.
    pub subject: String,
    /// When, by the store's clock.
    pub time: Timestamp,
    /// Its place in the store's order. Of two events of one subject the one that
    /// was committed first has the lower number, unless their changes ran at the
    /// same time; then either may.
    pub sequence: u64,
    /// What else there is to say: JSON.
    pub data: String,
}

impl Event {
    /// An event as a store has kept it.
    #[expect(clippy::too_many_arguments, reason = "a row has as many columns")]
    pub const fn stored(
        id: EventId,
        tenant: TenantId,
        source: String,
        kind: EventKind,
        subject: String,
        time: Timestamp,
        sequence: u64,
        data: String,
    ) -> Self {
        Self {
            id,
            tenant,
            source,
            kind,
            subject,
            time,
            sequence,
            data,
        }
    }
}
