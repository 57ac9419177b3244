use std::fmt;
use std::num::NonZeroU32;

use super::quota::Quota;

/// A quota with a name. Each subject has the quota for itself, under each name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    name: Box<str>,
    quota: Quota,
}

impl Limit {
    /// `quota`, under `name`, such as `log-in.network`. Another name is another count,
    /// so names are constants of an application. What is counted stays where the quota
    /// changes: the TAT is a time, whatever it was computed with.
    pub fn new(name: impl Into<Box<str>>, quota: Quota) -> Self {
        Self {
            name: name.into(),
            quota,
        }
    }

    /// The name.
    pub const fn name(&self) -> &str {
        &self.name
    }

    /// The quota.
    pub const fn quota(&self) -> &Quota {
        &self.quota
    }
}

/// What is to be counted: for whom, against which limit, and as how much.
#[derive(Clone, Copy)]
pub struct Charge<'a> {
    limit: &'a Limit,
    subject: &'a [u8],
    cost: NonZeroU32,
}

impl<'a> Charge<'a> {
    /// One, for `subject`: any bytes that are the same for the same subject only, with
    /// its tenant in them if there are several.
    pub const fn new(limit: &'a Limit, subject: &'a [u8]) -> Self {
        Self {
            limit,
            subject,
            cost: NonZeroU32::MIN,
        }
    }

    /// As `cost` at once. More than the burst is never allowed.
    pub const fn with_cost(mut self, cost: NonZeroU32) -> Self {
        self.cost = cost;
        self
    }

    /// The limit.
    pub const fn limit(&self) -> &'a Limit {
        self.limit
    }

    /// The subject.
    pub const fn subject(&self) -> &'a [u8] {
        self.subject
    }

    /// As how much it counts.
    pub const fn cost(&self) -> NonZeroU32 {
        self.cost
    }
}

/// Without the subject, which may be personal data.
impl fmt::Debug for Charge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge")
            .field("limit", &self.limit)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_subject_is_not_printed() {
        let limit = Limit::new("log-in", Quota::new(1, Duration::from_secs(1)).unwrap());
        let charge = Charge::new(&limit, b"ada@example.com");
        let text = format!("{charge:?}");
        assert!(text.contains("log-in") && !text.contains("ada") && !text.contains("97"));
    }
}
