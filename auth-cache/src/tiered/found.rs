//! An answer, and where it is from.

use std::time::Duration;

/// What was found out about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup<V> {
    /// The value; `None` if there is no such thing.
    pub value: Option<V>,
    /// Where it is from.
    pub origin: Origin,
    /// The time since the load that it is from began: it is what the source said
    /// no longer ago than that. As exact as the tier's clock, if it is from there.
    pub age: Duration,
    /// Whether there is a value, and it is not given because something that it stands
    /// on is revoked ([security state](super::guard::security_state)). What was loaded
    /// may be from before the revocation: whoever asks again, after an
    /// [invalidation](super::Cache::invalidate), is told what holds now.
    pub is_revoked: bool,
}

/// Where an answer is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// This process had it.
    Memory,
    /// The second level had it.
    Tier,
    /// The source was asked, for this caller or for another one that it waited
    /// with.
    Source,
    /// It has expired, and is being loaded again
    /// ([stale-while-revalidate](super::guard::stale_while_revalidate)).
    Stale,
    /// It has expired, and cannot be loaded again at present
    /// ([stale-if-error](super::guard::stale_if_error)).
    StaleIfError,
}
