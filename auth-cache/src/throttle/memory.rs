use std::sync::Arc;

use async_trait::async_trait;
use auth_core::throttle::{Charge, Decision, RateLimiter};
use auth_core::{Clock, SystemClock};

use super::table::{Owner, Table};

/// Counts in this process alone.
///
/// Of several instances each allows the whole quota. What is counted is gone with the
/// process.
///
/// # Defaults
/// - subjects: 100 000, of about 40 bytes each
/// - clock: the system's, the monotonic one
///
/// ```
/// use std::time::Duration;
/// use auth_cache::throttle::MemoryRateLimiter;
/// use auth_core::throttle::{Charge, Limit, Quota, RateLimiter};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), auth_core::throttle::QuotaError> {
/// let limiter = MemoryRateLimiter::new();
/// let limit = Limit::new("log-in.network", Quota::new(1, Duration::from_secs(60))?);
/// let charge = Charge::new(&limit, b"203.0.113.0/24");
/// assert!(limiter.check(charge).await.is_allowed());
/// assert!(!limiter.check(charge).await.is_allowed());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct MemoryRateLimiter {
    table: Table<1>,
    subjects: usize,
}

/// What a [`MemoryRateLimiter`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Subjects with an entry of their own. Those that nothing is charged to any more
    /// are among them until there is need of their room.
    pub subjects: usize,
    /// Charges of subjects that had to share one with others, since it was made.
    pub overflowed: u64,
}

impl MemoryRateLimiter {
    /// With the defaults.
    pub fn new() -> Self {
        Self::build(SUBJECTS, Arc::new(SystemClock))
    }

    /// Has entries for so many subjects.
    pub fn with_subjects(self, subjects: usize) -> Self {
        Self::build(subjects, self.table.shared_clock())
    }

    /// Takes the time from `clock`, its monotonic one.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self::build(self.subjects, clock)
    }

    /// What it holds.
    pub fn stats(&self) -> MemoryStats {
        MemoryStats {
            subjects: self.table.subjects(),
            overflowed: self.table.overflowed(),
        }
    }

    fn build(subjects: usize, clock: Arc<dyn Clock>) -> Self {
        Self {
            table: Table::new(subjects, clock),
            subjects,
        }
    }

    fn decide(&self, charge: &Charge<'_>) -> Decision {
        self.table.update(charge, |_: Owner, [tat], now| {
            let step = charge.limit().quota().decide(*tat, now, charge.cost());
            *tat = step.tat;
            step.decision
        })
    }
}

/// As many as there are by default.
pub(super) const SUBJECTS: usize = 100_000;

impl Default for MemoryRateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn check_all(&self, charges: &[Charge<'_>]) -> Vec<Decision> {
        charges.iter().map(|charge| self.decide(charge)).collect()
    }
}
