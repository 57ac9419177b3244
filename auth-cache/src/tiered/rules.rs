//! What a cache was built to do.

use std::time::Duration;

use super::guard::early_refresh::EarlyRefresh;
use super::guard::jitter::Jitter;
use super::guard::security_state::LONGEST as SECURITY_STATE_LONGEST;
use super::ttl::{L1_MOST, Moment, TtlClass};

/// Everything that is a number or a switch.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) class: TtlClass,
    pub(crate) jitter: Option<Jitter>,
    pub(crate) early_refresh: Option<EarlyRefresh>,
    pub(crate) stale_while_revalidate: Duration,
    pub(crate) stale_if_error: Duration,
    pub(crate) negative_ttl: Option<Duration>,
    pub(crate) single_flight: bool,
    pub(crate) load_deadline: Duration,
    /// An entry counts for at least this much of the capacity.
    pub(crate) lightest: u64,
    pub(crate) holds_security_state: bool,
}

/// The ends of a value's life, after its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "they are all ends")]
pub(crate) struct Ends {
    pub(crate) fresh_until: Moment,
    pub(crate) stale_until: Moment,
    pub(crate) usable_until: Moment,
}

impl Rules {
    /// The longest time that a value may be fresh, in whichever level.
    pub(crate) fn longest(&self) -> Duration {
        let class = self.class.duration();
        if self.holds_security_state {
            class.min(SECURITY_STATE_LONGEST)
        } else {
            class
        }
    }

    /// The ends of a value that was asked for at `asked`, was of that `age` then, and is
    /// fresh in the first level for `ttl` from there.
    pub(crate) fn ends(&self, asked: Moment, age: Duration, ttl: Duration) -> Ends {
        let fresh_until = asked + ttl.min(L1_MOST);
        let bound = |end: Moment| {
            if self.holds_security_state {
                end.min(asked + SECURITY_STATE_LONGEST.saturating_sub(age))
            } else {
                end
            }
        };
        let stale_until = bound(fresh_until + self.stale_while_revalidate);
        Ends {
            fresh_until: bound(fresh_until),
            stale_until,
            usable_until: bound(fresh_until + self.stale_if_error).max(stale_until),
        }
    }
}
